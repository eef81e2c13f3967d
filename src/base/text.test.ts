import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { listInWords, plainText } from './text.ts'

suite('plain text', () => {
  const rows: readonly [string, string, number, string][] = [
    ['short text is kept', 'nothing wrong', 256, 'nothing wrong'],
    ['line breaks become one space', 'one\r\n\ttwo', 256, 'one two'],
    ['an escape sequence loses its escape', '\u001b[31mred', 256, '[31mred'],
    ['a change of direction goes', 'a\u202etxt.exe', 256, 'a txt.exe'],
    ['space at the ends goes', '\n a \n', 256, 'a'],
    ['text of the greatest length is kept', 'abcde', 5, 'abcde'],
    ['longer text is cut with a mark', 'abcdef', 5, 'abcd…'],
    ['other scripts are kept', 'не найдено', 256, 'не найдено'],
  ]
  for (const [name, text, max, expected] of rows) {
    test(name, () => assert.equal(plainText(text, max), expected))
  }

  test('is never longer than asked for and holds no control character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 600 }), fc.integer({ min: 1, max: 300 }), (text, max) => {
        const plain = plainText(text, max)
        assert.ok(plain.length <= max)
        assert.doesNotMatch(plain, /[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/u)
      }),
    )
  })
})

suite('a list in words', () => {
  const rows: readonly [string[], string][] = [
    [[], ''],
    [['a'], 'a'],
    [['a', 'b'], 'a and b'],
    [['a', 'b', 'c'], 'a, b and c'],
  ]
  for (const [items, words] of rows) test(`"${words}"`, () => assert.equal(listInWords(items), words))
})
