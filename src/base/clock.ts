/** A point in time: milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = number

/** A timer that can be cancelled; cancelling twice is harmless. */
export interface Timer {
  cancel(): void
}

/** The only source of time. Tests pass a clock that they move themselves. */
export interface Clock {
  now(): Instant
  /** Milliseconds of a clock that never jumps; only differences mean something. */
  monotonicMs(): number
  /** Calls `run` once after `delayMs`; longer delays than a native timer can hold are cut into several. */
  after(delayMs: number, run: () => void): Timer
}

/** Node's timers fire at once when the delay does not fit in a signed 32-bit integer. */
const nativeDelayMsMax = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    let left = Math.max(0, delayMs)
    let timer: NodeJS.Timeout
    const arm = (): void => {
      const step = Math.min(left, nativeDelayMsMax)
      left -= step
      timer = setTimeout(() => (left > 0 ? arm() : run()), step)
    }
    arm()
    return { cancel: () => clearTimeout(timer) }
  },
}

/** Resolves after `delayMs`, or at once when `signal` is aborted. Never rejects. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const end = (): void => {
      timer.cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.after(delayMs, end)
    signal?.addEventListener('abort', end, { once: true })
  })
}

/** `2026-11-22T19:51:00Z`: the whole second at or before the instant, as Kubernetes writes times. */
export function toRfc3339(at: Instant): string {
  return `${new Date(Math.floor(at / 1000) * 1000).toISOString().slice(0, 19)}Z`
}

/** `2026-11-22T19:51:00.123000Z`: Kubernetes' MicroTime. */
export function toMicroTime(at: Instant): string {
  return `${new Date(at).toISOString().slice(0, 23)}000Z`
}

const rfc3339 = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}([.][0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$/i

/** The years that have four digits in the text of `toRfc3339`. */
const [firstYear, endOfYears] = [Date.parse('0000-01-01T00:00:00Z'), Date.UTC(10_000, 0)]

/** The instant of an RFC 3339 text, or undefined when it is none. `Date.parse` alone takes `Jan 1` and `12345` too. */
export function fromRfc3339(text: string | undefined): Instant | undefined {
  if (text === undefined || !rfc3339.test(text)) return undefined
  const at = Date.parse(text)
  return at >= firstYear && at < endOfYears ? at : undefined
}
