import assert from 'node:assert/strict'
import { beforeEach, suite, test } from 'node:test'
import { FakeClock } from '#test/make'
import { KeyQueue } from './key-queue.ts'

let clock: FakeClock
let queue: KeyQueue
beforeEach(() => {
  clock = new FakeClock()
  queue = new KeyQueue(clock)
})

/** What a taker has got by now: a key, 'end', or 'nothing yet'. */
const got = (taken: Promise<string | undefined>): Promise<string> =>
  Promise.race([taken.then((key) => key ?? 'end'), new Promise<string>((r) => setImmediate(r, 'nothing yet'))])

const counts = () => ({ depth: queue.depth, working: queue.working, delayed: queue.delayed })

test('keys are handed out in the order in which they came', async () => {
  for (const key of ['b', 'a', 'c']) queue.add(key)
  assert.deepEqual([await queue.take(), await queue.take(), await queue.take()], ['b', 'a', 'c'])
})

test('a key waits at most once', async () => {
  queue.add('a')
  queue.add('a')
  assert.deepEqual(counts(), { depth: 1, working: 0, delayed: 0 })
  await queue.take()
  assert.equal(await got(queue.take()), 'nothing yet')
})

test('a key that is worked on is not handed out a second time before it is done', async () => {
  queue.add('a')
  await queue.take()
  queue.add('a')
  queue.add('a')
  queue.add('b')
  assert.deepEqual(counts(), { depth: 2, working: 1, delayed: 0 })
  assert.equal(await queue.take(), 'b')
  const next = queue.take()
  assert.equal(await got(next), 'nothing yet')
  queue.done('a')
  assert.equal(await got(next), 'a')
})

test('done without news is the end of it', async () => {
  queue.add('a')
  await queue.take()
  queue.done('a')
  assert.deepEqual(counts(), { depth: 0, working: 0, delayed: 0 })
  assert.equal(await got(queue.take()), 'nothing yet')
})

test('takers who wait are served in their order', async () => {
  const takers = [queue.take(), queue.take()]
  queue.add('a')
  queue.add('b')
  assert.deepEqual(await Promise.all(takers), ['a', 'b'])
  assert.deepEqual(counts(), { depth: 0, working: 2, delayed: 0 })
})

suite('later', () => {
  test('a key comes when its delay is over', async () => {
    queue.addAfter('a', 10)
    assert.deepEqual(counts(), { depth: 0, working: 0, delayed: 1 })
    clock.advance(9)
    assert.equal(queue.depth, 0)
    clock.advance(1)
    assert.equal(await queue.take(), 'a')
  })

  test('the earliest of several delays counts', () => {
    queue.addAfter('a', 20)
    queue.addAfter('a', 10)
    clock.advance(10)
    assert.deepEqual(counts(), { depth: 1, working: 0, delayed: 0 })
  })

  test('no delay is at once', () => {
    queue.addAfter('a', 0)
    queue.addAfter('b', -1)
    assert.deepEqual(counts(), { depth: 2, working: 0, delayed: 0 })
  })

  test('it can be cancelled', () => {
    queue.addAfter('a', 10)
    queue.cancelDelayed('a')
    clock.advance(10)
    assert.deepEqual(counts(), { depth: 0, working: 0, delayed: 0 })
  })
})

test('clear forgets what waits and leaves alone what is worked on', async () => {
  queue.add('a')
  await queue.take()
  for (const key of ['a', 'b']) queue.add(key)
  queue.addAfter('c', 10)
  queue.clear()
  assert.deepEqual(counts(), { depth: 0, working: 1, delayed: 0 })
  assert.equal(clock.timers, 0)
  const next = queue.take()
  queue.done('a')
  assert.equal(await got(next), 'nothing yet')
  queue.add('b')
  assert.equal(await next, 'b')
})

test('close ends takers, and nothing comes any more', async () => {
  const waiting = queue.take()
  queue.close()
  assert.equal(await waiting, undefined)
  queue.add('a')
  queue.addAfter('b', 10)
  queue.addAfter('c', 0)
  assert.deepEqual(counts(), { depth: 0, working: 0, delayed: 0 })
  assert.equal(await queue.take(), undefined)
})

test('close drops what waits', async () => {
  queue.add('a')
  queue.close()
  assert.equal(await queue.take(), undefined)
})

test('many keys come through in order', async () => {
  const keys = Array.from({ length: 5000 }, (_, i) => String(i))
  const taken: (string | undefined)[] = []
  for (const [i, key] of keys.entries()) {
    queue.add(key)
    if (i % 2 === 1) taken.push(await queue.take())
  }
  while (queue.depth > 0) taken.push(await queue.take())
  assert.deepEqual(taken, keys)
})

test('it is told how long each key has waited: from when it was added, or its delay was over', async () => {
  const waited: number[] = []
  queue = new KeyQueue(clock, (ms) => waited.push(ms))
  queue.add('a')
  clock.advance(10)
  queue.add('a')
  queue.addAfter('b', 5)
  clock.advance(25)
  await queue.take()
  await queue.take()
  assert.deepEqual(waited, [35, 20])
  queue.add('a')
  clock.advance(7)
  const next = queue.take()
  queue.done('a')
  await next
  assert.deepEqual(waited, [35, 20, 7])
  const taken = queue.take()
  queue.add('c')
  await taken
  assert.deepEqual(waited, [35, 20, 7, 0])
})
