import { type Clock, durationInWords } from '#base'

/** Aborts `signal` when time is up or the caller has lost interest; `end` must be called in every case. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Starts the time anew: something has come. */
  touch(): void
  end(): void
}

/** A deadline after `limitMs` without a `touch`. The abort's reason is an Error whose message says which it was. */
export function startDeadline(clock: Clock, limitMs: number, caller: AbortSignal | undefined): Deadline {
  const controller = new AbortController()
  let touchedAt = clock.monotonicMs()
  const check = (): void => {
    const leftMs = touchedAt + limitMs - clock.monotonicMs()
    if (leftMs > 0) timer = clock.after(leftMs, check)
    else controller.abort(new Error(`nothing came for ${durationInWords(limitMs)}`))
  }
  let timer = clock.after(limitMs, check)
  const giveUp = (): void => controller.abort(new Error('the request was cancelled'))
  if (caller?.aborted) giveUp()
  else caller?.addEventListener('abort', giveUp, { once: true })
  return {
    signal: controller.signal,
    touch() {
      touchedAt = clock.monotonicMs()
    },
    end() {
      timer.cancel()
      caller?.removeEventListener('abort', giveUp)
    },
  }
}
