/** A map that forgets the entry that was used least recently once it holds more than `max`. */
export class BoundedMap<V> {
  readonly #max: number
  /** In the order of use: a Map keeps that of insertion. */
  readonly #entries = new Map<string, V>()

  constructor(max: number) {
    this.#max = max
  }

  /** The value; it counts as used. */
  get(key: string): V | undefined {
    const value = this.#entries.get(key)
    if (value !== undefined) this.set(key, value)
    return value
  }

  set(key: string, value: V): void {
    this.#entries.delete(key)
    this.#entries.set(key, value)
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > this.#max && oldest !== undefined) this.#entries.delete(oldest)
  }

  delete(key: string): void {
    this.#entries.delete(key)
  }

  values(): IterableIterator<V> {
    return this.#entries.values()
  }
}
