import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { day, hour, minute, second } from '#base'
import { backdateMs, type RenewalInput, renewalTime } from './renewal.ts'

const issuedAt = Date.parse('2026-11-22T12:00:00Z')

/** Where in its life a certificate is renewed, without and with the most jitter. */
function window(lifetime: number, input: Partial<RenewalInput> = {}): { latest: number; times: number[] } {
  const notAfter = issuedAt + lifetime
  const at = (jitterSeed: string): number =>
    renewalTime({ notBefore: issuedAt - backdateMs, notAfter, jitterSeed, ...input }).due - issuedAt
  const times = Array.from({ length: 200 }, (_, index) => at(`certificate ${index}`))
  return { latest: Math.max(...times), times }
}

test('renewal by lifetime', () => {
  const table: [string, number, Partial<RenewalInput>, number, number][] = [
    ['a third of 90 days', 90 * day, {}, 60 * day, 3 * day],
    ['half of 10 days', 10 * day, {}, 5 * day, 0.5 * day],
    ['half of an hour', hour, {}, 30 * minute, 3 * minute],
    ['half of 6 days', 6 * day, {}, 3 * day, 7 * hour + 12 * minute],
    ['a third of 47 days', 47 * day, {}, 31 * day + 8 * hour, 37 * hour + 36 * minute],
    ['before', 90 * day, { before: 20 * day }, 70 * day, 2 * day],
    ['percent', 100 * day, { beforePercent: 40 }, 60 * day, 4 * day],
    ['before no shorter than the lifetime', 6 * day, { before: 30 * day }, 3 * day, 0.3 * day],
    ['before of nearly all', 10 * day, { before: 10 * day - second }, 1 * day, 0.5 * day],
    ['99 percent', 100 * day, { beforePercent: 99 }, 10 * day, 5 * day],
  ]
  for (const [name, lifetime, input, due, jitter] of table) {
    const { latest, times } = window(lifetime, input)
    const earliest = Math.min(...times)
    assert.ok(latest <= due && latest > due - jitter / 10, `${name}: at the latest after ${latest}`)
    assert.ok(earliest >= due - jitter && earliest < due - jitter * 0.9, `${name}: at the earliest after ${earliest}`)
  }
})

test('the jitter of a certificate never changes', () => {
  const input = { notBefore: issuedAt, notAfter: issuedAt + 90 * day, jitterSeed: 'one' }
  assert.deepEqual(renewalTime(input), renewalTime({ ...input }))
  assert.notEqual(renewalTime(input).due, renewalTime({ ...input, jitterSeed: 'another' }).due)
})

test('the deadline is where half of `before` is left, whatever the jitter', () => {
  const table: [string, number, Partial<RenewalInput>, number][] = [
    ['a third of 90 days', 90 * day, {}, 75 * day],
    ['half of an hour', hour, {}, 45 * minute],
    ['before', 90 * day, { before: 20 * day }, 80 * day],
    ['percent', 100 * day, { beforePercent: 40 }, 80 * day],
    ['before no shorter than the lifetime', 6 * day, { before: 30 * day }, 4.5 * day],
    ['99 percent', 100 * day, { beforePercent: 99 }, 55 * day],
  ]
  for (const [name, lifetime, input, expected] of table) {
    for (const jitterSeed of ['one', 'another']) {
      const notAfter = issuedAt + lifetime
      const { deadline } = renewalTime({ notBefore: issuedAt - backdateMs, notAfter, jitterSeed, ...input })
      assert.equal(deadline - issuedAt, expected, name)
    }
  }
})

test('renewal is after issue, before the end, on a whole second, and never later than without jitter', () => {
  const length = fc.integer({ min: 60, max: 20 * 365 * 86_400 }).map((seconds) => seconds * second)
  fc.assert(
    fc.property(
      length,
      fc.option(length, { nil: undefined }),
      fc.option(fc.integer({ min: 1, max: 99 }), { nil: undefined }),
      fc.string(),
      (lifetime, before, beforePercent, jitterSeed) => {
        const notAfter = issuedAt + lifetime
        const input = { notBefore: issuedAt - backdateMs, notAfter, before, beforePercent, jitterSeed }
        const { due, deadline } = renewalTime(input)
        assert.equal(due % second, 0)
        assert.ok(due <= deadline && deadline < notAfter)
        assert.ok(due >= issuedAt + Math.floor((lifetime * 0.05) / second) * second - second)
        if (before !== undefined && before < lifetime * 0.9) assert.ok(due <= notAfter - before)
      },
    ),
  )
})
