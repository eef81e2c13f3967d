import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type Failure, isFailure, minute, second } from '#base'
import { FakeClock } from '#test/make'
import { Errands } from './errands.ts'
import { Executor } from './executor.ts'

/** A call outside that ends when it is told to, and the signal that it was given. */
function call() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const made = { signal: undefined as AbortSignal | undefined, answer: resolve, fail: reject }
  return Object.assign(made, {
    work: (signal: AbortSignal) => {
      made.signal = signal
      return promise
    },
  })
}

const none = { state: 'none' }
const running = { state: 'running' }

let clock: FakeClock
let visits: string[]
let lose: () => void
let errands: Errands<string>
beforeEach(() => {
  clock = new FakeClock()
  visits = []
  errands = new Errands({
    executor: new Executor({ perTarget: 1, waitingMax: 2 }),
    clock,
    ownership: {
      owns: () => true,
      remainingMs: () => minute,
      onChange: (listener) => {
        lose = () => listener(false)
      },
    },
    timeoutMs: minute,
    max: 4,
    onDone: (key) => visits.push(key),
  })
})

/** The failure with which the errand of a key has ended. */
function failureOf(key: string): Failure {
  const taken = errands.take(key)
  assert.ok(taken.state === 'failed' && isFailure(taken.error), taken.state)
  return taken.error
}

test('the key is visited when the call has ended, and takes the result once', async () => {
  const order = call()
  assert.deepEqual(errands.take('shop/web'), none)
  errands.start('shop/web', 'acme', order.work)
  assert.deepEqual(errands.take('shop/web'), running)
  order.answer('certificate')
  await setImmediate()
  assert.deepEqual(visits, ['shop/web'])
  assert.deepEqual(errands.take('shop/web'), { state: 'done', result: 'certificate' })
  assert.deepEqual(errands.take('shop/web'), none)
  assert.equal(clock.timers, 0)
})

test('what the call throws is handed over as it is', async () => {
  const order = call()
  const error = new Error('refused')
  errands.start('shop/web', 'acme', order.work)
  order.fail(error)
  await setImmediate()
  assert.deepEqual(visits, ['shop/web'])
  assert.deepEqual(errands.take('shop/web'), { state: 'failed', error })
})

test('a call that throws before it has begun is a failed one', async () => {
  const error = new Error('no')
  errands.start('shop/web', 'acme', () => {
    throw error
  })
  await setImmediate()
  assert.deepEqual(errands.take('shop/web'), { state: 'failed', error })
})

test('a key has one errand at a time, and no second one before the result is taken', async () => {
  const [order, again] = [call(), call()]
  errands.start('shop/web', 'acme', order.work)
  errands.start('shop/web', 'acme', again.work)
  order.answer('first')
  await setImmediate()
  errands.start('shop/web', 'acme', again.work)
  assert.equal(again.signal, undefined)
  assert.deepEqual(errands.take('shop/web'), { state: 'done', result: 'first' })
  errands.start('shop/web', 'acme', again.work)
  assert.deepEqual(errands.take('shop/web'), running)
})

test('a call that takes too long is cut off, says so, and keeps its place until it has really ended', async () => {
  const [slow, next] = [call(), call()]
  errands.start('shop/slow', 'acme', slow.work)
  clock.advance(minute - 1)
  await setImmediate()
  assert.deepEqual(visits, [])
  clock.advance(1)
  await setImmediate()
  assert.deepEqual(visits, ['shop/slow'])
  assert.ok(slow.signal?.aborted)
  const { kind, reason, message } = failureOf('shop/slow')
  assert.deepEqual([kind, reason, message], ['Retryable', 'TimedOut', 'acme has not answered within 1 minute'])

  errands.start('shop/next', 'acme', next.work)
  await setImmediate()
  assert.equal(next.signal, undefined)
  slow.answer('too late')
  await setImmediate()
  assert.ok(next.signal)
  assert.deepEqual(errands.take('shop/slow'), none)
})

test('the time of a call begins when its turn has come, and waiting for it has an end, too', async () => {
  const [first, next, stuck] = [call(), call(), call()]
  errands.start('a', 'acme', first.work)
  errands.start('b', 'acme', next.work)
  clock.advance(50 * second)
  first.answer('done')
  await setImmediate()
  clock.advance(50 * second)
  await setImmediate()
  assert.deepEqual(errands.take('b'), running)
  errands.start('c', 'acme', stuck.work)
  clock.advance(minute)
  await setImmediate()
  assert.deepEqual([errands.take('b').state, errands.take('c').state], ['failed', 'failed'])
  assert.equal(stuck.signal, undefined)
})

test('too many for one target is a failure that says when to come back', async () => {
  for (const key of ['a', 'b', 'c']) errands.start(key, 'acme', call().work)
  errands.start('d', 'acme', call().work)
  await setImmediate()
  const { kind, reason } = failureOf('d')
  assert.deepEqual([kind, reason], ['Waiting', 'TargetBusy'])
})

test('too many in all are refused, and those not taken yet count', async () => {
  const calls = ['a', 'b', 'c', 'd'].map((key) => {
    const each = call()
    errands.start(key, key, each.work)
    return each
  })
  for (const each of calls) each.answer('done')
  await setImmediate()
  const one = call()
  assert.throws(() => errands.start('e', 'e', one.work), { kind: 'Waiting', reason: 'TooManyErrands' })
  errands.take('a')
  errands.start('e', 'e', one.work)
  assert.equal(errands.size, 4)
})

test('when the keys become another process’s, all is given up and nobody is visited', async () => {
  const [ended, open, waiting] = [call(), call(), call()]
  errands.start('ended', 'vault', ended.work)
  ended.answer('done')
  errands.start('open', 'acme', open.work)
  errands.start('waiting', 'acme', waiting.work)
  await setImmediate()
  visits.length = 0
  lose()
  open.answer('too late')
  await setImmediate()
  assert.deepEqual(visits, [])
  assert.ok(open.signal?.aborted)
  assert.equal(waiting.signal, undefined)
  for (const key of ['ended', 'open', 'waiting']) assert.deepEqual(errands.take(key), none)
  assert.deepEqual([errands.size, clock.timers], [0, 0])
})

test('a key that is gone and comes back does not get what was meant for its predecessor', async () => {
  const [old, fresh] = [call(), call()]
  errands.start('shop/web', 'a', old.work)
  errands.forget('shop/web')
  errands.start('shop/web', 'b', fresh.work)
  old.answer('old')
  await setImmediate()
  assert.deepEqual(errands.take('shop/web'), running)
  fresh.answer('fresh')
  await setImmediate()
  assert.deepEqual(errands.take('shop/web'), { state: 'done', result: 'fresh' })
})

test('closing gives up all', async () => {
  const open = call()
  errands.start('shop/web', 'acme', open.work)
  errands.close()
  await setImmediate()
  assert.match(String(open.signal?.reason), /the operator is stopping/)
  assert.equal(errands.size, 0)
})
