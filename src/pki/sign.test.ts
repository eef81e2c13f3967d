import 'reflect-metadata'
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import * as x509 from '@peculiar/x509'
import fc from 'fast-check'
import { day } from '#base'
import { integer } from './der.ts'
import { PkiError } from './error.ts'
import { generateKey, type KeySpec, parsePrivateKey } from './key.ts'
import { normalizeNames } from './names.ts'
import { formatSerialNumber, type ParsedCertificate, parseCertificate } from './parsed-certificate.ts'
import type { CertificateProfile } from './profile.ts'
import { type IssuerIdentity, newSerialNumber, signCertificate, signRoot, signSubordinate } from './sign.ts'
import { keySigner } from './signer.ts'
import type { Usage } from './usage.ts'

const run = promisify(execFile)
const now = Date.parse('2026-11-22T12:00:00Z')
const keySpecs: readonly KeySpec[] = [
  { algorithm: 'ECDSA', size: 256 },
  { algorithm: 'ECDSA', size: 384 },
  { algorithm: 'ECDSA', size: 521 },
  { algorithm: 'RSA', size: 2048 },
]
const names = normalizeNames({
  dnsNames: ['*.example.com', 'example.com'],
  ipAddresses: ['192.0.2.1', '2001:db8::1', '::ffff:192.0.2.1'],
  uris: ['spiffe://example.com/web'],
  emailAddresses: ['web@example.com'],
})
const server: CertificateProfile = {
  commonName: 'example.com',
  names,
  notBefore: now,
  notAfter: now + 90 * day,
  usages: ['digitalSignature', 'serverAuth', 'clientAuth'],
}

async function makeRoot(spec: KeySpec, notAfter = Date.UTC(2060, 0, 1)): Promise<IssuerIdentity> {
  const signer = keySigner(await generateKey(spec))
  const der = await signRoot({ commonName: 'Test Root', notBefore: now, notAfter }, signer, newSerialNumber())
  return { signer, certificate: parseCertificate(der) }
}

async function makeSubordinate(spec: KeySpec, root: IssuerIdentity, pathLength?: number): Promise<IssuerIdentity> {
  const signer = keySigner(await generateKey(spec))
  const profile = { commonName: 'Test Subordinate', notBefore: now, notAfter: Date.UTC(2049, 11, 31), pathLength }
  const der = await signSubordinate(profile, signer.publicKey, root, newSerialNumber())
  return { signer, certificate: parseCertificate(der) }
}

const signLeaf = async (
  issuer: IssuerIdentity,
  profile: CertificateProfile,
  spec = keySpecs[0],
): Promise<ParsedCertificate> =>
  parseCertificate(
    await signCertificate(
      profile,
      await generateKey(spec ?? { algorithm: 'ECDSA', size: 256 }),
      issuer,
      newSerialNumber(),
    ),
  )

let root: IssuerIdentity
before(async () => {
  root = await makeRoot({ algorithm: 'ECDSA', size: 256 })
})

test('OpenSSL in strict mode and Java accept the chain of every kind of key', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pki-'))
  try {
    const files = await Promise.all(
      keySpecs.map(async (spec) => {
        const file = (name: string): string => join(folder, `${spec.algorithm}-${spec.size}-${name}.pem`)
        const anchor = await makeRoot(spec)
        const subordinate = await makeSubordinate(spec, anchor, 0)
        const leaf = await signLeaf(subordinate, server, spec)
        const nameless = await signLeaf(subordinate, { ...server, commonName: undefined, usages: [] }, spec)
        await writeFile(file('root'), anchor.certificate.pem)
        await writeFile(file('subordinate'), subordinate.certificate.pem)
        await writeFile(file('leaf'), leaf.pem)
        await writeFile(file('nameless'), nameless.pem)
        return { root: file('root'), subordinate: file('subordinate'), leaves: [file('leaf'), file('nameless')] }
      }),
    )
    for (const each of files) {
      const trust = ['-CAfile', each.root, '-untrusted', each.subordinate, '-attime', String(now / 1000 + 60)]
      const { stdout } = await run('openssl', ['verify', '-x509_strict', ...trust, each.subordinate, ...each.leaves])
      assert.equal(stdout.match(/: OK\n/g)?.length, 3, stdout)
    }
    const bundle = join(folder, 'all.pem')
    const all = await Promise.all(files.flatMap((each) => [each.root, each.subordinate, ...each.leaves]).map(readText))
    await writeFile(bundle, all.join(''))
    const { stdout } = await run('keytool', ['-J-Xshare:auto', '-printcert', '-file', bundle])
    assert.equal(stdout.match(/BasicConstraints/g)?.length, 16, stdout)
    assert.equal(stdout.match(/SubjectAlternativeName/g)?.length, 8, stdout)
  } finally {
    await rm(folder, { recursive: true })
  }
})

