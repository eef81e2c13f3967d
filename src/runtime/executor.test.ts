import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { Executor } from './executor.ts'

/** A piece of work that ends when it is told to. */
function work() {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const piece = { started: false, end: () => resolve('done'), fail: (error: Error) => reject(error) }
  return Object.assign(piece, {
    run: () => {
      piece.started = true
      return promise
    },
  })
}

const never = new AbortController().signal
let executor: Executor
beforeEach(() => {
  executor = new Executor({ perTarget: 2, waitingMax: 3 })
})

const started = (pieces: readonly { started: boolean }[]): boolean[] => pieces.map((piece) => piece.started)

test('so many run at a time, the others in the order in which they came', async () => {
  const pieces = [work(), work(), work(), work()]
  const [a, b, c, d] = pieces as [ReturnType<typeof work>, ...ReturnType<typeof work>[]]
  const all = pieces.map((piece) => executor.run('ca', never, piece.run))
  await setImmediate()
  assert.deepEqual(started(pieces), [true, true, false, false])
  b?.end()
  assert.equal(await all[1], 'done')
  await setImmediate()
  assert.deepEqual(started(pieces), [true, true, true, false])
  a.end()
  c?.end()
  await setImmediate()
  assert.deepEqual(started(pieces), [true, true, true, true])
  d?.end()
  assert.deepEqual(await Promise.all(all), Array(4).fill('done'))
})

test('a newcomer does not overtake those who wait', async () => {
  const [first, second, waiting, late] = [work(), work(), work(), work()]
  const running = [first, second, waiting].map((piece) => executor.run('ca', never, piece.run))
  first.end()
  await running[0]
  const newcomer = executor.run('ca', never, late.run)
  await setImmediate()
  assert.deepEqual(started([waiting, late]), [true, false])
  for (const piece of [second, waiting, late]) piece.end()
  await Promise.all([...running, newcomer])
})

test('a target does not hold up another', async () => {
  const [slow, slower, other] = [work(), work(), work()]
  const busy = [executor.run('a', never, slow.run), executor.run('a', never, slower.run)]
  const free = executor.run('b', never, other.run)
  other.end()
  assert.equal(await free, 'done')
  for (const piece of [slow, slower]) piece.end()
  await Promise.all(busy)
})

test('when too many wait, more are refused for now', async () => {
  const pieces = Array.from({ length: 5 }, work)
  const all = pieces.map((piece) => executor.run('ca', never, piece.run))
  await assert.rejects(
    executor.run('ca', never, work().run),
    ({ kind, reason, message }: { kind: string; reason: string; message: string }) =>
      kind === 'Waiting' && reason === 'TargetBusy' && message === 'ca: 3 wait already',
  )
  for (const piece of pieces) piece.end()
  await Promise.all(all)
  assert.equal(await executor.run('ca', never, async () => 'again'), 'again')
})

test('who is aborted while waiting gives up the place, and never runs', async () => {
  const [first, second, aborted, next] = [work(), work(), work(), work()]
  const controller = new AbortController()
  const running = [first, second].map((piece) => executor.run('ca', never, piece.run))
  const gone = executor.run('ca', controller.signal, aborted.run)
  const waiting = executor.run('ca', never, next.run)
  const reason = new Error('another process owns the keys now')
  controller.abort(reason)
  await assert.rejects(gone, reason)
  first.end()
  await setImmediate()
  assert.deepEqual(started([aborted, next]), [false, true])
  for (const piece of [second, next]) piece.end()
  await Promise.all([...running, waiting])
})

test('who is aborted beforehand does not run and takes no place', async () => {
  const reason = new Error('stopping')
  for (let i = 0; i < 5; i++) {
    await assert.rejects(
      executor.run('ca', AbortSignal.abort(reason), async () => 'ran'),
      reason,
    )
  }
  assert.equal(await executor.run('ca', never, async () => 'free'), 'free')
})

test('an abort after the start is for the work itself', async () => {
  const controller = new AbortController()
  const piece = work()
  const running = executor.run('ca', controller.signal, piece.run)
  await setImmediate()
  controller.abort()
  piece.end()
  assert.equal(await running, 'done')
})

test('work that fails gives its place back', async () => {
  const error = new Error('no')
  for (let i = 0; i < 5; i++) {
    const piece = work()
    const running = executor.run('ca', never, piece.run)
    piece.fail(error)
    await assert.rejects(running, error)
  }
  const thrower = (): Promise<never> => {
    throw error
  }
  for (let i = 0; i < 5; i++) await assert.rejects(executor.run('ca', never, thrower), error)
  assert.equal(await executor.run('ca', never, async () => 'free'), 'free')
})
