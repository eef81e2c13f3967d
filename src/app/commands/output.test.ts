import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { parse } from 'yaml'
import { table, written } from './output.ts'

test('columns are as wide as their widest cell, and no line ends in blanks', () => {
  const rows = [
    ['shop', 'a'],
    ['b', ''],
  ]
  assert.equal(table(['NAME', 'STATE'], rows), 'NAME  STATE\nshop  a\nb     -\n')
})

suite('an answer without rows', () => {
  const none = { heading: ['NAME', 'STATE'], rows: [], value: [] }
  const cases = [
    ['table', ''],
    ['json', '[]\n'],
    ['yaml', '[]\n'],
    ['csv', 'NAME,STATE\r\n'],
  ] as const
  for (const [output, text] of cases) test(output, () => assert.equal(written({ output }, none), text))
})

suite('foreign text cannot steer a terminal', () => {
  const foreign = '\u001b\u009b\u202e\u007f\u200f\u2028'
  const value = { plain: 'a: b', 'key\u009b': [foreign, foreign, `${'long '.repeat(50)}\u001b`], lines: 'a\nb' }
  const answer = { heading: ['A', 'B'], rows: [['\u001b[2Jx\ny\u009b\u202e', '=1+"1']], value }

  test('in a table', () => assert.equal(written({ output: 'table' }, answer), 'A       B\n[2Jx y  =1+"1\n'))

  test('in CSV, nor a spreadsheet', () => {
    assert.equal(written({ output: 'csv' }, answer), 'A,B\r\n[2Jx y,"\'=1+""1"\r\n')
  })

  for (const [output, read] of [
    ['json', (text: string) => JSON.parse(text)],
    ['yaml', (text: string) => parse(text)],
  ] as const) {
    test(`in ${output}, where it stays the same value`, () => {
      const text = written({ output }, answer)
      assert.doesNotMatch(text, /[^\n -~]/)
      assert.deepEqual(read(text), value)
    })
  }
})
