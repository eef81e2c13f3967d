import type { Instant } from '#base'

interface Entry {
  readonly at: Instant
  readonly key: number
}

/** What is to be visited when: one time for each key, the earliest first. */
export class Agenda {
  readonly #heap: Entry[] = []
  readonly #times = new Map<number, Instant>()

  /** The earliest time; undefined when there is none. */
  get next(): Instant | undefined {
    this.#dropStale()
    return this.#heap[0]?.at
  }

  /** Sets the time of a key, whatever it was before. */
  set(key: number, at: Instant): void {
    if (this.#times.get(key) === at) return
    this.#times.set(key, at)
    this.#push({ at, key })
  }

  /** Sets the time of a key unless it has an earlier one. */
  setEarlier(key: number, at: Instant): void {
    if (at < (this.#times.get(key) ?? Number.POSITIVE_INFINITY)) this.set(key, at)
  }

  /** Takes the key with the earliest time out. */
  take(): number | undefined {
    this.#dropStale()
    const first = this.#pop()
    if (first) this.#times.delete(first.key)
    return first?.key
  }

  #dropStale(): void {
    for (let [first] = this.#heap; first && this.#times.get(first.key) !== first.at; [first] = this.#heap) this.#pop()
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#timeAt(parent) <= entry.at) break
      heap[at] = heap[parent] as Entry
      at = parent
    }
    heap[at] = entry
  }

  #pop(): Entry | undefined {
    const heap = this.#heap
    const [first] = heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (this.#timeAt(child + 1) < this.#timeAt(child)) child++
      if (child >= heap.length || this.#timeAt(child) >= last.at) break
      heap[at] = heap[child] as Entry
      at = child
    }
    heap[at] = last
    return first
  }

  #timeAt(index: number): Instant {
    return this.#heap[index]?.at ?? Number.POSITIVE_INFINITY
  }
}
