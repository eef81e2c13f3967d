import { type Instant, minute, second } from '#base'
import { backdateMs, type RevokedCertificate } from '#pki'
import type { Cause } from '../condition.ts'
import type { RegisterEntry } from '../register/entry.ts'

/** Certificates on one CRL, at most: with serial numbers of 20 octets, they fit into a ConfigMap of 1 MiB. */
export const crlEntriesMax = 16_000

/** Revocations that come together are signed together: a generation signs at most once in this time. */
const pauseMs = 5 * second
/** A ConfigMap in the way has no label of ours, so nobody tells when it goes. */
const foreignRetryMs = 5 * minute

/** A certificate on a CRL, and when it expires. */
export interface CrlEntry extends RevokedCertificate {
  readonly notAfter: Instant
}

/** A CRL that its generation has signed. */
export interface HeldCrl {
  readonly number: bigint
  readonly thisUpdate: Instant
  readonly nextUpdate: Instant
  readonly distributionPoints: readonly string[]
  readonly entries: readonly CrlEntry[]
}

/** The ConfigMap of a generation's CRL. */
export type CrlView =
  | { readonly state: 'absent' }
  | { readonly state: 'foreign'; readonly why: string }
  | { readonly state: 'damaged'; readonly why: string }
  | { readonly state: 'held'; readonly held: HeldCrl }

/** All that decides about the CRL of one generation of a CA. */
export interface CrlWorld {
  readonly published: CrlView
  /** Unexpired certificates of the generation that are revoked, as the register has them. */
  readonly revoked: readonly RegisterEntry[]
  /** Where clients fetch the CRL. */
  readonly url: string | undefined
  /** Milliseconds from thisUpdate to nextUpdate. */
  readonly validityMs: number
  /** The highest number that this process has seen or signed; 0: none yet. */
  readonly highestNumber: bigint
  /** How many milliseconds ago this process has signed the last one. */
  readonly signedAgoMs: number | undefined
}

/** What to do about the CRL of one generation. `againInMs`: when to look again, if nothing changes before. */
export type CrlPlan =
  | { readonly do: 'keep'; readonly againInMs: number }
  | { readonly do: 'refuse'; readonly flaw: Cause; readonly againInMs: number }
  | {
      readonly do: 'sign'
      readonly why: string
      readonly number: bigint
      readonly thisUpdate: Instant
      readonly nextUpdate: Instant
      readonly entries: readonly CrlEntry[]
    }

export function planCrl(world: CrlWorld, now: Instant): CrlPlan {
  const { published, signedAgoMs = pauseMs, validityMs } = world
  const held = published.state === 'held' ? published.held : undefined
  if (published.state === 'foreign') {
    return { do: 'refuse', flaw: { reason: 'ConfigMapNotOurs', message: published.why }, againInMs: foreignRetryMs }
  }
  const due = held ? dueAt(held, world) : now
  const why = whyNow(world, held, due, now)
  if (why === undefined) return { do: 'keep', againInMs: due - now }
  if (signedAgoMs < pauseMs) return { do: 'keep', againInMs: pauseMs - signedAgoMs }
  const entries = entriesOf(world.revoked, held, now)
  if (entries.length > crlEntriesMax) return tooLarge(entries, now)
  const thisUpdate = wholeSecond(now - backdateMs)
  return {
    do: 'sign',
    why,
    number: nextNumber(world.highestNumber, held?.number ?? 0n, now),
    thisUpdate,
    nextUpdate: thisUpdate + wholeSecond(validityMs),
    entries,
  }
}

/** When the CRL is half over, by the spec of today too. */
const dueAt = ({ thisUpdate, nextUpdate }: HeldCrl, { validityMs }: CrlWorld): Instant =>
  thisUpdate + Math.min(nextUpdate - thisUpdate, validityMs) / 2

/** Why a CRL is to be signed now; undefined when the one that is published will do. */
function whyNow(
  { published, revoked, url }: CrlWorld,
  held: HeldCrl | undefined,
  due: Instant,
  now: Instant,
): string | undefined {
  if (published.state === 'damaged') return published.why
  if (!held) return 'there is none'
  const listed = new Set(held.entries.map(({ serialNumber }) => serialNumber))
  if (revoked.some((entry) => !listed.has(serialOf(entry)))) return 'certificates have been revoked'
  if (held.distributionPoints.join(' ') !== (url ?? '')) return 'it is for another URL'
  // Clients would take it for one of the future. The clock has been set back since.
  if (held.thisUpdate > now) return 'it begins later than now'
  return now >= due ? 'half of its validity is over' : undefined
}

/**
 * What is on the CRL already stays on it until it has expired and has been on one CRL since (RFC 5280 section 3.3),
 * whatever became of the register. The first time and reason stay.
 */
function entriesOf(revoked: readonly RegisterEntry[], held: HeldCrl | undefined, now: Instant): readonly CrlEntry[] {
  const entries = new Map(revoked.map((entry) => [serialOf(entry), crlEntry(entry, now)]))
  for (const entry of held?.entries ?? []) {
    // Both times: the CRL may be of a day when the clock was wrong.
    const isOver = entry.notAfter < Math.min(held?.thisUpdate ?? now, now)
    if (!isOver) entries.set(entry.serialNumber, entry)
  }
  return [...entries.values()]
}

const crlEntry = (entry: RegisterEntry, now: Instant): CrlEntry => ({
  serialNumber: serialOf(entry),
  revokedAt: wholeSecond(Math.min(Math.max(entry.revoked?.at ?? now, 0), now)),
  reason: entry.revoked?.reason,
  notAfter: entry.notAfter,
})

/** In whole octets, as a CRL has it. */
const serialOf = ({ serialNumber }: RegisterEntry): string =>
  serialNumber.padStart(serialNumber.length + (serialNumber.length % 2), '0')

/**
 * Greater than those before it. Where a lost ConfigMap took the last number with it, the time of day is greater, as no
 * generation signs more than one a second.
 */
function nextNumber(highest: bigint, published: bigint, now: Instant): bigint {
  const after = (published > highest ? published : highest) + 1n
  const seconds = BigInt(Math.floor(now / second))
  return after > seconds ? after : seconds
}

const wholeSecond = (ms: number): number => Math.floor(ms / second) * second

/** A CRL that leaves certificates out would say that they are good. */
function tooLarge(entries: readonly CrlEntry[], now: Instant): CrlPlan {
  const message =
    `more than ${crlEntriesMax} certificates of one generation are revoked, and its CRL holds no more: no other is ` +
    'published until some have expired. Raise spec.internal.generation: the next generation has a CRL of its own'
  const firstEnd = entries.reduce((first, { notAfter }) => Math.min(first, notAfter), Number.POSITIVE_INFINITY)
  return { do: 'refuse', flaw: { reason: 'CRLTooLarge', message }, againInMs: Math.max(minute, firstEnd - now) }
}
