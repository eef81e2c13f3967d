import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { day } from '#base'
import { type Acceptance, accept, type DifferenceField, differences } from './accept.ts'
import type { CustomExtension } from './custom-extension.ts'
import { nothing } from './der.ts'
import { PkiError } from './error.ts'
import { generateKey } from './key.ts'
import { normalizeNames } from './names.ts'
import { type ParsedCertificate, parseCertificate } from './parsed-certificate.ts'
import type { CertificateProfile } from './profile.ts'
import { newSerialNumber, signCertificate, signRoot } from './sign.ts'
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
  certificate = parseCertificate(await signCertificate(profile, key, { signer, certificate: root }, newSerialNumber()))
  acceptance = { profile, publicKey: key, roots: [root], intermediates: [], at: now }
})

const custom: CustomExtension = { oid: '1.2.3', critical: false, value: Uint8Array.of(0x0c, 0x01, 0x61) }
/** Of certificate transparency. */
const timestamps = '1.3.6.1.4.1.11129.2.4.2'
const ca = { isCA: true, mayCertSign: true }
const constraints = { permitted: { dnsDomains: ['A.de'] } }

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
    ['names', /lack registeredID:1\.2\.3$/, { names: { ...profile.names, registeredIDs: ['1.2.3'] } }],
    ['names', /lack otherName:1\.2\.3=a$/, { names: { ...profile.names, otherNames: ['1.2.3=a'] } }],
    ['names', /no alternative names/, {}, { names: normalizeNames({}) }],
    ['commonName', /"a\.example\.com", not absent/, { commonName: undefined }],
    ['commonName', /absent, not "a\.example\.com"/, {}, { commonName: undefined }],
    ['subject', /lack O=Example$/, { subject: { organizations: ['Example'] } }],
    ['usages', /add serverAuth/, { usages: ['digitalSignature'] }],
    ['usages', /lack clientAuth/, { usages: [...profile.usages, 'clientAuth'] }],
    ['isCA', /^it is a CA certificate$/, {}, { isCA: true }],
    ['isCA', /^it is no CA certificate$/, { ca: {} }],
    ['isCA', /no keyCertSign/, { ca: {} }, { isCA: true, mayCertSign: undefined }],
    ['isCA', /path length is not limited, not 0/, { ca: { pathLength: 0 } }, ca],
    ['isCA', /path length is 1, not without a limit/, { ca: {} }, { ...ca, pathLength: 1 }],
    ['isCA', /constraints lack permitted dnsDomains a\.de$/, { ca: { nameConstraints: constraints } }, ca],
    ['isCA', /constraints add permitted dnsDomains a\.de$/, { ca: {} }, { ...ca, nameConstraints: constraints }],
    ['isCA', /constraints add directoryName$/, { ca: {} }, { ...ca, unknownConstraints: ['directoryName'] }],
    ['extensions', /lacks must-staple/, { mustStaple: true }],
    ['extensions', /has must-staple/, {}, { mustStaple: true }],
    ['extensions', /lacks the extensions 1\.2\.3 as/, { customExtensions: [custom] }],
    ['extensions', /lacks/, { customExtensions: [custom] }, { customExtensions: [{ ...custom, critical: true }] }],
    ['extensions', /lacks/, { customExtensions: [custom] }, { customExtensions: [{ ...custom, value: nothing }] }],
    ['addedExtensions', /add 1\.2\.3$/, {}, { customExtensions: [custom, { ...custom, oid: timestamps }] }],
    ['subject', /are CN=a\.example\.com, not CN=a\.example\.com,O=A octet/, { literalSubject: 'CN=a.example.com,O=A' }],
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

test('name constraints are compared in one form', () => {
  const asked = { permitted: { ipRanges: ['2001:DB8::/32'], dnsDomains: ['B.de', 'a.de'] }, excluded: undefined }
  const given = { permitted: { dnsDomains: ['a.de', 'b.de'], ipRanges: ['2001:db8::/32'] } }
  const found = differences(
    { ...acceptance, profile: { ...profile, ca: { nameConstraints: asked } } },
    { ...certificate, ...ca, nameConstraints: given },
  )
  assert.deepEqual(found, [])
})

test('a CA and what RFC 5280 does not define are accepted where they were asked for, and nowhere else', async () => {
  const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
  const signer = keySigner(key)
  const validity = { notBefore: now, notAfter: now + 100 * day }
  const root = parseCertificate(await signRoot({ commonName: 'Root', ...validity }, signer, newSerialNumber()))
  const issue = async (wanted: CertificateProfile) =>
    parseCertificate(await signCertificate(wanted, key, { signer, certificate: root }, newSerialNumber()))
  const literalSubject = 'O=Example,CN=a.example.com,DC=com'
  const all: CertificateProfile = {
    ...profile,
    literalSubject,
    names: normalizeNames({ otherNames: ['1.2.3=Jo'], registeredIDs: ['1.2.4'] }, profile.commonName),
    mustStaple: true,
    customExtensions: [{ ...custom, critical: true }],
    ca: { pathLength: 0, nameConstraints: constraints },
  }
  const wanted = { publicKey: key, roots: [root], intermediates: [], at: now }
  const issued = await issue(all)
  assert.equal(issued.subject, literalSubject)
  assert.deepEqual(accept({ ...wanted, profile: all }, issued), [])
  assert.throws(
    () => accept({ ...wanted, profile }, issued),
    rejected(/CA certificate/, /must-staple/, /unknown critical/),
  )
  const other = { ...all, literalSubject: 'CN=a.example.com,O=Example,DC=com' }
  assert.throws(() => accept({ ...wanted, profile: other }, issued), rejected(/octet for octet/))
  // Nobody asked for what is not critical either, but authorities add such things.
  const added = await issue({ ...profile, customExtensions: [custom] })
  assert.deepEqual(
    accept({ ...wanted, profile }, added).map(({ field }) => field),
    ['addedExtensions'],
  )
})

test('a CA is not accepted from one that may have none below it', async () => {
  const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
  const signer = keySigner(key)
  const made = { commonName: 'Root', notBefore: now, notAfter: now + 100 * day }
  const root = parseCertificate(await signRoot({ ...made, pathLength: 1 }, signer, newSerialNumber()))
  const wanted = { ...profile, ca: { pathLength: 1 } }
  const certificate = parseCertificate(
    // A CA that pays no heed to its own path length.
    await signCertificate(wanted, key, { signer, certificate: { ...root, pathLength: undefined } }, newSerialNumber()),
  )
  const acceptance = { publicKey: key, roots: [root], intermediates: [], at: now }
  assert.throws(
    () => accept({ ...acceptance, profile: wanted }, certificate),
    rejected(/CN=Root has a path length of 1, which is too short/),
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
