import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { suite, test } from 'node:test'
import type { CertificateSpec } from '#api'
import {
  type CsrContent,
  createCsr,
  generateKey,
  type KeySpec,
  keySigner,
  parseLiteralSubject,
  publicKeyOf,
  sameKey,
} from '#pki'
import { certificateRequest, requestHash } from './request.ts'

const ecdsa: KeySpec = { algorithm: 'ECDSA', size: 256 }
const key = await generateKey(ecdsa)

const csrOf = (content: CsrContent, of = key): Promise<string> => createCsr(content, keySigner(of))
const requestOf = (csr: string, spec: CertificateSpec = {}) => certificateRequest({ ...spec, csr })

suite('a certification request', () => {
  test('gives names, subject and key', async () => {
    const subject = {
      commonName: 'WWW.example.com',
      organizations: ['Shop, Inc.'],
      countries: ['DE'],
      serialNumber: '7',
    }
    const csr = await csrOf({ subject, names: { dnsNames: ['A.example.com'], ipAddresses: ['192.0.2.1'] } })
    const request = requestOf(csr)
    assert.equal(request.commonName, 'WWW.example.com')
    assert.deepEqual(request.subject, { organizations: ['Shop, Inc.'], countries: ['DE'], serialNumber: '7' })
    assert.deepEqual(request.names.dnsNames, ['a.example.com', 'www.example.com'])
    assert.deepEqual(request.names.ipAddresses, ['192.0.2.1'])
    assert.deepEqual(request.key, ecdsa)
    assert.ok(request.publicKey && sameKey(request.publicKey, publicKeyOf(key)))
  })

  test('says nothing of duration and usages, and gets no attributes by default', async () => {
    const csr = await csrOf({ subject: {}, names: { dnsNames: ['a.example.com'] } })
    const defaults = { subject: { organizations: ['Example'] }, duration: '1h', usages: ['clientAuth' as const] }
    const request = certificateRequest({ csr }, defaults)
    assert.deepEqual([request.subject, request.usages], [{}, ['clientAuth']])
    assert.equal(request.durationMs, 3_600_000)
    assert.deepEqual(requestOf(csr, { usages: ['serverAuth'] }).usages, ['serverAuth'])
  })

  test('without a name is refused', async () => {
    const csr = await csrOf({ subject: { organizations: ['Shop'] } })
    assert.throws(() => requestOf(csr), { reason: 'InvalidRequest', message: /no name/ })
  })

  test('that asks for CA:TRUE is refused unless the spec says so', async () => {
    const csr = await csrOf({ subject: { commonName: 'evil' }, names: { dnsNames: ['a.example.com'] }, isCA: true })
    assert.throws(() => requestOf(csr), {
      kind: 'Terminal',
      reason: 'InvalidRequest',
      message: /asks for a CA certificate .* but spec\.isCA is not true/,
    })
    const request = requestOf(csr, { isCA: true, pathLength: 1 })
    assert.deepEqual(request.ca, { pathLength: 1, nameConstraints: undefined })
    assert.deepEqual([request.usages, request.names.dnsNames], [[], ['a.example.com']])
  })

  test('may be for a CA that it does not ask for, if it has a subject', async () => {
    const names = { dnsNames: ['a.example.com'] }
    const named = await csrOf({ subject: { organizations: ['Shop'] }, names })
    assert.ok(requestOf(named, { isCA: true }).ca)
    const nameless = await csrOf({ subject: {}, names })
    assert.throws(() => requestOf(nameless, { isCA: true }), { reason: 'InvalidRequest', message: /needs a subject/ })
  })

  test('may have names of every kind', async () => {
    const names = { otherNames: ['1.3.6.1.4.1.311.20.2.3=jo@example.com'], registeredIDs: ['1.2.3'] }
    assert.partialDeepStrictEqual(requestOf(await csrOf({ subject: {}, names })).names, names)
  })

  test('with an attribute of the subject that has no field is refused by its name', async () => {
    const csr = await csrOf({ subject: parseLiteralSubject('CN=a,DC=example').der })
    assert.throws(() => requestOf(csr), {
      reason: 'InvalidRequest',
      message: /the subject has DC, which is not supported/,
    })
  })

  test('with what no certificate can have is refused with its reason', async () => {
    const modulus = Buffer.alloc(2048, 0xff).toString('base64url')
    const publicKey = createPublicKey({ key: { kty: 'RSA', n: modulus, e: 'AQAB' }, format: 'jwk' })
    const large = { ...keySigner(key), publicKey }
    const many = Array.from({ length: 2000 }, (_, index) => `${index}.de`)
    const cases: readonly [csr: string, about: RegExp][] = [
      [await createCsr({ subject: { commonName: 'a' } }, large), /RSA key has 16384 bits: at most 8192/],
      [
        await csrOf({ subject: {}, names: { dnsNames: many.slice(0, 1000) } }).then((pem) => pem + ' '.repeat(2 ** 20)),
        /larger than 64 KiB/,
      ],
    ]
    for (const [csr, message] of cases) assert.throws(() => requestOf(csr), { kind: 'Terminal', message })
    await assert.rejects(csrOf({ subject: {}, names: { dnsNames: many } }), { message: /2000 names are too many/ })
  })

  test('that is none is refused', () => assert.throws(() => requestOf('x'), { kind: 'Terminal' }))

  const keys: readonly KeySpec[] = [
    { algorithm: 'RSA', size: 2048 },
    { algorithm: 'ECDSA', size: 521 },
    { algorithm: 'Ed25519', size: 255 },
    { algorithm: 'ML-DSA', size: 87 },
  ]
  for (const spec of keys) {
    test(`may be for a key ${spec.algorithm} ${spec.size}, with the usages of such`, async () => {
      const csr = await csrOf({ subject: {}, names: { dnsNames: ['a.example.com'] } }, await generateKey(spec))
      const request = requestOf(csr)
      assert.deepEqual(request.key, spec)
      assert.equal(request.usages.includes('keyEncipherment'), spec.algorithm === 'RSA')
    })
  }

  test('has a hash of its own, however its text ends', async () => {
    const content = { subject: {}, names: { dnsNames: ['a.example.com'] } }
    const [one, other] = [await csrOf(content), await csrOf(content, await generateKey(ecdsa))]
    assert.notEqual(requestHash(requestOf(one)), requestHash(requestOf(other)))
    assert.equal(requestHash(requestOf(one)), requestHash(requestOf(`\n${one}\n`)))
  })
})
