/** Bounds of a backoff, in milliseconds. */
export interface Backoff {
  readonly firstMs: number
  readonly maxMs: number
}

/** More doublings than any bound needs, and few enough for the product to stay a number. */
const doublingsMax = 40

/**
 * Milliseconds to wait before the next try after so many failures in a row (from 1): doubled each time up to the cap,
 * of which a random half is taken off, so that many that failed together do not come back together.
 * @param random a number from 0 (inclusive) to 1
 */
export function backoffMs({ firstMs, maxMs }: Backoff, failures: number, random: number): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(Math.max(failures, 1) - 1, doublingsMax))
  return Math.round(full * (1 - random / 2))
}
