import {
  annotations,
  type Certificate,
  type CertificateStatus,
  findCondition,
  type ObjectMeta,
  secretLabel,
} from '#api'
import { Failure, fromRfc3339, isFailure, second } from '#base'
import { type Bundle, backdateMs, differences, keySatisfies, parseBundle } from '#pki'
import type { CertificateRequest } from './request.ts'
import type { HeldCertificate, SecretView } from './world.ts'

/**
 * What can be said of the Secret without reading it, or undefined when it must be read. The cache is a consistent view
 * of our own Secrets, and the status remembers which version held what.
 * @param cached metadata of the Secret that the Certificate names, if it is one of ours
 */
export function viewWithoutReading(
  certificate: Certificate,
  cached: ObjectMeta | undefined,
  requestHash: string,
): SecretView | undefined {
  const { status } = certificate
  // Never issued and not there: it is to be made. Issued and not there: it may only have lost its label. Found to be
  // somebody else's, who does not carry our label: it may still be in the way.
  const wasForeign = findCondition(status?.conditions, 'Ready')?.reason === 'SecretNotOurs'
  if (!cached) return status?.revision === undefined && !wasForeign ? { state: 'absent' } : undefined
  const foreign = foreignness(certificate, cached)
  if (foreign) return { state: 'foreign', why: foreign }
  if (status?.secret?.name !== cached.name || status.secret.resourceVersion !== cached.resourceVersion) return undefined
  if (cached.annotations?.[annotations.requestHash] !== requestHash) return undefined
  const held = heldByStatus(status, cached)
  return held && { state: 'held', metadata: cached, held }
}

/** What a Secret holds, from its files. */
export function viewOfSecret(
  certificate: Certificate,
  request: CertificateRequest | Failure,
  secret: { readonly metadata: ObjectMeta; readonly files: Readonly<Record<string, string>> } | undefined,
): SecretView {
  if (!secret) return { state: 'absent' }
  const { metadata, files } = secret
  const foreign = foreignness(certificate, metadata)
  if (foreign) return { state: 'foreign', why: foreign }
  try {
    return { state: 'held', metadata, held: heldIn(parseBundle(files), metadata, files, request) }
  } catch (error) {
    if (!isFailure(error)) throw error
    return { state: 'damaged', metadata, why: error.message }
  }
}

/** Why the Secret is not this Certificate's, or undefined when it is. */
function foreignness({ metadata }: Certificate, secret: ObjectMeta): string | undefined {
  const owner = secret.annotations?.[annotations.certificate]
  const holdsCa = secret.labels?.[secretLabel] === 'ca' || secret.annotations?.[annotations.authority] !== undefined
  if (owner === metadata.name && !holdsCa) return undefined
  const whose = holdsCa
    ? 'holds a CA key'
    : owner === undefined
      ? 'was not made for it'
      : `belongs to Certificate ${owner}`
  return `Secret ${secret.name} ${whose}. Choose another secretName, or delete the Secret if nobody needs it`
}

function heldByStatus(status: CertificateStatus, metadata: ObjectMeta): HeldCertificate | undefined {
  const { serialNumber, fingerprint, issuer } = status
  const notBefore = fromRfc3339(status.notBefore)
  const notAfter = fromRfc3339(status.notAfter)
  if (!serialNumber || !fingerprint || issuer === undefined) return undefined
  if (notBefore === undefined || notAfter === undefined) return undefined
  return { serialNumber, fingerprint, issuer, notBefore, notAfter, issuedBy: issuedBy(metadata), differences: [] }
}

function heldIn(
  bundle: Bundle,
  metadata: ObjectMeta,
  files: Readonly<Record<string, string>>,
  request: CertificateRequest | Failure,
): HeldCertificate {
  const { serialNumber, fingerprint, issuer, notBefore, notAfter } = bundle.certificate
  const differs = request instanceof Failure ? [] : differencesOf(bundle, files, request)
  return { serialNumber, fingerprint, issuer, notBefore, notAfter, issuedBy: issuedBy(metadata), differences: differs }
}

const issuedBy = (metadata: ObjectMeta): string => metadata.annotations?.[annotations.issuedBy] ?? ''

/** In what key and certificate do not satisfy the request. */
function differencesOf(
  { key, certificate, intermediates, roots }: Bundle,
  files: Readonly<Record<string, string>>,
  request: CertificateRequest,
): string[] {
  const found = differences({ profile: request, publicKey: key }, certificate).map(({ message }) => message)
  if (!keySatisfies(key, request.key)) found.push(`the key is not ${request.key.algorithm} ${request.key.size}`)
  const isPkcs1 = files['tls.key']?.includes('BEGIN RSA PRIVATE KEY') === true
  if (isPkcs1 !== (request.encoding === 'PKCS1')) found.push(`the key is not written as ${request.encoding}`)
  const lifetimeMs = certificate.notAfter - certificate.notBefore - backdateMs
  const issuerEnd = Math.min(...[...intermediates, ...roots].map(({ notAfter }) => notAfter))
  const isAsLongAsPossible = lifetimeMs < request.durationMs && certificate.notAfter >= issuerEnd
  if (Math.abs(lifetimeMs - request.durationMs) > second && !isAsLongAsPossible) {
    found.push('it was issued for another duration')
  }
  return found
}
