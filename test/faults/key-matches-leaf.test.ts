import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keyMatchesLeaf } from './key-matches-leaf.ts'
import { loopbackCertificate } from './loopback-certificate.ts'

test('a key matches the leaf that was made for it, and nothing else', async () => {
  const [one, two] = await Promise.all([loopbackCertificate(), loopbackCertificate()])
  const base64 = (text: string): string => Buffer.from(text).toString('base64')
  const secret = (key: string, chain: string) => ({ data: { 'tls.key': base64(key), 'tls.crt': base64(chain) } })

  assert.equal(keyMatchesLeaf(secret(one.key, one.cert)), true)
  assert.equal(keyMatchesLeaf(secret(one.key, `${one.cert}\n${one.ca}`)), true)
  assert.equal(keyMatchesLeaf(secret(one.key, `${one.ca}\n${one.cert}`)), false)
  assert.equal(keyMatchesLeaf(secret(two.key, one.cert)), false)
  assert.equal(keyMatchesLeaf(secret('no key', one.cert)), false)
  assert.equal(keyMatchesLeaf(secret(one.key, '')), false)
  assert.equal(keyMatchesLeaf({}), false)
})
