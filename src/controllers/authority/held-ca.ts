import type { ParsedCertificate } from '#pki'
import type { HeldCa, Root } from '#plan'

interface ChainEnds {
  readonly certificate: ParsedCertificate
  readonly roots: readonly ParsedCertificate[]
}

/** What is known of a CA from its certificates. */
export function heldCa({ certificate, roots }: ChainEnds): HeldCa {
  const { subject, serialNumber, fingerprint, notBefore, notAfter } = certificate
  return { subject, serialNumber, fingerprint, notBefore, notAfter, roots: roots.map(rootOf) }
}

export const rootOf = ({ fingerprint, pem }: ParsedCertificate): Root => ({ fingerprint, pem })
