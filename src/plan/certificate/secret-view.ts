import type { KeyObject } from 'node:crypto'
import { annotations, type Certificate, findCondition, type ObjectMeta, secretLabel } from '#api'
import { Failure, fromRfc3339, type Instant, isFailure, second } from '#base'
import { backdateMs, type Chain, differences, keySatisfies, parseBundle, parseChain } from '#pki'
import { trustHash } from '../authority/generations.ts'
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
  const held = heldByAnnotations(cached)
  return held && { state: 'held', metadata: cached, held }
}

/** What a Secret holds, from its files. */
export function viewOfSecret(
  certificate: Certificate,
  { request, requestHash }: { readonly request: CertificateRequest | Failure; readonly requestHash: string },
  secret: { readonly metadata: ObjectMeta; readonly files: Readonly<Record<string, string>> } | undefined,
): SecretView {
  if (!secret) return { state: 'absent' }
  const { metadata, files } = secret
  const foreign = foreignness(certificate, metadata)
  if (foreign) return { state: 'foreign', why: foreign }
  try {
    return { state: 'held', metadata, held: heldIn(metadata, files, request, requestHash) }
  } catch (error) {
    if (!isFailure(error)) throw error
    return { state: 'damaged', metadata, why: error.message }
  }
}

/** Why the Secret is not this Certificate's, or undefined when it is. */
function foreignness({ metadata }: Certificate, secret: ObjectMeta): string | undefined {
  const owner = secret.annotations?.[annotations.certificate]
  const content = secret.labels?.[secretLabel]
  const holdsCa = content === 'ca' || secret.annotations?.[annotations.authority] !== undefined
  if (owner === metadata.name && !holdsCa && content !== 'order') return undefined
  const whose = holdsCa
    ? 'holds a CA key'
    : content === 'order'
      ? 'holds the key of an order'
      : owner === undefined
        ? 'was not made for it'
        : `belongs to Certificate ${owner}`
  return `Secret ${secret.name} ${whose}. Choose another secretName, or delete the Secret if nobody needs it`
}

/**
 * The certificate as the Secret's own annotations describe it: unlike the status they change only with what they
 * describe, in one write.
 */
function heldByAnnotations(metadata: ObjectMeta): HeldCertificate | undefined {
  const said = metadata.annotations ?? {}
  const { [annotations.serialNumber]: serialNumber, [annotations.fingerprint]: fingerprint } = said
  const notBefore = fromRfc3339(said[annotations.notBefore])
  const notAfter = fromRfc3339(said[annotations.notAfter])
  const issuer = said[annotations.issuer]
  if (!serialNumber || !fingerprint || issuer === undefined) return undefined
  if (notBefore === undefined || notAfter === undefined) return undefined
  return { serialNumber, fingerprint, issuer, notBefore, notAfter, ...origin(metadata, notBefore), differences: [] }
}

/** Who issued the certificate, when, with which CA key, and which roots lie beside it. */
function origin({ annotations: said = {} }: ObjectMeta, notBefore: Instant) {
  const generation = Number(said[annotations.caGeneration])
  return {
    issuedBy: said[annotations.issuedBy] ?? '',
    issuedAt: fromRfc3339(said[annotations.issuedAt]) ?? notBefore + backdateMs,
    caGeneration: Number.isSafeInteger(generation) && generation > 0 ? generation : undefined,
    caFingerprint: said[annotations.caFingerprint],
    trust: said[annotations.trust],
  }
}

function heldIn(
  metadata: ObjectMeta,
  files: Readonly<Record<string, string>>,
  request: CertificateRequest | Failure,
  requestHash: string,
): HeldCertificate {
  const isKeyElsewhere = !(request instanceof Failure) && request.publicKey !== undefined
  const bundle: Held = isKeyElsewhere ? parseChain(files) : parseBundle(files)
  const { serialNumber, fingerprint, issuer, notBefore, notAfter } = bundle.certificate
  const said = metadata.annotations ?? {}
  // The very certificate that was issued for this wish satisfies it, whatever defaults have become since.
  const isIssuedForIt = said[annotations.requestHash] === requestHash && said[annotations.fingerprint] === fingerprint
  const differs = isIssuedForIt || request instanceof Failure ? [] : differencesOf(bundle, files, request)
  return {
    serialNumber,
    fingerprint,
    issuer,
    notBefore,
    notAfter,
    ...origin(metadata, notBefore),
    trust: trustHash(files['ca.crt'] ?? ''),
    differences: differs,
  }
}

/** What a Secret holds; without a key where that is kept elsewhere. */
interface Held extends Chain {
  readonly key?: KeyObject
}

function keyDifferences(key: KeyObject, text: string, { key: wanted, encoding }: CertificateRequest): string[] {
  const isPkcs1 = text.includes('BEGIN RSA PRIVATE KEY')
  return [
    ...(keySatisfies(key, wanted) ? [] : [`the key is not ${wanted.algorithm} ${wanted.size}`]),
    ...(isPkcs1 === (encoding === 'PKCS1') ? [] : [`the key is not written as ${encoding}`]),
  ]
}

/** In what key and certificate do not satisfy the request. */
function differencesOf(
  { key, certificate, intermediates, roots }: Held,
  files: Readonly<Record<string, string>>,
  request: CertificateRequest,
): string[] {
  const publicKey = request.publicKey ?? key ?? certificate.publicKey
  const found = differences({ profile: request, publicKey }, certificate).map(({ message }) => message)
  if (key) found.push(...keyDifferences(key, files['tls.key'] ?? '', request))
  const lifetimeMs = certificate.notAfter - certificate.notBefore - backdateMs
  const issuerEnd = Math.min(...[...intermediates, ...roots].map(({ notAfter }) => notAfter))
  const isAsLongAsPossible = lifetimeMs < request.durationMs && certificate.notAfter >= issuerEnd
  if (Math.abs(lifetimeMs - request.durationMs) > second && !isAsLongAsPossible) {
    found.push('it was issued for another duration')
  }
  return found
}
