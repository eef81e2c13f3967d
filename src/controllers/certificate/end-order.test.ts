import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { annotations, secretLabel } from '#api'
import { day, hour, minute, retryable, second, terminal } from '#base'
import type { ObjectEvent } from '#kube'
import { encodeJournal, type OpenOrder, type OrderEnd, type OrderJournal } from '#plan'
import { FakeClock, logBook, noon, secretMetadata } from '#test/make'
import { clearOrder, endOrder, nameOnly } from './end-order.ts'
import { OrderCalls } from './order-calls.ts'

const key = 'shop/web'
const certificate = nameOnly(key)
const givenUp: OrderEnd = { as: 'givenUp', why: 'the request has changed' }

const journal: OrderJournal = {
  id: '0123456789ab',
  requestHash: 'asked',
  authorityKey: 'shop/ca',
  revision: 1,
  notBefore: noon,
  notAfter: noon + 90 * day,
  createdAt: noon,
  hasKeptKey: false,
  handle: 'order/7',
  pollAt: noon,
}
const order = (parts: Partial<OrderJournal> = {}): OpenOrder => {
  const metadata = secretMetadata({
    name: 'web-pending',
    uid: 'uid-order',
    labels: { [secretLabel]: 'order' },
    annotations: { [annotations.order]: encodeJournal({ ...journal, ...parts }) },
  })
  return { metadata, journal: { ...journal, ...parts } }
}

let clock: FakeClock
let calls: OrderCalls
let lose: () => void
/** Handles of the orders that the issuer was told to cancel, and what it says to that. */
let cancelled: string[]
let cancel: () => Promise<void>
let authority: object | undefined
let unsupported: Record<string, string>
let told: string[]
let removed: string[]
let cached: OpenOrder['metadata'] | undefined

beforeEach(() => {
  clock = new FakeClock()
  const losses: (() => void)[] = []
  lose = () => {
    for (const each of losses) each()
  }
  const onChange = (listener: (owns: boolean) => void): unknown => losses.push(() => listener(false))
  const ownership = { owns: () => true, remainingMs: () => minute, onChange }
  calls = new OrderCalls({ clock, ownership } as ConstructorParameters<typeof OrderCalls>[0], () => {})
  ;[cancelled, told, removed, unsupported, cached] = [[], [], [], {}, undefined]
  authority = { metadata: { namespace: 'shop', name: 'ca' }, spec: { plugin: { name: 'fileDrop' } } }
  cancel = async () => {}
})

/** What ending an order works with, as far as it touches it. */
function tools() {
  const issuer = {
    describe: () => ({ unsupported }),
    cancel: (handle: string) => {
      cancelled.push(handle)
      return cancel()
    },
  }
  return {
    calls,
    signal: new AbortController().signal,
    memory: { secrets: { isBehind: () => false } },
    directory: { find: () => authority, issuerOf: () => issuer },
    tools: {
      clock,
      logger: logBook(),
      random: () => 0,
      restoreGraceMs: hour,
      client: { delete: async (_: unknown, { name }: { name: string }) => void removed.push(name) },
      caches: { secrets: { get: () => cached && { metadata: cached } } },
      events: { record: ({ reason, note }: ObjectEvent) => void told.push(`${reason}: ${note}`) },
      onOrderAbandoned: (type: string, of: string) => void told.push(`${type} of ${of}`),
    },
  } as unknown as Parameters<typeof endOrder>[3]
}

/** Ends the order in as many visits as it takes without waiting; when to come back, in milliseconds. */
async function end(open = order(), how = givenUp): Promise<number> {
  await endOrder(open, how, certificate, tools())
  await setImmediate()
  return endOrder(open, how, certificate, tools())
}

test('an order is cancelled, and then its Secret goes', async () => {
  assert.equal(await endOrder(order(), givenUp, certificate, tools()), hour)
  assert.deepEqual([cancelled, removed], [['order/7'], []])
  await setImmediate()
  assert.equal(await endOrder(order(), givenUp, certificate, tools()), 0)
  assert.deepEqual([cancelled, removed, told], [['order/7'], ['web-pending'], []])
  assert.ok(calls.isRemoved(key, 'uid-order'), 'the cache may still have it')
})

