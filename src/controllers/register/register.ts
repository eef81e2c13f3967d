import type { Authority, Certificate, KubeObject, ObjectMeta, PartialObject } from '#api'
import {
  type Backoff,
  backoffMs,
  type Clock,
  classify,
  type Instant,
  keyOf,
  type Logger,
  minute,
  second,
  sleep,
  type Timer,
  waiting,
} from '#base'
import { type Cache, isForbidden, type KubeClient } from '#kube'
import {
  boundedEntry,
  entriesOfAuthority,
  entriesOfCertificate,
  isExpired,
  liveUntil,
  parseRegisterEntry,
  type RegisterEntry,
  type Registered,
  type Revoked,
  secretNameOf,
  unexpired,
} from '#plan'
import type { Ownership } from '#runtime'
import type { AuthorityRegister, Holder, RegisterIdentity } from './authority-register.ts'
import type { Prove } from './proof.ts'
import { RegisterWriter, reportFlaw } from './register-writer.ts'
import { listShards, type StoredShard } from './shard-store.ts'

export interface RegisterOptions {
  readonly client: KubeClient
  readonly caches: {
    readonly authorities: Cache<Authority>
    readonly certificates: Cache<Certificate>
    /** Metadata of our own Secrets. */
    readonly secrets: Cache<PartialObject>
  }
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
  readonly ownership: Ownership
  /** The namespaces that are worked in; all of them when the list is empty. */
  readonly namespaces: readonly string[]
  /** Whether it is known that a namespace does not exist, or is going: there may be no right to look into it. */
  readonly isGone?: ((namespace: string) => boolean) | undefined
  /** Asked of every line that is found outside the shards. */
  readonly prove: Prove
  /** Told of every write of entries, for metrics: what came of it, and how many entries were new in it. */
  readonly onFlush?: ((authority: string, result: 'stored' | 'failed', added: number) => void) | undefined
}

const loadBackoff: Backoff = { firstMs: second, maxMs: minute }
/** Of loading: after ten seconds and more. */
const awaitedFailuresMax = 5
const sweepMs = 60 * minute
/** How many entries are loaded before everything else in the process has its turn: some milliseconds. */
const loadedAtOnce = 1000
/** How long the last flush may take when the process ends. */
const closeMs = 5 * second

/** What writes each Authority's register, until the signal is aborted. */
interface Writers {
  readonly byAuthority: Map<string, RegisterWriter>
  readonly signal: AbortSignal
}

const withoutAuthority = ({ authority: _, ...entry }: Registered): RegisterEntry => entry

/** `namespace/name` of an Authority, and whose certificates of it are revoked. */
type RevokedListener = (authority: string, holders: readonly Holder[]) => void

const noWriters = (): Writers => ({ byAuthority: new Map(), signal: AbortSignal.abort() })

/**
 * Every certificate that internal Authorities have issued and that has not expired. One per process; it is in memory
 * while the process is active, and in ConfigMaps beside each Authority. Authorities are named by `namespace/name`.
 */
export class Register {
  readonly #options: RegisterOptions
  readonly #listeners: RevokedListener[] = []
  #writers = noWriters()
  /** What was recorded before the shards were read. */
  #early: Registered[] = []
  #term = new AbortController()
  #isActive = false
  #isLoaded = false
  /** Of loading, in a row. */
  #failures = 0
  #sweeper: Timer | undefined

