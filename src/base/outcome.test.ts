import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { classify, Failure, isFailure, retryable, terminal, waiting } from './outcome.ts'

const cause = new Error('connection reset')
const rows = [
  [terminal('PolicyDenied', 'denied', cause), 'Terminal', undefined, cause],
  [terminal('PolicyDenied', 'denied'), 'Terminal', undefined, undefined],
  [waiting('AuthorityNotReady', 'not yet', 5000), 'Waiting', 5000, undefined],
  [retryable('CertificateRejected', 'again', { retryAfterMs: 1000, cause }), 'Retryable', 1000, cause],
  [retryable('CertificateRejected', 'again'), 'Retryable', undefined, undefined],
] as const

suite('kinds of failure', () => {
  for (const [failure, kind, retryAfterMs, cause] of rows) {
    test(`${kind}${cause ? ' with a cause' : ''}`, () => {
      assert.equal(failure.kind, kind)
      assert.equal(failure.name, `${kind}Failure`)
      assert.equal(failure.retryAfterMs, retryAfterMs)
      assert.equal(failure.cause, cause)
      assert.ok(failure instanceof Error)
      assert.ok(isFailure(failure))
      assert.equal(classify(failure), failure)
    })
  }
})

test('a failure of another copy of the module is one', () => {
  const foreign = Object.assign(new Error('denied'), { kind: 'Terminal', reason: 'PolicyDenied' })
  assert.ok(isFailure(foreign))
  assert.equal(classify(foreign), foreign)
})

suite('what nobody classified is a bug', () => {
  const rows: readonly [string, unknown, string][] = [
    ['an error', new TypeError('x is undefined'), 'x is undefined'],
    ['an error with a foreign kind', Object.assign(new Error('lost'), { kind: 'Network' }), 'lost'],
    ['an object like a failure', { kind: 'Terminal', message: 'denied' }, '[object Object]'],
    ['a text', 'lost', 'lost'],
    ['nothing', undefined, 'undefined'],
  ]
  for (const [name, thrown, message] of rows) {
    test(name, () => {
      assert.equal(isFailure(thrown), false)
      const failure = classify(thrown)
      assert.ok(failure instanceof Failure)
      assert.equal(failure.kind, 'Bug')
      assert.equal(failure.reason, 'InternalError')
      assert.equal(failure.message, message)
      assert.equal(failure.cause, thrown)
    })
  }
})
