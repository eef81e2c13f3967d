import { hour, second } from '#base'

/** Bounds of a backoff, in milliseconds. */
export interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
}

/** For what goes wrong outside: a CA, a destination. */
export const outsideBackoff: Backoff = { firstMs: 5 * second, maxMs: 8 * hour }

/** For a write or read that the API server did not take. */
export const apiBackoff: Backoff = { firstMs: second / 4, maxMs: 60 * second }

/**
 * Milliseconds to wait before the next try after `failures` failures in a row (from 1): doubled each time up to the
 * cap, of which a random half is taken off, so that many keys that failed together do not come back together.
 * @param random a number from 0 (inclusive) to 1
 */
export function backoffMs(failures: number, { firstMs, maxMs }: Backoff, random: number): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(Math.max(failures, 1) - 1, 40))
  return Math.round(full * (1 - random / 2))
}
