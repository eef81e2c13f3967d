import type { Instant } from '#base'
import { isExpired, type RegisterEntry, type Revoked, shardEntriesMax, shardFor, unexpired } from '#plan'
import type { ShardVersion } from './shard-store.ts'

/** A certificate of an Authority: serial numbers are unique within a generation only. */
export interface RegisterIdentity {
  readonly generation: number
  readonly serialNumber: string
}

/** Whom certificates were issued to. */
export type Holder = Pick<RegisterEntry, 'kind' | 'holder'>

/** A shard as its ConfigMap holds it, but for what has expired. */
interface HeldShard {
  readonly number: number
  readonly version: ShardVersion
  readonly entries: readonly RegisterEntry[]
  readonly count: number
}

/** A write that is due. */
export type ShardWrite =
  | ({ readonly verb: 'store'; readonly number: number; readonly version: ShardVersion | undefined } & ShardContent)
  | { readonly verb: 'remove'; readonly number: number; readonly version: ShardVersion }

export interface ShardContent {
  /** What the shard will hold. */
  readonly entries: readonly RegisterEntry[]
  /** The same entries as they are known now, not yet revoked where they are to be. */
  readonly known: readonly RegisterEntry[]
  /** How many of them no shard holds yet. */
  readonly added: number
}

/**
 * What is known of one Authority's certificates, and what of it is not stored yet. No I/O: it says which write is next,
 * and is told what came of it; whatever the API server has not confirmed is still due.
 */
export class AuthorityRegister {
  readonly #known = new Map<number, Map<string, RegisterEntry>>()
  /** The same by holder, whatever kind of object that is. */
  readonly #byHolder = new Map<string, Set<RegisterEntry>>()
  readonly #shards = new Map<number, HeldShard>()
  /** Numbers of shards that cannot be read, or are somebody else's: those are left as they are. */
  readonly #unusable = new Set<number>()
  /** What no shard holds, the oldest first. */
  readonly #unstored = new Set<RegisterEntry>()
  /** Revocations that no shard holds, by entry as it is known. */
  readonly #revocations = new Map<RegisterEntry, Revoked>()

  /** How many entries no shard holds yet. */
  get unstored(): number {
    return this.#unstored.size
  }

  /** Nothing is known, and nothing is stored. */
  get isEmpty(): boolean {
    return this.#known.size === 0 && this.#shards.size === 0
  }

