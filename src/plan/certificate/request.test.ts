import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { CertificateSpec } from '#api'
import { day, hour, minute, second } from '#base'
import { PkiError } from '#pki'
import { certificate } from '#test/make'
import { certificateRequest, requestHash } from './request.ts'

const request = (spec: Partial<CertificateSpec> = {}) => certificateRequest(certificate({ spec }).spec)
const hash = (spec: Partial<CertificateSpec> = {}): string => requestHash(request(spec))

test('every default is filled in', () => {
  assert.deepEqual(request(), {
    commonName: undefined,
    names: { dnsNames: ['www.example.com'], ipAddresses: [], uris: [], emailAddresses: [] },
    usages: ['digitalSignature', 'serverAuth'],
    key: { algorithm: 'ECDSA', size: 256 },
    encoding: 'PKCS8',
    keepKey: false,
    durationMs: 90 * day,
  })
})

test('everything that is said counts', () => {
  const spec: Partial<CertificateSpec> = {
    commonName: 'API.example.com',
    dnsNames: ['b.example.com', 'A.example.com'],
    ipAddresses: ['2001:DB8:0::1', '192.0.2.1'],
    uris: ['spiffe://example.org/web'],
    emailAddresses: ['web@EXAMPLE.com'],
    usages: ['serverAuth', 'clientAuth'],
    privateKey: { algorithm: 'RSA', size: 3072, encoding: 'PKCS1', rotation: 'Never' },
    duration: '1h30m',
  }
  assert.deepEqual(request(spec), {
    commonName: 'API.example.com',
    names: {
      dnsNames: ['a.example.com', 'api.example.com', 'b.example.com'],
      ipAddresses: ['192.0.2.1', '2001:db8::1'],
      uris: ['spiffe://example.org/web'],
      emailAddresses: ['web@example.com'],
    },
    usages: ['clientAuth', 'serverAuth'],
    key: { algorithm: 'RSA', size: 3072 },
    encoding: 'PKCS1',
    keepKey: true,
    durationMs: hour + 30 * minute,
  })
})

test('an RSA key is of 2048 bits and may transport keys, unless something else is said', () => {
  const { key, usages } = request({ privateKey: { algorithm: 'RSA' } })
  assert.deepEqual(key, { algorithm: 'RSA', size: 2048 })
  assert.deepEqual(usages, ['digitalSignature', 'keyEncipherment', 'serverAuth'])
  assert.deepEqual(request({ privateKey: { size: 384 } }).key, { algorithm: 'ECDSA', size: 384 })
})

suite('a common name', () => {
  const cases: readonly [commonName: string, dnsNames: string[], ipAddresses: string[]][] = [
    ['www.example.com', ['www.example.com'], []],
    ['*.example.com', ['*.example.com', 'www.example.com'], []],
    ['192.0.2.1', ['www.example.com'], ['192.0.2.1']],
    ['Web Server', ['www.example.com'], []],
  ]
  for (const [commonName, dnsNames, ipAddresses] of cases) {
    test(commonName, () => {
      const { names } = request({ commonName })
      assert.deepEqual([names.dnsNames, names.ipAddresses], [dnsNames, ipAddresses])
    })
  }
})

test('a duration is cut to whole seconds, because dates in a certificate are', () => {
  assert.equal(request({ duration: '1h999ms' }).durationMs, hour)
  assert.equal(request({ duration: '61s' }).durationMs, 61 * second)
})

test('a name that cannot stand in a certificate is refused', () => {
  assert.throws(() => request({ dnsNames: ['a b'] }), PkiError)
})

suite('the hash', () => {
  test('is the same text in every release, or every Secret would be read anew', () => {
    assert.equal(hash(), '0a7cb506b32691243749db1ec00510f6')
  })

  test('is of 32 hexadecimal digits', () => assert.match(hash(), /^[0-9a-f]{32}$/))

  const other: Partial<CertificateSpec>[] = [
    { commonName: 'www.example.com' },
    { dnsNames: ['www.example.com', 'b.example.com'] },
    { ipAddresses: ['192.0.2.1'] },
    { uris: ['spiffe://example.org/web'] },
    { emailAddresses: ['web@example.com'] },
    { usages: ['serverAuth'] },
    { privateKey: { size: 384 } },
    { privateKey: { algorithm: 'RSA' } },
    { privateKey: { algorithm: 'RSA', encoding: 'PKCS1' } },
    { duration: '1h' },
  ]
  test('tells requests apart', () => {
    assert.equal(new Set([{}, ...other].map(hash)).size, other.length + 1)
  })

  const same: readonly Partial<CertificateSpec>[] = [
    { dnsNames: ['WWW.example.com', 'www.example.com'] },
    { usages: ['serverAuth', 'digitalSignature'] },
    { duration: '129600m' },
    { privateKey: { algorithm: 'ECDSA', size: 256, encoding: 'PKCS8', rotation: 'Always' } },
    { privateKey: { rotation: 'Never' } },
    { renewal: { before: '1h' }, secretName: 'other', authorityRef: { name: 'other' } },
  ]
  for (const spec of same) {
    test(`does not depend on how the same is said: ${JSON.stringify(spec)}`, () => assert.equal(hash(spec), hash()))
  }

  test('does not depend on the order of names and usages', () => {
    const dnsNames = ['a.example.com', 'b.example.com', '*.example.com', 'c.example.com']
    const usages = ['serverAuth', 'clientAuth', 'digitalSignature', 'keyAgreement'] as const
    const expected = hash({ dnsNames, usages: [...usages] })
    const shuffled = <T>(items: readonly T[]) =>
      fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length })
    fc.assert(
      fc.property(shuffled(dnsNames), shuffled(usages), (names, use) => {
        assert.equal(hash({ dnsNames: names, usages: use }), expected)
      }),
    )
  })
})
