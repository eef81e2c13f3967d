/**
 * Milliseconds to wait after the `failures`-th failure in a row: doubles from `minMs` up to `maxMs`, then a random part
 * of the upper half, so that many clients do not return together.
 * @param random at least 0, less than 1
 */
export function backoffMs(failures: number, minMs: number, maxMs: number, random: () => number): number {
  const full = Math.min(maxMs, minMs * 2 ** Math.min(failures - 1, 30))
  return Math.max(minMs, full * (0.5 + random() / 2))
}