  *entries(): Generator<RegisterEntry> {
    for (const generation of this.#known.values()) yield* generation.values()
  }

  /** What was issued to one holder. */
  ofHolder({ kind, holder }: Holder): RegisterEntry[] {
    return [...(this.#byHolder.get(holder) ?? [])].filter((entry) => entry.kind === kind)
  }

  /** Without a generation: of the latest one that has the serial number. */
  find(serialNumber: string, generation?: number): RegisterEntry | undefined {
    if (generation !== undefined) return this.#known.get(generation)?.get(serialNumber)
    const found = [...this.#known.values()].flatMap((entries) => entries.get(serialNumber) ?? [])
    return found.sort((a, b) => b.generation - a.generation)[0]
  }

  /** Adds what is not known yet; whether it was new. */
  add(entry: RegisterEntry): boolean {
    if (this.find(entry.serialNumber, entry.generation)) return false
    this.#know(entry)
    this.#unstored.add(entry)
    return true
  }

  /** Has a known entry stored as revoked. The first time and reason stay. */
  revoke(entry: RegisterEntry, revoked: Revoked): void {
    if (!this.#revocations.has(entry)) this.#revocations.set(entry, entry.revoked ?? revoked)
  }

  /** Whether a shard holds it as revoked. */
  isStoredAsRevoked(entry: RegisterEntry): boolean {
    return entry.revoked !== undefined && !this.#unstored.has(entry) && !this.#revocations.has(entry)
  }

  /**
   * Takes over what a shard was found to hold; the entries that are revoked by that. What is known of a certificate
   * stays, but for a revocation, and what the shard has lost is stored again.
   */
  adopt(number: number, version: ShardVersion, stored: readonly RegisterEntry[], now: Instant): RegisterEntry[] {
    const lost = new Set(this.#shards.get(number)?.entries)
    const entries: RegisterEntry[] = []
    const revoked: RegisterEntry[] = []
    for (const found of unexpired(stored, now)) {
      const known = this.find(found.serialNumber, found.generation)
      const isElsewhere = known && !lost.delete(known) && !this.#unstored.delete(known)
      if (found.revoked && !known?.revoked) revoked.push(found)
      if (!known) entries.push(this.#know(found))
      else if (isElsewhere) this.#merge(known, found)
      else entries.push(this.#settle(known, found))
    }
    this.#shards.set(number, { number, version, entries, count: entries.length })
    for (const entry of lost) this.#unstored.add(entry)
    return revoked
  }

  /** The shard is gone, or cannot be used any more: what it held is stored in another. */
  abandon(number: number, why: 'gone' | 'unusable'): void {
    for (const entry of this.#shards.get(number)?.entries ?? []) this.#unstored.add(entry)
    this.#shards.delete(number)
    if (why === 'unusable') this.#unusable.add(number)
  }

  /** Forgets what has expired. */
  prune(now: Instant): void {
    for (const shard of this.#shards.values()) {
      const entries = unexpired(shard.entries, now)
      this.#shards.set(shard.number, { ...shard, entries, count: entries.length })
    }
    for (const [generation, entries] of this.#known) {
      for (const entry of entries.values()) if (isExpired(entry, now)) this.#forget(entry, entries)
      if (entries.size === 0) this.#known.delete(generation)
    }
  }

  /** The next write: revocations first, then at most `batchMax` new entries, then shards that have become empty. */
  nextWrite(batchMax: number): ShardWrite | undefined {
    const shard = this.#shardToRevokeIn()
    if (shard) return this.#storing(shard, [])
    const batch = [...this.#unstored.values().take(Math.min(batchMax, shardEntriesMax))]
    if (batch.length > 0) return this.#storing(shardFor(this.#shards.values(), batch.length), batch)
    const empty = this.#shards.values().find(({ count }) => count === 0)
    return empty && { verb: 'remove', number: empty.number, version: empty.version }
  }

  /** A write of entries has landed; those that are revoked by it. */
  stored(number: number, version: ShardVersion, { entries, known }: ShardContent): RegisterEntry[] {
    const revoked: RegisterEntry[] = []
    for (const [at, entry] of entries.entries()) {
      const before = known[at] ?? entry
      this.#unstored.delete(before)
      if (before === entry) continue
      revoked.push(entry)
      this.#replace(before, entry)
    }
    this.#shards.set(number, { number, version, entries, count: entries.length })
    return revoked
  }

  removed(number: number): void {
    this.#shards.delete(number)
  }

  #storing(shard: HeldShard | undefined, batch: readonly RegisterEntry[]): ShardWrite {
    const known = [...(shard?.entries ?? []), ...batch]
    const entries = known.map((entry) => {
      const revoked = this.#revocations.get(entry)
      return revoked ? { ...entry, revoked } : entry
    })
    const number = shard?.number ?? Math.max(0, ...this.#shards.keys(), ...this.#unusable) + 1
    return { verb: 'store', number, version: shard?.version, entries, known, added: batch.length }
  }

  #shardToRevokeIn(): HeldShard | undefined {
    for (const entry of this.#revocations.keys()) {
      const shard = this.#unstored.has(entry) ? undefined : this.#shards.values().find((s) => s.entries.includes(entry))
      if (shard) return shard
    }
    return undefined
  }

  /** The entry as its shard was found to hold it. */
  #settle(known: RegisterEntry, { revoked }: RegisterEntry): RegisterEntry {
    if (!revoked && known.revoked) this.revoke(known, known.revoked)
    if (!revoked || known.revoked) return known
    const settled = { ...known, revoked }
    this.#replace(known, settled)
    return settled
  }

  /** The entry was found in another shard than its own as well. */
  #merge(known: RegisterEntry, { revoked }: RegisterEntry): void {
    if (revoked && !known.revoked) this.revoke(known, revoked)
  }

  #know(entry: RegisterEntry): RegisterEntry {
    const { generation, serialNumber, holder } = entry
    const entries = this.#known.get(generation) ?? new Map<string, RegisterEntry>()
    const before = entries.get(serialNumber)
    if (before) this.#leave(before)
    this.#known.set(generation, entries.set(serialNumber, entry))
    this.#byHolder.set(holder, (this.#byHolder.get(holder) ?? new Set()).add(entry))
    return entry
  }

  #replace(before: RegisterEntry, entry: RegisterEntry): void {
    this.#revocations.delete(before)
    // It may have expired meanwhile.
    if (this.find(before.serialNumber, before.generation) === before) this.#know(entry)
  }

  #forget(entry: RegisterEntry, entries: Map<string, RegisterEntry>): void {
    entries.delete(entry.serialNumber)
    this.#leave(entry)
    this.#unstored.delete(entry)
    this.#revocations.delete(entry)
  }

  /** Its holder has it no more. */
  #leave(entry: RegisterEntry): void {
    const held = this.#byHolder.get(entry.holder)
    held?.delete(entry)
    if (held?.size === 0) this.#byHolder.delete(entry.holder)
  }
}