  /** Build it before the caches start: it listens to them. */
  constructor(options: RegisterOptions) {
    this.#options = options
    const { certificates, authorities } = options.caches
    certificates.listen(({ type, object }) => {
      if (this.#isRead && type !== 'deleted') this.#rebuildLater(this.#ofCertificate(object))
    })
    authorities.listen(({ type, object }) => {
      if (this.#isRead && type !== 'deleted') this.#rebuildLater(this.#ofAuthority(object))
    })
  }

  /** Loads whenever this process becomes active, and forgets when it is not any more. The caches are filled by then. */
  start(): void {
    const { ownership } = this.#options
    ownership.onChange((owns) => (owns ? this.#begin() : this.#end()))
    if (ownership.owns('')) this.#begin()
  }

  isLoaded(): boolean {
    return this.#isLoaded
  }

  /** Whether it is being loaded and has not failed too often: certificates do not wait for it forever. */
  isAwaited(): boolean {
    return this.#isActive && !this.#isLoaded && this.#failures < awaitedFailuresMax
  }

  /** Notes a certificate. No I/O: it is stored soon. One that is known already is left as it is. */
  record(authority: string, entry: RegisterEntry): void {
    const checked = this.#checked(authority, entry)
    if (!checked) return
    if (this.#isRead) this.#writer(authority).record(checked)
    else this.#early.push({ authority, ...checked })
  }

  /**
   * Without a generation: of the latest one that has the serial number.
   * @throws Failure Waiting while the register is not loaded
   */
  find(authority: string, serialNumber: string, generation?: number): RegisterEntry | undefined {
    return this.#loaded(authority)?.find(serialNumber, generation)
  }

  /** What has not expired, in no order. @throws Failure Waiting while the register is not loaded */
  entries(authority: string): readonly RegisterEntry[] {
    return unexpired(this.#loaded(authority)?.entries().toArray() ?? [], this.#options.clock.now())
  }

  /** Whether a certificate was issued for a line's holder: by what is known of it, else by the certificate itself. */
  async wasIssued(line: Registered, signal: AbortSignal): Promise<boolean> {
    const known = this.#isLoaded ? this.find(line.authority, line.serialNumber, line.generation) : undefined
    if (known) return known.kind === line.kind && known.holder === line.holder
    return (await this.#options.prove(line, signal)) !== undefined
  }

  /** What was issued for `namespace/name`. @throws Failure Waiting while the register is not loaded */
  ofHolder(authority: string, kind: RegisterEntry['kind'], holder: string): readonly RegisterEntry[] {
    return unexpired(this.#loaded(authority)?.ofHolder({ kind, holder }) ?? [], this.#options.clock.now())
  }

  /**
   * When the last certificate ends that a generation has issued to a Certificate and that is not revoked.
   * @throws Failure Waiting while the register is not loaded
   */
  liveUntil(authority: string, generation: number, now: Instant): Instant | undefined {
    return liveUntil(this.#loaded(authority)?.entries() ?? [], generation, now)
  }

  /**
   * Resolves when it is stored that the certificate is revoked. If it is already, the first time and reason stay.
   * @throws Failure Terminal `NotRevocable` when the Authority has not issued it, or it has expired; Failure Waiting
   *   while the register is not loaded; ApiError
   */
  async revoke(authority: string, identity: RegisterIdentity, revoked: Revoked): Promise<RegisterEntry> {
    this.#loaded(authority)
    return this.#writer(authority).revoke(identity, revoked)
  }

  /**
   * Calls `listener` when certificates of an Authority have been revoked and that is stored, and after loading with all
   * that are: the process may have ended before anybody acted on it.
   */
  onRevoked(listener: RevokedListener): void {
    this.#listeners.push(listener)
  }

  /**
   * Reads all shards, and adds what the statuses of Certificates and Authorities tell of and no shard has.
   * @throws ApiError; the register is as before then
   */
  async load(signal: AbortSignal): Promise<void> {
    const { client, namespaces, isGone } = this.#options
    const term = AbortSignal.any([signal, this.#term.signal])
    const writers: Writers = { byAuthority: new Map(), signal: term }
    const turns = new Turns()
    for (const namespace of namespaces.length === 0 ? [undefined] : namespaces) {
      try {
        for await (const shard of listShards(client, namespace, term)) {
          this.#adopt(shard, writers)
          await turns.took(shard.entries.length)
        }
      } catch (error) {
        if (!isForbidden(error) || namespace === undefined || !isGone?.(namespace)) throw error
      }
    }
    term.throwIfAborted()
    this.#writers = writers
    for (const { authority, ...entry } of this.#early.splice(0)) this.record(authority, entry)
    for (const found of this.#live()) {
      await this.#rebuild(found)
      await turns.took(found.length)
    }
    term.throwIfAborted()
    this.#isLoaded = true
    this.#sweepLater()
    this.#tellLoaded()
  }

  /** Stores all that is not stored yet. @throws ApiError */
  async flush(): Promise<void> {
    await Promise.all([...this.#writers.byAuthority.values()].map((writer) => writer.flush()))
  }

  /** Stores what it can within five seconds, and ends. What is not stored then is rebuilt at the next start. */
  async close(): Promise<void> {
    const { clock } = this.#options
    const inTime = new AbortController()
    const flushed = this.flush()
      .catch(() => {})
      .then(() => inTime.abort())
    await Promise.race([flushed, sleep(clock, closeMs, inTime.signal)])
    this.#end()
  }

  #begin(): void {
    if (this.#isActive) return
    this.#isActive = true
    void this.#loadUntilDone(this.#term.signal)
  }

  async #loadUntilDone(signal: AbortSignal): Promise<void> {
    const { clock, logger, random } = this.#options
    this.#failures = 0
    while (!signal.aborted) {
      try {
        return await this.load(signal)
      } catch (error) {
        if (signal.aborted) return
        this.#failures += 1
        logger.warn({ error: classify(error).message }, 'cannot load the register, trying again')
        await sleep(clock, backoffMs(loadBackoff, this.#failures, random()), signal)
      }
    }
  }

  #end(): void {
    this.#isActive = false
    this.#term.abort()
    this.#term = new AbortController()
    for (const writer of this.#writers.byAuthority.values()) writer.stop()
    this.#sweeper?.cancel()
    this.#writers = noWriters()
    this.#early = []
    this.#isLoaded = false
  }

  #tellLoaded(): void {
    const { byAuthority } = this.#writers
    const rebuilt = byAuthority.values().reduce((sum, { register }) => sum + register.unstored, 0)
    this.#options.logger.info({ authorities: byAuthority.size, rebuilt }, 'the register is loaded')
    for (const [authority, { register }] of byAuthority) {
      const revoked = [...register.entries().filter((entry) => entry.revoked)]
      if (revoked.length > 0) this.#tellRevoked(authority, revoked)
    }
  }

  #tellRevoked(authority: string, holders: readonly Holder[]): void {
    for (const listener of this.#listeners) listener(authority, holders)
  }

  /** All shards are read: what no shard has is new. */
  get #isRead(): boolean {
    return !this.#writers.signal.aborted
  }

  #adopt(shard: StoredShard, writers: Writers): void {
    const { clock, logger } = this.#options
    const { authority, number, version, entries, flaw } = shard
    if (flaw !== undefined) reportFlaw(logger, authority, shard)
    if (number === 0) return
    const { register } = this.#writer(authority, writers)
    if (flaw === undefined) register.adopt(number, version, entries, clock.now())
    else register.abandon(number, 'unusable')
  }

  /** What could not be read back would take its whole shard with it. */
  #checked(authority: string, entry: RegisterEntry): RegisterEntry | undefined {
    try {
      return parseRegisterEntry(boundedEntry(entry))
    } catch (error) {
      this.#options.logger.error({ authority, entry, error: classify(error).message }, 'the register cannot hold this')
      return undefined
    }
  }

  /** What is known of an Authority; undefined when it has issued nothing. */
  #loaded(authority: string): AuthorityRegister | undefined {
    if (!this.#isLoaded) throw waiting('RegisterNotLoaded', 'the register is not loaded yet', second)
    return this.#writers.byAuthority.get(authority)?.register
  }

  #writer(authority: string, { byAuthority, signal }: Writers = this.#writers): RegisterWriter {
    const known = byAuthority.get(authority)
    if (known) return known
    const { client, clock, logger, random, ownership, onFlush } = this.#options
    const writer = new RegisterWriter({
      ...{ authority, client, clock, logger, random, ownership, signal },
      onFlush: (result, added) => onFlush?.(authority, result, added),
      onRevoked: (holders) => this.#tellRevoked(authority, holders),
    })
    byAuthority.set(authority, writer)
    return writer
  }

  /** Adds what a status tells of. An Authority that is not there gets no register from what others say of it. */
  async #rebuild(found: readonly Registered[]): Promise<void> {
    const { caches, clock, prove } = this.#options
    const { signal } = this.#term
    for (const line of found) {
      const { authority, serialNumber, generation } = line
      if (this.#writers.byAuthority.get(authority)?.register.find(serialNumber, generation)) continue
      const isInternal = caches.authorities.get(authority)?.spec.internal !== undefined
      if (!isInternal || isExpired(line, clock.now())) continue
      const proven = await prove(line, signal)
      if (proven && !signal.aborted) this.record(authority, withoutAuthority(proven))
    }
  }

  /** What comes to be known later, as after a restore; what cannot be proven now is tried at the next news of it. */
  #rebuildLater(found: readonly Registered[]): void {
    this.#rebuild(found).catch((error) => {
      this.#options.logger.warn({ error: classify(error).message }, 'a line of the register cannot be proven now')
    })
  }

  /** What each Certificate and each Authority there is tells of. */
  *#live(): Generator<Registered[]> {
    const { certificates, authorities } = this.#options.caches
    for (const certificate of certificates.values()) yield this.#ofCertificate(certificate)
    for (const authority of authorities.values()) yield this.#ofAuthority(authority)
  }

  #ofAuthority(authority: Authority): Registered[] {
    return entriesOfAuthority(authority, (name) => this.#secret(authority, name))
  }

  #ofCertificate(certificate: Certificate): Registered[] {
    return entriesOfCertificate(certificate, this.#secret(certificate, secretNameOf(certificate)))
  }

  #secret({ metadata }: KubeObject, name: string): ObjectMeta | undefined {
    return this.#options.caches.secrets.get(keyOf({ namespace: metadata.namespace ?? '', name }))?.metadata
  }

  #sweepLater(): void {
    this.#sweeper = this.#options.clock.after(sweepMs, () => {
      for (const [authority, writer] of this.#writers.byAuthority) {
        if (writer.register.isEmpty) this.#writers.byAuthority.delete(authority)
        else writer.sweep()
      }
      this.#sweepLater()
    })
  }
}

/** Counts entries, lest loading many of them keeps everything else waiting. */
class Turns {
  #taken = 0

  /** Waits for everything else that is due after every so many entries. */
  async took(entries: number): Promise<void> {
    this.#taken += entries
    if (this.#taken < loadedAtOnce) return
    this.#taken = 0
    await new Promise((resolve) => setImmediate(resolve))
  }
}
