import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { day, formatDuration, hour, minute, parseDuration, second } from './duration.ts'

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

const written: readonly [number, string][] = [
  [90 * day, '2160h'],
  [hour + 30 * minute, '1h30m'],
  [hour + 4, '1h4ms'],
  [59 * second, '59s'],
  [0, '0s'],
  [-5, '0s'],
  [0.4, '0s'],
  [1.6, '2ms'],
]

suite('writes', () => {
  for (const [ms, text] of written) test(`${ms} ms as ${text}`, () => assert.equal(formatDuration(ms), text))
})

test('reads back what it writes', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 9_999_999 * hour }), (ms) => {
      assert.equal(parseDuration(formatDuration(ms)), ms)
    }),
  )
})
