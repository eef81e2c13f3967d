import type { KubeObject, ObjectMeta } from '#api'
import { type Backoff, backoffMs, type Clock, type Logger, retryable, second, sleep } from '#base'
import { ApiError, isExpired, isForbidden } from './api-error.ts'
import type { KubeClient, Selection, WatchEvent, WatchOptions } from './client.ts'
import type { Resource } from './resource.ts'
import { compareVersions } from './resource-version.ts'
import { type Indexes, Store, type StoreEvent, storeKeyOf } from './store.ts'
import { StringPool } from './string-pool.ts'

export interface ReflectorOptions<T extends KubeObject> extends Selection {
  readonly client: KubeClient
  readonly resource: Resource
  /** What is kept of an object; all but `managedFields` by default. Must keep namespace, name, uid and version. */
  readonly project?: ((raw: KubeObject) => T) | undefined
  readonly indexes?: Indexes<T> | undefined
  readonly clock: Clock
  readonly logger: Logger
  /** At least 0, less than 1. */
  readonly random?: (() => number) | undefined
  /** `never` takes paged lists even where the server can stream the initial state. */
  readonly watchList?: 'auto' | 'never' | undefined
  /** Whether the namespace is known not to exist, or to go: then nothing is in it where nobody may look. */
  readonly isGone?: (() => boolean) | undefined
}

const pageSize = 500
const backoff: Backoff = { firstMs: 0.8 * second, maxMs: 30 * second }
/** A watch that lived this long was healthy: the next failure is a first one. */
const healthyMs = 60 * second
/** A watch that the server ends sooner than this is opened again after a pause, lest it become a busy loop. */
const shortestMs = second
const watchSeconds = { min: 300, max: 600 } as const
/** Answers of a server that cannot stream the initial state, or not for this resource. */
const streamRefusals: ReadonlySet<number> = new Set([400, 403, 422])

/**
 * Keeps a Store equal to what the API server holds, as client-go's Reflector does: a full view first, streamed
 * (KEP-3157) or in pages, then a watch from its version on, resumed for as long as the process lives. The first view is
 * consistent: it holds every write that was answered before it was asked for.
 */
export class Reflector<T extends KubeObject = KubeObject> {
  readonly store: Store<T>
  /** Resolves when the store is filled for the first time; never, if the reflector is stopped before. */
  readonly synced: Promise<void>

