import type { Clock } from '#base'
import { DelayHeap } from './delay-heap.ts'

/**
 * A queue of keys, as client-go's work queue: a key waits at most once, and is never handed out twice at a time. A key
 * added while it is being worked on comes back after `done`.
 */
export class KeyQueue {
  readonly #ready: string[] = []
  #head = 0
  /** Since when each key waits, on the monotonic clock. */
  readonly #waiting = new Map<string, number>()
  readonly #working = new Set<string>()
  readonly #delayed: DelayHeap
  readonly #takers: ((key: string | undefined) => void)[] = []
  readonly #clock: Clock
  readonly #onTaken: (waitedMs: number) => void
  #closed = false

  /** @param onTaken told how long a key has waited, in milliseconds; what comes back later waits from then on */
  constructor(clock: Clock, onTaken: (waitedMs: number) => void = () => {}) {
    this.#clock = clock
    this.#onTaken = onTaken
    this.#delayed = new DelayHeap(clock, (key) => this.add(key))
  }

  /** Keys that wait to be taken. */
  get depth(): number {
    return this.#waiting.size
  }

  /** Keys that are being worked on. */
  get working(): number {
    return this.#working.size
  }

  /** Keys that come back later. */
  get delayed(): number {
    return this.#delayed.size
  }

  add(key: string): void {
    if (this.#closed || this.#waiting.has(key)) return
    this.#waiting.set(key, this.#clock.monotonicMs())
    if (!this.#working.has(key)) this.#offer(key)
  }

  /** Adds the key when the delay is over; the earliest of several delays counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#closed) return
    if (delayMs <= 0) this.add(key)
    else this.#delayed.add(key, delayMs)
  }

  /** Drops what was to come back later for the key. */
  cancelDelayed(key: string): void {
    this.#delayed.remove(key)
  }

  /** The next key, as soon as there is one; undefined once the queue is closed. The taker calls `done` for it. */
  take(): Promise<string | undefined> {
    if (this.#closed) return Promise.resolve(undefined)
    const key = this.#shift()
    if (key !== undefined) return Promise.resolve(this.#start(key))
    return new Promise((resolve) => this.#takers.push(resolve))
  }

  done(key: string): void {
    this.#working.delete(key)
    if (this.#waiting.has(key)) this.#offer(key)
  }

  /** Forgets all that waits; keys being worked on go on. */
  clear(): void {
    this.#ready.length = 0
    this.#head = 0
    this.#waiting.clear()
    this.#delayed.clear()
  }

  /** Ends all takers. */
  close(): void {
    this.#closed = true
    this.clear()
    for (const taker of this.#takers.splice(0)) taker(undefined)
  }

  #offer(key: string): void {
    const taker = this.#takers.shift()
    if (taker) taker(this.#start(key))
    else this.#ready.push(key)
  }

  #start(key: string): string {
    const nowMs = this.#clock.monotonicMs()
    this.#onTaken(nowMs - (this.#waiting.get(key) ?? nowMs))
    this.#waiting.delete(key)
    this.#working.add(key)
    return key
  }

  /** Array.shift moves every element, so taken keys are cut off in large pieces. */
  #shift(): string | undefined {
    const key = this.#ready[this.#head]
    if (key === undefined) return undefined
    this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#ready.length) {
      this.#ready.splice(0, this.#head)
      this.#head = 0
    }
    return key
  }
}
