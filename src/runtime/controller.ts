import {
  type Backoff,
  backoffMs,
  type Clock,
  classify,
  type Failure,
  isFailure,
  type Logger,
  minute,
  second,
} from '#base'
import { isConflict } from '#kube'
import { KeyQueue } from './key-queue.ts'
import type { Ownership } from './ownership.ts'

/** What a reconcile leaves behind: when to look at the key again, if at all. */
export interface Settled {
  /** Milliseconds; undefined means: when something changes. */
  readonly againInMs: number | undefined
}

/** How a reconcile ended, for metrics. */
export type ReconcileResult = 'done' | 'waiting' | 'conflict' | 'terminal' | 'retryable' | 'bug' | 'aborted'

export interface ControllerOptions {
  readonly name: string
  /** Keys worked on at a time. */
  readonly concurrency: number
  /** Brings one object closer to what it should be. What it throws is retried. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Settled>
  /** All keys there are, to look at each when this process comes to own them. */
  readonly keys: () => Iterable<string>
  readonly ownership: Ownership
  readonly clock: Clock
  readonly logger: Logger
  /** Numbers from 0 (inclusive) to 1, for jitter. */
  readonly random: () => number
  /** Told how long a key has waited for a worker. */
  readonly onTaken?: (waitedMs: number) => void
  readonly onReconciled?: (result: ReconcileResult, durationMs: number) => void
}

/** Between visits that failed, by a write or read that the API server did not take above all. */
const backoff: Backoff = { firstMs: second / 4, maxMs: minute }

/**
 * The worker loop that all kinds share. It owns the queue, runs `reconcile` for keys this process owns, and turns what
 * comes back into the next visit. A key is never worked on twice at a time.
 */
export class Controller {
  readonly name: string
  readonly queue: KeyQueue
  readonly #options: ControllerOptions
  readonly #failures = new Map<string, number>()
  /** When the visits began that are under way, the oldest first. */
  readonly #underway = new Map<string, number>()
  #stop = new AbortController()
  #workers: Promise<void>[] = []

  constructor(options: ControllerOptions) {
    this.name = options.name
    this.#options = options
    this.queue = new KeyQueue(options.clock, options.onTaken)
  }

  /** How long the oldest visit has been under way, in milliseconds; 0 when there is none. */
  oldestVisitMs(): number {
    const nowMs = this.#options.clock.monotonicMs()
    const [startedMs = nowMs] = this.#underway.values()
    return nowMs - startedMs
  }

  /** Asks for a visit; nothing happens while the key is another process's. */
  enqueue(key: string): void {
    if (this.#options.ownership.owns(key)) this.queue.add(key)
  }

  /** Starts the workers, with every key that there is. */
  start(): void {
    this.#options.ownership.onChange((owns) => {
      if (owns) this.#enqueueAll()
      else this.#drop()
    })
    this.#enqueueAll()
    this.#workers = Array.from({ length: this.#options.concurrency }, () => this.#work())
  }

  /** Ends the workers once what they are at has come to its end, or after `graceMs` is cut off. */
  async stop(graceMs: number): Promise<void> {
    this.queue.close()
    const cut = this.#options.clock.after(graceMs, () => this.#stop.abort(new Error('the operator is stopping')))
    await Promise.all(this.#workers)
    cut.cancel()
  }

  /** Forgets what is remembered of a key that is gone. */
  forget(key: string): void {
    this.#failures.delete(key)
    this.queue.cancelDelayed(key)
  }

  #enqueueAll(): void {
    for (const key of this.#options.keys()) this.enqueue(key)
  }

  #drop(): void {
    this.queue.clear()
    this.#stop.abort(new Error('another process owns the keys now'))
    this.#stop = new AbortController()
  }

  async #work(): Promise<void> {
    for (let key = await this.queue.take(); key !== undefined; key = await this.queue.take()) {
      if (this.#options.ownership.owns(key)) await this.#visit(key)
      this.queue.done(key)
    }
  }

  async #visit(key: string): Promise<void> {
    const { clock, reconcile, onReconciled } = this.#options
    const signal = this.#stop.signal
    const start = clock.monotonicMs()
    let result: ReconcileResult
    this.#underway.set(key, start)
    this.queue.cancelDelayed(key)
    try {
      const { againInMs } = await reconcile(key, signal)
      this.#failures.delete(key)
      if (againInMs !== undefined) this.queue.addAfter(key, againInMs)
      result = 'done'
    } catch (error) {
      result = this.#settle(key, error, signal)
    }
    this.#underway.delete(key)
    onReconciled?.(result, clock.monotonicMs() - start)
  }

  /** Decides by the failure's kind when the key is visited again. */
  #settle(key: string, error: unknown, signal: AbortSignal): ReconcileResult {
    if (signal.aborted) return 'aborted'
    if (isFailure(error) && error.kind === 'Waiting') {
      this.queue.addAfter(key, error.retryAfterMs ?? 0)
      return 'waiting'
    }
    const failures = (this.#failures.get(key) ?? 0) + 1
    this.#failures.set(key, failures)
    const delayMs = backoffMs(backoff, failures, this.#options.random())
    if (isConflict(error)) {
      // Somebody else was faster. The watch brings the news; the delay is only for the case that it is late.
      this.queue.addAfter(key, delayMs)
      return 'conflict'
    }
    const failure = classify(error)
    this.#log(key, failure, failures)
    if (failure.kind !== 'Terminal') this.queue.addAfter(key, failure.retryAfterMs ?? delayMs)
    return results[failure.kind]
  }

  #log(key: string, failure: Failure, failures: number): void {
    const fields = { key, reason: failure.reason, kind: failure.kind, failures, error: failure.message }
    if (failure.kind === 'Bug') {
      const cause = failure.cause instanceof Error ? failure.cause : failure
      this.#options.logger.error({ ...fields, stack: cause.stack }, 'reconcile failed with an unexpected error')
    } else {
      this.#options.logger.warn(fields, 'reconcile failed')
    }
  }
}

const results = { Terminal: 'terminal', Waiting: 'waiting', Retryable: 'retryable', Bug: 'bug' } as const
