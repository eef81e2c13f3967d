import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cutPoint } from './watch-stream.ts'

test('a frame is cut at its half, or inside of its first character of several bytes', () => {
  assert.equal(cutPoint(Buffer.from('abcdef'), false), 3)
  assert.equal(cutPoint(Buffer.from('abcdef'), true), undefined)
  assert.equal(cutPoint(Buffer.from('abécé'), true), 3)
  assert.equal(cutPoint(Buffer.from('€'), true), 1)
})