const readText = (path: string): Promise<string> => readFile(path, 'utf8')

test('a certificate says what its profile says, to us and to another library', async () => {
  const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
  const serialNumber = newSerialNumber()
  const der = await signCertificate(server, key, root, serialNumber)
  const ours = parseCertificate(der)
  const theirs = new x509.X509Certificate(der)
  assert.equal(ours.serialNumber, formatSerialNumber(serialNumber))
  assert.equal(ours.serialNumber, theirs.serialNumber)
  assert.equal(ours.notAfter, server.notAfter)
  assert.equal(ours.notAfter, theirs.notAfter.getTime())
  assert.equal(ours.notBefore, theirs.notBefore.getTime())
  assert.equal(ours.subject, theirs.subject)
  assert.equal(ours.issuer, theirs.issuer)
  assert.deepEqual(ours.names, names)
  assert.equal(theirs.getExtension(x509.SubjectAlternativeNameExtension)?.names.items.length, 7)
  assert.deepEqual(ours.usages, server.usages)
  assert.equal(ours.subjectKeyId, theirs.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId)
  assert.equal(ours.authorityKeyId, theirs.getExtension(x509.AuthorityKeyIdentifierExtension)?.keyId)
  assert.equal(ours.authorityKeyId, root.certificate.subjectKeyId)
  assert.equal(ours.fingerprint, Buffer.from(await theirs.getThumbprint('SHA-256')).toString('hex'))
  const critical = theirs.extensions.filter((each) => each.critical)
  assert.deepEqual(
    Array.from(critical, ({ type }) => type),
    ['2.5.29.19', '2.5.29.15'],
  )
})

test('alternative names are critical exactly when the subject is empty', async () => {
  const leaf = await signLeaf(root, { ...server, commonName: undefined })
  assert.equal(leaf.subject, '')
  assert.equal(leaf.commonName, undefined)
  assert.equal(new x509.X509Certificate(leaf.der).getExtension('2.5.29.17')?.critical, true)
})

test('subject, links and must-staple stand in a certificate as OpenSSL shows them, none of them critical', async () => {
  const leaf = await signLeaf(root, {
    ...server,
    subject: { organizations: ['Example'], organizationalUnits: ['A', 'B'], countries: ['DE'], serialNumber: '7' },
    links: {
      crlURLs: ['http://a.example.com/1.crl', 'http://b.example.com/1.crl'],
      issuerURLs: ['http://a.example.com/ca.crt'],
      ocspURLs: ['http://ocsp.example.com/'],
    },
    mustStaple: true,
  })
  const shown = run('openssl', ['x509', '-noout', '-text', '-nameopt', 'RFC2253'])
  shown.child.stdin?.end(leaf.pem)
  const text = (await shown).stdout.replace(/\s+/g, ' ')
  assert.match(text, /Subject: CN=example.com,serialNumber=7,OU=B,OU=A,O=Example,C=DE /)
  const points =
    /CRL Distribution Points: Full Name: URI:http:\/\/a.example.com\/1.crl Full Name: URI:http:\/\/b.example/
  assert.match(text, points)
  assert.match(text, /OCSP - URI:http:\/\/ocsp.example.com\/ CA Issuers - URI:http:\/\/a.example.com\/ca.crt/)
  assert.match(text, /TLS Feature: status_request/)
  assert.equal(text.match(/: critical/g)?.length, 2)
  const plain = await signLeaf(root, { ...server, links: { crlURLs: [] } })
  assert.equal(new x509.X509Certificate(plain.der).extensions.length, 6)
  const wrong = signLeaf(root, { ...server, links: { crlURLs: ['/1.crl'] } })
  await assert.rejects(wrong, refused(/absolute URI/))
})

