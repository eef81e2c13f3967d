import assert from 'node:assert/strict'
import { test } from 'node:test'
import { condition } from './condition.ts'

test('a message is one line that the API server takes, however long its cause is', () => {
  const { message, ...said } = condition(
    'Ready',
    'False',
    { reason: 'PolicyDenied', message: `a\nb\u0000${'x'.repeat(1e6)}` },
    3,
  )
  assert.deepEqual(said, { type: 'Ready', status: 'False', reason: 'PolicyDenied', observedGeneration: 3 })
  assert.equal(message.length, 2048)
  assert.match(message, /^a b x+…$/)
})
