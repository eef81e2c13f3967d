import { apiVersion, certificateKind, type KubeObject } from '#api'
import { type Backoff, backoffMs, fromKey, hour, isFailure, second } from '#base'
import type { Issuer } from '#issuers'
import { storeKeyOf } from '#kube'
import { issuerOf, type OpenOrder, type OrderEnd, type OrderJournal } from '#plan'
import { isBusy, type Settled } from '#runtime'
import type { AuthorityDirectory } from '../authority-directory.ts'
import { behindMs } from '../tools.ts'
import { callRecheckMs } from './order-calls.ts'
import { type OrderTools, removeOrder, viewOrder } from './order-secret.ts'

/** What ending an order needs. */
interface EndTools extends OrderTools {
  readonly directory: AuthorityDirectory
}

/** After so many failures, over a minute and more, the order is left to the authority: what comes next waits for it. */
const cancelAttemptsMax = 5
const cancelBackoff: Backoff = { firstMs: 5 * second, maxMs: hour }

/**
 * Ends an order: has it cancelled where it was ordered and is not wanted, and then deletes its Secret.
 * @param certificate whose order it is; it may be gone, and is then but a name
 * @returns when to come back, in milliseconds; 0 once the order has ended
 */
export async function endOrder(
  order: OpenOrder,
  end: OrderEnd,
  certificate: KubeObject,
  on: EndTools,
): Promise<number> {
  const laterMs = end.as === 'fulfilled' ? undefined : letGo(order, end, certificate, on)
  if (laterMs !== undefined) return laterMs
  await removeOrder(certificate, order, on)
  return 0
}

/** Ends the order of a Certificate that is gone; undefined when there is none. */
export async function clearOrder(key: string, on: EndTools): Promise<Settled | undefined> {
  const certificate = nameOnly(key)
  const order = viewOrder(certificate, on)
  if (order === 'behind') return { againInMs: behindMs }
  if (!order) return undefined
  // Where a backup is being restored, a Secret may come before what it belongs to.
  const leftMs = on.calls.orphanLeftMs(key, on.tools.restoreGraceMs)
  if (leftMs > 0) return { againInMs: leftMs }
  const againInMs = await endOrder(order, { as: 'givenUp', why: 'the Certificate was deleted' }, certificate, on)
  return againInMs === 0 ? undefined : { againInMs }
}

/** A Certificate of which nothing but the name is known. */
export const nameOnly = (key: string): KubeObject => ({
  apiVersion,
  kind: certificateKind.kind,
  metadata: fromKey(key),
})

/** Has an order cancelled. Undefined when that is done, or cannot be done; else when to come back. */
function letGo(
  order: OpenOrder,
  end: Exclude<OrderEnd, { as: 'fulfilled' }>,
  certificate: KubeObject,
  on: EndTools,
): number | undefined {
  const { calls } = on
  const { journal } = order
  const key = storeKeyOf(certificate)
  const { why } = calls.giveUp(key, end.as === 'refused' ? 'the authority refuses it' : end.why)
  const abandon = (because: string): void => abandonOrder(certificate, journal, `${why}, and ${because}`, on)
  const asked = calls.asked(key)
  // An answer that is on its way says how the order is called.
  if (asked.state === 'running' && journal?.handle === undefined) return callRecheckMs
  const answered = asked.state === 'done' && asked.result.state === 'pending' ? asked.result.handle : undefined
  const handle = journal?.handle ?? answered
  if (journal && handle !== undefined) return cancelOrder({ key, journal, handle, certificate, abandon }, on)
  const isNothingOrdered = end.as === 'refused' || (asked.state === 'failed' && isTerminal(asked.error))
  if (!isNothingOrdered) abandon('whether the authority has taken it was never answered')
  return undefined
}

/** An order at an authority. */
interface Placed {
  /** `namespace/name` of the Certificate. */
  readonly key: string
  readonly journal: OrderJournal
  readonly handle: string
  readonly certificate: KubeObject
  abandon(because: string): void
}

function cancelOrder(placed: Placed, on: EndTools): number | undefined {
  const { key, journal, handle, abandon } = placed
  const { calls } = on
  const state = calls.cancelled(key)
  switch (state.state) {
    case 'done':
      return undefined
    case 'running':
      return callRecheckMs
    case 'failed':
      return afterFailure(state.error, placed, on)
    case 'none': {
      const waitMs = calls.giveUp(key, '').retryAt - on.tools.clock.now()
      if (waitMs > 0) return waitMs
      const issuer = issuerFor(placed, on)
      if (typeof issuer === 'string') return void abandon(issuer)
      calls.cancel(key, journal.authorityKey, (signal) => issuer.cancel(handle, signal))
      return callRecheckMs
    }
  }
}

/** When to try again; undefined: not any more. */
function afterFailure(error: unknown, { key, abandon }: Placed, { calls, tools }: EndTools): number | undefined {
  if (isBusy(error)) throw error
  const message = error instanceof Error ? error.message : String(error)
  const givenUp = calls.giveUp(key, '')
  const failures = givenUp.failures + 1
  if (isTerminal(error) || failures >= cancelAttemptsMax) return void abandon(`cancelling it failed: ${message}`)
  tools.logger.warn({ key, failures, error: message }, 'cancelling an order failed')
  const laterMs = backoffMs(cancelBackoff, failures, tools.random())
  calls.noteFailure(key, givenUp, tools.clock.now() + laterMs)
  return laterMs
}

const isTerminal = (error: unknown): boolean => isFailure(error) && error.kind === 'Terminal'

/** The issuer that has the order, or why it cannot be told. */
function issuerFor({ journal, certificate }: Placed, { directory }: EndTools): Issuer | string {
  const { authorityKey } = journal
  const authority = directory.find(authorityKey, certificate.metadata.namespace ?? '')
  if (!authority) return `Authority ${authorityKey} does not exist or does not allow the namespace any more`
  try {
    const issuer = directory.issuerOf(authority)
    const { cancel } = issuer.describe().unsupported
    return cancel === undefined ? issuer : `Authority ${authorityKey} cannot cancel orders: ${cancel}`
  } catch (error) {
    if (isFailure(error)) return error.message
    throw error
  }
}

/** Tells that an order may still end in a certificate that nobody will fetch. */
function abandonOrder(
  certificate: KubeObject,
  journal: OrderJournal | undefined,
  why: string,
  { tools, directory }: EndTools,
): void {
  // Whoever may write Secrets may write journals: a series is for an Authority that they may use, none for any text.
  const authority = journal && directory.find(journal.authorityKey, certificate.metadata.namespace ?? '')
  const order = journal?.handle ?? journal?.id
  const note =
    `Left ${order === undefined ? 'an order' : `order ${order}`} of Authority ${journal?.authorityKey ?? 'unknown'} ` +
    `to itself: ${why}. Cancel it there if it costs anything`
  tools.events.record({ regarding: certificate, type: 'Warning', reason: 'OrderAbandoned', action: 'Cancel', note })
  const [type, of] = authority ? [issuerOf(authority).type, storeKeyOf(authority)] : ['unknown', 'unknown']
  tools.onOrderAbandoned(type, of)
}
