import assert from 'node:assert/strict'
import { test } from 'node:test'
import { encodeApplied, parseApplied } from './applied.ts'

const nothing = { data: [], labels: [], annotations: [] }

test('what was written is read, each name once and in order', () => {
  const applied = { data: ['tls.key', 'tls.crt', 'tls.key'], labels: ['team'], annotations: ['example.com/x'] }
  const text = encodeApplied(applied)
  assert.equal(text, 'annotation:example.com/x,data:tls.crt,data:tls.key,label:team')
  assert.deepEqual(parseApplied(text), { ...applied, data: ['tls.crt', 'tls.key'] })
})

test('nothing is nothing, and what is not understood is not ours', () => {
  assert.equal(encodeApplied(nothing), '')
  for (const text of [undefined, '', 'tls.crt', 'label', ',,', 'Label:x']) assert.deepEqual(parseApplied(text), nothing)
})