test('alternative names are not critical once the subject says anything', async () => {
  const leaf = await signLeaf(root, { ...server, commonName: undefined, subject: { countries: ['DE'] } })
  assert.equal(leaf.subject, 'C=DE')
  assert.equal(new x509.X509Certificate(leaf.der).getExtension('2.5.29.17')?.critical, false)
})

test('times change their encoding at 2050', async () => {
  const at = (text: string): number => Date.parse(text)
  const table: [number, string][] = [
    [at('2049-12-31T23:59:59Z'), '170d3439313233313233353935395a'],
    [at('2050-01-01T00:00:00Z'), '180f32303530303130313030303030305a'],
  ]
  for (const [notAfter, encoded] of table) {
    const leaf = await signLeaf(root, { ...server, notAfter })
    assert.ok(Buffer.from(leaf.der).toString('hex').includes(encoded), encoded)
    assert.equal(leaf.notAfter, notAfter)
  }
})

test("the octets of an adopted CA's name go into the certificates it issues", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pki-'))
  try {
    const [keyFile, file] = [join(folder, 'key.pem'), join(folder, 'ca.pem')]
    const subject = '/C=DE/O=Sp\\/ecial, Inc./OU=a+OU=b/CN=\\"Root\\" /emailAddress=ca@example.com'
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile]
    await run('openssl', ['req', '-x509', ...key, '-days', '36500', '-multivalue-rdn', '-subj', subject, '-out', file])
    const certificate = parseCertificate(await readText(file))
    const issuer = { signer: keySigner(parsePrivateKey(await readText(keyFile))), certificate }
    const leaf = await signLeaf(issuer, server)
    assert.deepEqual(leaf.issuerDer, certificate.subjectDer)
    assert.ok(leaf.isSignedBy(certificate.publicKey))
    const { stdout } = await run('openssl', ['x509', '-in', file, '-noout', '-subject', '-nameopt', 'RFC2253'])
    // RFC 4514 leaves the order within one RDN open; OpenSSL turns it round.
    assert.equal(`subject=${certificate.subject}\n`, stdout.replace('OU=b+OU=a', 'OU=a+OU=b'))
  } finally {
    await rm(folder, { recursive: true })
  }
})

const refused = (about: RegExp) => (error: unknown) =>
  error instanceof PkiError && error.kind === 'Terminal' && about.test(error.message)

test('what must not be signed is refused', async () => {
  const none = normalizeNames({})
  const longUris = Array.from({ length: 70 }, (_, index) => `a:${`${index}`.padStart(1000, '0')}`)
  const table: [string, Partial<CertificateProfile>, RegExp][] = [
    ['no name', { commonName: undefined, names: none }, /needs a name/],
    ['long common name', { commonName: 'a'.repeat(65) }, /1 to 64/],
    ['empty common name', { commonName: '' }, /1 to 64/],
    ['control character', { commonName: 'a\u0000b' }, /control/],
    ['end before start', { notAfter: now }, /ends after it begins/],
    ['fractions of a second', { notAfter: now + 1 }, /whole seconds/],
    ['not a time', { notAfter: Number.NaN }, /whole seconds/],
    ['outlives its issuer', { notAfter: Date.UTC(2061, 0, 1) }, /outlive/],
    ['not ASCII', { names: { ...none, dnsNames: ['bücher.example'] } }, /DNS name/],
    ['too large', { names: { ...none, uris: longUris } }, /would be larger than 64 KiB/],
  ]
  for (const [name, change, about] of table) {
    await assert.rejects(signLeaf(root, { ...server, ...change }), refused(about), name)
  }
})

