import { type Backoff, backoffMs, second } from '#base'
import type { ApiError } from './api-error.ts'

const attemptsMax = 4
/** A longer wait is left to the caller, who finds it in the error. */
const waitMaxMs = 10 * second
const backoff: Backoff = { firstMs: 100, maxMs: waitMaxMs }

/**
 * Milliseconds until a failed request is worth another attempt, or undefined when it is not made again here.
 *
 * A 429 was turned away before it was handled, so everything may be sent again. After any other failure a write may
 * have taken effect: only reads are sent again, without an answer soon, with a 503 when the server named a time.
 * @param attempt number of the failed one, from 1
 */
export function retryDelayMs(
  request: { isRead: boolean; attempt: number },
  error: ApiError,
  random: () => number,
): number | undefined {
  if (request.attempt >= attemptsMax) return undefined
  const { status, retryAfterMs } = error
  const turnedAway = status === 429 || (request.isRead && status === 503 && retryAfterMs !== undefined)
  if (turnedAway) {
    const waitMs = retryAfterMs ?? second
    return waitMs > waitMaxMs ? undefined : waitMs * (1 + random() / 4)
  }
  return request.isRead && !error.answered ? backoffMs(backoff, request.attempt, random()) : undefined
}
