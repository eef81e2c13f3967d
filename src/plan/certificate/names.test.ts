import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certificate } from '#test/make'
import { authorityKeyOf, secretNameOf } from './names.ts'

test('what a Certificate refers to', () => {
  assert.equal(authorityKeyOf(certificate()), 'shop/ca')
  assert.equal(authorityKeyOf(certificate({ spec: { authorityRef: { name: 'ca', namespace: 'pki' } } })), 'pki/ca')
  assert.equal(secretNameOf(certificate()), 'web')
  assert.equal(secretNameOf(certificate({ spec: { secretName: 'web-tls' } })), 'web-tls')
})
