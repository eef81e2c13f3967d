import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { day, fromRfc3339, hour, minute, toRfc3339 } from '#base'
import { type ValidityInput, validityOf } from './validity.ts'

const at = (text: string): number => fromRfc3339(text) ?? Number.NaN
/** A Sunday. */
const noon = at('2026-11-22T12:00:00Z')
const endOf = (input: Partial<ValidityInput>) => validityOf({ start: noon, wantedMs: day, ...input })

test('a certificate lives as long as was asked, in whole seconds', () => {
  const { notAfter, clamps, isSevere } = validityOf({ start: noon + 999, wantedMs: hour + 500 })
  assert.deepEqual([notAfter, clamps, isSevere], [noon + hour, [], false])
})

suite('public trust', () => {
  const cases: readonly [issued: string, days: number][] = [
    ['2026-03-14T23:59:59Z', 397],
    ['2026-03-15T00:00:00Z', 199],
    ['2027-03-14T23:59:59Z', 199],
    ['2027-03-15T00:00:00Z', 99],
    ['2029-03-14T23:59:59Z', 99],
    ['2029-03-15T00:00:00Z', 46],
    ['2040-01-01T00:00:00Z', 46],
  ]
  for (const [issued, days] of cases) {
    test(`gives ${days} days to what is issued at ${issued}`, () => {
      const start = at(issued)
      assert.equal(validityOf({ start, wantedMs: 3650 * day, publicTrust: true }).notAfter, start + days * day)
      assert.equal(validityOf({ start, wantedMs: days * day, publicTrust: true }).clamps.length, 0)
    })
  }

  test('says so', () => {
    assert.deepEqual(endOf({ wantedMs: 365 * day, publicTrust: true }).clamps, [
      'valid for 199 days instead of 365 days, because public trust permits no more since 2026-03-15',
    ])
  })
})

suite('the end of the authority', () => {
  test('cuts, in whole seconds, and says so', () => {
    const { notAfter, clamps } = endOf({ authorityNotAfter: noon + hour + 5 })
    assert.equal(notAfter, noon + hour)
    assert.deepEqual(clamps, [
      'valid for 1 hour instead of 1 day, because the authority itself ends at 2026-11-22T13:00:00Z',
    ])
  })

  test('is not mentioned when another limit is tighter', () => {
    const { clamps } = endOf({ wantedMs: 3650 * day, publicTrust: true, authorityNotAfter: noon + 300 * day })
    assert.equal(clamps.length, 1)
    assert.match(clamps[0] ?? '', /public trust/)
  })
})

suite('weekendExpiry MoveEarlier', () => {
  const cases: readonly [name: string, end: string, expected: string][] = [
    ['Friday stays', '2026-11-27T23:59:59Z', '2026-11-27T23:59:59Z'],
    ['Saturday is a weekend too, not only Sunday', '2026-11-28T00:00:00Z', '2026-11-27T00:00:00Z'],
    ['Saturday night', '2026-11-28T23:59:59Z', '2026-11-27T23:59:59Z'],
    ['Sunday', '2026-11-29T12:00:00Z', '2026-11-27T12:00:00Z'],
    ['Monday stays', '2026-11-30T00:00:00Z', '2026-11-30T00:00:00Z'],
  ]
  for (const [name, end, expected] of cases) {
    test(name, () => {
      const wantedMs = at(end) - noon
      assert.equal(toRfc3339(endOf({ wantedMs, weekendExpiry: 'MoveEarlier' }).notAfter), expected)
      assert.equal(endOf({ wantedMs, weekendExpiry: 'Keep' }).notAfter, at(end))
      assert.equal(endOf({ wantedMs }).notAfter, at(end))
    })
  }

  test('says so', () => {
    assert.deepEqual(endOf({ wantedMs: 7 * day, weekendExpiry: 'MoveEarlier' }).clamps, [
      'valid for 5 days instead of 7 days, because it would end on a Sunday',
    ])
  })

  test('moves what another limit has put on a weekend, and says both', () => {
    const { notAfter, clamps } = endOf({
      wantedMs: 90 * day,
      authorityNotAfter: at('2026-12-06T12:00:00Z'),
      weekendExpiry: 'MoveEarlier',
    })
    assert.equal(toRfc3339(notAfter), '2026-12-04T12:00:00Z')
    assert.equal(clamps.length, 2)
  })

  test('leaves a tenth of what was asked', () => {
    const ends = (hours: number): string => {
      const start = at('2026-11-27T12:00:00Z')
      return toRfc3339(validityOf({ start, wantedMs: hours * hour, weekendExpiry: 'MoveEarlier' }).notAfter)
    }
    assert.deepEqual([ends(26), ends(27)], ['2026-11-28T14:00:00Z', '2026-11-27T15:00:00Z'])
  })

  test('leaves a certificate alone that would hardly live, and says so', () => {
    const { notAfter, clamps, isSevere } = endOf({ wantedMs: hour, weekendExpiry: 'MoveEarlier' })
    assert.equal(notAfter, noon + hour)
    assert.deepEqual(
      [clamps, isSevere],
      [['ends on a Sunday, because too little of its validity would be left on the Friday before'], false],
    )
  })
})

test('less than a tenth of what was asked is severe', () => {
  const of = (authorityNotAfter: number) => endOf({ wantedMs: 10 * hour, authorityNotAfter }).isSevere
  assert.deepEqual([of(noon + hour), of(noon + hour - minute)], [false, true])
})

test('whatever is asked, a certificate never outlives any limit, ends on a whole second and says every cut', () => {
  const input = fc.record({
    start: fc.integer({ min: at('2025-01-01T00:00:00Z'), max: at('2031-01-01T00:00:00Z') }),
    wantedMs: fc.integer({ min: minute, max: 4000 * day }),
    life: fc.option(fc.integer({ min: minute, max: 4000 * day }), { nil: undefined }),
    publicTrust: fc.boolean(),
    weekendExpiry: fc.constantFrom('Keep' as const, 'MoveEarlier' as const, undefined),
  })
  fc.assert(
    fc.property(input, ({ life, ...given }) => {
      const authorityNotAfter = life === undefined ? undefined : given.start + life
      const { notAfter, clamps } = validityOf({ ...given, authorityNotAfter })
      const start = Math.floor(given.start / 1000) * 1000
      assert.equal(notAfter % 1000, 0)
      assert.ok(notAfter <= start + given.wantedMs && notAfter <= (authorityNotAfter ?? notAfter))
      assert.ok(!given.publicTrust || notAfter - start < 398 * day)
      assert.ok(clamps.length > 0 || notAfter === start + Math.floor(given.wantedMs / 1000) * 1000)
      const again = validityOf({ start, wantedMs: notAfter - start, publicTrust: given.publicTrust, authorityNotAfter })
      assert.equal(again.notAfter, notAfter)
    }),
  )
})
