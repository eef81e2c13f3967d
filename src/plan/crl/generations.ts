import type { Authority, AuthorityStatus } from '#api'
import type { RegisterEntry } from '../register/entry.ts'

type GenerationStatus = NonNullable<AuthorityStatus['generations']>[number]

/**
 * The generations of an internal CA that have a CRL: those that sign or have signed, as long as a certificate of theirs
 * may be in use.
 * @param entries the unexpired certificates of the Authority
 */
export function crlGenerations({ status }: Authority, entries: readonly RegisterEntry[]): readonly GenerationStatus[] {
  const alive = new Set(entries.map(({ generation }) => generation))
  return (status?.generations ?? []).filter(({ generation, state }) => {
    if (state === 'Next') return false
    return state !== 'Retired' || alive.has(generation)
  })
}
