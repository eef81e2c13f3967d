import type { KeyObject } from 'node:crypto'
import { retryable } from '#base'
import type { Issuer } from '#issuers'
import { storeKeyOf } from '#kube'
import {
  type CertificateWorld,
  type IssuePlan,
  isHandle,
  isPollDue,
  type OpenOrder,
  type OrderJournal,
  orderedHash,
  pollAtOf,
} from '#plan'
import { complete } from './complete.ts'
import { endOrder } from './end-order.ts'
import { callRecheckMs, type OrderAnswer } from './order-calls.ts'
import { createOrder, noteInJournal, readOrderKey } from './order-secret.ts'
import { chooseKey, letThrough, requestFor } from './sign.ts'
import type { ActTools, Report } from './visit.ts'

/** An order whose journal can be read, and what it is to end in. */
interface Order extends OpenOrder {
  readonly journal: OrderJournal
  readonly plan: IssuePlan
  readonly world: CertificateWorld
  readonly issuer: Issuer
}

/**
 * Brings an order one step further. Key and journal are in a Secret before anything is ordered; every call is made
 * beside the visits, and its end asks for the next one. Whoever finds an order without a handle asks again in the same
 * words, and the issuer finds what it has been asked for already.
 */
export async function order(plan: IssuePlan, world: CertificateWorld, issuer: Issuer, on: ActTools): Promise<Report> {
  const { calls, tools } = on
  if (!world.order?.journal) return begin(plan, world, issuer, on)
  const { journal, metadata } = world.order
  const revision = Math.max(plan.revision, journal.revision)
  const open: Order = { metadata, journal, plan: { ...plan, revision }, world, issuer }
  const key = storeKeyOf(world.certificate)
  const why =
    calls.whyGivenUp(key) ?? (issuer.describe().isLocal ? 'the Authority takes no orders any more' : undefined)
  if (why !== undefined) return giveUp(open, why, on)
  const asked = calls.asked(key)
  if (asked.state === 'failed') throw asked.error
  if (asked.state === 'running') return underway(world)
  if (asked.state === 'done') return take(asked.result, open, on)
  const pollAt = calls.pollAt(key) ?? journal.pollAt ?? 0
  if (journal.handle !== undefined && !isPollDue(pollAt, tools.clock.now())) return pending(open, pollAt)
  ask(open, undefined, on)
  return underway(world)
}

/** What was asked for once is asked for again with the same dates. */
const asJournaled = (plan: IssuePlan, { notBefore, notAfter }: OrderJournal): IssuePlan => ({
  ...plan,
  ...{ notBefore, notAfter },
})

const underway = (world: CertificateWorld): Report => ({
  outcome: { result: 'underway', againInMs: callRecheckMs },
  world,
})

const pending = ({ journal, world }: Order, pollAt: number): Report => ({
  outcome: { result: 'pending', of: journal.authorityKey, since: journal.createdAt, pollAt },
  world,
})

async function begin(plan: IssuePlan, world: CertificateWorld, issuer: Issuer, on: ActTools): Promise<Report> {
  const { key, isKept } = await chooseKey(plan, world, on)
  const { authorityKey, revision, notBefore, notAfter } = plan
  const journal: OrderJournal = {
    ...{ authorityKey, revision, notBefore, notAfter },
    id: on.tools.randomId(),
    requestHash: orderedHash(plan.request),
    createdAt: on.tools.clock.now(),
    hasKeptKey: isKept,
    handle: undefined,
    pollAt: undefined,
  }
  const certificateKey = storeKeyOf(world.certificate)
  // Of an order whose Secret somebody has deleted.
  on.calls.forget(certificateKey)
  const { metadata } = await createOrder(world.certificate, journal, key, on)
  on.calls.noteSeen(certificateKey)
  ask({ metadata, journal, plan, world, issuer }, key, on)
  return underway(world)
}

/** @param made the key of the order, where it need not be read */
function ask(open: Order, made: KeyObject | undefined, { calls, tools }: ActTools): void {
  const { journal, plan, world, issuer } = open
  calls.ask(storeKeyOf(world.certificate), journal.authorityKey, async (signal): Promise<OrderAnswer> => {
    const key = made ?? (plan.request.publicKey ? undefined : await readOrderKey(open, tools, signal))
    if (typeof key === 'string') return { state: 'damaged', why: key }
    const request = requestFor(journal.id, asJournaled(plan, journal), world, key)
    const { handle } = journal
    const answer = await (handle === undefined ? issuer.issue(request, signal) : issuer.poll(handle, request, signal))
    if (answer.state === 'issued') {
      return { state: 'signed', signed: letThrough({ issued: answer, request, key }, world, issuer, tools) }
    }
    if (answer.state === 'pending' && !isHandle(answer.handle)) {
      throw retryable('InvalidAnswer', 'the issuer calls the order by a handle that is none: its plugin is at fault')
    }
    return answer
  })
}

/** Acts on an answer, which is kept until that has had its effect. */
async function take(answer: OrderAnswer, open: Order, on: ActTools): Promise<Report> {
  const { journal, plan, world } = open
  const { calls, tools } = on
  const key = storeKeyOf(world.certificate)
  switch (answer.state) {
    case 'damaged':
      return giveUp(open, answer.why, on)
    case 'signed':
      // The order has had its effect: the next visit removes it.
      return complete(plan, world, () => answer.signed, on)
    case 'pending': {
      const { handle, afterMs } = answer
      const pollAt = pollAtOf(afterMs, tools.clock.now())
      if (handle !== journal.handle) await noteInJournal(open, { ...journal, handle, pollAt }, on)
      calls.settle(key, pollAt)
      return pending(open, pollAt)
    }
    case 'gone': {
      await noteInJournal(open, anew(open, on), on)
      calls.settle(key)
      throw retryable('OrderGone', `Authority ${journal.authorityKey} has the order no more: ${answer.why}`)
    }
  }
}

/** The same order once more: under another name, as the one before is spent. */
const anew = ({ journal, plan }: Order, { tools }: ActTools): OrderJournal => ({
  ...journal,
  ...{ notBefore: plan.notBefore, notAfter: plan.notAfter },
  id: tools.randomId(),
  createdAt: tools.clock.now(),
  handle: undefined,
  pollAt: undefined,
})

async function giveUp(open: Order, why: string, on: ActTools): Promise<Report> {
  const { world } = open
  const againInMs = await endOrder(open, { as: 'givenUp', why }, world.certificate, on)
  return { outcome: { result: 'underway', againInMs }, world }
}
