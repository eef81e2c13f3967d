import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { day } from '#base'
import { type CrlProfile, type RevocationReason, revocationReasons, signCrl } from './crl.ts'
import { PkiError } from './error.ts'
import { generateKey, type KeySpec } from './key.ts'
import { normalizeNames } from './names.ts'
import { type ParsedCertificate, parseCertificate } from './parsed-certificate.ts'
import { parseCrl } from './parsed-crl.ts'
import { encodePem } from './pem.ts'
import { type IssuerIdentity, newSerialNumber, signCertificate, signRoot } from './sign.ts'
import { keySigner } from './signer.ts'

const run = promisify(execFile)
const now = Date.parse('2026-11-22T12:00:00Z')
const url = new URL('http://pki.example.com/crl/shop/root/1.crl')
const attime = ['-attime', String(now / 1000 + 60)]
let folder: string
let root: IssuerIdentity
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pki-'))
  root = await makeRoot({ algorithm: 'ECDSA', size: 256 })
})
after(() => rm(folder, { recursive: true }))

async function makeRoot(spec: KeySpec): Promise<IssuerIdentity> {
  const signer = keySigner(await generateKey(spec))
  const profile = { commonName: 'Root', notBefore: now, notAfter: now + 100 * day }
  return { signer, certificate: parseCertificate(await signRoot(profile, signer, newSerialNumber())) }
}

async function makeLeaf(issuer: IssuerIdentity, crlURLs?: string[]): Promise<ParsedCertificate> {
  const names = normalizeNames({ dnsNames: ['a.example.com'] })
  const profile = { commonName: 'a.example.com', names, notBefore: now, notAfter: now + day, usages: [] }
  const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
  return parseCertificate(await signCertificate({ ...profile, links: { crlURLs } }, key, issuer, newSerialNumber()))
}

const sign = (change: Partial<CrlProfile> = {}): Promise<Uint8Array> =>
  signCrl({ issuer: root, crlNumber: 1, thisUpdate: now, nextUpdate: now + 7 * day, revoked: [], ...change })

async function write(name: string, der: Uint8Array, label = 'X509 CRL'): Promise<string> {
  const file = join(folder, name)
  await writeFile(file, encodePem(der, label))
  return file
}

/** Whether OpenSSL verifies the certificate with the CRL, and what it says if not. */
async function verify(leaf: ParsedCertificate, issuer: IssuerIdentity, crl: Uint8Array): Promise<string> {
  const [leafFile, rootFile, crlFile] = [
    await write('leaf.pem', leaf.der, 'CERTIFICATE'),
    await write('root.pem', issuer.certificate.der, 'CERTIFICATE'),
    await write('list.pem', crl),
  ]
  const args = ['verify', '-x509_strict', '-crl_check', '-extended_crl', ...attime]
  try {
    return (await run('openssl', [...args, '-CAfile', rootFile, '-CRLfile', crlFile, leafFile])).stdout
  } catch (error) {
    return String(error)
  }
}

const keys: readonly KeySpec[] = [
  { algorithm: 'ECDSA', size: 384 },
  { algorithm: 'RSA', size: 2048 },
  { algorithm: 'Ed25519', size: 255 },
]
for (const spec of keys) {
  test(`OpenSSL checks certificates against the CRL of an ${spec.algorithm} CA`, async () => {
    const issuer = await makeRoot(spec)
    const leaf = await makeLeaf(issuer)
    const revoked = [{ serialNumber: leaf.serialNumber, revokedAt: now, reason: 'keyCompromise' as const }]
    assert.match(await verify(leaf, issuer, await sign({ issuer })), /: OK/)
    const listed = await sign({ issuer, revoked })
    assert.match(await verify(leaf, issuer, listed), /certificate revoked/)
    assert.ok(parseCrl(listed).isSignedBy(issuer.signer.publicKey))
    assert.equal(parseCrl(listed).isSignedBy(root.signer.publicKey), false)
  })
}

test('a CRL with a distribution point covers the certificates that name it, and no others', async () => {
  const covered = await makeLeaf(root, ['http://mirror.example.com/1.crl', url.href])
  const revoked = [{ serialNumber: covered.serialNumber, revokedAt: now }]
  const partial = await sign({ distributionPoint: url })
  assert.match(await verify(covered, root, partial), /: OK/)
  assert.match(await verify(covered, root, await sign({ distributionPoint: url, revoked })), /certificate revoked/)
  assert.match(await verify(await makeLeaf(root), root, partial), /different CRL scope/i)
  assert.match(await verify(await makeLeaf(root, ['http://x.example.com/']), root, partial), /different CRL scope/i)
  assert.deepEqual(parseCrl(partial).distributionPoints, [url.href])
})

