import assert from 'node:assert/strict'
import { test } from 'node:test'
import { certificateKind } from '#api'
import { collectionPath, objectPath, resourceOf, resources } from './resource.ts'

test('paths of collections and objects', () => {
  const certificates = resourceOf(certificateKind)
  const key = { namespace: 'shop', name: 'web' }
  const cases: [string, string][] = [
    [collectionPath(resources.secrets), '/api/v1/secrets'],
    [collectionPath(resources.secrets, 'shop'), '/api/v1/namespaces/shop/secrets'],
    [collectionPath(resources.namespaces, 'ignored'), '/api/v1/namespaces'],
    [objectPath(resources.namespaces, { namespace: '', name: 'shop' }), '/api/v1/namespaces/shop'],
    [objectPath(certificates, key, 'status'), '/apis/sifaka.dev/v1alpha1/namespaces/shop/certificates/web/status'],
    [objectPath(resources.secrets, { namespace: 'a/b', name: '../c' }), '/api/v1/namespaces/a%2Fb/secrets/..%2Fc'],
  ]
  for (const [path, expected] of cases) assert.equal(path, expected)
})

test('a key that is not whole never becomes the path of a collection', () => {
  for (const key of [
    { namespace: 'shop', name: '' },
    { namespace: '', name: 'web' },
    { namespace: 'shop', name: '..' },
    { namespace: '..', name: 'web' },
  ]) {
    assert.throws(() => objectPath(resources.secrets, key), TypeError, JSON.stringify(key))
  }
})
