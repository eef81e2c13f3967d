import type { ObjectMeta } from '#api'
import { Failure, hour, type Instant } from '#base'
import { backdateMs, hasIssued, parseBundle, parseChain } from '#pki'
import { trustHash } from '../authority/generations.ts'
import { contentDifferences, type Held, lifetimeDifferences } from './held-differences.ts'
import { outputsSaid } from './outputs.ts'
import { revisionsOf } from './revisions.ts'
import { whyUnusable } from './secret-content.ts'
import { flawOfOffer } from './unfulfilled.ts'
import type { AuthorityView, CertificateWorld, HeldCertificate, ReadSecret, Wanted } from './world.ts'

/** Makes a Secret ours with the key and the certificate that are in it. */
export interface AdoptPlan {
  readonly do: 'adopt'
  readonly metadata: ObjectMeta
  readonly held: HeldCertificate
  /** PEM of the roots to trust. */
  readonly caBundle: string
  readonly revision: number
}

/** A Secret that is offered becomes ours with what it holds, if that will do. */
export function planAdoption(world: CertificateWorld, now: Instant): AdoptPlan | undefined {
  const { secret, authority, certificate } = world
  const { caBundle } = authority ?? {}
  if (secret.state !== 'offered' || typeof secret.held === 'string' || !caBundle) return undefined
  if (certificate.spec.suspend || whyUnusable(world) !== undefined) return undefined
  if (flawOfOffer(world, now) !== undefined) return undefined
  const revision = revisionsOf(world) + 1
  return { do: 'adopt', metadata: secret.metadata, held: secret.held, caBundle, revision }
}

/** Others begin a validity at other times than we do, and round it otherwise. */
const leewayMs = hour

/**
 * What a Secret that somebody else has made holds, or why it is nothing that could be kept: what the Authority's own
 * roots do not verify, it has not issued. How its key is written is left as it is.
 * @throws PkiError when key, certificate and chain do not go together
 */
export function heldInOffer({ metadata, files }: ReadSecret, { request, authorityKey, authority }: Wanted) {
  const { caBundle } = authority ?? {}
  if (request instanceof Failure) return request.message
  if (!authority || authorityKey === undefined || !caBundle) return 'its Authority publishes no roots to verify it with'
  const verifiable = { ...files, 'ca.crt': caBundle }
  const found: Held = request.publicKey ? parseChain(verifiable) : parseBundle(verifiable)
  const signer = signerOf(found, authority)
  if (authority.caFingerprints.length > 0 && signer.caFingerprint === undefined) {
    return `it was signed by a CA that is not one of Authority ${authorityKey}`
  }
  const { serialNumber, fingerprint, issuer, notBefore, notAfter } = found.certificate
  return {
    ...{ serialNumber, fingerprint, issuer, notBefore, notAfter },
    issuedBy: authorityKey,
    issuedAt: notBefore + backdateMs,
    ...signer,
    trust: trustHash(caBundle),
    // Those of another Certificate are nobody's now.
    outputs: outputsSaid(metadata) === undefined ? undefined : '',
    differences: [...contentDifferences(found, request), ...lifetimeDifferences(found, request, leewayMs)],
  } satisfies HeldCertificate
}

/** The CA that has signed it, where it is one of the Authority's own. */
function signerOf({ certificate, intermediates, roots }: Held, { caFingerprints, generation }: AuthorityView) {
  const signer = [...intermediates, ...roots].find((each) => hasIssued(each, certificate))
  const caFingerprint = caFingerprints.find((digits) => signer?.fingerprint.startsWith(digits))
  const isInUse = caFingerprint !== undefined && caFingerprint === caFingerprints[0]
  return { caFingerprint, caGeneration: isInUse ? generation : undefined }
}