test('OpenSSL shows what was written, sorted by serial number', async () => {
  const reasons = Object.keys(revocationReasons) as RevocationReason[]
  const revoked = reasons.map((reason, index) => ({
    serialNumber: `${'f0'.repeat(index + 1)}`,
    revokedAt: now - index * 1000,
    reason,
  }))
  const der = await sign({ crlNumber: 2n ** 100n, revoked: revoked.toReversed(), distributionPoint: url })
  const file = await write('shown.pem', der)
  const rootFile = await write('shown-root.pem', root.certificate.der, 'CERTIFICATE')
  const { stdout, stderr } = await run('openssl', ['crl', '-in', file, '-text', '-noout', '-CAfile', rootFile])
  assert.match(stderr, /verify OK/)
  assert.match(stdout, /Version 2/)
  assert.match(stdout, /X509v3 Issuing Distribution Point: critical\n\s+Full Name:\n\s+URI:http:\/\/pki/)
  assert.match(stdout, /X509v3 CRL Number: *\n +1267650600228229401496703205376\n/)
  const serials = [...stdout.matchAll(/Serial Number: ([0-9A-F]+)/g)].map(([, serial]) => serial?.toLowerCase())
  assert.deepEqual(
    serials,
    revoked.map((each) => each.serialNumber),
  )
  assert.equal(stdout.match(/CRL Reason Code/g)?.length, reasons.length - 1)
  for (const shown of ['Key Compromise', 'CA Compromise', 'Certificate Hold', 'Privilege Withdrawn', 'AA Compromise']) {
    assert.ok(stdout.includes(shown), shown)
  }
})

test('a CRL is read as it was written', async () => {
  const empty = parseCrl(await sign({ nextUpdate: Date.UTC(2060, 0, 1) }))
  assert.deepEqual(empty.entries, [])
  assert.deepEqual(empty.distributionPoints, [])
  assert.deepEqual(empty.issuerDer, root.certificate.subjectDer)
  assert.equal(empty.authorityKeyId, root.certificate.subjectKeyId)
  assert.deepEqual([empty.thisUpdate, empty.nextUpdate, empty.crlNumber], [now, Date.UTC(2060, 0, 1), 1n])
  const revoked = [
    { serialNumber: '0a', revokedAt: now - day, reason: 'superseded' as const },
    { serialNumber: 'f1', revokedAt: now, reason: undefined },
    { serialNumber: `7f${'ff'.repeat(19)}`, revokedAt: now, reason: 'aACompromise' as const },
  ]
  const later = { serialNumber: '0A', revokedAt: now }
  const read = parseCrl(encodePem(await sign({ revoked: [later, ...revoked.toReversed(), later] }), 'X509 CRL'))
  assert.deepEqual(read.entries, revoked)
})

test('CRLs of OpenSSL are read, with none, one and several entries', async () => {
  const [keyFile, certificateFile, index, config] = ['ca.key', 'ca.pem', 'index.txt', 'ca.cnf'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string]
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', keyFile]
  await run('openssl', ['req', '-x509', ...key, '-subj', '/CN=Foreign', '-out', certificateFile])
  await writeFile(`${folder}/crlnumber`, '0100\n')
  const line = (serial: string, reason: string): string =>
    `R\t301231235959Z\t260101000000Z${reason}\t${serial}\tunknown\t/CN=x\n`
  const extension = '[ext]\nauthorityKeyIdentifier=keyid\n'
  await writeFile(
    config,
    `[ca]\ndefault_ca=c\n[c]\ndatabase=${index}\ncrlnumber=${folder}/crlnumber\ncrl_extensions=ext\n${extension}`,
  )
  const lines = [line('01', ''), line('00F1', ',keyCompromise'), line('1000', ',superseded')]
  for (const count of [0, 1, 3]) {
    await writeFile(index, lines.slice(0, count).join(''))
    const made = ['-keyfile', keyFile, '-cert', certificateFile, '-md', 'sha384', '-crldays', '7']
    const { stdout } = await run('openssl', ['ca', '-gencrl', '-config', config, ...made])
    const read = parseCrl(stdout)
    const certificate = parseCertificate(await readFile(certificateFile, 'utf8'))
    assert.ok(read.isSignedBy(certificate.publicKey))
    assert.equal(read.authorityKeyId, certificate.subjectKeyId)
    assert.ok((read.crlNumber ?? 0n) >= 0x100n)
    const expected = [
      { serialNumber: '01', revokedAt: Date.UTC(2026, 0, 1), reason: undefined },
      { serialNumber: 'f1', revokedAt: Date.UTC(2026, 0, 1), reason: 'keyCompromise' },
      { serialNumber: '1000', revokedAt: Date.UTC(2026, 0, 1), reason: 'superseded' },
    ]
    assert.deepEqual(read.entries, expected.slice(0, count))
  }
})

