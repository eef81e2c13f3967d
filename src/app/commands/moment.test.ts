import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { day, hour, minute } from '#base'
import { intervalOf, momentOf } from './moment.ts'

suite('durations', () => {
  const read: readonly [string, number][] = [
    ['30d', 30 * day],
    ['0d', 0],
    ['1d12h', 36 * hour],
    ['2160h', 90 * day],
    ['1h30m', 90 * minute],
    ['0s', 0],
  ]
  for (const [text, ms] of read) test(text, () => assert.equal(intervalOf(text), ms))

  for (const text of ['', 'd', '1', '1.5d', '-1d', '12h1d', '1d2d', '1d\n', '123456d', '2027-01-31T00:00:00Z']) {
    test(`not ${JSON.stringify(text)}`, () => {
      assert.throws(() => intervalOf(text), { message: 'Give a duration such as 30d, 720h or 90m.' })
    })
  }
})

suite('times', () => {
  test('as they are', () => assert.equal(momentOf('2027-01-31T00:00:00Z'), Date.UTC(2027, 0, 31)))

  test('from now', () => {
    const before = Date.now()
    const at = momentOf('30d') - 30 * day
    assert.ok(at >= before && at <= Date.now())
  })

  for (const text of ['soon', '2027', '2027-01-31']) {
    test(`not ${text}`, () => assert.throws(() => momentOf(text), { message: /^Give a time such as .* 30d or 720h/ }))
  }
})
