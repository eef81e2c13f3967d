import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { CertificateDefaults, CertificateSpec } from '#api'
import { day, hour, minute, second } from '#base'
import { normalizeNames, PkiError } from '#pki'
import { certificateRequest, requestHash } from './request.ts'

const wanted = (spec: Partial<CertificateSpec> = {}): CertificateSpec => ({ dnsNames: ['www.example.com'], ...spec })
const request = (spec?: Partial<CertificateSpec>, defaults?: CertificateDefaults) =>
  certificateRequest(wanted(spec), defaults)
const filled = (spec?: Partial<CertificateSpec>, defaults?: CertificateDefaults) => {
  const { wish: _, ...rest } = request(spec, defaults)
  return rest
}
const hash = (spec: Partial<CertificateSpec> = {}): string => requestHash(request(spec))

test('every default is filled in', () => {
  assert.deepEqual(filled(), {
    commonName: undefined,
    subject: {},
    literalSubject: undefined,
    otherAttributes: [],
    names: normalizeNames({ dnsNames: ['www.example.com'] }),
    usages: ['digitalSignature', 'serverAuth'],
    mustStaple: false,
    customExtensions: [],
    ca: undefined,
    key: { algorithm: 'ECDSA', size: 256 },
    publicKey: undefined,
    encoding: 'PKCS8',
    keepKey: false,
    durationMs: 90 * day,
    notAfter: undefined,
    owner: undefined,
  })
})

test('everything that is said counts', () => {
  const spec: Partial<CertificateSpec> = {
    commonName: 'API.example.com',
    subject: { organizations: ['Example'], serialNumber: '7' },
    dnsNames: ['b.example.com', 'A.example.com'],
    ipAddresses: ['2001:DB8:0::1', '192.0.2.1'],
    uris: ['spiffe://example.org/web'],
    emailAddresses: ['web@EXAMPLE.com'],
    otherNames: [{ oid: '1.3.6.1.4.1.311.20.2.3', utf8Value: 'Jo=1@example.com' }],
    registeredIDs: ['1.2.3'],
    extensions: { mustStaple: true, custom: [{ oid: '1.2.4', value: 'BQA=' }] },
    usages: ['serverAuth', 'clientAuth'],
    privateKey: { algorithm: 'RSA', size: 3072, encoding: 'PKCS1', rotation: 'Never' },
    duration: '1h30m',
    owner: 'web@example.com',
  }
  assert.deepEqual(filled(spec), {
    commonName: 'API.example.com',
    subject: { organizations: ['Example'], serialNumber: '7' },
    names: {
      dnsNames: ['a.example.com', 'api.example.com', 'b.example.com'],
      ipAddresses: ['192.0.2.1', '2001:db8::1'],
      uris: ['spiffe://example.org/web'],
      emailAddresses: ['web@example.com'],
      otherNames: ['1.3.6.1.4.1.311.20.2.3=Jo=1@example.com'],
      registeredIDs: ['1.2.3'],
    },
    literalSubject: undefined,
    otherAttributes: [],
    usages: ['clientAuth', 'serverAuth'],
    mustStaple: true,
    customExtensions: [{ oid: '1.2.4', critical: false, value: Uint8Array.of(0x05, 0x00) }],
    ca: undefined,
    key: { algorithm: 'RSA', size: 3072 },
    publicKey: undefined,
    encoding: 'PKCS1',
    keepKey: true,
    durationMs: hour + 30 * minute,
    notAfter: undefined,
    owner: 'web@example.com',
  })
})

