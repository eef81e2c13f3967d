import { Failure, type Instant, toRfc3339 } from '#base'
import type { Finding } from '../condition.ts'
import { reissueDue, renewAt } from './due.ts'
import { standingOf } from './revocation.ts'
import { withoutCertificate } from './unfulfilled.ts'
import type { CertificateWorld } from './world.ts'

/** Why a new certificate is needed, if one is: a broken promise, a request, or the time of renewal. */
export function needOfIssuance(world: CertificateWorld, now: Instant): Finding | undefined {
  const { secret } = world
  const broken = withoutCertificate(world, now)
  if (secret.state !== 'held') return broken
  const reissue = reissueDue(world, secret.held)
  const due = reissue && reissue.at <= now ? reissue.finding : undefined
  // What has expired and is renewed by hand is issued because somebody asks for it.
  if (broken) return broken.reason === 'Expired' ? (due ?? broken) : broken
  const standing = standingOf(world, now)
  if (standing && !(standing instanceof Failure) && standing.awaiting) {
    const message = `spec.revocation has certificate ${standing.awaiting.serialNumber} revoked once it is replaced`
    return { reason: 'RevocationRequested', message }
  }
  if (due) return due
  const at = renewAt(world, secret.held, now)
  if (at !== undefined && at <= now) {
    return { reason: 'RenewalDue', message: `the certificate expires at ${toRfc3339(secret.held.notAfter)}` }
  }
  return world.order && { reason: 'OrderPending', message: 'it was ordered already' }
}
