import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { fromRfc3339, second, toRfc3339 } from '#base'
import { flawOf, momentInWindows, type RenewalWindow } from './renewal-window.ts'

const at = (text: string): number => fromRfc3339(text) ?? Number.NaN
const never = at('2200-01-01T00:00:00Z')

const windowOf = (schedule: string, length = '2h', timeZone?: string): RenewalWindow => ({
  schedule,
  length,
  ...(timeZone !== undefined && { timeZone }),
})

interface Moment {
  readonly due: string
  readonly deadline?: string
  readonly share?: number
  readonly now?: string
}

function momentOf(windows: readonly RenewalWindow[], { due, deadline, share = 0, now = due }: Moment): string {
  const time = { due: at(due), deadline: deadline === undefined ? never : at(deadline) }
  return toRfc3339(momentInWindows(windows, time, share, at(now)))
}

suite('a renewal that waits for a window', () => {
  // 2026-11-28 is a Saturday.
  const saturdays = windowOf('0 2 * * SAT')
  const nights = windowOf('0 22 * * *', '8h')
  const cases: readonly [name: string, windows: RenewalWindow[], moment: Moment, expected: string][] = [
    ['waits for the next one', [saturdays], { due: '2026-11-25T12:00:00Z' }, '2026-11-28T02:00:00Z'],
    ['waits for nothing while one is open', [saturdays], { due: '2026-11-28T03:59:59Z' }, '2026-11-28T03:59:59Z'],
    ['nor in its first second', [saturdays], { due: '2026-11-28T02:00:00Z' }, '2026-11-28T02:00:00Z'],
    ['comes too late when it closes', [saturdays], { due: '2026-11-28T04:00:00Z' }, '2026-12-05T02:00:00Z'],
    ['finds one that opened the day before', [nights], { due: '2026-11-28T05:00:00Z' }, '2026-11-28T05:00:00Z'],
    ['takes the first of several', [saturdays, nights], { due: '2026-11-25T12:00:00Z' }, '2026-11-25T22:00:00Z'],
    ['in any order', [nights, saturdays], { due: '2026-11-27T12:00:00Z' }, '2026-11-27T22:00:00Z'],
    [
      'has a moment of its own in it, early enough to be done when it closes',
      [saturdays],
      { due: '2026-11-25T12:00:00Z', share: 0.5 },
      '2026-11-28T02:54:00Z',
    ],
    [
      'has passed its moment while the window is open',
      [saturdays],
      { due: '2026-11-25T12:00:00Z', share: 0.5, now: '2026-11-28T03:59:00Z' },
      '2026-11-28T02:54:00Z',
    ],
    [
      'waits for the next one when it has missed one',
      [saturdays],
      { due: '2026-11-25T12:00:00Z', now: '2026-11-28T04:00:00Z' },
      '2026-12-05T02:00:00Z',
    ],
    [
      'waits until the deadline at the latest',
      [saturdays],
      { due: '2026-11-25T12:00:00Z', deadline: '2026-11-27T00:00:00Z' },
      '2026-11-27T00:00:00Z',
    ],
    [
      'waits no longer at the deadline',
      [saturdays],
      { due: '2026-11-25T12:00:00Z', deadline: '2026-11-27T00:00:00Z', now: '2026-12-01T00:00:00Z' },
      '2026-11-27T00:00:00Z',
    ],
    [
      'has its moment before a deadline that lies in the window',
      [saturdays],
      { due: '2026-11-25T12:00:00Z', deadline: '2026-11-28T03:00:00Z', share: 0.5 },
      '2026-11-28T02:27:00Z',
    ],
    [
      'waits until the deadline for what never opens',
      [windowOf('0 0 31 2 *'), windowOf('0 2 * * *', '1h', 'Mars/Olympus')],
      { due: '2026-11-25T12:00:00Z', deadline: '2026-11-27T00:00:00Z' },
      '2026-11-27T00:00:00Z',
    ],
    [
      'waits for those that open, whatever the others are',
      [windowOf('0 0 31 2 *'), saturdays],
      { due: '2026-11-25T12:00:00Z' },
      '2026-11-28T02:00:00Z',
    ],
    [
      'waits for nothing where windows overlap',
      [windowOf('0 * * * *', '90m')],
      { due: '2026-11-25T12:20:00Z' },
      '2026-11-25T12:20:00Z',
    ],
  ]
  for (const [name, windows, moment, expected] of cases) {
    test(name, () => assert.equal(momentOf(windows, moment), expected))
  }
})

