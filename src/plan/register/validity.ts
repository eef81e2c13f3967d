import type { Instant } from '#base'
import type { RegisterEntry } from './entry.ts'

/** Without what has expired. What is revoked stays as long as it would have been valid. */
export const unexpired = (entries: readonly RegisterEntry[], now: Instant): readonly RegisterEntry[] =>
  entries.some((entry) => isExpired(entry, now)) ? entries.filter((entry) => !isExpired(entry, now)) : entries

export const isExpired = ({ notAfter }: RegisterEntry, now: Instant): boolean => notAfter <= now

/** When the last certificate ends that a generation of the CA has issued to a Certificate and that is not revoked. */
export function liveUntil(entries: Iterable<RegisterEntry>, generation: number, now: Instant): Instant | undefined {
  let last: Instant | undefined
  for (const entry of entries) {
    const isLive = entry.kind === 'Certificate' && !entry.revoked && !isExpired(entry, now)
    if (isLive && entry.generation === generation && entry.notAfter > (last ?? now)) last = entry.notAfter
  }
  return last
}
