import { type Failure, type Instant, terminal } from '#base'
import type { Finding } from '../condition.ts'
import { isRenewedByHand } from './due.ts'
import { withoutReplacement } from './revocation.ts'
import { howToRenewByHand } from './warning.ts'
import type { CertificateWorld } from './world.ts'

/** Why the spec wants nothing issued although there is a cause. */
export function whyHeldBack(cause: Finding, world: CertificateWorld, now: Instant): Failure | undefined {
  if (world.certificate.spec.suspend) return terminal('Suspended', 'suspended: set spec.suspend to false to go on')
  const revoked = withoutReplacement(world, now)
  if (revoked) return terminal('Revoked', revoked.message)
  // What was ordered in time is brought to its end.
  if (cause.reason !== 'Expired' || !isRenewedByHand(world) || world.order) return undefined
  return terminal('Expired', `${cause.message} and ${howToRenewByHand(world)}`)
}
