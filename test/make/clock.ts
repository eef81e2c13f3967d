import type { Clock, Instant, Timer } from '#base'

/** The time at which tests begin: 2026-11-22T12:00:00Z. */
export const noon: Instant = Date.UTC(2026, 10, 22, 12)

/** A clock that stands still until it is told to move. */
export class FakeClock implements Clock {
  #now: Instant
  #monotonic = 0
  #timers: { due: number; run: () => void }[] = []

  constructor(start: string | Instant = noon) {
    this.#now = typeof start === 'string' ? Date.parse(start) : start
  }

  now(): Instant {
    return this.#now
  }

  monotonicMs(): number {
    return this.#monotonic
  }

  after(delayMs: number, run: () => void): Timer {
    const timer = { due: this.#monotonic + Math.max(0, delayMs), run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((other) => other !== timer)
      },
    }
  }

  /** How many timers are armed. */
  get timers(): number {
    return this.#timers.length
  }

  /** Moves both clocks forward, firing every timer that falls due at its own time, in order. */
  advance(ms: number): void {
    const end = this.#monotonic + ms
    for (;;) {
      const next = this.#timers.filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due)[0]
      if (!next) break
      this.#move(next.due)
      this.#timers = this.#timers.filter((other) => other !== next)
      next.run()
    }
    this.#move(end)
  }

  /** Moves the wall clock alone, as an administrator or a time server would. */
  jump(ms: number): void {
    this.#now += ms
  }

  #move(monotonic: number): void {
    this.#now += monotonic - this.#monotonic
    this.#monotonic = monotonic
  }
}
