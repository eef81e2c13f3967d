/**
 * The four ways a reconcile can fail. What to do next follows from the kind alone, never from the class or the text:
 *
 * - Terminal: a user must change something. No retry until an object that we watch changes.
 * - Waiting: nothing is wrong, something else must come first. Carries when to look again.
 * - Retryable: anything that may go away by itself. Retried with backoff; `retryAfterMs`, if the other side named it,
 *   wins.
 * - Bug: all that nobody classified. Retried like Retryable, counted, logged with its stack.
 *
 * The kind is a field, so it survives a second copy of this module in a plugin package.
 */
export type FailureKind = 'Terminal' | 'Waiting' | 'Retryable' | 'Bug'

/**
 * A classified failure. `reason` is PascalCase and goes into a condition; `message` is read by users: it names the
 * cause and what to do, and holds no secret.
 */
export class Failure extends Error {
  readonly kind: FailureKind
  readonly reason: string
  /** Milliseconds until the next try is worth it; always set for Waiting. */
  readonly retryAfterMs: number | undefined

  constructor(
    kind: FailureKind,
    reason: string,
    message: string,
    options: { retryAfterMs?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = `${kind}Failure`
    this.kind = kind
    this.reason = reason
    this.retryAfterMs = options.retryAfterMs
  }
}

export const terminal = (reason: string, message: string, cause?: unknown): Failure =>
  new Failure('Terminal', reason, message, { cause })

export const waiting = (reason: string, message: string, retryAfterMs: number): Failure =>
  new Failure('Waiting', reason, message, { retryAfterMs })

export const retryable = (
  reason: string,
  message: string,
  options: { retryAfterMs?: number | undefined; cause?: unknown } = {},
): Failure => new Failure('Retryable', reason, message, options)

const kinds: ReadonlySet<unknown> = new Set<FailureKind>(['Terminal', 'Waiting', 'Retryable', 'Bug'])

/** Whether `error` carries a failure kind, whichever copy of this module made it. */
export function isFailure(error: unknown): error is Failure {
  return error instanceof Error && kinds.has((error as Partial<Failure>).kind)
}

/** Returns `error` if it is classified, and a Bug that wraps it if it is not. */
export function classify(error: unknown): Failure {
  if (isFailure(error)) return error
  const message = error instanceof Error ? error.message : String(error)
  return new Failure('Bug', 'InternalError', message, { cause: error })
}
