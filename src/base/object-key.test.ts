import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromKey, keyOf } from './object-key.ts'

const name = fc.stringMatching(/^[a-z0-9.-]{1,20}$/)

test('a key is namespace/name', () => {
  assert.equal(keyOf({ namespace: 'team-a', name: 'web.tls' }), 'team-a/web.tls')
})

test('a key is read back', () => {
  fc.assert(
    fc.property(name, name, (namespace, name) => {
      assert.deepEqual(fromKey(keyOf({ namespace, name })), { namespace, name })
    }),
  )
})

test('different objects have different keys', () => {
  fc.assert(
    fc.property(name, name, name, name, (namespace, name, otherNamespace, otherName) => {
      const isSame = namespace === otherNamespace && name === otherName
      assert.equal(keyOf({ namespace, name }) === keyOf({ namespace: otherNamespace, name: otherName }), isSame)
    }),
  )
})
