import type { Instant } from '#base'
import { textMatches } from '../policy/text-pattern.ts'
import type { RegisterEntry } from './entry.ts'

/** An entry, and whose it is. */
export interface Registered extends RegisterEntry {
  /** `namespace/name` of the Authority that issued it. */
  readonly authority: string
}

/** What is looked for: all that is said must hold. In texts `*` stands for any characters, and case does not count. */
export interface RegisterQuery {
  /** A name in the certificate, or what it was issued for: `namespace/name`, or the name alone. */
  readonly name?: string | undefined
  readonly serialNumber?: string | undefined
  readonly owner?: string | undefined
  /** `namespace/name`. */
  readonly holder?: string | undefined
  /** `namespace/name`, or the name alone. */
  readonly authority?: string | undefined
  readonly generation?: number | undefined
  readonly expiresBefore?: Instant | undefined
  readonly expiresAfter?: Instant | undefined
  readonly revoked?: boolean | undefined
}

/** The entries that the query asks for, in their order. */
export function* searchRegister<Entry extends Registered>(
  entries: Iterable<Entry>,
  query: RegisterQuery,
): Generator<Entry> {
  const { expiresBefore = Number.POSITIVE_INFINITY, expiresAfter = Number.NEGATIVE_INFINITY } = query
  const [name, serialNumber, owner, holder, authority] = [
    matcher(query.name),
    matcher(query.serialNumber?.replaceAll(':', '')),
    matcher(query.owner),
    matcher(query.holder),
    matcher(query.authority),
  ]
  for (const entry of entries) {
    const isWanted =
      name(...entry.names, entry.holder, nameIn(entry.holder)) &&
      serialNumber(entry.serialNumber) &&
      owner(entry.owner ?? '') &&
      holder(entry.holder) &&
      authority(entry.authority, nameIn(entry.authority)) &&
      (query.generation === undefined || entry.generation === query.generation) &&
      entry.notAfter < expiresBefore &&
      entry.notAfter > expiresAfter &&
      (query.revoked === undefined || (entry.revoked !== undefined) === query.revoked)
    if (isWanted) yield entry
  }
}

const nameIn = (key: string): string => key.slice(key.indexOf('/') + 1)

/** Whether any of some texts is as wanted; without a wish each is. */
function matcher(wanted: string | undefined): (...texts: readonly string[]) => boolean {
  if (wanted === undefined) return () => true
  const pattern = wanted.toLowerCase()
  return (...texts) => texts.some((text) => textMatches(pattern, text.toLowerCase()))
}
