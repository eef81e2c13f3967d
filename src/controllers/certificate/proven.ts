import { type Instant, isFailure } from '#base'
import type { CaChain } from '#issuers'
import { type ParsedCertificate, parseBundle, parseChain, sameKey, verifyChain } from '#pki'
import type { CertificateWorld } from '#plan'

/**
 * The certificate in the Secret, if it is this object's beyond doubt: its key is there, or is that of `spec.csr`, and
 * the authority's own chain verifies it. Whoever may write the Secret can write all else that is said of it, and could
 * put the serial number of somebody else's certificate there.
 */
export function provenCertificate(
  files: Readonly<Record<string, string>>,
  { request }: CertificateWorld,
  { intermediates, roots }: CaChain,
  now: Instant,
): ParsedCertificate | undefined {
  const publicKey = 'publicKey' in request ? request.publicKey : undefined
  try {
    const held = publicKey ? parseChain(files) : parseBundle(files)
    const leaf = held.certificate
    if (publicKey && !sameKey(publicKey, leaf.publicKey)) return undefined
    const chain = { intermediates: [...intermediates, ...held.intermediates], roots }
    // Whose it is does not depend on what else it says.
    verifyChain({ leaf, ...chain, at: now, permittedCritical: leaf.unknownCritical })
    return leaf
  } catch (error) {
    if (isFailure(error)) return undefined
    throw error
  }
}
