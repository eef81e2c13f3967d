import { Failure, type Instant, toRfc3339 } from '#base'
import type { Finding } from '../condition.ts'
import { secretNameOf } from './names.ts'
import { revokedInUse } from './revocation.ts'
import { outputsWanting } from './secret-content.ts'
import type { AuthorityView, CertificateWorld, HeldCertificate } from './world.ts'

/** What keeps the Secret from holding what the spec asks for, unexpired: the promise behind Ready. */
export const unfulfilled = (world: CertificateWorld, now: Instant): Finding | undefined =>
  withoutCertificate(world, now) ?? outputsWanting(world)

/** Why the Secret holds no certificate that is what the spec asks for. */
export function withoutCertificate(world: CertificateWorld, now: Instant): Finding | undefined {
  const { certificate, request, secret } = world
  if (request instanceof Failure) return { reason: 'InvalidRequest', message: request.message }
  const name = secretNameOf(certificate)
  switch (secret.state) {
    case 'foreign':
      return { reason: secret.reason, message: secret.why }
    case 'absent':
      return { reason: 'SecretMissing', message: `Secret ${name} does not exist` }
    case 'damaged':
      return { reason: 'SecretDamaged', message: `Secret ${name} is damaged: ${secret.why}` }
    case 'offered': {
      const flaw = flawOfOffer(world, now)
      const message = flaw === undefined ? `Secret ${name} is taken over` : `what it holds will not do: ${flaw}`
      return { reason: 'Adopted', message }
    }
    case 'held':
      return unsuited(secret.held, world, now)
  }
}

/** Why the certificate in the Secret will not do. */
function unsuited(held: HeldCertificate, world: CertificateWorld, now: Instant): Finding | undefined {
  const { authorityKey, authority } = world
  if (held.differences.length > 0) {
    const message = `the certificate does not satisfy the spec: ${held.differences.join('; ')}`
    return { reason: 'RequestChanged', message }
  }
  if (authorityKey !== undefined && held.issuedBy !== authorityKey) {
    const message = `the certificate was issued by ${held.issuedBy}, not by ${authorityKey}`
    return { reason: 'AuthorityChanged', message }
  }
  if (held.notAfter <= now) {
    return { reason: 'Expired', message: `the certificate expired at ${toRfc3339(held.notAfter)}` }
  }
  if (isOfLostCa(held, authority)) {
    return { reason: 'CARotated', message: `the CA that signed it is none of Authority ${authorityKey} any more` }
  }
  if (held.caGeneration !== undefined && authority?.distrusted.includes(held.caGeneration)) {
    const message = `generation ${held.caGeneration} of the CA is trusted no longer`
    return { reason: 'CARotated', message }
  }
  return revokedInUse(world)
}

/** Its roots are in no bundle. What is of an earlier generation that is still known has its time to be issued anew. */
function isOfLostCa({ caFingerprint }: HeldCertificate, authority: AuthorityView | undefined): boolean {
  if (caFingerprint === undefined || !authority || authority.caFingerprints.length === 0) return false
  return !authority.caFingerprints.includes(caFingerprint)
}

/** Why what an offered Secret holds will not do. */
export function flawOfOffer(world: CertificateWorld, now: Instant): string | undefined {
  const { secret } = world
  if (secret.state !== 'offered') return undefined
  const { metadata, held } = secret
  if (typeof held === 'string') return held
  return unsuited(held, { ...world, secret: { state: 'held', metadata, held } }, now)?.message
}