suite('the clock of a window', () => {
  const cases: readonly [name: string, window: RenewalWindow, due: string, opens: string][] = [
    ['is UTC where nothing is said', windowOf('0 2 * * *'), '2026-11-25T12:00:00Z', '2026-11-26T02:00:00Z'],
    ['winter', windowOf('0 2 * * *', '1h', 'Europe/Berlin'), '2026-11-25T12:00:00Z', '2026-11-26T01:00:00Z'],
    ['summer', windowOf('0 2 * * *', '1h', 'Europe/Berlin'), '2027-07-01T12:00:00Z', '2027-07-02T00:00:00Z'],
    ['another day', windowOf('0 2 * * SUN', '1h', 'Asia/Tokyo'), '2026-11-25T12:00:00Z', '2026-11-28T17:00:00Z'],
    // Europe: 2027-03-28, from 02:00 to 03:00; 2027-10-31, from 03:00 back to 02:00.
    [
      'opens at the end of an hour that is skipped',
      windowOf('30 2 * * *', '1h', 'Europe/Berlin'),
      '2027-03-27T12:00:00Z',
      '2027-03-28T01:00:00Z',
    ],
    [
      'so does one of several times of that hour',
      windowOf('15,45 2 * * *', '1m', 'Europe/Berlin'),
      '2027-03-27T12:00:00Z',
      '2027-03-28T01:00:00Z',
    ],
    [
      'opens in the first of two equal hours',
      windowOf('30 2 * * *', '1h', 'Europe/Berlin'),
      '2027-10-30T12:00:00Z',
      '2027-10-31T00:30:00Z',
    ],
    [
      'and not again in the second',
      windowOf('30 2 * * *', '1h', 'Europe/Berlin'),
      '2027-10-31T01:30:00Z',
      '2027-11-01T01:30:00Z',
    ],
    [
      'is open for as long as it says when clocks go forward',
      windowOf('0 1 * * *', '3h', 'Europe/Berlin'),
      '2027-03-28T02:59:59Z',
      '2027-03-28T02:59:59Z',
    ],
    [
      'half an hour is skipped, too',
      windowOf('15 2 * * *', '1h', 'Australia/Lord_Howe'),
      '2027-10-02T12:00:00Z',
      '2027-10-02T15:30:00Z',
    ],
    ['a leap day', windowOf('0 0 29 2 *'), '2026-11-25T12:00:00Z', '2028-02-29T00:00:00Z'],
    ['2100 has none', windowOf('0 0 29 2 *'), '2096-03-01T00:00:00Z', '2104-02-29T00:00:00Z'],
    ['2038', windowOf('14 3 * * TUE'), '2038-01-18T00:00:00Z', '2038-01-19T03:14:00Z'],
    ['after 2038', windowOf('0 0 * * *'), '2038-01-19T03:14:08Z', '2038-01-20T00:00:00Z'],
    ['2049 to 2050', windowOf('0 0 1 1 *', '1h', 'Europe/Berlin'), '2049-12-31T00:00:00Z', '2049-12-31T23:00:00Z'],
    ['after 2050', windowOf('30 23 L * *'), '2050-01-02T00:00:00Z', '2050-01-31T23:30:00Z'],
    ['of a day or another', windowOf('0 0 31 2 MON'), '2027-02-02T00:00:00Z', '2027-02-08T00:00:00Z'],
  ]
  for (const [name, window, due, opens] of cases) {
    const deadline = '2110-01-01T00:00:00Z'
    test(`${name}: ${window.schedule}`, () => assert.equal(momentOf([window], { due, deadline }), opens))
  }
})

test('the table of docs/renewal.md', () => {
  const [due, deadline] = ['2027-01-29T00:00:00Z', '2027-02-14T12:00:00Z']
  const table: readonly [window: RenewalWindow, now: string, from: string, to: string][] = [
    [windowOf('0 2 * * SAT', '4h'), due, '2027-01-30T02:00:00Z', '2027-01-30T05:36:00Z'],
    [windowOf('0 2 * * SAT', '4h'), '2027-01-31T00:00:00Z', '2027-02-06T02:00:00Z', '2027-02-06T05:36:00Z'],
    [windowOf('0 22 * * *', '6h', 'Europe/Berlin'), due, due, due],
    [windowOf('0 2 1 * *', '4h', 'America/New_York'), due, '2027-02-01T07:00:00Z', '2027-02-01T10:36:00Z'],
    [windowOf('0 2 15 * *', '4h'), due, deadline, deadline],
    [windowOf('0 0 31 2 *', '4h'), due, deadline, deadline],
  ]
  for (const [window, now, from, to] of table) {
    assert.equal(momentOf([window], { due, deadline, now }), from)
    assert.equal(momentOf([window], { due, deadline, now, share: 1 }), to)
  }
})