test('what must not be signed is refused', async () => {
  const entry = (serialNumber: string, revokedAt = now) => ({ revoked: [{ serialNumber, revokedAt }] })
  const table: [string, Partial<CrlProfile>, RegExp][] = [
    ['updates in the wrong order', { nextUpdate: now }, /next update/],
    ['fractions of a second', { thisUpdate: now + 1 }, /whole seconds/],
    ['a negative number', { crlNumber: -1 }, /CRL number/],
    ['a number too large', { crlNumber: 1n << 159n }, /CRL number/],
    ['no serial number', entry(''), /serial number/],
    ['a serial number that is no hexadecimal', entry('xy'), /serial number/],
    ['a serial number that is too long', entry('01'.repeat(21)), /serial number/],
    ['fractions in an entry', entry('01', now + 1), /whole seconds/],
    ['no CA', { issuer: { ...root, certificate: await makeLeaf(root) } }, /not a CA/],
    ['no cRLSign', { issuer: { ...root, certificate: { ...root.certificate, mayCrlSign: false } } }, /no cRLSign/],
  ]
  for (const [name, change, about] of table) {
    await assert.rejects(sign(change), (error: unknown) => error instanceof PkiError && about.test(error.message), name)
  }
})

const refused = (error: unknown): boolean => error instanceof PkiError && error.reason === 'InvalidCrl'

test('hostile CRLs are refused', async () => {
  const revoked = [{ serialNumber: '01', revokedAt: now, reason: 'superseded' as const }]
  const der = Buffer.from(await sign({ revoked, distributionPoint: url }))
  const replaced = (from: string, to: string): Buffer => {
    assert.ok(der.toString('hex').includes(from))
    return Buffer.from(der.toString('hex').replace(from, to), 'hex')
  }
  const pem = encodePem(der, 'X509 CRL')
  const table: [string, string | Uint8Array][] = [
    ['empty', ''],
    ['no PEM', 'hello'],
    ['a certificate', root.certificate.pem],
    ['two', pem + pem],
    ['nothing', Buffer.alloc(0)],
    ['one octet more', Buffer.concat([der, Buffer.alloc(1)])],
    ['truncated', der.subarray(0, -1)],
    ['more than 8 MiB', Buffer.alloc(8 * 2 ** 20 + 1)],
    ['the reason removeFromCRL', replaced('0a0104', '0a0108')],
    ['a negative serial number', replaced('020101170d', '0201ff170d')],
    ['a delta CRL', replaced('0603551d1c', '0603551d1b')],
    ['an extension twice', replaced('0603551d23', '0603551d14')],
    ['another algorithm in front', replaced('2a8648ce3d040302', '2a8648ce3d040303')],
  ]
  for (const [name, crl] of table) assert.throws(() => parseCrl(crl), refused, name)
})

test('whatever octets are given or changed, a CRL is read or refused, and its signature no longer holds', async () => {
  const revoked = [{ serialNumber: '01', revokedAt: now, reason: 'superseded' as const }]
  const der = Buffer.from(await sign({ revoked, distributionPoint: url }))
  const attempt = (octets: Uint8Array): void => {
    try {
      assert.equal(parseCrl(octets).isSignedBy(root.signer.publicKey), false)
    } catch (error) {
      if (!refused(error)) throw error
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), attempt))
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) =>
      attempt(der.with(at, (der[at] ?? 0) ^ change)),
    ),
    { numRuns: 500 },
  )
})

test('20,000 entries are signed in well under a second', async () => {
  const revoked = Array.from({ length: 20_000 }, () => ({
    serialNumber: Buffer.from(newSerialNumber()).toString('hex'),
    revokedAt: now,
    reason: 'superseded' as const,
  }))
  const start = process.cpuUsage()
  const der = await sign({ revoked })
  assert.ok(process.cpuUsage(start).user < 800_000)
  assert.equal(parseCrl(der).entries.length, 20_000)
})