test('one that ended in a certificate is not cancelled', async () => {
  assert.equal(await endOrder(order(), { as: 'fulfilled' }, certificate, tools()), 0)
  assert.deepEqual([cancelled, removed, told], [[], ['web-pending'], []])
})

test('one that was refused before it was placed is nothing to tell of', async () => {
  assert.equal(await endOrder(order({ handle: undefined }), { as: 'refused' }, certificate, tools()), 0)
  assert.deepEqual([cancelled, removed, told], [[], ['web-pending'], []])
})

test('cancelling is tried again at growing intervals, five times in all', async () => {
  cancel = () => Promise.reject(retryable('Unreachable', 'nobody is at home'))
  const pauses: number[] = []
  for (let again = await end(); again > 0; again = await end()) {
    pauses.push(again)
    assert.equal(await end(), again, 'not before its time')
    clock.advance(again)
  }
  assert.deepEqual(
    pauses,
    [5, 10, 20, 40].map((each) => each * second),
  )
  assert.deepEqual([cancelled.length, removed], [5, ['web-pending']])
  assert.deepEqual(told, [
    'OrderAbandoned: Left order order/7 of Authority shop/ca to itself: the request has changed, and cancelling it ' +
      'failed: nobody is at home. Cancel it there if it costs anything',
    'fileDrop of shop/ca',
  ])
})

test('what cannot be cancelled is left at once, and told', async () => {
  unsupported = { cancel: 'nobody takes them back' }
  assert.equal(await end(), 0)
  assert.match(told.shift() ?? '', /Authority shop\/ca cannot cancel orders: nobody takes them back/)

  unsupported = {}
  cancel = () => Promise.reject(terminal('TooLate', 'too late'))
  told = []
  assert.equal(await end(), 0)
  assert.match(told[0] ?? '', /cancelling it failed: too late/)

  authority = undefined
  told = []
  assert.equal(await end(), 0)
  assert.match(told[0] ?? '', /Authority shop\/ca does not exist or does not allow the namespace any more/)
  assert.equal(told[1], 'unknown of unknown', 'no series for what the journal says')
})

test('an order whose answer is still to come is cancelled by the handle in it', async () => {
  const answer = Promise.withResolvers<{ state: 'pending'; handle: string; afterMs: number }>()
  calls.ask(key, 'shop/ca', () => answer.promise)
  assert.equal(await end(order({ handle: undefined })), hour)
  assert.deepEqual([cancelled, told], [[], []])
  answer.resolve({ state: 'pending', handle: 'order/8', afterMs: minute })
  await setImmediate()
  assert.equal(await end(order({ handle: undefined })), 0)
  assert.deepEqual([cancelled, told], [['order/8'], []])
})

test('an order of which nobody knows whether it was taken is told of', async () => {
  assert.equal(await end(order({ handle: undefined })), 0)
  assert.match(told[0] ?? '', /Left order 0123456789ab of Authority shop\/ca .*whether the authority has taken it/)
})

test('an answer that was asked for before another process owned the keys is not used', async () => {
  calls.ask(key, 'shop/ca', async () => ({ state: 'pending', handle: 'order/8', afterMs: minute }))
  await setImmediate()
  assert.equal(calls.asked(key).state, 'done')
  assert.equal(calls.asked(key).state, 'done', 'until it has had its effect')
  lose()
  assert.equal(calls.asked(key).state, 'none')
})

test('the Certificate of an order that nobody has seen is waited for: a backup may be on its way', async () => {
  cached = order().metadata
  assert.deepEqual(await clearOrder(key, tools()), { againInMs: hour })
  clock.advance(hour)
  assert.deepEqual(await clearOrder(key, tools()), { againInMs: hour }, 'it is being cancelled')
  await setImmediate()
  assert.equal(await clearOrder(key, tools()), undefined)
  assert.deepEqual([cancelled, removed], [['order/7'], ['web-pending']])
})

test('one whose Certificate was seen is cancelled as soon as that is gone', async () => {
  cached = order().metadata
  calls.noteSeen(key)
  await clearOrder(key, tools())
  assert.deepEqual(cancelled, ['order/7'])
})

test('there is nothing to clear where there is no order', async () => {
  assert.equal(await clearOrder(key, tools()), undefined)
})
