import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LineSplitter } from './lines.ts'

const split = (chunks: readonly Buffer[], maxBytes = 1024): string[] => {
  const splitter = new LineSplitter(maxBytes)
  return chunks.flatMap((chunk) => [...splitter.push(chunk)])
}

test('lines come out whole, wherever the chunks are cut', () => {
  const line = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }).filter((text) => !text.includes('\n'))
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat(200)), (lines, cuts) => {
      const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''))
      const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b)
      const chunks = places.slice(1).map((end, index) => bytes.subarray(places[index], end))
      assert.deepEqual(split(chunks), lines)
    }),
  )
})

test('a line without its end is held back, empty lines are left out', () => {
  assert.deepEqual(split([Buffer.from('\n\none\ntwo')]), ['one'])
})

test('a line longer than the limit is refused, however it is cut', () => {
  assert.deepEqual(split([Buffer.from('12345678\n')], 8), ['12345678'])
  assert.throws(() => split([Buffer.from('123456789\n')], 8), RangeError)
  assert.throws(() => split([Buffer.from('12345'), Buffer.from('6789')], 8), RangeError)
})
