import assert from 'node:assert/strict'
import { test } from 'node:test'
import { json, table } from './output.ts'

test('columns are as wide as their widest cell, and no line ends in blanks', () => {
  const rows = [
    ['shop', 'a'],
    ['b', ''],
  ]
  assert.equal(table(['NAME', 'STATE'], rows), 'NAME  STATE\nshop  a\nb     -\n')
})

test('a table without rows is its heading', () => {
  assert.equal(table(['NAME', 'STATE'], []), 'NAME  STATE\n')
})

test('foreign text cannot steer a terminal', () => {
  assert.equal(table(['A'], [['\u001b[2Jx\ny\u009b\u202e']]), 'A\n[2Jx y\n')
  const value = { text: '\u001b\u009b\u202e\u007f' }
  assert.equal(json(value), '{\n  "text": "\\u001b\\u009b\\u202e\\u007f"\n}\n')
  assert.deepEqual(JSON.parse(json(value)), value)
})
