import assert from 'node:assert/strict'
import { suite, type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { minute, retryable, second, terminal, waiting } from '#base'
import { ApiError } from '#kube'
import { FakeClock, logBook } from '#test/make'
import { Controller, type ReconcileResult, type Settled } from './controller.ts'

type Reconcile = (key: string, signal: AbortSignal) => Promise<Settled>

const done: Settled = { againInMs: undefined }

/** An owner of all keys or of none, who can be changed. */
class Owner {
  #owns: boolean
  readonly #listeners: ((owns: boolean) => void)[] = []

  constructor(owns: boolean) {
    this.#owns = owns
  }

  owns = (): boolean => this.#owns
  remainingMs = (): number => (this.#owns ? minute : 0)
  onChange = (listener: (owns: boolean) => void): void => void this.#listeners.push(listener)

  change(owns: boolean): void {
    this.#owns = owns
    for (const listener of this.#listeners) listener(owns)
  }
}

interface Setup {
  readonly keys?: string[]
  readonly concurrency?: number
  readonly owns?: boolean
}

/** A controller at work; it is stopped when the test ends. */
function start(t: TestContext, reconcile: Reconcile, { keys = [], concurrency = 2, owns = true }: Setup = {}) {
  const clock = new FakeClock()
  const logger = logBook()
  const owner = new Owner(owns)
  const visits: string[] = []
  const results: ReconcileResult[] = []
  const controller = new Controller({
    name: 'test',
    concurrency,
    reconcile: (key, signal) => {
      visits.push(key)
      return reconcile(key, signal)
    },
    keys: () => keys,
    ownership: owner,
    clock,
    logger,
    random: () => 0,
    onReconciled: (result) => results.push(result),
  })
  controller.start()
  t.after(() => controller.stop(0))
  const advance = async (ms: number): Promise<void> => {
    clock.advance(ms)
    await setImmediate()
  }
  return { controller, clock, logger, owner, visits, results, keys, advance }
}

test('the start visits every key there is', async (t) => {
  const { visits } = start(t, async () => done, { keys: ['a', 'b', 'c'] })
  await setImmediate()
  assert.deepEqual(visits, ['a', 'b', 'c'])
})

test('so many keys are worked on at a time, none twice', async (t) => {
  const gate = Promise.withResolvers<Settled>()
  const { controller, visits } = start(t, () => gate.promise, { keys: ['a', 'b', 'c'] })
  controller.enqueue('a')
  await setImmediate()
  assert.deepEqual(visits, ['a', 'b'])
  gate.resolve(done)
  await setImmediate()
  assert.deepEqual(visits, ['a', 'b', 'c', 'a'])
})

suite('what comes of a visit', () => {
  const notTheSame = new ApiError('the object has been modified', { status: 409, apiReason: 'Conflict' })
  const overloaded = new ApiError('too many requests', { status: 429, retryAfterMs: 7 * second })
  const outcomes: readonly [
    name: string,
    outcome: Settled | Error,
    result: ReconcileResult,
    againMs: number | undefined,
    level: string | undefined,
  ][] = [
    ['done', done, 'done', undefined, undefined],
    ['done for now', { againInMs: 5 * second }, 'done', 5 * second, undefined],
    ['conflict', notTheSame, 'conflict', second / 4, undefined],
    ['API server overloaded', overloaded, 'retryable', 7 * second, 'warn'],
    ['Retryable', retryable('CertificateRejected', 'no answer'), 'retryable', second / 4, 'warn'],
    [
      'Retryable that names a time',
      retryable('CertificateRejected', '', { retryAfterMs: minute }),
      'retryable',
      minute,
      'warn',
    ],
    ['Waiting', waiting('AuthorityNotReady', 'it is new', 100), 'waiting', 100, undefined],
    ['Terminal', terminal('PolicyDenied', 'denied'), 'terminal', undefined, 'warn'],
    ['Bug', new TypeError('x is undefined'), 'bug', second / 4, 'error'],
  ]
  for (const [name, outcome, result, againMs, level] of outcomes) {
    test(name, async (t) => {
      const reconcile: Reconcile = async () => {
        if (outcome instanceof Error) throw outcome
        return outcome
      }
      const { controller, clock, logger, visits, results, advance } = start(t, reconcile, { keys: ['a'] })
      await setImmediate()
      assert.deepEqual(results, [result])
      assert.deepEqual(
        logger.lines.map((line) => line.level),
        level === undefined ? [] : [level],
      )
      if (againMs === undefined) {
        assert.deepEqual([controller.queue.delayed, clock.timers], [0, 0])
        return
      }
      await advance(againMs - 1)
      assert.equal(visits.length, 1)
      await advance(1)
      assert.equal(visits.length, 2)
    })
  }

  test('a bug is logged with its stack, a failure with its reason', async (t) => {
    const bug = new TypeError('x is undefined')
    const errors = [bug, retryable('CertificateRejected', 'no answer')]
    const { logger } = start(t, async () => Promise.reject(errors.shift()), { keys: ['a', 'b'], concurrency: 1 })
    await setImmediate()
    assert.deepEqual(logger.lines, [
      {
        level: 'error',
        fields: {
          key: 'a',
          reason: 'InternalError',
          kind: 'Bug',
          failures: 1,
          error: 'x is undefined',
          stack: bug.stack,
        },
        message: 'reconcile failed with an unexpected error',
      },
      {
        level: 'warn',
        fields: { key: 'b', reason: 'CertificateRejected', kind: 'Retryable', failures: 1, error: 'no answer' },
        message: 'reconcile failed',
      },
    ])
  })

  test('what is thrown and is no Error is a bug all the same', async (t) => {
    const { logger, results } = start(t, async () => Promise.reject('a text'), { keys: ['a'] })
    await setImmediate()
    assert.deepEqual(results, ['bug'])
    assert.equal(typeof logger.lines[0]?.fields.stack, 'string')
  })
})

test('failures in a row wait longer each time, until one visit succeeds', async (t) => {
  let fails = true
  const reconcile: Reconcile = async () => {
    if (fails) throw retryable('CertificateRejected', 'no answer')
    return done
  }
  const { controller, visits, advance } = start(t, reconcile, { keys: ['a'] })
  await setImmediate()
  for (const [i, ms] of [250, 500, 1000].entries()) {
    await advance(ms - 1)
    assert.equal(visits.length, i + 1)
    await advance(1)
    assert.equal(visits.length, i + 2)
  }
  fails = false
  await advance(2000)
  fails = true
  controller.enqueue('a')
  await setImmediate()
  const before = visits.length
  await advance(250)
  assert.equal(visits.length, before + 1)
})

test('a visit replaces the visit that was to come later', async (t) => {
  const plans: Settled[] = [{ againInMs: minute }, { againInMs: 2 * minute }]
  const { controller, visits, advance } = start(t, async () => plans.shift() ?? done, { keys: ['a'] })
  await setImmediate()
  controller.enqueue('a')
  await setImmediate()
  await advance(minute)
  assert.equal(visits.length, 2)
  await advance(minute)
  assert.equal(visits.length, 3)
})

test('a wake-up that is asked for during a visit is not lost', async (t) => {
  const { controller, visits, advance } = start(
    t,
    async () => {
      if (visits.length === 1) controller.queue.addAfter('a', second)
      return done
    },
    { keys: ['a'] },
  )
  await setImmediate()
  await advance(second)
  assert.equal(visits.length, 2)
})

test('what is forgotten starts anew, and does not come back by itself', async (t) => {
  const { controller, logger, visits, advance } = start(t, async () => Promise.reject(retryable('X', 'x')), {
    keys: ['a'],
  })
  await setImmediate()
  controller.forget('a')
  await advance(minute)
  assert.equal(visits.length, 1)
  controller.enqueue('a')
  await setImmediate()
  assert.deepEqual(
    logger.lines.map(({ fields }) => fields.failures),
    [1, 1],
  )
})

suite('ownership', () => {
  test('nothing is visited while another process owns the keys', async (t) => {
    const { controller, visits } = start(t, async () => done, { keys: ['a'], owns: false })
    controller.enqueue('a')
    await setImmediate()
    assert.deepEqual(visits, [])
  })

  test('gained: every key is visited', async (t) => {
    const { owner, visits } = start(t, async () => done, { keys: ['a', 'b'], owns: false })
    owner.change(true)
    await setImmediate()
    assert.deepEqual(visits, ['a', 'b'])
  })

  test('lost: what waits is dropped, what is under way is cut off without a word; regained: all again', async (t) => {
    const signals: AbortSignal[] = []
    const reconcile: Reconcile = (_key, signal) => {
      signals.push(signal)
      if (signals.length > 1) return Promise.resolve(done)
      return new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    }
    const { controller, owner, logger, visits, results } = start(t, reconcile, { keys: ['a', 'b'], concurrency: 1 })
    controller.queue.addAfter('c', second)
    await setImmediate()
    assert.deepEqual(visits, ['a'])
    owner.change(false)
    await setImmediate()
    assert.deepEqual(results, ['aborted'])
    assert.deepEqual([controller.queue.depth, controller.queue.delayed, logger.lines], [0, 0, []])
    owner.change(true)
    await setImmediate()
    assert.deepEqual(visits, ['a', 'a', 'b'])
    assert.equal(signals.at(-1)?.aborted, false)
  })

  test('lost between the queue and the worker: the key is left alone', async (t) => {
    const { controller, owner, visits } = start(t, async () => done)
    controller.queue.add('a')
    owner.change(false)
    await setImmediate()
    assert.deepEqual(visits, [])
    assert.equal(controller.queue.working, 0)
  })
})

suite('the stop', () => {
  test('waits for what is under way, and begins nothing new', async (t) => {
    const gate = Promise.withResolvers<Settled>()
    const { controller, clock, visits, results } = start(t, () => gate.promise, { keys: ['a', 'b'], concurrency: 1 })
    await setImmediate()
    const stopped = controller.stop(second)
    assert.equal(await Promise.race([stopped, setImmediate('still at it')]), 'still at it')
    gate.resolve({ againInMs: second })
    await stopped
    assert.deepEqual([visits, results], [['a'], ['done']])
    assert.deepEqual([controller.queue.delayed, clock.timers], [0, 0])
  })

  test('cuts it off when the time of grace is over', async (t) => {
    const reconcile: Reconcile = (_key, signal) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    const { controller, clock, results } = start(t, reconcile, { keys: ['a'] })
    await setImmediate()
    const stopped = controller.stop(second)
    clock.advance(second - 1)
    assert.equal(await Promise.race([stopped, setImmediate('still at it')]), 'still at it')
    clock.advance(1)
    await stopped
    assert.deepEqual(results, ['aborted'])
  })
})

test('the duration of a visit is told', async () => {
  const clock = new FakeClock()
  const told: [ReconcileResult, number][] = []
  const waited: number[] = []
  const controller = new Controller({
    name: 'test',
    concurrency: 1,
    reconcile: async () => {
      clock.advance(40)
      return done
    },
    keys: () => ['a'],
    ownership: new Owner(true),
    clock,
    logger: logBook(),
    random: () => 0,
    onReconciled: (...each) => told.push(each),
    onTaken: (waitedMs) => waited.push(waitedMs),
  })
  controller.queue.add('a')
  clock.advance(70)
  controller.start()
  await setImmediate()
  await controller.stop(0)
  assert.deepEqual(told, [['done', 40]])
  assert.deepEqual(waited, [70])
})

test('it is known how long the oldest visit has been under way', async (t) => {
  const ends = new Map<string, () => void>()
  const reconcile: Reconcile = (key) => new Promise((resolve) => ends.set(key, () => resolve(done)))
  const { controller, clock } = start(t, reconcile, { keys: ['a'], concurrency: 2 })
  await setImmediate()
  clock.advance(30)
  controller.enqueue('b')
  await setImmediate()
  clock.advance(20)
  assert.equal(controller.oldestVisitMs(), 50)
  ends.get('a')?.()
  await setImmediate()
  assert.equal(controller.oldestVisitMs(), 20)
  ends.get('b')?.()
  await setImmediate()
  assert.equal(controller.oldestVisitMs(), 0)
})
