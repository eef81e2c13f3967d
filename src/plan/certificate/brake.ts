import { durationInWords, type Failure, type Instant, minute, toRfc3339, waiting } from '#base'
import type { CertificateWorld } from './world.ts'

const brakeMs = 10 * minute
/** Certificates that may be issued for one object within the time of the brake. */
const issuancesMax = 30
/** Changes to one Secret, beside those of its certificate, within the time of the brake. */
const refreshesMax = 10

/** Somebody who damages a Secret again and again, or a lifetime that is over at once, does not issue without end. */
export function issuedTooOften({ issuedLately }: CertificateWorld, now: Instant): Failure | undefined {
  const again = releasedAt(issuedLately, issuancesMax, now)
  if (again === undefined) return undefined
  const message = `${issuancesMax} certificates within ${durationInWords(brakeMs)}: the next one at ${toRfc3339(again)}`
  return waiting('IssuedTooOften', message, again - now)
}

/** Somebody else who insists on other marks on the Secret is given way to for a while. */
export function refreshedTooOften({ refreshedLately }: CertificateWorld, now: Instant): Failure | undefined {
  const again = releasedAt(refreshedLately, refreshesMax, now)
  if (again === undefined) return undefined
  const message =
    'somebody else changes what Sifaka sets on the Secret, or the passwords that it takes for it: it was put right ' +
    `${refreshesMax} times within ${durationInWords(brakeMs)}, the next time at ${toRfc3339(again)}. Look who writes ` +
    '(kubectl get secret --show-managed-fields)'
  return waiting('SecretContested', message, again - now)
}

/** When there may be one more; undefined: now. @param lately the earliest first */
function releasedAt(lately: readonly Instant[], max: number, now: Instant): Instant | undefined {
  const oldest = lately.filter((at) => at > now - brakeMs).at(-max)
  return oldest === undefined ? undefined : oldest + brakeMs
}
