import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { day, durationInWords, hour, minute, parseDuration, second } from './duration.ts'

const read: readonly [string, number][] = [
  ['2160h', 90 * day],
  ['1h30m', hour + 30 * minute],
  ['1h2m3s4ms', hour + 2 * minute + 3 * second + 4],
  ['500ms', 500],
  ['0s', 0],
  ['30m1h', hour + 30 * minute],
  ['007s', 7 * second],
]

suite('reads', () => {
  for (const [text, ms] of read) test(text, () => assert.equal(parseDuration(text), ms))
})

suite('refuses', () => {
  for (const text of ['', '1', '1d', '1.5h', '-1h', '1h 30m', ' 1h', '1h\n', '1H', '12345678h', 'h', '1h1h1h1h1h']) {
    test(JSON.stringify(text), () => {
      assert.throws(() => parseDuration(text), {
        name: 'RangeError',
        message: `"${text}" is not a duration such as 2160h, 30m or 1h30m`,
      })
    })
  }

  test('a long text, of which it repeats only the start', () => {
    assert.throws(
      () => parseDuration('x'.repeat(1000)),
      ({ message }: Error) => message.length < 100,
    )
  })
})

const said: readonly [number, string][] = [
  [90 * day, '90 days'],
  [day, '1 day'],
  [8 * hour, '8 hours'],
  [hour + 30 * minute, '1 hour 30 minutes'],
  [36 * hour, '1 day 12 hours'],
  [89 * day + 23 * hour + 55 * minute, '89 days 23 hours 55 minutes'],
  [minute + second, '1 minute 1 second'],
  [50, '50 milliseconds'],
  [1.6, '2 milliseconds'],
  [0, 'no time'],
  [-5, 'no time'],
]

suite('says', () => {
  for (const [ms, text] of said) test(`${ms} ms as ${text}`, () => assert.equal(durationInWords(ms), text))
})

test('says no two lengths alike', () => {
  const lengthOf = (text: string): number =>
    [...text.matchAll(/([0-9]+) (day|hour|minute|second|millisecond)s?/g)]
      .map(([, count, unit = '']) => Number(count) * ({ day, hour, minute, second }[unit] ?? 1))
      .reduce((sum, ms) => sum + ms, 0)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9_999_999 * hour }), (ms) => {
      assert.equal(lengthOf(durationInWords(ms)), ms)
    }),
  )
})
