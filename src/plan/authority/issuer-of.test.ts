import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AuthoritySpec, AuthorityStatus } from '#api'
import { authority } from '#test/make'
import { issuerOf, ofGeneration } from './issuer-of.ts'

const ca = {
  generation: 3,
  subject: 'CN=ca',
  serialNumber: '4a00',
  fingerprint: 'ca'.repeat(32),
  notBefore: '2026-11-22T11:55:00Z',
  notAfter: '2036-11-19T12:00:00Z',
  secretName: 'ca-ca-3',
}
const of = (spec: Partial<AuthoritySpec>, status?: AuthorityStatus) => authority({ spec, status })

suite('the issuer of an Authority', () => {
  const options = (choice: { options: unknown }) => choice.options

  test('is our own for an internal CA, with the key in use', () => {
    const { type, ...first } = issuerOf(of({ internal: {} }))
    assert.deepEqual([type, options(first)], ['internal', { secretName: 'ca-ca-1', links: {} }])
    assert.deepEqual(options(issuerOf(of({ internal: {} }, { ca }))), { secretName: 'ca-ca-3', links: {} })
  })

  test('signs with another key when it is told so', () => {
    assert.deepEqual(options(issuerOf(of({ internal: {} }, { ca }), 2)), { secretName: 'ca-ca-2', links: {} })
  })

  test('writes the URLs of that key', () => {
    const internal = {
      crl: { url: 'http://pki.example.com/crl/{generation}.crl' },
      issuerURLs: ['http://pki.example.com/ca-{generation}.crt'],
      ocspURLs: ['http://ocsp.example.com/'],
    }
    assert.partialDeepStrictEqual(options(issuerOf(of({ internal }, { ca }))), {
      links: {
        crlURLs: ['http://pki.example.com/crl/3.crl'],
        issuerURLs: ['http://pki.example.com/ca-3.crt'],
        ocspURLs: ['http://ocsp.example.com/'],
      },
    })
  })

  test('is that of the package that the spec names', () => {
    const plugin = { name: 'example', options: { url: 'https://ca.example.com' } }
    const choice = issuerOf({ ...authority(), spec: { plugin } })
    assert.deepEqual([choice.type, choice.isPackaged, choice.options], ['example', true, plugin.options])
    assert.deepEqual(issuerOf({ ...authority(), spec: { plugin: { name: 'example' } } }).options, {})
  })
})

test('a URL names the generation wherever it is asked to', () => {
  assert.equal(ofGeneration('http://a.example/{generation}/{generation}.crl', 12), 'http://a.example/12/12.crl')
  assert.equal(ofGeneration('http://a.example/ca.crt', 12), 'http://a.example/ca.crt')
})
