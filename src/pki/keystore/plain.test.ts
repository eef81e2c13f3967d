import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { testCa } from '#test/make'
import { PkiError } from '../error.ts'
import { combinedPem, derFiles } from './plain.ts'

test('DER files hold the key as PKCS #8 and the certificate alone', async () => {
  const bundle = await testCa()
  const files = derFiles(bundle)
  const key = createPrivateKey({ key: Buffer.from(files['key.der'] ?? []), format: 'der', type: 'pkcs8' })
  assert.ok(key.equals(bundle.key))
  assert.ok(new X509Certificate(files['tls.der']).checkPrivateKey(key))
})

test('there is no DER file of a key that is kept elsewhere', async () => {
  const { certificate } = await testCa()
  assert.deepEqual(derFiles({ certificate }), { 'tls.der': certificate.der })
})

test('the combined PEM has the key, then the certificate, then the intermediates, and no root', async () => {
  const root = await testCa({ commonName: 'Root' })
  const intermediate = await testCa({ commonName: 'Intermediate', parent: root })
  const leaf = await testCa({ commonName: 'Leaf', parent: intermediate, key: { algorithm: 'RSA', size: 2048 } })
  for (const [encoding, type] of [
    ['PKCS8', 'pkcs8'],
    ['PKCS1', 'pkcs1'],
  ] as const) {
    const key = leaf.key.export({ format: 'pem', type })
    assert.equal(combinedPem(leaf, encoding), `${key}${leaf.certificate.pem}${intermediate.certificate.pem}`)
  }
  assert.throws(
    () => combinedPem(root, 'PKCS1'),
    (error) => error instanceof PkiError && error.reason === 'InvalidKey',
  )
})
