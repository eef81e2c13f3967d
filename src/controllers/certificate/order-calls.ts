import { hour, type Instant, isFailure, minute, second } from '#base'
import type { PendingOrder } from '#issuers'
import { type ErrandState, Errands, Executor } from '#runtime'
import type { ControllerTools } from '../tools.ts'
import type { Signed } from './signed.ts'

/** What came of asking an issuer. */
export type OrderAnswer =
  | { readonly state: 'signed'; readonly signed: Signed }
  | ({ readonly state: 'pending' } & PendingOrder)
  | { readonly state: 'gone'; readonly why: string }
  /** Nobody was asked, as the order has no key that can be used. */
  | { readonly state: 'damaged'; readonly why: string }

/** What is remembered of an order; all of it may be lost. */
interface Remembered {
  /** Came back and has not had its effect yet. */
  answer?: OrderAnswer | undefined
  pollAt?: Instant | undefined
  /** The order is given up, which is not taken back; how often that failed, and when to try again. */
  givenUp?: GivenUp | undefined
  /** UID of its Secret, which the cache may still have. */
  removed?: string | undefined
  /** When an order whose Certificate nobody has seen was found. */
  orphanSince?: Instant | undefined
}

interface GivenUp {
  readonly why: string
  readonly failures: number
  readonly retryAt: Instant
}

/** A CA that signs while it is asked takes seconds; one that has not answered after this long is asked again. */
const askTimeoutMs = minute
/** Giving up is a courtesy, and what comes next waits for it. */
const cancelTimeoutMs = 30 * second
/** Calls at a time, so that one authority is not flooded, and those in line, which all have their turn in time. */
const limits = { perTarget: 8, waitingMax: 64 }
/** Each holds a request and a key in memory. */
const callsMax = 1000
/** When to look again at what a call that is under way came to: its end asks for a visit much earlier. */
export const callRecheckMs = hour

/** Whether a call was not made because too many are under way: nothing that a user could mend. */
export const isCrowded = (error: unknown): boolean => isFailure(error) && error.reason === 'TooManyErrands'

/** Calls to issuers about orders, beside the visits, and what came of them. Another owner of the keys begins anew. */
export class OrderCalls {
  readonly #asks: Errands<OrderAnswer>
  readonly #cancels: Errands<void>
  readonly #orders = new Map<string, Remembered>()
  readonly #clock: ControllerTools['clock']

  /** @param onDone asks for a visit to the Certificate whose call has ended */
  constructor({ clock, ownership }: Pick<ControllerTools, 'clock' | 'ownership'>, onDone: (key: string) => void) {
    const common = { clock, ownership, max: callsMax, onDone }
    this.#clock = clock
    this.#asks = new Errands({ ...common, executor: new Executor(limits), timeoutMs: askTimeoutMs })
    this.#cancels = new Errands({ ...common, executor: new Executor(limits), timeoutMs: cancelTimeoutMs })
    ownership.onChange((owns) => {
      if (!owns) this.#orders.clear()
    })
  }

  /**
   * Asks an issuer, as soon as it is the authority's turn.
   * @throws Failure Waiting `TooManyErrands`
   */
  ask(key: string, authorityKey: string, work: (signal: AbortSignal) => Promise<OrderAnswer>): void {
    this.#asks.start(key, authorityKey, work)
  }

  /** What asking came to. An answer is handed over again and again until it has had its effect; a failure, once. */
  asked(key: string): ErrandState<OrderAnswer> {
    const state = this.#asks.take(key)
    if (state.state === 'done') this.#remember(key).answer = state.result
    if (state.state !== 'none') return state
    const { answer } = this.#orders.get(key) ?? {}
    return answer ? { state: 'done', result: answer } : state
  }

  /** The answer has had its effect. */
  settle(key: string, pollAt?: Instant): void {
    Object.assign(this.#remember(key), { answer: undefined, pollAt })
  }

  /** When the order is to be asked about next, where this process has asked already. */
  pollAt(key: string): Instant | undefined {
    return this.#orders.get(key)?.pollAt
  }

  /** @throws Failure Waiting `TooManyErrands` */
  cancel(key: string, authorityKey: string, work: (signal: AbortSignal) => Promise<void>): void {
    this.#cancels.start(key, authorityKey, work)
  }

  cancelled(key: string): ErrandState<void> {
    return this.#cancels.take(key)
  }

  /** Gives the order up, for the reason that was given first. */
  giveUp(key: string, why: string): GivenUp {
    const known = this.#remember(key)
    known.givenUp ??= { why, failures: 0, retryAt: 0 }
    return known.givenUp
  }

  /** Why the order was given up, if it was. */
  whyGivenUp(key: string): string | undefined {
    return this.#orders.get(key)?.givenUp?.why
  }

  /** Cancelling failed, and is to be tried again. */
  noteFailure(key: string, { why, failures }: GivenUp, retryAt: Instant): void {
    this.#remember(key).givenUp = { why, failures: failures + 1, retryAt }
  }

  /** Whether this is the Secret of an order that has ended. */
  isRemoved(key: string, uid: string | undefined): boolean {
    const known = this.#orders.get(key)
    if (known?.removed === undefined) return false
    if (known.removed === uid) return true
    known.removed = undefined
    if (uid === undefined) this.#orders.delete(key)
    return false
  }

  noteRemoved(key: string, uid: string | undefined): void {
    this.forget(key)
    if (uid !== undefined) this.#remember(key).removed = uid
  }

  /** This process has seen the Certificate of the order. */
  noteSeen(key: string): void {
    this.#remember(key).orphanSince = undefined
  }

  /** How long the Certificate of an order is still waited for, where this process has never seen it. */
  orphanLeftMs(key: string, graceMs: number): number {
    const now = this.#clock.now()
    if (!this.#orders.has(key)) this.#remember(key).orphanSince = now
    const { orphanSince } = this.#remember(key)
    return orphanSince === undefined ? 0 : orphanSince + graceMs - now
  }

  forget(key: string): void {
    this.#orders.delete(key)
    this.#asks.forget(key)
    this.#cancels.forget(key)
  }

  close(): void {
    this.#asks.close()
    this.#cancels.close()
  }

  #remember(key: string): Remembered {
    const known = this.#orders.get(key) ?? {}
    this.#orders.set(key, known)
    return known
  }
}
