import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { hour, minute, second } from '#base'
import { apiBackoff, type Backoff, backoffMs, outsideBackoff } from './backoff.ts'

suite('the wait after so many failures', () => {
  const cases: readonly [failures: number, backoff: Backoff, random: number, ms: number][] = [
    [1, outsideBackoff, 0, 5 * second],
    [2, outsideBackoff, 0, 10 * second],
    [5, outsideBackoff, 0, 80 * second],
    [5, outsideBackoff, 0.5, minute],
    [100, outsideBackoff, 0, 8 * hour],
    [1_000_000, outsideBackoff, 1, 4 * hour],
    [0, outsideBackoff, 0, 5 * second],
    [1, apiBackoff, 0, 250],
    [3, apiBackoff, 0, second],
    [50, apiBackoff, 0, minute],
    [1, { firstMs: 5, maxMs: 100 }, 0.3, 4],
  ]
  for (const [failures, backoff, random, ms] of cases) {
    test(`${failures} of ${backoff.firstMs} to ${backoff.maxMs} ms, ${random}: ${ms} ms`, () => {
      assert.equal(backoffMs(failures, backoff, random), ms)
    })
  }
})

test('is never longer than the cap, never shorter than half of the first, and grows', () => {
  fc.assert(
    fc.property(fc.nat({ max: 200 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const ms = backoffMs(failures, outsideBackoff, random)
      assert.ok(2.5 * second <= ms && ms <= 8 * hour)
      assert.ok(backoffMs(failures + 1, outsideBackoff, random) >= ms)
    }),
  )
})
