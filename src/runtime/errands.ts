import { type Clock, durationInWords, retryable, second, type Timer, waiting } from '#base'
import type { Executor } from './executor.ts'
import type { Ownership } from './ownership.ts'

export interface ErrandsOptions {
  /** Bounds how many run for one target at a time, and how many wait for their turn. */
  readonly executor: Executor
  readonly clock: Clock
  readonly ownership: Ownership
  /** How long an errand may wait for its turn, and again how long it may take. */
  readonly timeoutMs: number
  /** Errands of all keys together: under way, or ended and not taken yet. */
  readonly max: number
  /** Asks for a visit to the key, which takes what came of it. */
  readonly onDone: (key: string) => void
}

/** How the errand of a key stands. */
export type ErrandState<Result> =
  | { readonly state: 'none' }
  | { readonly state: 'running' }
  | { readonly state: 'done'; readonly result: Result }
  | { readonly state: 'failed'; readonly error: unknown }

interface Errand<Result> {
  readonly abort: AbortController
  state: ErrandState<Result>
}

const none = { state: 'none' } as const
const running = { state: 'running' } as const
/** How soon to ask again when there are too many. */
const busyRetryMs = 5 * second

/**
 * Runs calls that leave the process beside the visits, so that an outside party that is slow holds no worker: a visit
 * starts the errand of its key and ends; when the errand has ended the key is visited again and takes the result. What
 * is under way or not taken yet is given up when the keys become another process's.
 */
export class Errands<Result> {
  readonly #options: ErrandsOptions
  readonly #errands = new Map<string, Errand<Result>>()

  constructor(options: ErrandsOptions) {
    this.#options = options
    options.ownership.onChange((owns) => {
      if (!owns) this.#forgetAll('another process owns the keys now')
    })
  }

  /** Errands under way, or ended and not taken yet. */
  get size(): number {
    return this.#errands.size
  }

  /**
   * Runs `work` when it is the target's turn, and returns at once. While the key has an errand already, or one whose
   * result nobody has taken, this does nothing: what was ordered outside is not ordered twice.
   * @throws Failure Waiting `TooManyErrands` when there are too many
   */
  start(key: string, target: string, work: (signal: AbortSignal) => Promise<Result>): void {
    if (this.#errands.has(key)) return
    if (this.#errands.size >= this.#options.max) {
      throw waiting('TooManyErrands', `${this.#errands.size} calls are under way already`, busyRetryMs)
    }
    const errand: Errand<Result> = { abort: new AbortController(), state: running }
    this.#errands.set(key, errand)
    void this.#run(errand, target, work).then((state) => {
      if (this.#errands.get(key) !== errand) return
      errand.state = state
      this.#options.onDone(key)
    })
  }

  /** How the key's errand stands; one that has ended is handed over, and forgotten. */
  take(key: string): ErrandState<Result> {
    const { state } = this.#errands.get(key) ?? { state: none }
    if (state.state !== 'running') this.#errands.delete(key)
    return state
  }

  /** Gives up the errand of a key that is gone. */
  forget(key: string, why = 'it is not needed any more'): void {
    const errand = this.#errands.get(key)
    this.#errands.delete(key)
    errand?.abort.abort(new Error(why))
  }

  /** Gives up all errands. */
  close(): void {
    this.#forgetAll('the operator is stopping')
  }

  #forgetAll(why: string): void {
    for (const key of [...this.#errands.keys()]) this.forget(key, why)
  }

  /** Ends when the work does, or when it is given up: work that does not heed the signal keeps its target's place. */
  async #run(
    { abort }: Errand<Result>,
    target: string,
    work: (signal: AbortSignal) => Promise<Result>,
  ): Promise<ErrandState<Result>> {
    const { signal } = abort
    const limit = this.#limit(abort, target)
    const aborted = new Promise<never>((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
    try {
      const call = this.#options.executor.run(target, signal, () => {
        limit.restart()
        return work(signal)
      })
      return { state: 'done', result: await Promise.race([call, aborted]) }
    } catch (error) {
      return { state: 'failed', error }
    } finally {
      limit.cancel()
    }
  }

  /** Aborts when the time is over; it begins anew when the turn has come. */
  #limit(abort: AbortController, target: string): Timer & { restart(): void } {
    const { clock, timeoutMs } = this.#options
    const expire = (): void => {
      abort.abort(retryable('TimedOut', `${target} has not answered within ${durationInWords(timeoutMs)}`))
    }
    let timer = clock.after(timeoutMs, expire)
    return {
      restart() {
        timer.cancel()
        timer = clock.after(timeoutMs, expire)
      },
      cancel: () => timer.cancel(),
    }
  }
}
