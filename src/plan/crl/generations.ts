import type { Authority, AuthorityStatus } from '#api'
import { fromRfc3339, type Instant } from '#base'
import type { RegisterEntry } from '../register/entry.ts'

type GenerationStatus = NonNullable<AuthorityStatus['generations']>[number]

/**
 * The generations of an internal CA that have a CRL: those that sign or have signed, as long as a certificate of theirs
 * may be in use; one that is distrusted also until its CA certificate has expired, for those who still trust it.
 * @param entries the unexpired certificates of the Authority
 */
export function crlGenerations(
  { status }: Authority,
  entries: readonly RegisterEntry[],
  now: Instant,
): readonly GenerationStatus[] {
  const alive = new Set(entries.map(({ generation }) => generation))
  return (status?.generations ?? []).filter(({ generation, state, notAfter }) => {
    if (state === 'Next') return false
    if (alive.has(generation)) return true
    const isOver = (fromRfc3339(notAfter) ?? Number.POSITIVE_INFINITY) <= now
    return state !== 'Retired' && !(state === 'Distrusted' && isOver)
  })
}
