import type { ObjectMeta } from '#api'
import { type Clock, second } from '#base'
import { compareVersions } from '#kube'

interface Written {
  readonly resourceVersion: string
  readonly atMs: number
  /** The object ends with this write: the cache is behind as long as it has any version of it. */
  readonly isLast: boolean
  /** Somebody wanted to decide about the object while the cache was behind. */
  wanted: boolean
}

/** After this long a cache that has not seen our write will not see it any more: the object went in the meantime. */
const patienceMs = 10 * second

/**
 * Remembers, per object, the version of our own last write, so that nothing is decided on a cache that has not seen it
 * yet, and so that the echo of our own write is not taken for news.
 */
export class OwnWrites {
  readonly #clock: Clock
  readonly #written = new Map<string, Written>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Notes that we have written the object and what version came of it. */
  note(key: string, resourceVersion: string | undefined): void {
    this.#note(key, resourceVersion, false)
  }

  /**
   * The same of a write that may have taken the last finalizer of an object that is being deleted: the object ends with
   * it, and the answer has the version of before.
   */
  noteFinalizers(key: string, { resourceVersion, deletionTimestamp, finalizers = [] }: ObjectMeta): void {
    this.#note(key, resourceVersion, deletionTimestamp !== undefined && finalizers.length === 0)
  }

  #note(key: string, resourceVersion: string | undefined, isLast: boolean): void {
    if (resourceVersion === undefined) return
    this.#written.set(key, { resourceVersion, atMs: this.#clock.monotonicMs(), isLast, wanted: false })
  }

  /**
   * Whether the cache, which holds `cachedVersion` of the object (undefined: none), is older than our own last write.
   * Remembers the question: the echo will then count as news.
   */
  isBehind(key: string, cachedVersion: string | undefined): boolean {
    const written = this.#awaited(key)
    if (!written) return false
    const isSeen = cachedVersion !== undefined && compareVersions(cachedVersion, written.resourceVersion) >= 0
    if (isSeen && !written.isLast) return false
    written.wanted = true
    return true
  }

  /** Whether an observed version is news: anything but the echo of our own write that nobody waits for. */
  isNews(key: string, observedVersion: string | undefined): boolean {
    const written = this.#awaited(key)
    if (!written || observedVersion === undefined) return true
    const order = compareVersions(observedVersion, written.resourceVersion)
    if (order < 0) return false
    this.#written.delete(key)
    return order > 0 || written.wanted
  }

  /** Forgets the object, because it is gone. */
  forget(key: string): void {
    this.#written.delete(key)
  }

  /** Our own last write, as long as it may still come. The echo may also have come before the answer to the write. */
  #awaited(key: string): Written | undefined {
    const written = this.#written.get(key)
    if (!written || this.#clock.monotonicMs() - written.atMs <= patienceMs) return written
    this.#written.delete(key)
    return undefined
  }
}