suite('a window that never opens says why', () => {
  const cases: readonly [schedule: string, timeZone: string | undefined, flaw: RegExp | undefined][] = [
    ['0 2 * * SAT', undefined, undefined],
    ['*/5 0-6 1,15 JAN-MAR MON#1', 'america/new_york', undefined],
    ['0 0 29 2 *', 'UTC', undefined],
    ['0 0 31 2 *', undefined, /^schedule: "0 0 31 2 \*" names a day that never comes$/],
    ['0 0 31 2,4,6,9,11 *', undefined, /names a day that never comes$/],
    ['61 2 * * *', undefined, /^schedule: "61 2 \* \* \*" is no cron schedule of five fields: .*minute: 61/],
    ['0 2 * * FOO', undefined, /^schedule: "0 2 \* \* FOO" is no cron schedule of five fields: /],
    ['0 0 5-1 * *', undefined, /is no cron schedule of five fields: /],
    ['0 0 * * */0', undefined, /is no cron schedule of five fields: /],
    ['0 2 * *', undefined, /is no cron schedule of five fields: /],
    ['0 0 2 * * *', undefined, /is no cron schedule of five fields: /],
    ['0 2 * * SAT', 'Mars/Olympus', /^timeZone: Mars\/Olympus is no time zone that is known here, such as /],
    ['61 2 * * *', 'Europe/Atlantis', /^timeZone: Europe\/Atlantis /],
  ]
  for (const [schedule, timeZone, flaw] of cases) {
    test(`${schedule} ${timeZone ?? ''}`, () => {
      const found = flawOf(windowOf(schedule, '1h', timeZone))
      if (flaw) assert.match(found ?? '', flaw)
      else assert.equal(found, undefined)
    })
  }
})

test('renewals are spread over a window', () => {
  const moments = Array.from({ length: 1000 }, (_, i) =>
    momentOf([windowOf('0 2 * * *')], { due: '2026-11-25T12:00:00Z', share: i / 1000 }),
  )
  assert.ok(new Set(moments).size > 990)
  assert.equal(moments[0], '2026-11-26T02:00:00Z')
  assert.equal(moments.at(-1), '2026-11-26T03:47:53Z')
})

const field = (min: number, max: number): fc.Arbitrary<string> =>
  fc.oneof(fc.constant('*'), fc.integer({ min, max }).map(String))
const anyWindow = fc
  .record({
    schedule: fc
      .tuple(field(0, 59), field(0, 23), field(1, 31), field(1, 12), field(0, 7))
      .map((each) => each.join(' ')),
    length: fc.constantFrom('1m', '30m', '2h', '36h', '800h'),
    timeZone: fc.constantFrom(undefined, 'UTC', 'Europe/Berlin', 'America/New_York', 'Pacific/Apia', 'Nowhere/None'),
  })
  .map(({ schedule, length, timeZone }) => windowOf(schedule, length, timeZone))

test('whatever the windows are, the moment is in one of them or the deadline, and is reached', () => {
  const input = fc.record({
    windows: fc.array(anyWindow, { minLength: 1, maxLength: 3 }),
    due: fc.integer({ min: at('2026-01-01T00:00:00Z') / second, max: at('2051-01-01T00:00:00Z') / second }),
    waits: fc.integer({ min: 1, max: 40 * 24 * 3600 }),
    later: fc.integer({ min: -10 * 24 * 3600, max: 41 * 24 * 3600 }),
    share: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
  })
  fc.assert(
    fc.property(input, ({ windows, share, ...given }) => {
      const due = given.due * second
      const time = { due, deadline: due + given.waits * second }
      const now = due + given.later * second
      const moment = momentInWindows(windows, time, share, now)
      assert.equal(moment % second, 0)
      assert.ok(due <= moment && moment <= time.deadline)
      if (moment < time.deadline)
        assert.equal(momentInWindows(windows, { ...time, due: moment }, share, moment), moment)
      // At its moment it has not moved on, so that it happens.
      if (moment >= now) assert.equal(momentInWindows(windows, time, share, moment), moment)
    }),
    { numRuns: 300 },
  )
})
