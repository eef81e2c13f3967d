import {
  type Backoff,
  backoffMs,
  type Clock,
  classify,
  type Failure,
  type Logger,
  minute,
  retryable,
  second,
  type Timer,
  terminal,
  waiting,
} from '#base'
import { ApiError, isConflict, isNotFound, type KubeClient } from '#kube'
import { type RegisterEntry, type Revoked, shardEntriesMax } from '#plan'
import type { Ownership } from '#runtime'
import { AuthorityRegister, type Holder, type RegisterIdentity, type ShardWrite } from './authority-register.ts'
import { ShardStore } from './shard-store.ts'

export interface RegisterWriterOptions {
  /** `namespace/name` of the Authority. */
  readonly authority: string
  readonly client: KubeClient
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
  readonly ownership: Ownership
  /** Ends all writing. */
  readonly signal: AbortSignal
  /** What a write of entries came to. */
  readonly onFlush: (result: 'stored' | 'failed', added: number) => void
  /** That what these were issued is stored as revoked. */
  readonly onRevoked: (holders: readonly Holder[]) => void
}

/** New entries are stored after this long, or sooner when they fill a shard. */
const flushMs = 5 * second
const backoff: Backoff = { firstMs: second, maxMs: 5 * minute }
/** How often in a row a shard may turn out to have been changed by others. */
const staleMax = 5
/** How often a revocation is tried until it is known to be stored; more than one is for shards that have changed. */
const revocationTriesMax = 3

/** Keeps one Authority's register stored: in batches, one write at a time, again and again until it lands. */
export class RegisterWriter {
  readonly register = new AuthorityRegister()
  readonly #options: RegisterWriterOptions
  readonly #store: ShardStore
  #timer: Timer | undefined
  #pass: Promise<void> | undefined
  /** The pass after the one that is under way, for all who wait for it. */
  #next: Promise<void> | undefined
  #failures = 0

  constructor(options: RegisterWriterOptions) {
    this.#options = options
    this.#store = new ShardStore(options.client, options.authority)
  }

  record(entry: RegisterEntry): void {
    if (this.register.add(entry)) this.#schedule()
  }

  /**
   * Resolves when a shard holds the entry as revoked.
   * @throws Failure Terminal `NotRevocable` when there is no such entry; ApiError
   */
  async revoke({ generation, serialNumber }: RegisterIdentity, revoked: Revoked): Promise<RegisterEntry> {
    const { authority } = this.#options
    for (let tries = 0; tries < revocationTriesMax; tries++) {
      const entry = this.register.find(serialNumber, generation)
      if (!entry) throw notRevocable(authority, serialNumber, generation)
      if (this.register.isStoredAsRevoked(entry)) return entry
      this.register.revoke(entry, revoked)
      await this.flush()
    }
    throw retryable('RegisterBusy', `the register of Authority ${authority} is being changed by others`)
  }

  /** Writes all that is due now. @throws what the last write has failed with; all is still due then */
  flush(): Promise<void> {
    // A pass that is under way may have begun before the caller's entries were known.
    this.#next ??= (this.#pass ?? Promise.resolve())
      .catch(() => {})
      .then(() => {
        this.#next = undefined
        return this.#begin()
      })
    return this.#next
  }

  /** Forgets what has expired, and deletes shards that nothing is left in. */
  sweep(): void {
    this.register.prune(this.#options.clock.now())
    this.flush().catch(() => {})
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #schedule(): void {
    if (this.#pass || this.#next || this.#options.signal.aborted || this.register.unstored === 0) return
    const isFull = this.#failures === 0 && this.register.unstored >= shardEntriesMax
    if (isFull) this.flush().catch(() => {})
    else this.#timer ??= this.#options.clock.after(this.#delayMs(), () => this.flush().catch(() => {}))
  }

  #delayMs(): number {
    return this.#failures === 0 ? flushMs : backoffMs(backoff, this.#failures, this.#options.random())
  }

  /** Only ever called by `flush`, so that there is one pass at a time. */
  #begin(): Promise<void> {
    this.stop()
    const pass = this.#write()
    this.#pass = pass.finally(() => {
      this.#pass = undefined
      this.#schedule()
    })
    return this.#pass
  }

  async #write(): Promise<void> {
    const { logger, authority, signal, onFlush } = this.#options
    try {
      await this.#writeDue()
      this.#failures = 0
    } catch (error) {
      this.#failures += 1
      if (signal.aborted) throw error
      onFlush('failed', 0)
      const { unstored } = this.register
      logger.warn({ authority, unstored, error: classify(error).message }, 'cannot store the register, trying again')
      throw error
    }
  }

  /** Only what was there at the beginning, lest a steady stream of entries becomes a steady stream of writes. */
  async #writeDue(): Promise<void> {
    let left = this.register.unstored
    let stale = 0
    for (let write = this.register.nextWrite(left); write; write = this.register.nextWrite(left)) {
      this.#mayWrite()
      if (await this.#attempt(write)) {
        stale = 0
        if (write.verb === 'store') left -= write.added
      } else if (++stale === staleMax) {
        throw retryable('RegisterBusy', `${this.#store.nameOf(write.number)} is being changed by others`)
      }
    }
  }

  #mayWrite(): void {
    const { signal, ownership, authority } = this.#options
    signal.throwIfAborted()
    if (!ownership.owns(authority)) throw waiting('NotActive', 'another replica is active now', second)
  }

  /** Whether the write has landed; if not, the shard has been read again. */
  async #attempt(write: ShardWrite): Promise<boolean> {
    try {
      await this.#send(write)
      return true
    } catch (error) {
      if (!isStale(error)) throw error
      await this.#reread(write.number)
      return false
    }
  }

  async #send(write: ShardWrite): Promise<void> {
    const { signal, onFlush, onRevoked } = this.#options
    const { number, version } = write
    if (write.verb === 'remove') {
      await this.#store.remove(number, write.version, signal)
      return this.register.removed(number)
    }
    const written = version
      ? await this.#store.replace(number, version, write.entries, signal)
      : await this.#store.create(number, write.entries, signal)
    const revoked = this.register.stored(number, written, write)
    onFlush('stored', write.added)
    if (revoked.length > 0) onRevoked(revoked)
  }

  async #reread(number: number): Promise<void> {
    const { authority, clock, logger, signal, onRevoked } = this.#options
    const shard = await this.#store.read(number, signal)
    if (!shard) return this.register.abandon(number, 'gone')
    if (shard.flaw === undefined) {
      const revoked = this.register.adopt(number, shard.version, shard.entries, clock.now())
      if (revoked.length > 0) onRevoked(revoked)
      return
    }
    reportFlaw(logger, authority, shard)
    this.register.abandon(number, 'unusable')
  }
}

function notRevocable(authority: string, serialNumber: string, generation: number): Failure {
  const which = `no unexpired certificate ${serialNumber} of generation ${generation}`
  const message = `Authority ${authority} has ${which} in its register: only what it has issued can be revoked`
  return terminal('NotRevocable', message)
}

/** The object is not what was seen last: changed, gone, or there already. */
const isStale = (error: unknown): boolean =>
  isConflict(error) || isNotFound(error) || (error instanceof ApiError && error.status === 409)

/** Says that a ConfigMap with our label, or in the way of a shard, is left as it is. */
export function reportFlaw(
  logger: Logger,
  authority: string,
  { configMap, flaw }: { readonly configMap: string; readonly flaw?: string | undefined },
): void {
  const advice = 'a shard of the register cannot be used and is left as it is: restore or delete the ConfigMap'
  logger.error({ authority, configMap, flaw }, advice)
}
