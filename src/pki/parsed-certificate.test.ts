import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { day } from '#base'
import { explicit, integer, sequence } from './der.ts'
import { PkiError } from './error.ts'
import { generateKey } from './key.ts'
import { encodeCertificates, parseCertificate, parseCertificates } from './parsed-certificate.ts'
import { newSerialNumber, signRoot } from './sign.ts'
import { keySigner } from './signer.ts'

const run = promisify(execFile)
const now = Date.parse('2026-11-22T12:00:00Z')
let der: Buffer
let pem: string

before(async () => {
  const signer = keySigner(await generateKey({ algorithm: 'ECDSA', size: 256 }))
  const profile = { commonName: 'Root', notBefore: now, notAfter: now + day, pathLength: 3 }
  der = Buffer.from(await signRoot(profile, signer, newSerialNumber()))
  pem = encodeCertificates([der])
})

/** What OpenSSL makes of extra arguments of `openssl req -x509`. */
async function fromOpenssl(...args: string[]): Promise<{ pem: string; text: (...args: string[]) => Promise<string> }> {
  const folder = await mkdtemp(join(tmpdir(), 'pki-'))
  const file = join(folder, 'certificate.pem')
  const key = args.includes('-newkey') ? [] : ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']
  try {
    await run('openssl', ['req', '-x509', '-nodes', ...key, '-keyout', join(folder, 'key.pem'), '-out', file, ...args])
    const content = await readFile(file, 'utf8')
    return {
      pem: content,
      text: async (...shown) => {
        const child = run('openssl', ['x509', '-noout', ...shown])
        child.child.stdin?.end(content)
        return (await child).stdout
      },
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

test('a certificate of OpenSSL is read as OpenSSL reads it', async () => {
  const { pem: foreign, text } = await fromOpenssl(
    ...[
      '-subj',
      '/C=DE/O=Example, Inc./CN= #odd <name>;',
      '-days',
      '30',
      '-set_serial',
      '0x00F1',
      '-nameopt',
      'RFC2253',
    ],
    ...[
      '-addext',
      'subjectAltName=DNS:A.example.com,IP:10.0.0.1,IP:2001:db8::1,URI:spiffe://x/y,email:a@B.com,RID:1.2.3,' +
        'otherName:1.3.6.1.4.1.311.20.2.3;UTF8:Jo=a@example.com,otherName:1.2.4;IA5:a,otherName:1.2.5;UTF8:',
    ],
    ...[
      '-addext',
      'keyUsage=critical,keyAgreement,decipherOnly',
      '-addext',
      'extendedKeyUsage=OCSPSigning,emailProtection',
    ],
  )
  const read = parseCertificate(foreign)
  const shown = await text('-serial', '-subject', '-nameopt', 'RFC2253', '-fingerprint', '-sha256')
  assert.ok(shown.includes(`serial=${read.serialNumber.toUpperCase()}\n`), shown)
  assert.ok(shown.includes(`subject=${read.subject}\n`), `${shown} ${read.subject}`)
  assert.ok(shown.replaceAll(':', '').toLowerCase().includes(read.fingerprint), shown)
  assert.equal(read.serialNumber, 'f1')
  assert.equal(read.commonName, ' #odd <name>;')
  assert.deepEqual(read.names, {
    dnsNames: ['a.example.com'],
    ipAddresses: ['10.0.0.1', '2001:db8::1'],
    uris: ['spiffe://x/y'],
    emailAddresses: ['a@b.com'],
    otherNames: ['1.3.6.1.4.1.311.20.2.3=Jo=a@example.com'],
    registeredIDs: ['1.2.3'],
  })
  assert.deepEqual(read.otherNameKinds, ['otherName 1.2.4', 'otherName 1.2.5'])
  assert.deepEqual(read.usages, ['keyAgreement', 'emailProtection'])
  assert.equal(read.mayCertSign, false)
  assert.equal(read.isCA, true)
})

test('members of a root', () => {
  const read = parseCertificate(der)
  assert.equal(read.isCA, true)
  assert.equal(read.pathLength, 3)
  assert.equal(read.mayCertSign, true)
  assert.equal(read.subject, 'CN=Root')
  assert.equal(read.subject, read.issuer)
  assert.equal(read.authorityKeyId, read.subjectKeyId)
  assert.equal(read.signatureAlgorithm, 'ecdsa-with-SHA256')
  assert.equal(read.pem, pem)
  assert.ok(read.isSignedBy(read.publicKey))
})

test('a text may hold several certificates, comments and other blocks', () => {
  const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n'
  const read = parseCertificates(`a comment\r\n${pem.replaceAll('\n', '\r\n')}${key}${pem}`)
  assert.deepEqual(
    read.map((each) => each.der),
    [der, der],
  )
  assert.equal(encodeCertificates(read), pem + pem)
})

const invalid = (error: unknown) =>
  error instanceof PkiError && error.kind === 'Terminal' && error.reason === 'InvalidCertificate'

test('hostile texts are refused at once', () => {
  const begin = '-----BEGIN CERTIFICATE-----\n'
  const table: [string, string][] = [
    ['empty', ''],
    ['no certificate', 'hello'],
    ['1 MiB of BEGIN lines', begin.repeat(2 ** 20 / begin.length)],
    ['BEGIN lines up to the limit', begin.repeat(Math.floor((400 * 1024) / begin.length))],
    ['no END', pem.replace(/-----END.*/, '')],
    ['not base64', pem.replace('M', '!')],
    ['base64 that ends early', pem.replace('\n-----END', '=\n-----END')],
    ['base64 of nothing', `${begin}-----END CERTIFICATE-----\n`],
    ['too many', pem.repeat(101)],
    ['a block within a block', begin + pem],
  ]
  for (const [name, text] of table) {
    const start = process.cpuUsage()
    assert.throws(() => parseCertificates(text), invalid, name)
    assert.ok(process.cpuUsage(start).user < 50_000, `${name} takes more than 50 ms of CPU`)
  }
  assert.throws(() => parseCertificate(pem + pem), invalid)
})

test('hostile DER is refused', () => {
  const flip = (at: number, octet: number): Buffer => Buffer.from(der.with(at, octet))
  const table: [string, Uint8Array][] = [
    ['empty', Buffer.alloc(0)],
    ['garbage', Buffer.from('garbage that is no certificate')],
    ['PEM as octets', Buffer.from(pem)],
    ['truncated', der.subarray(0, -1)],
    ['one octet more', Buffer.concat([der, Buffer.alloc(1)])],
    ['two certificates', Buffer.concat([der, der])],
    ['wrong tag', flip(0, 0x31)],
    ['wrong length', flip(2, 0)],
    ['an empty sequence', sequence()],
    [
      'nested a thousand deep',
      Array(1000)
        .fill(0)
        .reduce((inner: Buffer) => sequence(inner), sequence()),
    ],
    ['a mebibyte', sequence(Buffer.alloc(2 ** 20))],
    ['an integer in a tag', explicit(0, integer(Uint8Array.of(2)))],
  ]
  for (const [name, octets] of table) assert.throws(() => parseCertificate(octets), invalid, name)
})

test('alternative names that OpenSSL cannot read are refused', async () => {
  const { pem: named } = await fromOpenssl('-subj', '/CN=a', '-addext', 'subjectAltName=DNS:www.example.com')
  const octets = Buffer.from(parseCertificate(named).der)
  // The extension's list gets another tag: whoever does not look at it still sees the name.
  const list = octets.indexOf(Buffer.concat([Buffer.from('820f', 'hex'), Buffer.from('www.example.com')])) - 2
  assert.equal(octets[list], 0x30)
  octets[list] = 0xb7
  assert.throws(() => parseCertificate(octets), invalid)
})

test('whatever octet of a certificate is changed, it is read or refused, and its signature no longer holds', () => {
  const { publicKey } = parseCertificate(der)
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(der.with(at, (der[at] ?? 0) ^ change))
      try {
        assert.equal(parseCertificate(changed).isSignedBy(publicKey), false)
      } catch (error) {
        if (!invalid(error)) throw error
      }
    }),
    { numRuns: 500 },
  )
})

test('certificates that OpenSSL makes and nobody should use are refused', async () => {
  const table: [string, string[]][] = [
    ['10,000 names', ['-addext', `subjectAltName=${Array.from({ length: 10_000 }, (_, i) => `DNS:n${i}`).join()}`]],
    ['1,001 names', ['-addext', `subjectAltName=${Array.from({ length: 1001 }, (_, i) => `DNS:n${i}.com`).join()}`]],
    ['a NUL in a name', ['-addext', 'subjectAltName=DER:300d820b612e636f6d002e622e6575']],
    ['an address of five octets', ['-addext', 'subjectAltName=DER:300787050102030405']],
    ['a malformed extension', ['-addext', 'subjectAltName=DER:0500']],
    ['a negative serial number', ['-set_serial', '-5']],
    ['a serial number of 21 octets', ['-set_serial', `0x${'7f'.repeat(21)}`]],
  ]
  for (const [name, args] of table) {
    const { pem: foreign } = await fromOpenssl('-subj', '/CN=x', ...args)
    assert.throws(() => parseCertificate(foreign), invalid, name)
  }
})
