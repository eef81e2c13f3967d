import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedMap } from './bounded-map.ts'
import { TokenBuckets } from './token-buckets.ts'

test('the entry used least recently is forgotten', () => {
  const map = new BoundedMap<number>(2)
  map.set('a', 1)
  map.set('b', 2)
  map.get('a')
  map.set('c', 3)
  assert.deepEqual([map.get('a'), map.get('b'), map.get('c')], [1, undefined, 3])
})

test('a bucket gives its burst at once and one token for each refill', () => {
  const buckets = new TokenBuckets({ burst: 2, refillMs: 1000, max: 10 })
  const taken = (key: string, ...times: number[]) => times.map((at) => buckets.take(key, at))
  assert.deepEqual(taken('a', 0, 0, 0, 999, 1000, 1001), [true, true, false, false, true, false])
  assert.deepEqual(taken('b', 1001), [true])
  assert.deepEqual(taken('a', 100_000, 100_000, 100_000), [true, true, false])
})
