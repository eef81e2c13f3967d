import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { day } from '#base'
import { type Acceptance, accept, type DifferenceField, differences } from './accept.ts'
import { PkiError } from './error.ts'
import { generateKey } from './key.ts'
import { normalizeNames } from './names.ts'
import { type ParsedCertificate, parseCertificate } from './parsed-certificate.ts'
import type { CertificateProfile } from './profile.ts'
import { newSerialNumber, signEndEntity, signRoot } from './sign.ts'
import { keySigner } from './signer.ts'

const now = Date.parse('2026-11-22T12:00:00Z')
const profile: CertificateProfile = {
  commonName: 'a.example.com',
  names: normalizeNames({ dnsNames: ['a.example.com', 'b.example.com'] }),
  notBefore: now,
  notAfter: now + 90 * day,
  usages: ['digitalSignature', 'serverAuth'],
}
let acceptance: Acceptance
let certificate: ParsedCertificate
before(async () => {
  const [key, caKey] = [
    await generateKey({ algorithm: 'ECDSA', size: 256 }),
    await generateKey({ algorithm: 'ECDSA', size: 256 }),
  ]
  const signer = keySigner(caKey)
  const root = parseCertificate(
    await signRoot({ commonName: 'Root', notBefore: now, notAfter: now + 100 * day }, signer, newSerialNumber()),
  )
  certificate = parseCertificate(await signEndEntity(profile, key, { signer, certificate: root }, newSerialNumber()))
  acceptance = { profile, publicKey: key, roots: [root], intermediates: [], at: now }
})

const rejected =
  (...about: RegExp[]) =>
  (error: unknown) =>
    error instanceof PkiError &&
    error.reason === 'CertificateRejected' &&
    about.every((each) => each.test(error.message))

test('what was asked for is accepted, also when it was asked for in another form', () => {
  assert.deepEqual(accept(acceptance, certificate), [])
  const names = { ...profile.names, dnsNames: ['B.example.com', 'a.EXAMPLE.com', 'b.example.com'] }
  const usages = ['serverAuth', 'digitalSignature'] as const
  assert.deepEqual(differences({ ...acceptance, profile: { ...profile, names, usages } }, certificate), [])
})

test('each difference is found, alone', async () => {
  const other = await generateKey({ algorithm: 'ECDSA', size: 256 })
  const dns = (...dnsNames: string[]): Partial<CertificateProfile> => ({ names: normalizeNames({ dnsNames }) })
  const table: [DifferenceField, RegExp, Partial<CertificateProfile>, Partial<ParsedCertificate>?][] = [
    ['names', /lack DNS:c\.example\.com$/, dns('a.example.com', 'b.example.com', 'c.example.com')],
    ['names', /add DNS:b\.example\.com$/, dns('a.example.com')],
    ['names', /lack DNS:x\.com and add DNS:b/, dns('a.example.com', 'x.com')],
    ['names', /add otherName/, {}, { otherNameKinds: ['otherName'] }],
    ['names', /no alternative names/, {}, { names: normalizeNames({}) }],
    ['commonName', /"a\.example\.com", not absent/, { commonName: undefined }],
    ['commonName', /absent, not "a\.example\.com"/, {}, { commonName: undefined }],
    ['subject', /lack O=Example$/, { subject: { organizations: ['Example'] } }],
    ['usages', /add serverAuth/, { usages: ['digitalSignature'] }],
    ['usages', /lack clientAuth/, { usages: [...profile.usages, 'clientAuth'] }],
    ['isCA', /CA certificate/, {}, { isCA: true }],
    ['notAfter', /2027-02-20T12:00:00Z, not at 2026-12-02/, { notAfter: now + 10 * day }],
  ]
  for (const [field, about, change, given] of table) {
    const found = differences({ ...acceptance, profile: { ...profile, ...change } }, { ...certificate, ...given })
    assert.deepEqual(
      found.map((each) => each.field),
      [field],
    )
    assert.match(found[0]?.message ?? '', about)
  }
  assert.deepEqual(
    differences({ ...acceptance, publicKey: other }, certificate).map((each) => each.field),
    ['publicKey'],
  )
  const { notAfter: _, ...undated } = profile
  assert.deepEqual(differences({ ...acceptance, profile: undated }, { ...certificate, notAfter: now }), [])
})

test('a subject is compared as a set of attributes, and only when one is asked for', async () => {
  const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
  const signer = keySigner(key)
  const subject = { organizations: ['Sifaka, Inc.', 'B+C'], countries: ['DE'] }
  const made = { ...profile, commonName: 'a.example.com', subject }
  const self = parseCertificate(await signRoot(made, signer, newSerialNumber()))
  const leaf: ParsedCertificate = { ...self, isCA: false, names: profile.names, usages: profile.usages }
  const compare = (asked: CertificateProfile['subject']) =>
    differences({ publicKey: key, profile: { ...profile, subject: asked } }, leaf).map(({ message }) => message)
  assert.deepEqual(compare(undefined), [])
  assert.deepEqual(compare(subject), [])
  assert.deepEqual(compare({ ...subject, organizations: ['B+C', 'Sifaka, Inc.'] }), [])
  assert.deepEqual(compare({ countries: ['DE'] }), ['the attributes of its subject add O=B\\+C, O=Sifaka\\, Inc.'])
  assert.deepEqual(compare({ ...subject, countries: ['FR'] }), ['the attributes of its subject lack C=FR and add C=DE'])
  const tolerant = { ...acceptance, publicKey: key, roots: [self], issuerDecides: ['subject', 'notAfter'] as const }
  const asked = { ...profile, subject: { countries: ['FR'] } }
  assert.throws(() => accept({ ...tolerant, profile: asked, issuerDecides: ['notAfter'] }, leaf), rejected(/C=FR/))
  assert.deepEqual(
    accept({ ...tolerant, profile: asked }, leaf).map(({ field }) => field),
    ['subject'],
  )
})

test('a rejection names every reason', async () => {
  const publicKey = await generateKey({ algorithm: 'RSA', size: 2048 })
  const names = normalizeNames({ dnsNames: ['a.example.com'] })
  const wrong = { ...acceptance, publicKey, roots: [], profile: { ...profile, names } }
  assert.throws(() => accept(wrong, certificate), rejected(/another key/, /add DNS:b/, /issuer CN=Root/))
  assert.throws(() => accept({ ...acceptance, at: now + 91 * day }, certificate), rejected(/expired/))
})

test('an issuer may decide dates, usages and common name, and nothing else', () => {
  const asked = { ...profile, notAfter: now + 30 * day, usages: ['clientAuth' as const], commonName: undefined }
  assert.throws(
    () => accept({ ...acceptance, profile: asked }, certificate),
    rejected(/usages/, /common name/, /ends at/),
  )
  const tolerant = { ...acceptance, issuerDecides: ['notAfter', 'usages', 'commonName'] as const }
  assert.deepEqual(
    accept({ ...tolerant, profile: asked }, certificate).map(({ field }) => field),
    ['commonName', 'usages', 'notAfter'],
  )
  assert.throws(() => accept({ ...tolerant, roots: [] }, certificate), rejected(/issuer CN=Root/))
})
