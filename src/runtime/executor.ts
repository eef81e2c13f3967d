import { isFailure, second, waiting } from '#base'

export interface ExecutorLimits {
  /** Calls to one target at a time. */
  readonly perTarget: number
  /** Calls to one target that may wait for their turn; more are refused at once. */
  readonly waitingMax: number
}

interface Target {
  running: number
  /** In the order in which they came. */
  readonly waiting: Set<() => void>
}

const busyReason = 'TargetBusy'
/** How soon to ask for a turn again. */
const busyRetryMs = second

/** Whether an executor refused, because too much waits for the same target already. */
export const isBusy = (error: unknown): boolean => isFailure(error) && error.reason === busyReason

/**
 * Runs slow work with at most so many pieces per target at a time, so that one slow target cannot take what others
 * need. A target is any text: an authority, a host, "rsa".
 */
export class Executor {
  readonly #limits: ExecutorLimits
  readonly #targets = new Map<string, Target>()

  constructor(limits: ExecutorLimits) {
    this.#limits = limits
  }

  /**
   * Runs `work` when it is its turn.
   * @throws Failure Waiting `TargetBusy` when too many wait already; the signal's reason when it is aborted before
   *   the turn came; and what `work` throws
   */
  async run<Result>(name: string, signal: AbortSignal, work: () => Promise<Result>): Promise<Result> {
    signal.throwIfAborted()
    const target = this.#target(name)
    if (target.running >= this.#limits.perTarget) {
      if (target.waiting.size >= this.#limits.waitingMax) {
        throw waiting(busyReason, `${name}: ${target.waiting.size} wait already`, busyRetryMs)
      }
      await this.#turn(target, signal)
    } else {
      target.running++
    }
    try {
      return await work()
    } finally {
      this.#release(name, target)
    }
  }

  #target(name: string): Target {
    const known = this.#targets.get(name)
    if (known) return known
    const target: Target = { running: 0, waiting: new Set() }
    this.#targets.set(name, target)
    return target
  }

  /** Resolves when the turn has come; the place is taken over from the call that ended. */
  #turn(target: Target, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        target.waiting.delete(start)
        reject(signal.reason)
      }
      const start = (): void => {
        signal.removeEventListener('abort', abort)
        resolve()
      }
      signal.addEventListener('abort', abort, { once: true })
      target.waiting.add(start)
    })
  }

  #release(name: string, target: Target): void {
    const [next] = target.waiting
    if (next) {
      target.waiting.delete(next)
      next()
    } else if (--target.running === 0) this.#targets.delete(name)
  }
}
