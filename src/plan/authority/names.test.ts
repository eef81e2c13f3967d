import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthoritySpec } from '#api'
import { authority, noon } from '#test/make'
import { bundleName, caNotAfter, caRequestSecretName, caSecretName, parentKeyOf, sourceKeyOf } from './names.ts'

const internal = (options: NonNullable<AuthoritySpec['internal']>) => authority({ spec: { internal: options } })

test('what belongs to an Authority has its name', () => {
  assert.equal(caSecretName(authority(), 12), 'ca-ca-12')
  assert.equal(caRequestSecretName(authority()), 'ca-ca-request')
  assert.equal(bundleName(authority()), 'ca-ca')
})

test('what an Authority refers to', () => {
  assert.equal(parentKeyOf(authority()), undefined)
  assert.equal(parentKeyOf(internal({ parentRef: { name: 'root' } })), 'shop/root')
  assert.equal(parentKeyOf(internal({ parentRef: { name: 'root', namespace: 'pki' } })), 'pki/root')
  assert.equal(sourceKeyOf(authority()), undefined)
  assert.equal(sourceKeyOf(internal({ secretRef: { name: 'made-elsewhere' } })), 'shop/made-elsewhere')
})

test('the end of the CA is in the status', () => {
  assert.equal(caNotAfter(authority()), undefined)
  const ca = {
    generation: 1,
    subject: 'CN=ca',
    serialNumber: '1',
    fingerprint: 'f',
    notBefore: '2026-11-22T11:55:00Z',
    notAfter: '2026-11-22T12:00:00Z',
    secretName: 'ca-ca-1',
  }
  assert.equal(caNotAfter(authority({ status: { ca } })), noon)
})
