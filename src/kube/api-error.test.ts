import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '#base'
import { isAlreadyExists, isConflict, isExpired, isNotFound, refused, unanswered } from './api-error.ts'
import { resources } from './resource.ts'

const subject = { verb: 'patch', resource: resources.leases, key: { namespace: 'shop', name: 'web' } }
const status = (code: number, reason: string, more = {}) => ({ kind: 'Status', code, reason, message: 'no', ...more })

test('predicates tell refusals apart', () => {
  const predicates = { isNotFound, isAlreadyExists, isConflict, isExpired }
  const cases: [number, string, keyof typeof predicates][] = [
    [404, 'NotFound', 'isNotFound'],
    [409, 'AlreadyExists', 'isAlreadyExists'],
    [409, 'Conflict', 'isConflict'],
    [410, 'Expired', 'isExpired'],
    [410, 'Gone', 'isExpired'],
  ]
  for (const [code, reason, expected] of cases) {
    const error = refused(subject, code, status(code, reason))
    for (const [name, holds] of Object.entries(predicates)) assert.equal(holds(error), name === expected, name)
  }
  assert.equal(isNotFound(new Error('404')), false)
  const otherUid = { causes: [{ reason: 'FieldValueInvalid', message: 'immutable', field: 'metadata.uid' }] }
  assert.ok(isConflict(refused(subject, 422, status(422, 'Invalid', { details: otherUid }))))
  assert.equal(isConflict(refused(subject, 422, status(422, 'Invalid'))), false)
})

test('a message names verb, resource, object and what the server said, in plain text', () => {
  const error = refused(subject, 422, status(422, 'Invalid', { message: 'spec.x:\u0007\ntoo long' }))
  assert.equal(error.message, 'cannot patch leases.coordination.k8s.io shop/web: spec.x: too long')
  assert.ok(isFailure(error))
  assert.equal(refused(subject, 502, '<html>').message.includes('HTTP status 502'), true)
  assert.ok(refused(subject, 422, status(422, 'Invalid', { message: 'x'.repeat(1e6) })).message.length < 700)
})

test('what a retry cannot heal has its own reason', () => {
  const reasonOf = (code: number) => refused(subject, code, status(code, '')).reason
  for (const code of [400, 403, 404, 422]) assert.equal(reasonOf(code), 'KubernetesRefused', String(code))
  for (const code of [401, 409, 429, 500, 503]) assert.equal(reasonOf(code), 'KubernetesUnavailable', String(code))
  assert.equal(unanswered(subject, 'reset').answered, false)
  assert.equal(refused(subject, 500, undefined).answered, true)
})

test('causes and the time to wait come from the Status; a wait has a limit', () => {
  const cause = { reason: 'FieldValueRequired', message: 'Required value', field: 'spec.secretName' }
  const error = refused(subject, 429, status(429, 'x', { details: { causes: [cause], retryAfterSeconds: 3 } }))
  assert.deepEqual(error.causes, [cause])
  assert.equal(error.retryAfterMs, 3000)
  assert.equal(refused(subject, 429, undefined, '7').retryAfterMs, 7000)
  assert.equal(refused(subject, 429, undefined, '1000000000').retryAfterMs, 600_000)
  assert.equal(refused(subject, 429, undefined, 'Wed, 21 Oct 2026').retryAfterMs, undefined)
})

test('an ERROR event brings its code in its body', () => {
  assert.ok(isExpired(refused(subject, 0, status(410, 'Expired'))))
})
