/**
 * Orders two resource versions of one resource: negative, zero or positive, as for sort. They are decimal integers of
 * any size without leading zeros (KEP-5504), so the longer one is the greater.
 */
export function compareVersions(a: string, b: string): number {
  if (a.length !== b.length) return a.length - b.length
  return a < b ? -1 : a > b ? 1 : 0
}
