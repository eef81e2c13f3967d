import type { Clock } from '#base'

/**
 * A value that is read again when it is older than `maxAgeMs`. Readers at the same time share one read. When a later
 * read fails the last value stays in use: the other side decides whether it is still good.
 */
export class CachedValue<T> {
  readonly #read: () => Promise<T>
  readonly #clock: Clock
  readonly #maxAgeMs: number
  #value: Promise<T> | undefined
  #readAt = Number.NEGATIVE_INFINITY

  constructor(read: () => Promise<T>, clock: Clock, maxAgeMs: number) {
    this.#read = read
    this.#clock = clock
    this.#maxAgeMs = maxAgeMs
  }

  get(): Promise<T> {
    const now = this.#clock.monotonicMs()
    if (this.#value && now - this.#readAt < this.#maxAgeMs) return this.#value
    const last = this.#value
    this.#readAt = now
    this.#value = this.#read().catch((error: unknown) => {
      this.expire()
      if (last !== undefined) return last
      throw error
    })
    return this.#value
  }

  /** Makes the next `get` read again. */
  expire(): void {
    this.#readAt = Number.NEGATIVE_INFINITY
  }
}
