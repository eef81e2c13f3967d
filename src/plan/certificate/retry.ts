import type { CertificateStatus } from '#api'
import { type Failure, hour, type Instant, second } from '#base'

const firstMs = 5 * second
const maxMs = 8 * hour

/** Failed attempts since the last success, with the one that has just failed. */
export const attemptsOf = (status: CertificateStatus | undefined): number => (status?.attempts ?? 0) + 1

/**
 * When the next attempt is due: what the other side named, at most 8 hours; else doubled each time up to that, of which
 * a random half is taken off, so that many that failed together do not come back together.
 * @param attempts failures in a row, from 1
 * @param random a number from 0 (inclusive) to 1
 */
export function retryAt({ retryAfterMs }: Failure, attempts: number, now: Instant, random: number): Instant {
  if (retryAfterMs !== undefined) return now + Math.min(maxMs, Math.max(0, retryAfterMs))
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(attempts - 1, 40))
  return now + Math.round(full * (1 - random / 2))
}
