import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { type Backoff, backoffMs } from './backoff.ts'
import { hour, minute, second } from './duration.ts'

const outside: Backoff = { firstMs: 5 * second, maxMs: 8 * hour }

suite('the wait after so many failures', () => {
  const cases: readonly [failures: number, backoff: Backoff, random: number, ms: number][] = [
    [1, outside, 0, 5 * second],
    [2, outside, 0, 10 * second],
    [5, outside, 0, 80 * second],
    [5, outside, 0.5, minute],
    [100, outside, 0, 8 * hour],
    [1_000_000, outside, 1, 4 * hour],
    [0, outside, 0, 5 * second],
    [1, { firstMs: 5, maxMs: 100 }, 0.3, 4],
    [1, { firstMs: 200, maxMs: 100 }, 0, 100],
  ]
  for (const [failures, backoff, random, ms] of cases) {
    test(`${failures} of ${backoff.firstMs} to ${backoff.maxMs} ms, ${random}: ${ms} ms`, () => {
      assert.equal(backoffMs(backoff, failures, random), ms)
    })
  }
})

test('is never longer than the cap, never shorter than half of the first, and grows', () => {
  fc.assert(
    fc.property(fc.nat({ max: 200 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const ms = backoffMs(outside, failures, random)
      assert.ok(2.5 * second <= ms && ms <= 8 * hour)
      assert.ok(backoffMs(outside, failures + 1, random) >= ms)
    }),
  )
})