  readonly #options: ReflectorOptions<T>
  readonly #project: (raw: KubeObject) => T
  readonly #strings = new StringPool()
  readonly #random: () => number
  readonly #listeners: ((event: StoreEvent<T>) => void)[] = []
  readonly #stopping = new AbortController()
  #resolveSynced: () => void = () => {}
  #running: Promise<void> | undefined
  #hasSynced = false
  /** The newest version seen. */
  #reached: string | undefined
  /** Where the next watch starts; without it a full view is taken. */
  #resumeAt: string | undefined
  /** The last watch failed: the server may not be what it was. */
  #isSuspect = false
  #canStream: boolean
  /** The last try to stream the initial state broke off. */
  #streamFailed = false
  #heardAt: number

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#project = options.project ?? ((raw) => raw as T)
    this.#random = options.random ?? Math.random
    this.#canStream = options.watchList !== 'never'
    this.#heardAt = options.clock.monotonicMs()
    this.store = new Store(options.indexes)
    this.synced = new Promise((resolve) => {
      this.#resolveSynced = resolve
    })
  }

  /** The version that the store has reached, by events and bookmarks; undefined before it is filled. */
  get resourceVersion(): string | undefined {
    return this.#reached
  }

  hasSynced(): boolean {
    return this.#hasSynced
  }

  /** Milliseconds since the server was last heard of: a view, an event or a bookmark, which comes once a minute. */
  staleMs(): number {
    return this.#options.clock.monotonicMs() - this.#heardAt
  }

  /** Calls `listener` for each change, in order, after the store holds it. Listeners join before `start`. */
  listen(listener: (event: StoreEvent<T>) => void): void {
    this.#listeners.push(listener)
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** Resolves when the last event is delivered. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
  }

  async #run(): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#stopping
    let failures = 0
    while (!signal.aborted) {
      const startedAt = clock.monotonicMs()
      const delayMs = await this.#cycle().then(
        () => 0,
        (error: unknown) => this.#afterFailure(error),
      )
      const lastedMs = clock.monotonicMs() - startedAt
      if (lastedMs >= healthyMs) failures = 0
      const endedWell = delayMs === 0 && lastedMs >= shortestMs
      if (endedWell || signal.aborted) continue
      failures += 1
      await sleep(clock, Math.max(delayMs, backoffMs(backoff, failures, this.#random())), signal)
    }
  }

  /** One stream of events, after a full view where there is none to resume from. */
  async #cycle(): Promise<void> {
    if (this.#isSuspect) await this.#checkVersion()
    if (this.#resumeAt === undefined) {
      if (this.#canStream && !this.#streamFailed) return this.#streamFromStart()
      await this.#listInPages()
      this.#streamFailed = false
    }
    await this.#watch({ resourceVersion: this.#resumeAt }, (event) => this.#apply(event))
  }

  /**
   * A server that was restored from a backup is behind what we have seen. It says nothing to a watch that resumes from
   * a version to come, so after a failure it is asked where it is.
   */
  async #checkVersion(): Promise<void> {
    if (this.#resumeAt !== undefined) {
      const { client, resource } = this.#options
      const { signal } = this.#stopping
      const { resourceVersion } = await client.list(resource, { ...this.#selection(), limit: 1, signal })
      if (compareVersions(resourceVersion, this.#resumeAt) < 0) this.#resumeAt = undefined
    }
    this.#isSuspect = false
  }

  /** Logs why, prepares the next cycle, and tells for how long the server wants to be left alone. */
  #afterFailure(error: unknown): number {
    const { resource, logger } = this.#options
    if (isExpired(error)) this.#resumeAt = undefined
    this.#isSuspect = true
    if (this.#stopping.signal.aborted) return 0
    if (isForbidden(error) && this.#options.isGone?.()) {
      this.#takeNothing()
      return backoff.firstMs
    }
    const message = error instanceof Error ? error.message : String(error)
    logger.warn({ resource: resource.plural, error: message }, 'the watch was interrupted, trying again')
    return Math.max(backoff.firstMs, error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0)
  }

  /**
   * The initial state as events, ended by a marked bookmark, and the changes after it. If the stream breaks off before
   * the state is whole, the next view is taken in pages; where the server cannot stream it, every one.
   */
  async #streamFromStart(): Promise<void> {
    const fresh = new Map<string, T>()
    let isWhole = false
    const onEvent = (event: WatchEvent): void => {
      if (isWhole) {
        this.#apply(event)
      } else if (isEndOfInitialState(event)) {
        isWhole = true
        this.#heard()
        this.#take(fresh, event.object.metadata.resourceVersion)
      } else {
        this.#heard()
        this.#collect(fresh, event)
      }
    }
    try {
      await this.#watch({ sendInitialEvents: true, resourceVersionMatch: 'NotOlderThan' }, onEvent)
      this.#streamFailed = !isWhole
    } catch (error) {
      if (!isWhole && error instanceof ApiError) {
        this.#canStream = !streamRefusals.has(error.status)
        this.#streamFailed = !error.answered
      }
      throw error
    }
  }

  async #listInPages(): Promise<void> {
    const { client, resource } = this.#options
    const fresh = new Map<string, T>()
    const { signal } = this.#stopping
    let version: string | undefined
    let next: string | undefined
    do {
      const page = await client.list(resource, { ...this.#selection(), limit: pageSize, continue: next, signal })
      for (const object of page.items) this.#collect(fresh, { type: 'ADDED', object })
      version = page.resourceVersion
      next = page.continue
      this.#heard()
    } while (next)
    this.#take(fresh, version)
  }

  #watch(from: Partial<WatchOptions>, onEvent: (event: WatchEvent) => void): Promise<void> {
    const { client, resource } = this.#options
    const timeoutSeconds = Math.round(watchSeconds.min + this.#random() * (watchSeconds.max - watchSeconds.min))
    const { signal } = this.#stopping
    return client.watch(resource, { ...this.#selection(), ...from, timeoutSeconds, signal }, onEvent)
  }

  #selection(): Selection {
    const { namespace, labelSelector, fieldSelector, metadataOnly } = this.#options
    return { namespace, labelSelector, fieldSelector, metadataOnly }
  }

  /** A whole view takes the place of the old one. */
  #take(fresh: ReadonlyMap<string, T>, version: string | undefined): void {
    const events = this.store.replace(fresh)
    this.#reach(version)
    this.#hasSynced = true
    this.#emit(events)
    this.#resolveSynced()
  }

  /**
   * The view of a namespace that does not exist or is going: the rights in it, which are objects of it, have gone or
   * are still to come. It is looked for again as after any failure.
   */
  #takeNothing(): void {
    this.#canStream = this.#options.watchList !== 'never'
    this.#heard()
    this.#take(new Map(), undefined)
    this.#resumeAt = undefined
  }

  #apply({ type, object }: WatchEvent): void {
    const version = object.metadata.resourceVersion
    if (version && this.#reached && compareVersions(version, this.#reached) < 0) {
      this.#resumeAt = undefined
      throw retryable(
        'KubernetesUnavailable',
        `the API server went back from version ${this.#reached} to ${version}, as after a restore: taking a full view`,
      )
    }
    this.#heard()
    const events = type === 'BOOKMARK' ? [] : this.#change(type, this.#projected(object))
    this.#reach(version)
    this.#emit(events)
  }

  #change(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): StoreEvent<T>[] {
    return type === 'DELETED' ? this.store.delete(object) : this.store.set(object)
  }

  #collect(fresh: Map<string, T>, { type, object: raw }: WatchEvent): void {
    if (type === 'BOOKMARK') return
    const object = this.#projected(raw)
    if (type === 'DELETED') fresh.delete(storeKeyOf(object))
    else fresh.set(storeKeyOf(object), object)
  }

  /** Who set which field is half of an object's size, and nobody here asks for it. */
  #projected(raw: KubeObject): T {
    const metadata: ObjectMeta & { managedFields?: unknown } = raw.metadata
    delete metadata.managedFields
    return this.#strings.share(this.#project(raw))
  }

  #heard(): void {
    this.#heardAt = this.#options.clock.monotonicMs()
  }

  #reach(version: string | undefined): void {
    if (!version) return
    this.#reached = version
    this.#resumeAt = version
  }

  #emit(events: readonly StoreEvent<T>[]): void {
    for (const event of events) {
      for (const listener of this.#listeners) {
        try {
          listener(event)
        } catch (error) {
          this.#options.logger.error({ key: event.key, error }, 'a listener of the watch failed')
        }
      }
    }
  }
}

const isEndOfInitialState = ({ type, object }: WatchEvent): boolean =>
  type === 'BOOKMARK' && object.metadata.annotations?.['k8s.io/initial-events-end'] === 'true'
