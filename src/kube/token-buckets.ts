import { BoundedMap } from './bounded-map.ts'

interface BucketSize {
  /** Tokens of a full bucket. */
  readonly burst: number
  /** Milliseconds until one token comes back. */
  readonly refillMs: number
  /** Buckets that are remembered. */
  readonly max: number
}

/** A token bucket for each key. */
export class TokenBuckets {
  readonly #size: BucketSize
  readonly #buckets: BoundedMap<{ tokens: number; atMs: number }>

  constructor(size: BucketSize) {
    this.#size = size
    this.#buckets = new BoundedMap(size.max)
  }

  /** Takes a token, if there is one. `nowMs` is monotonic. */
  take(key: string, nowMs: number): boolean {
    const { burst, refillMs } = this.#size
    const last = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs }
    const tokens = Math.min(burst, last.tokens + (nowMs - last.atMs) / refillMs)
    const isTaken = tokens >= 1
    this.#buckets.set(key, { tokens: isTaken ? tokens - 1 : tokens, atMs: nowMs })
    return isTaken
  }
}
