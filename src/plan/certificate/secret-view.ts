import { annotations, findCondition, type ObjectMeta } from '#api'
import { Failure, fromRfc3339, type Instant, isFailure } from '#base'
import { backdateMs, parseBundle, parseChain } from '#pki'
import { parseApplied } from '../applied.ts'
import { trustHash } from '../authority/generations.ts'
import { heldInOffer } from './adoption.ts'
import { type Held, heldDifferences } from './held-differences.ts'
import { outputsFound, outputsSaid } from './outputs.ts'
import { type Claims, foreignness, isOwn, takenFrom } from './secret-owner.ts'
import type { HeldCertificate, ReadSecret, SecretView, Wanted } from './world.ts'

/**
 * What can be said of the Secret without reading it, or undefined when it must be read. The cache is a consistent view
 * of our own Secrets, and the status remembers which version held what.
 * @param cached metadata of the Secret that the Certificate names, if it is one of ours
 */
export function viewWithoutReading(
  claims: Claims,
  cached: ObjectMeta | undefined,
  requestHash: string,
): SecretView | undefined {
  const { status, spec } = claims.own
  const taken = takenFrom(claims, cached)
  if (!cached) {
    // Never issued and not there: it is to be made. Issued and not there: it may only have lost its label. Found to be
    // somebody else's, who does not carry our label: it may still be in the way, and so may one that is to be taken
    // over. Of several that it is for by its name, one may have it.
    const wasForeign = findCondition(status?.conditions, 'Ready')?.reason === 'SecretNotOurs'
    const isUnknown =
      status?.revision !== undefined || wasForeign || spec.adopt === true || claims.others.length > 0 || taken
    return isUnknown ? undefined : { state: 'absent' }
  }
  if (taken) return taken
  // Whether it could be taken over depends on its type, which metadata do not tell.
  if (!isOwn(claims.own, cached)) return undefined
  if (status?.secret?.name !== cached.name || status.secret.resourceVersion !== cached.resourceVersion) return undefined
  if (cached.annotations?.[annotations.requestHash] !== requestHash) return undefined
  const held = heldByAnnotations(cached)
  return held && { state: 'held', metadata: cached, held }
}

/** What a Secret holds, from its files. */
export function viewOfSecret(claims: Claims, wanted: Wanted, secret: ReadSecret | undefined): SecretView {
  const foreign = foreignness(claims, secret)
  if (foreign) return foreign
  if (!secret) return { state: 'absent' }
  const { metadata, form } = secret
  const isOurs = isOwn(claims.own, metadata)
  try {
    if (!isOurs) return { state: 'offered', metadata, form, held: heldInOffer(secret, wanted) }
    return { state: 'held', metadata, form, held: heldIn(secret, wanted) }
  } catch (error) {
    if (!isFailure(error)) throw error
    if (!isOurs) return { state: 'offered', metadata, form, held: error.message }
    return { state: 'damaged', metadata, form, why: error.message }
  }
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
function origin(metadata: ObjectMeta, notBefore: Instant) {
  const said = metadata.annotations ?? {}
  const generation = Number(said[annotations.caGeneration])
  return {
    issuedBy: said[annotations.issuedBy] ?? '',
    issuedAt: fromRfc3339(said[annotations.issuedAt]) ?? notBefore + backdateMs,
    caGeneration: Number.isSafeInteger(generation) && generation > 0 ? generation : undefined,
    caFingerprint: said[annotations.caFingerprint],
    trust: said[annotations.trust],
    outputs: outputsSaid(metadata),
  }
}

function heldIn(
  { metadata, files, data }: ReadSecret,
  { request, requestHash, authorityKey, authority }: Wanted,
): HeldCertificate {
  const isKeyElsewhere = !(request instanceof Failure) && request.publicKey !== undefined
  const parse: (from: typeof files) => Held = isKeyElsewhere ? parseChain : parseBundle
  const bundle = parse(files)
  const { serialNumber, fingerprint, issuer, notBefore, notAfter } = bundle.certificate
  const said = metadata.annotations ?? {}
  const { caBundle } = said[annotations.issuedBy] === authorityKey ? (authority ?? {}) : {}
  // One that somebody has put there may come with roots of its own: those of the Authority are what will lie beside it.
  if (said[annotations.fingerprint] !== fingerprint && caBundle) parse({ ...files, 'ca.crt': caBundle })
  // The very certificate that was issued for this wish satisfies it, whatever defaults have become since.
  const isIssuedForIt = said[annotations.requestHash] === requestHash && said[annotations.fingerprint] === fingerprint
  const differs = isIssuedForIt || request instanceof Failure ? [] : heldDifferences(bundle, files, request)
  return {
    serialNumber,
    fingerprint,
    issuer,
    notBefore,
    notAfter,
    ...origin(metadata, notBefore),
    trust: trustHash(files['ca.crt'] ?? ''),
    outputs: outputsFound(metadata, parseApplied(said[annotations.applied]).data, data),
    differences: differs,
  }
}