test('what must not sign is refused', async () => {
  const other = await makeRoot({ algorithm: 'ECDSA', size: 256 })
  const leaf = await signLeaf(root, server)
  const table: [string, IssuerIdentity, RegExp][] = [
    ['the key of another CA', { signer: other.signer, certificate: root.certificate }, /signer's key/],
    ['a certificate that is no CA', { signer: root.signer, certificate: leaf }, /not a CA/],
  ]
  for (const [name, issuer, about] of table) await assert.rejects(signLeaf(issuer, server), refused(about), name)
  const subordinate = await makeSubordinate({ algorithm: 'ECDSA', size: 256 }, root, 0)
  await assert.rejects(makeSubordinate({ algorithm: 'ECDSA', size: 256 }, subordinate), refused(/path length is 0/))
  const wider = await makeSubordinate({ algorithm: 'ECDSA', size: 256 }, root, 1)
  await assert.rejects(makeSubordinate({ algorithm: 'ECDSA', size: 256 }, wider, 1), refused(/does not fit/))
})

test('a signer that fails fails the certificate', async () => {
  const broken: IssuerIdentity = {
    ...root,
    signer: { ...root.signer, sign: () => Promise.reject(new Error('no HSM')) },
  }
  await assert.rejects(signLeaf(broken, server), /no HSM/)
})

test('serial numbers are positive, minimal, 16 octets long and differ', () => {
  const serials = Array.from({ length: 1000 }, newSerialNumber)
  for (const each of serials) {
    assert.equal(each.length, 16)
    assert.ok((each[0] ?? 0) > 0 && (each[0] ?? 0) < 0x80)
  }
  assert.equal(new Set(serials.map(formatSerialNumber)).size, 1000)
})

test('serial numbers that DER or RFC 5280 forbid are refused', async () => {
  const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
  const forbidden = [new Uint8Array(16), new Uint8Array(16).fill(0x80), new Uint8Array(21).fill(1), Uint8Array.of(1)]
  for (const each of forbidden) await assert.rejects(signCertificate(server, key, root, each), refused(/serial number/))
})

const usage = fc.constantFrom<Usage>(
  'digitalSignature',
  'contentCommitment',
  'keyEncipherment',
  'serverAuth',
  'codeSigning',
)

test('any profile is read back as it was written', async () => {
  const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
  const profile = fc.record({
    commonName: fc.option(fc.stringMatching(/^[\x20-\x7e\u00a1-\ud7ff]{1,64}$/u), { nil: undefined }),
    names: fc
      .record({
        dnsNames: fc.array(fc.domain(), { minLength: 1, maxLength: 10 }),
        ipAddresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 5 }),
        uris: fc.array(fc.webUrl(), { maxLength: 3 }),
      })
      .map((each) => normalizeNames(each)),
    usages: fc.uniqueArray(usage),
    seconds: fc.integer({ min: 1, max: 86_400 * 365 * 30 }),
  })
  await fc.assert(
    fc.asyncProperty(profile, async ({ commonName, names, usages, seconds }) => {
      const notAfter = now + seconds * 1000
      const asked = { commonName, names, usages, notBefore: now, notAfter }
      const read = parseCertificate(await signCertificate(asked, key, root, newSerialNumber()))
      assert.equal(read.commonName, commonName)
      assert.deepEqual(read.names, names)
      assert.deepEqual(new Set(read.usages), new Set(usages))
      assert.equal(read.notAfter, notAfter)
      assert.deepEqual(parseCertificate(read.pem).der, Buffer.from(read.der))
    }),
    { numRuns: 60 },
  )
})

test('DER lengths have the fewest octets', () => {
  for (const length of [0, 1, 127, 128, 255, 256, 65_535, 65_536]) {
    const der = integer(new Uint8Array(length))
    const header = der.length - length
    assert.equal(header, length < 128 ? 2 : length < 256 ? 3 : length < 65_536 ? 4 : 5)
    assert.equal(length < 128 ? der[1] : der.readUIntBE(2, header - 2), length)
  }
})
