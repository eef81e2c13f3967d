import type { Clock, Timer } from '#base'

interface Entry {
  readonly dueMs: number
  readonly key: string
}

/** Stale entries that are not worth a clean-up. */
const staleMax = 64

/**
 * Calls back for each key when its delay is over, with one native timer for any number of keys. A key that is added
 * again keeps the earlier of the two times.
 */
export class DelayHeap {
  readonly #clock: Clock
  readonly #onDue: (key: string) => void
  readonly #heap: Entry[] = []
  /** The entry that counts for a key; others of it in the heap are stale and skipped. */
  readonly #due = new Map<string, number>()
  #timer: Timer | undefined

  constructor(clock: Clock, onDue: (key: string) => void) {
    this.#clock = clock
    this.#onDue = onDue
  }

  /** How many keys wait. */
  get size(): number {
    return this.#due.size
  }

  add(key: string, delayMs: number): void {
    const dueMs = this.#clock.monotonicMs() + Math.max(0, delayMs)
    const earlier = this.#due.get(key)
    if (earlier !== undefined && earlier <= dueMs) return
    this.#due.set(key, dueMs)
    if (this.#heap.length > 2 * this.#due.size + staleMax) this.#dropStale()
    this.#push({ dueMs, key })
    if (this.#heap[0]?.key === key) this.#arm()
  }

  /** Forgets the key. */
  remove(key: string): void {
    this.#due.delete(key)
  }

  clear(): void {
    this.#timer?.cancel()
    this.#heap.length = 0
    this.#due.clear()
  }

  #arm(): void {
    this.#timer?.cancel()
    const next = this.#heap[0]
    this.#timer = next && this.#clock.after(next.dueMs - this.#clock.monotonicMs(), () => this.#fire())
  }

  #fire(): void {
    const now = this.#clock.monotonicMs()
    for (let next = this.#heap[0]; next !== undefined && next.dueMs <= now; next = this.#heap[0]) {
      this.#pop()
      if (this.#due.get(next.key) !== next.dueMs) continue
      this.#due.delete(next.key)
      this.#onDue(next.key)
    }
    this.#arm()
  }

  /** Keys that are removed and added again and again leave entries that would lie here until their time. */
  #dropStale(): void {
    const current = this.#heap.filter(({ key, dueMs }) => this.#due.get(key) === dueMs)
    this.#heap.length = 0
    // Sorted by time, a list is a heap.
    this.#heap.push(...current.sort((a, b) => a.dueMs - b.dueMs))
  }

  #push(entry: Entry): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (this.#dueAt(parent) <= entry.dueMs) break
      heap[at] = heap[parent] as Entry
      at = parent
    }
    heap[at] = entry
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (this.#dueAt(child + 1) < this.#dueAt(child)) child++
      if (this.#dueAt(child) >= last.dueMs) break
      heap[at] = heap[child] as Entry
      at = child
    }
    heap[at] = last
  }

  #dueAt(index: number): number {
    return this.#heap[index]?.dueMs ?? Number.POSITIVE_INFINITY
  }
}
