import { hour } from '#base'
import {
  type Bundle,
  encodeCertificates,
  generateKey,
  keySigner,
  newSerialNumber,
  parseCertificate,
  parseCertificates,
  signCertificate,
  signRoot,
  signSubordinate,
  verifyChain,
} from '#pki'
import type { HeldCertificate, IssuePlan } from '#plan'
import type { AuthorityModel, MakeCa } from './authority-model.ts'
import type { Issued } from './visit.ts'

/** What signs in a simulation. */
export interface Signing {
  readonly makeCa: MakeCa
  sign(plan: IssuePlan, authority: AuthorityModel): Issued | Promise<Issued>
  /** Whether a certificate is what its `ca.crt` verifies at a moment. @throws what the verifier throws */
  verify(held: HeldCertificate, caBundle: string, at: number): void
}

/** Serial numbers and fingerprints, and nothing behind them: a million of them cost nothing. */
export function stubSigning(): Signing {
  let count = 0
  const next = (): { serialNumber: string; fingerprint: string } => {
    count += 1
    return { serialNumber: count.toString(16).padStart(8, '0'), fingerprint: count.toString(16).padStart(64, '0') }
  }
  return {
    async makeCa({ profile, source }, _, parent) {
      const { serialNumber } = next()
      // Its first digits tell it from all others.
      const fingerprint = serialNumber.padEnd(64, '0')
      const own = { fingerprint, pem: `PEM of ${fingerprint}\n` }
      const roots = source === 'parent' && parent ? parent.caOf(parent.generation).roots : [own]
      const { notBefore, notAfter, commonName } = profile
      return { subject: `CN=${commonName}`, serialNumber, fingerprint, notBefore, notAfter, roots }
    },
    sign({ notBefore, notAfter }, { key }) {
      return { ...next(), issuer: `CN=${key}`, notBefore, notAfter }
    },
    verify: () => undefined,
  }
}

/** Keys and signatures as an Authority of kind internal makes them. */
export function realSigning(): Signing {
  const cas = new Map<string, Bundle>()
  const leaves = new Map<string, { readonly pem: string; readonly issuer: Bundle }>()
  const ecdsa = { algorithm: 'ECDSA', size: 256 } as const
  const caOf = (authority: AuthorityModel): Bundle => {
    const found = cas.get(authority.caOf(authority.generation).fingerprint)
    if (!found) throw new Error(`${authority.key} has no key`)
    return found
  }
  return {
    async makeCa({ profile, source }, _, parent) {
      const key = await generateKey(ecdsa)
      const signer = keySigner(key)
      const above = source === 'parent' && parent ? caOf(parent) : undefined
      const der = above
        ? await signSubordinate(profile, signer.publicKey, identityOf(above), newSerialNumber())
        : await signRoot(profile, signer, newSerialNumber())
      const certificate = parseCertificate(der)
      const roots = above ? above.roots : [certificate]
      const intermediates = above ? [above.certificate, ...above.intermediates].filter((ca) => !roots.includes(ca)) : []
      cas.set(certificate.fingerprint, { key, certificate, intermediates, roots })
      const { subject, serialNumber, fingerprint, notBefore, notAfter } = certificate
      const trusted = roots.map((root) => ({ fingerprint: root.fingerprint, pem: root.pem }))
      return { subject, serialNumber, fingerprint, notBefore, notAfter, roots: trusted }
    },
    async sign({ request, notBefore, notAfter }, authority) {
      const issuer = caOf(authority)
      const { publicKey } = keySigner(await generateKey(ecdsa))
      const { commonName, names, usages } = request
      const profile = { commonName, names, usages, notBefore, notAfter }
      const leaf = parseCertificate(await signCertificate(profile, publicKey, identityOf(issuer), newSerialNumber()))
      leaves.set(leaf.fingerprint, { pem: encodeCertificates([leaf]), issuer })
      const { serialNumber, fingerprint, issuer: name } = leaf
      // As they were signed, not as they were planned.
      return { serialNumber, fingerprint, issuer: name, notBefore: leaf.notBefore, notAfter: leaf.notAfter }
    },
    verify({ fingerprint }, caBundle, at) {
      const found = leaves.get(fingerprint)
      if (!found) throw new Error(`certificate ${fingerprint} was never signed`)
      const { certificate, intermediates } = found.issuer
      verifyChain({
        leaf: parseCertificate(found.pem),
        intermediates: [certificate, ...intermediates],
        roots: parseCertificates(caBundle),
        at,
      })
    },
  }
}

const identityOf = ({ key, certificate }: Bundle) => ({ signer: keySigner(key), certificate })

/** Between two looks at all certificates. */
export const verifyEveryMs = 97 * hour
