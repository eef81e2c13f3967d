import assert from 'node:assert/strict'
import { beforeEach, suite, test } from 'node:test'
import { second } from '#base'
import { FakeClock } from '#test/make'
import { OwnWrites } from './own-writes.ts'

let clock: FakeClock
let writes: OwnWrites
beforeEach(() => {
  clock = new FakeClock()
  writes = new OwnWrites(clock)
  writes.note('a', '99')
})

suite('the cache is behind our own last write', () => {
  const cases: readonly [cached: string | undefined, isBehind: boolean][] = [
    [undefined, true],
    ['9', true],
    ['98', true],
    ['99', false],
    ['100', false],
  ]
  for (const [cached, isBehind] of cases) {
    test(`at ${cached}: ${isBehind}`, () => assert.equal(writes.isBehind('a', cached), isBehind))
  }

  test('not where we have written nothing', () => {
    assert.equal(writes.isBehind('b', undefined), false)
    writes.note('b', undefined)
    assert.equal(writes.isBehind('b', undefined), false)
  })

  test('only for so long: what has not come then has gone in the meantime', () => {
    clock.advance(10 * second)
    assert.equal(writes.isBehind('a', '98'), true)
    clock.advance(1)
    assert.equal(writes.isBehind('a', '98'), false)
  })

  test('at any version, once we have written its end', () => {
    const metadata = { name: 'a', resourceVersion: '99', deletionTimestamp: '2026-11-22T12:00:00Z' }
    writes.noteFinalizers('a', { ...metadata, finalizers: ['example.com/other'] })
    assert.equal(writes.isBehind('a', '99'), false)
    writes.noteFinalizers('a', metadata)
    for (const cached of ['98', '99', undefined]) assert.equal(writes.isBehind('a', cached), true)
    // The end itself, and whatever is made in its place.
    assert.equal(writes.isNews('a', '100'), true)
    assert.equal(writes.isBehind('a', '101'), false)
  })

  test('the last write counts', () => {
    writes.note('a', '105')
    assert.equal(writes.isBehind('a', '99'), true)
  })
})

suite('what is seen is news', () => {
  const cases: readonly [observed: string | undefined, isNews: boolean][] = [
    [undefined, true],
    ['98', false],
    ['99', false],
    ['100', true],
    ['1000', true],
  ]
  for (const [observed, isNews] of cases) {
    test(`version ${observed}: ${isNews}`, () => assert.equal(writes.isNews('a', observed), isNews))
  }

  test('where we have written nothing', () => assert.equal(writes.isNews('b', '1'), true))

  test('also our own echo, when somebody has waited for it', () => {
    assert.equal(writes.isBehind('a', '98'), true)
    assert.equal(writes.isNews('a', '98'), false)
    assert.equal(writes.isNews('a', '99'), true)
  })

  test('our own echo is passed over once; from then on the object is as any other', () => {
    assert.equal(writes.isNews('a', '99'), false)
    assert.equal(writes.isNews('a', '99'), true)
    assert.equal(writes.isBehind('a', '98'), false)
  })

  test('also an older version, once our own cannot come any more: after a restore versions begin lower', () => {
    clock.advance(10 * second)
    assert.equal(writes.isNews('a', '7'), false)
    clock.advance(1)
    assert.equal(writes.isNews('a', '7'), true)
  })

  test('a new write is waited for anew', () => {
    writes.isBehind('a', '98')
    writes.note('a', '105')
    assert.equal(writes.isNews('a', '105'), false)
  })
})

test('what is forgotten is as never written', () => {
  writes.forget('a')
  assert.equal(writes.isBehind('a', undefined), false)
  assert.equal(writes.isNews('a', '99'), true)
})
