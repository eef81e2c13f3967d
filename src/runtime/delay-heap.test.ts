import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import fc from 'fast-check'
import { FakeClock } from '#test/make'
import { DelayHeap } from './delay-heap.ts'

let clock: FakeClock
let due: string[]
let heap: DelayHeap
beforeEach(() => {
  clock = new FakeClock()
  due = []
  heap = new DelayHeap(clock, (key) => due.push(key))
})

test('keys come in the order of their times, each at its own', () => {
  heap.add('c', 30)
  heap.add('a', 10)
  heap.add('b', 20)
  clock.advance(9)
  assert.deepEqual(due, [])
  clock.advance(1)
  assert.deepEqual(due, ['a'])
  clock.advance(20)
  assert.deepEqual(due, ['a', 'b', 'c'])
  assert.equal(heap.size, 0)
})

test('the earliest time of a key wins, and it comes once', () => {
  heap.add('a', 30)
  heap.add('a', 10)
  heap.add('a', 20)
  assert.equal(heap.size, 1)
  clock.advance(100)
  assert.deepEqual(due, ['a'])
})

test('a delay below zero is none', () => {
  heap.add('a', -5)
  clock.advance(0)
  assert.deepEqual(due, ['a'])
})

test('a removed key does not come, and can be added for later', () => {
  heap.add('a', 10)
  heap.add('b', 10)
  heap.remove('a')
  heap.add('a', 50)
  clock.advance(10)
  assert.deepEqual(due, ['b'])
  clock.advance(40)
  assert.deepEqual(due, ['b', 'a'])
})

test('after a clear nothing comes, no timer is left, and it works on', () => {
  heap.add('a', 10)
  heap.clear()
  assert.deepEqual([heap.size, clock.timers], [0, 0])
  heap.add('b', 20)
  clock.advance(20)
  assert.deepEqual(due, ['b'])
})

test('a key may add itself again while it comes', () => {
  const again = new DelayHeap(clock, (key) => {
    due.push(key)
    if (due.length < 3) again.add(key, 10)
  })
  again.add('a', 10)
  clock.advance(30)
  assert.deepEqual(due, ['a', 'a', 'a'])
  assert.deepEqual([again.size, clock.timers], [0, 0])
})

test('the wall clock does not matter', () => {
  heap.add('a', 10)
  clock.jump(1e9)
  clock.advance(9)
  assert.deepEqual(due, [])
})

test('10,000 keys need one timer, and come in order', () => {
  const delays = Array.from({ length: 10_000 }, (_, i) => (i * 7919) % 10_007)
  for (const [i, delay] of delays.entries()) {
    heap.add(String(i), delay)
    assert.equal(clock.timers, 1)
  }
  clock.advance(10_007)
  assert.equal(due.length, 10_000)
  const times = due.map((key) => delays[Number(key)] ?? 0)
  assert.deepEqual(
    times,
    times.toSorted((a, b) => a - b),
  )
  assert.equal(clock.timers, 0)
})

test('keys that are removed and added again and again come at their last time', () => {
  heap.add('early', 5)
  for (let round = 0; round < 1000; round++) {
    heap.remove('a')
    heap.add('a', 1000 + (round % 3))
  }
  assert.equal(heap.size, 2)
  clock.advance(999)
  assert.deepEqual(due, ['early'])
  clock.advance(10)
  assert.deepEqual(due, ['early', 'a'])
})

test('what is left when most keys are removed still comes in order', () => {
  const delays = Array.from({ length: 600 }, (_, i) => 1 + ((i * 7919) % 1009))
  for (const [i, delay] of delays.entries()) heap.add(String(i), delay)
  for (const i of delays.keys()) if (i % 3 > 0) heap.remove(String(i))
  heap.add('last', 2000)
  clock.advance(2000)
  const expected = [...delays.keys()].filter((i) => i % 3 === 0).sort((a, b) => (delays[a] ?? 0) - (delays[b] ?? 0))
  assert.deepEqual(due, [...expected.map(String), 'last'])
})

test('does what a plain map of times does', () => {
  type Step = { do: 'add'; key: string; ms: number } | { do: 'remove'; key: string } | { do: 'wait'; ms: number }
  const key = fc.constantFrom('a', 'b', 'c', 'd')
  const ms = fc.nat({ max: 20 })
  const step: fc.Arbitrary<Step> = fc.oneof(
    { weight: 5, arbitrary: fc.record({ do: fc.constant('add' as const), key, ms }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('remove' as const), key }) },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('wait' as const), ms }) },
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const time = new FakeClock()
      const came: string[] = []
      const real = new DelayHeap(time, (each) => came.push(each))
      const model = new Map<string, number>()
      for (const each of steps) {
        const now = time.monotonicMs()
        if (each.do === 'add') {
          real.add(each.key, each.ms)
          model.set(each.key, Math.min(model.get(each.key) ?? Number.POSITIVE_INFINITY, now + each.ms))
        } else if (each.do === 'remove') {
          real.remove(each.key)
          model.delete(each.key)
        } else {
          time.advance(each.ms)
          const expected = [...model].filter(([, at]) => at <= now + each.ms).map(([name]) => name)
          for (const name of expected) model.delete(name)
          assert.deepEqual(came.splice(0).sort(), expected.sort())
        }
        assert.equal(real.size, model.size)
        assert.ok(time.timers <= 1)
      }
    }),
  )
})