suite('a key', () => {
  const cases: readonly [CertificateSpec['privateKey'], expected: string, usages: string[]][] = [
    [{ algorithm: 'ECDSA' }, 'ECDSA 256', ['digitalSignature', 'serverAuth']],
    [{ size: 384 }, 'ECDSA 384', ['digitalSignature', 'serverAuth']],
    [{ algorithm: 'Ed25519' }, 'Ed25519 255', ['digitalSignature', 'serverAuth']],
    [{ algorithm: 'ML-DSA' }, 'ML-DSA 65', ['digitalSignature', 'serverAuth']],
    [{ algorithm: 'ML-DSA', size: 87 }, 'ML-DSA 87', ['digitalSignature', 'serverAuth']],
    [{ algorithm: 'RSA' }, 'RSA 2048', ['digitalSignature', 'keyEncipherment', 'serverAuth']],
  ]
  for (const [privateKey, expected, usages] of cases) {
    test(`${JSON.stringify(privateKey)} is ${expected}`, () => {
      const { key, usages: used } = request({ privateKey })
      assert.deepEqual([`${key.algorithm} ${key.size}`, used], [expected, usages])
    })
  }

  test('of RSA 8192 is for operators that permit it', () => {
    const spec = wanted({ privateKey: { algorithm: 'RSA', size: 8192 } })
    assert.throws(() => certificateRequest(spec), { reason: 'InvalidRequest', message: /--allow-large-rsa/ })
    assert.equal(certificateRequest(spec, {}, { largeRsa: true }).key.size, 8192)
    const byDefault = { privateKey: { algorithm: 'RSA', size: 8192 } } as const
    assert.throws(() => request({}, byDefault), { reason: 'InvalidRequest' })
  })
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

test('a request without a name is refused', () => {
  assert.throws(() => request({ dnsNames: [] }), { kind: 'Terminal', reason: 'InvalidRequest', message: /no name/ })
})

suite('a literal subject', () => {
  const defaults: CertificateDefaults = { subject: { organizations: ['Example'] } }
  const literalSubject = 'CN=api.example.com,OU=Shop,C=DE,UID=7,DC=example'

  test('is the whole subject, and its common name is a name too', () => {
    const { commonName, subject, otherAttributes, names } = request({ literalSubject }, defaults)
    assert.equal(commonName, 'api.example.com')
    assert.deepEqual(subject, { organizationalUnits: ['Shop'], countries: ['DE'] })
    assert.deepEqual(otherAttributes, ['UID=7', 'DC=example'])
    assert.deepEqual(names.dnsNames, ['api.example.com', 'www.example.com'])
  })

  test('is a name by itself', () => {
    assert.equal(request({ literalSubject: 'O=Example', dnsNames: [] }).literalSubject, 'O=Example')
  })

  test('that cannot be read is refused', () => {
    assert.throws(() => request({ literalSubject: 'Example' }), {
      reason: 'InvalidRequest',
      message: /such as CN=name/,
    })
  })
})

suite('a CA', () => {
  const spec = { isCA: true, commonName: 'ca.example.com', dnsNames: [] }

  test('signs and does nothing else unless it is said, and its name is no host name', () => {
    const defaults: CertificateDefaults = { usages: ['serverAuth'] }
    const { usages, ca, names } = request(spec, defaults)
    assert.deepEqual([usages, ca], [[], { pathLength: 0, nameConstraints: undefined }])
    assert.deepEqual(names, normalizeNames({}))
    assert.deepEqual(request({ ...spec, usages: ['clientAuth'] }, defaults).usages, ['clientAuth'])
  })

  test('has the path length and the constraints that are said', () => {
    const nameConstraints = { permitted: { dnsDomains: ['example.com'] } }
    assert.deepEqual(request({ ...spec, pathLength: 2, nameConstraints }).ca, { pathLength: 2, nameConstraints })
    const wrong = { permitted: { dnsDomains: ['a b'] } }
    assert.throws(() => request({ ...spec, nameConstraints: wrong }), {
      reason: 'InvalidNames',
      message: /not a DNS domain/,
    })
  })

  test('without a subject is refused', () => {
    assert.throws(() => request({ isCA: true }), {
      reason: 'InvalidRequest',
      message: /CA certificate needs a subject/,
    })
  })
})

suite('an extension', () => {
  const custom = { oid: '1.2.4', critical: true, value: 'BQA=' }
  const refused: readonly [change: Partial<typeof custom>, about: RegExp][] = [
    [{ oid: '2.5.29.17' }, /RFC 5280 defines it/],
    [{ oid: '1.3.6.1.4.1.11129.2.4.3' }, /certificate transparency/],
    [{ value: 'BQA' }, /is not Base64/],
    [{ value: 'BQ A=' }, /is not Base64/],
    [{ value: 'BQAF' }, /not exactly one DER element/],
    [{ value: Buffer.alloc(4097).toString('base64') }, /has 4097 octets/],
  ]
  for (const [change, message] of refused) {
    test(`${JSON.stringify(change).slice(0, 40)} is refused`, () => {
      const extensions = { custom: [{ ...custom, ...change }] }
      assert.throws(() => request({ extensions }), { kind: 'Terminal', reason: 'InvalidRequest', message })
    })
  }
})

suite('a fixed end', () => {
  const ends: readonly [text: string, at: string][] = [
    ['2027-12-31T23:59:59Z', '2027-12-31T23:59:59Z'],
    ['2027-12-31T23:59:59+01:00', '2027-12-31T22:59:59Z'],
    ['2028-02-29T00:00:00Z', '2028-02-29T00:00:00Z'],
  ]
  for (const [notAfter, at] of ends) {
    test(notAfter, () => assert.equal(request({ notAfter }).notAfter, Date.parse(at)))
  }

  for (const notAfter of ['2027-02-29T00:00:00Z', '2027-13-01T00:00:00Z', '2027-01-01T24:30:00Z', 'never']) {
    test(`${notAfter} is no time`, () => {
      assert.throws(() => request({ notAfter }), { reason: 'InvalidRequest', message: /is no time: write it as/ })
    })
  }
})

test('names with control characters, and more names than a certificate has, are refused by name', () => {
  const upn = '1.3.6.1.4.1.311.20.2.3'
  const cases: readonly [Partial<CertificateSpec>, RegExp][] = [
    [{ dnsNames: ['a.example.com\n'] }, /"a\.example\.com " is not a DNS name/],
    [{ uris: ['spiffe://a/\u0000'] }, /is not an absolute URI/],
    [{ otherNames: [{ oid: upn, utf8Value: 'a\u0007' }] }, /text without control characters/],
    [{ otherNames: [{ oid: 'upn', utf8Value: 'a' }] }, /"upn=a" is not an object identifier/],
    [{ registeredIDs: ['1.2.x'] }, /"1\.2\.x" is not an object identifier/],
    [
      { dnsNames: Array.from({ length: 10_000 }, (_, at) => `${at}.example.com`) },
      /10000 names are too many: at most 1000/,
    ],
  ]
  for (const [spec, message] of cases) {
    assert.throws(() => request(spec), { kind: 'Terminal', reason: 'InvalidNames', message }, String(message))
  }
})

suite('defaults of the Authority', () => {
  const defaults: CertificateDefaults = {
    subject: { organizations: ['Example'], countries: ['DE'] },
    privateKey: { algorithm: 'RSA', size: 3072, encoding: 'PKCS1', rotation: 'Never' },
    duration: '24h',
    usages: ['clientAuth'],
    owner: 'platform@example.com',
  }

  test('fill what the spec leaves out', () => {
    const { subject, key, encoding, keepKey, durationMs, usages, owner } = request({}, defaults)
    assert.deepEqual(subject, defaults.subject)
    assert.deepEqual([key, encoding, keepKey], [{ algorithm: 'RSA', size: 3072 }, 'PKCS1', true])
    assert.deepEqual([durationMs, usages, owner], [day, ['clientAuth'], 'platform@example.com'])
  })

  test('fill nothing that the spec says', () => {
    const spec: Partial<CertificateSpec> = {
      subject: { organizations: ['Shop'], countries: ['FR'] },
      privateKey: { algorithm: 'ECDSA', encoding: 'PKCS8', rotation: 'Always' },
      duration: '1h',
      usages: ['serverAuth'],
      owner: 'shop@example.com',
    }
    assert.deepEqual(filled(spec, defaults), filled(spec))
  })

  test('fill each attribute of the subject by itself', () => {
    const { subject } = request({ subject: { organizations: ['Shop'], countries: [], localities: ['Bonn'] } }, defaults)
    assert.deepEqual(subject, { organizations: ['Shop'], countries: ['DE'], localities: ['Bonn'] })
  })

  const keys: readonly [CertificateSpec['privateKey'], expected: string, encoding: string][] = [
    [{ rotation: 'Always' }, 'RSA 3072', 'PKCS1'],
    [{ encoding: 'PKCS8' }, 'RSA 3072', 'PKCS8'],
    [{ algorithm: 'RSA' }, 'RSA 2048', 'PKCS1'],
    [{ algorithm: 'ECDSA' }, 'ECDSA 256', 'PKCS8'],
    [{ size: 384 }, 'ECDSA 384', 'PKCS8'],
  ]
  for (const [privateKey, expected, encoding] of keys) {
    test(`never mix two keys: ${JSON.stringify(privateKey)} is ${expected}`, () => {
      const { key, encoding: written } = request({ privateKey }, defaults)
      assert.deepEqual([`${key.algorithm} ${key.size}`, written], [expected, encoding])
    })
  }

  test('are not in the hash: one that changes acts at the next renewal', () => {
    assert.equal(requestHash(request({}, defaults)), hash())
  })
})

suite('the hash', () => {
  test('is the same text in every release, or every Secret would be read anew', () => {
    assert.equal(hash(), 'f453c43c4df793181b313c0cf6f9009c')
  })

  test('is of 32 hexadecimal digits', () => assert.match(hash(), /^[0-9a-f]{32}$/))

  const other: Partial<CertificateSpec>[] = [
    { commonName: 'www.example.com' },
    { dnsNames: ['www.example.com', 'b.example.com'] },
    { ipAddresses: ['192.0.2.1'] },
    { uris: ['spiffe://example.org/web'] },
    { emailAddresses: ['web@example.com'] },
    { usages: ['serverAuth'] },
    { literalSubject: 'CN=www.example.com' },
    { literalSubject: 'CN=www.example.com,O=a' },
    { otherNames: [{ oid: '1.2.3', utf8Value: 'a' }] },
    { otherNames: [{ oid: '1.2.3', utf8Value: 'b' }] },
    { registeredIDs: ['1.2.3'] },
    { extensions: { mustStaple: true } },
    { extensions: { custom: [{ oid: '1.2.3', value: 'BQA=' }] } },
    { extensions: { custom: [{ oid: '1.2.3', value: 'BQA=', critical: true }] } },
    { isCA: true, commonName: 'a' },
    { isCA: true, commonName: 'a', pathLength: 1 },
    { isCA: true, commonName: 'a', nameConstraints: { permitted: { dnsDomains: ['a'] } } },
    { notAfter: '2027-12-31T23:59:59Z' },
    { privateKey: { size: 384 } },
    { privateKey: { algorithm: 'RSA' } },
    { privateKey: { algorithm: 'RSA', encoding: 'PKCS1' } },
    { duration: '1h' },
    { subject: { organizations: ['Example'] } },
    { privateKey: { algorithm: 'Ed25519' } },
  ]
  test('tells requests apart', () => {
    assert.equal(new Set([{}, ...other].map(hash)).size, other.length + 1)
  })

  const same: readonly Partial<CertificateSpec>[] = [
    { dnsNames: ['WWW.example.com', 'www.example.com'] },
    { privateKey: { rotation: 'Never' } },
    { owner: 'web@example.com' },
    { isCA: false, otherNames: [], registeredIDs: [], extensions: { mustStaple: false, custom: [] } },
    { renewal: { before: '1h' }, secretName: 'other', authorityRef: { name: 'other' } },
  ]
  for (const spec of same) {
    test(`does not depend on how the same is said: ${JSON.stringify(spec)}`, () => assert.equal(hash(spec), hash()))
  }

  test('does not depend on how a duration is written', () => {
    assert.equal(hash({ duration: '129600m' }), hash({ duration: '2160h' }))
    assert.equal(hash({ notAfter: '2028-01-01T00:00:00+01:00' }), hash({ notAfter: '2027-12-31T23:00:00Z' }))
  })

  const explicit: readonly Partial<CertificateSpec>[] = [
    { duration: '2160h' },
    { usages: ['serverAuth', 'digitalSignature'] },
    { privateKey: { algorithm: 'ECDSA' } },
  ]
  for (const spec of explicit) {
    test(`tells what is said from what is filled in, as defaults may change: ${JSON.stringify(spec)}`, () => {
      assert.notEqual(hash(spec), hash())
    })
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
