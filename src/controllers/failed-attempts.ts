import type { Failure, Instant } from '#base'
import type { FailedAttempt } from '#plan'

/**
 * Attempts at one thing that have failed in a row, per object: until one succeeds, or something else is tried, which
 * has another version.
 */
export class FailedAttempts {
  readonly #failed = new Map<string, { readonly version: string; readonly last: FailedAttempt }>()

  /** The last attempt at that very version, where it failed. */
  last(key: string, version: string): FailedAttempt | undefined {
    const failed = this.#failed.get(key)
    return failed?.version === version ? failed.last : undefined
  }

  /** Notes that an attempt has failed now. @param nextAfter when the next one is due after so many in a row */
  note(key: string, version: string, failure: Failure, nextAfter: (attempts: number) => Instant): void {
    const attempts = (this.last(key, version)?.attempts ?? 0) + 1
    this.#failed.set(key, { version, last: { failure, attempts, nextAttemptAt: nextAfter(attempts) } })
  }

  /** One has succeeded, or the object is gone. */
  forget(key: string): void {
    this.#failed.delete(key)
  }
}
