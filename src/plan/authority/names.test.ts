import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthoritySpec } from '#api'
import { authority, noon } from '#test/make'
import {
  bundleName,
  caNotAfter,
  caRequestSecretName,
  caSecretName,
  caSecretPrefix,
  isCaSecretName,
  parentKeyOf,
  sourceKeyOf,
} from './names.ts'

const internal = (options: NonNullable<AuthoritySpec['internal']>) => authority({ spec: { internal: options } })

test('what belongs to an Authority has its name', () => {
  assert.equal(caSecretName(authority(), 12), 'ca-ca-12')
  assert.equal(caRequestSecretName(authority()), 'ca-ca-request')
  assert.equal(bundleName(authority()), 'ca-ca')
})

test('what belongs to an Authority with a long name has a name, whatever the number', () => {
  for (const length of [230, 247, 253]) {
    const long = authority({ metadata: { name: 'a'.repeat(length) } })
    const names = [bundleName(long), caRequestSecretName(long), ...[1, 10, 1e9].map((each) => caSecretName(long, each))]
    assert.deepEqual(
      names.filter((name) => name.length > 253),
      [],
    )
    assert.equal(caSecretName(long, 10), `${caSecretPrefix(long)}10`)
  }
})

test('the Secrets with CA keys are known by their names, those to come among them', () => {
  for (const name of ['ca-ca-1', 'ca-ca-2', 'ca-ca-1000', 'ca-ca-request']) {
    assert.ok(isCaSecretName(internal({}), name), name)
    assert.ok(!isCaSecretName({ ...authority(), spec: { plugin: { name: 'example' } } }, name), name)
  }
  for (const name of ['ca', 'ca-ca', 'ca-ca-', 'ca-ca-0', 'ca-ca-01', 'ca-ca-2b', 'ca-ca-requests', 'b-ca-ca-2']) {
    assert.ok(!isCaSecretName(internal({}), name), name)
  }
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
