import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { type CsrContent, createCsr, createProfileCsr, parseCsr } from './csr.ts'
import {
  bitString,
  implicitSequence,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  setOf,
  utf8String,
} from './der.ts'
import { encodeName } from './distinguished-name.ts'
import { PkiError } from './error.ts'
import { endEntityConstraints, subjectAltName } from './extension.ts'
import { encodePublicKey, generateKey } from './key.ts'
import { algorithmNames, traitsOf } from './key-algorithm.ts'
import { normalizeNames } from './names.ts'
import { encodePem } from './pem.ts'
import type { CertificateProfile } from './profile.ts'
import { rsa } from './signature-algorithm.ts'
import { keySigner, type Signer } from './signer.ts'

const run = promisify(execFile)
const none = normalizeNames({})
const web: CsrContent = { subject: { commonName: 'Web' }, names: { dnsNames: ['web.example'] } }
let signer: Signer
let der: Buffer

before(async () => {
  signer = keySigner(await generateKey({ algorithm: 'ECDSA', size: 256 }))
  der = derOf(await createCsr(web, signer))
})

const derOf = (pem: string): Buffer => Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64')

const invalidCsr = (about: RegExp) => (error: unknown) =>
  error instanceof PkiError && error.kind === 'Terminal' && error.reason === 'InvalidCsr' && about.test(error.message)

/** Runs OpenSSL in a folder of its own, with these files there. */
async function openssl(args: readonly string[], files: Readonly<Record<string, string>> = {}): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'csr-'))
  try {
    for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content)
    const { stdout, stderr } = await run('openssl', args, { cwd: folder })
    return args.includes('-out') ? await readFile(join(folder, 'request.pem'), 'utf8') : stdout + stderr
  } finally {
    await rm(folder, { recursive: true })
  }
}

const p256 = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256']

/** A request that OpenSSL makes. */
const fromOpenssl = (...args: readonly string[]): Promise<string> => {
  const key = args.includes('-newkey') ? [] : p256
  return openssl(['req', '-new', '-nodes', ...key, '-keyout', 'key.pem', '-out', 'request.pem', ...args])
}

/** What OpenSSL says of a request; it fails when the signature does not verify. */
const shownByOpenssl = (pem: string): Promise<string> =>
  openssl(['req', '-in', 'request.pem', '-verify', '-noout', '-text', '-nameopt', 'RFC2253,show_type'], {
    'request.pem': pem,
  })

/** A request with these octets in place of what `createCsr` would write, signed. */
async function signed(parts: {
  subject?: Uint8Array
  attributes?: readonly Uint8Array[] | 'absent'
  spki?: Uint8Array
}) {
  const { subject = sequence(), attributes = [], spki = encodePublicKey(signer.publicKey) } = parts
  const last = attributes === 'absent' ? [] : [implicitSequence(0, attributes)]
  const info = sequence(integer(Uint8Array.of(0)), subject, spki, ...last)
  return sequence(info, signer.algorithm.identifier, bitString(await signer.sign(info)))
}

const extensionRequest = (extensions: Uint8Array): Buffer =>
  sequence(objectIdentifier('1.2.840.113549.1.9.14'), setOf(extensions))

const commonName = (text: string): Buffer => setOf(sequence(objectIdentifier('2.5.4.3'), utf8String(text)))

test('requests of every algorithm are read back', async () => {
  for (const algorithm of algorithmNames) {
    for (const size of traitsOf(algorithm).sizes.filter((each) => each < 3000)) {
      const own = keySigner(await generateKey({ algorithm, size }))
      const csr = parseCsr(await createCsr(web, own))
      assert.ok(csr.publicKey.equals(own.publicKey), `${algorithm} ${size}`)
      assert.equal(csr.commonName, 'Web')
      assert.deepEqual(csr.names, { ...none, dnsNames: ['web.example'] })
      assert.equal(csr.asksForCA, false)
    }
  }
})

const anyPolicy = sequence(
  objectIdentifier('2.5.29.32'),
  octetString(sequence(sequence(objectIdentifier('2.5.29.32.0')))),
)

test('OpenSSL reads our requests', async () => {
  const subject = { commonName: 'Issuing CA', organizations: ['Exämple'], countries: ['DE'], serialNumber: '7' }
  const pem = await createCsr({ subject, isCA: true, pathLength: 1, extensions: [anyPolicy] }, signer)
  const shown = await shownByOpenssl(pem)
  for (const about of [
    /self-signature verify OK/,
    /Subject: CN=UTF8STRING:Issuing CA,serialNumber=PRINTABLESTRING:7,O=UTF8STRING:Ex\\C3\\A4mple,C=PRINTABLESTRING:DE/,
    /Basic Constraints: critical\s+CA:TRUE, pathlen:1/,
    /Key Usage: critical\s+Certificate Sign, CRL Sign/,
    /Subject Key Identifier/,
    /Certificate Policies:\s+Policy: X509v3 Any Policy/,
  ]) {
    assert.match(shown, about)
  }
  const leaf = { ...none, dnsNames: ['a.example'], ipAddresses: ['2001:db8::1'], uris: ['spiffe://a/b'] }
  const named = await shownByOpenssl(await createCsr({ subject: {}, names: leaf }, signer))
  assert.match(
    named,
    /Alternative Name: critical\s+DNS:a.example, IP Address:2001:DB8:0:0:0:0:0:1, URI:spiffe:\/\/a\/b/,
  )
  assert.doesNotMatch(named, /Basic Constraints/)
  assert.match(
    await shownByOpenssl(await createCsr({ subject: { commonName: 'a' } }, signer)),
    /Attributes:\s+\(none\)/,
  )
})

test('the request for a profile asks for all of it', async () => {
  const common = {
    commonName: 'Example CA',
    notBefore: 0,
    notAfter: 0,
    usages: ['digitalSignature', 'clientAuth'] as const,
  }
  const everything: CertificateProfile = {
    ...common,
    subject: { organizations: ['Example'] },
    names: normalizeNames({
      dnsNames: ['a.example'],
      otherNames: ['1.3.6.1.4.1.311.20.2.3=jö@example.com'],
      registeredIDs: ['1.2.3.4'],
    }),
    mustStaple: true,
    customExtensions: [{ oid: '1.3.6.1.4.1.32473.1', critical: true, value: utf8String('hello') }],
    ca: { pathLength: 0, nameConstraints: { permitted: { dnsDomains: ['example'] } } },
  }
  const shown = await shownByOpenssl(await createProfileCsr(everything, signer))
  for (const about of [
    /Subject: CN=UTF8STRING:Example CA,O=UTF8STRING:Example\n/,
    /Basic Constraints: critical\s+CA:TRUE, pathlen:0/,
    /Key Usage: critical\s+Digital Signature, Certificate Sign, CRL Sign\n/,
    /Extended Key Usage: \n\s+TLS Web Client Authentication\n/,
    /Alternative Name: \n\s+DNS:a\.example, othername: UPN:+j\S+@example\.com, Registered ID:1\.2\.3\.4\n/,
    /Name Constraints: critical\s+Permitted:\s+DNS:example\n/,
    /TLS Feature: \n\s+status_request\n/,
    /1\.3\.6\.1\.4\.1\.32473\.1: critical\s+\.\.hello/,
  ]) {
    assert.match(shown, about)
  }
  const plain = { ...common, commonName: undefined, names: normalizeNames({ dnsNames: ['a.example'] }) }
  const leaf = await shownByOpenssl(await createProfileCsr(plain, signer))
  assert.match(leaf, /Key Usage: critical\s+Digital Signature\n/)
  assert.doesNotMatch(leaf, /Basic Constraints/)
  const literal = { ...plain, literalSubject: 'O=a,CN=b,DC=c' }
  assert.equal(parseCsr(await createProfileCsr(literal, signer)).subject, 'O=a,CN=b,DC=c')
})

test('requests of OpenSSL are read', async () => {
  const keys: string[][] = [
    p256,
    ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-521', '-sha512'],
    ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-sha384'],
    ['-newkey', 'rsa:2048', '-sha256'],
    ['-newkey', 'rsa:2048', '-sha512'],
    ['-newkey', 'rsa:2048', '-sha384', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:-1'],
    ['-newkey', 'ed25519'],
  ]
  for (const key of keys) {
    const csr = parseCsr(await fromOpenssl('-subj', '/C=DE/O=Example/CN=web.example', ...key))
    assert.equal(csr.subject, 'CN=web.example,O=Example,C=DE', key.join(' '))
    assert.deepEqual(csr.requestedExtensions, [])
  }
})

test('what OpenSSL asks for is read', async () => {
  const alternative =
    'subjectAltName=DNS:B.example,DNS:a.example,IP:192.0.2.1,email:A@B.example,URI:spiffe://a/b,RID:1.2.3,' +
    'otherName:1.3.6.1.4.1.311.20.2.3;UTF8:jo@b.example'
  const csr = parseCsr(await fromOpenssl('-subj', '/CN=x', '-addext', alternative))
  assert.deepEqual(csr.names, {
    dnsNames: ['a.example', 'b.example'],
    ipAddresses: ['192.0.2.1'],
    uris: ['spiffe://a/b'],
    emailAddresses: ['A@b.example'],
    otherNames: ['1.3.6.1.4.1.311.20.2.3=jo@b.example'],
    registeredIDs: ['1.2.3'],
  })
  const asking: [string, boolean, string][] = [
    ['basicConstraints=critical,CA:TRUE,pathlen:0', true, '2.5.29.19'],
    ['basicConstraints=CA:FALSE', false, '2.5.29.19'],
    ['keyUsage=keyCertSign', true, '2.5.29.15'],
    ['keyUsage=cRLSign', true, '2.5.29.15'],
    ['keyUsage=digitalSignature', false, '2.5.29.15'],
    ['1.2.3.4=DER:0500', false, '1.2.3.4'],
  ]
  for (const [extension, asksForCA, id] of asking) {
    const read = parseCsr(await fromOpenssl('-subj', '/CN=x', '-addext', extension))
    assert.equal(read.asksForCA, asksForCA, extension)
    assert.deepEqual(read.requestedExtensions, [id])
  }
})

test('a request is one block of PEM under either name, or DER; other attributes are passed over', async () => {
  const renamed = encodePem(der, 'NEW CERTIFICATE REQUEST')
  const text = `Certificate Request:\n${encodePem(der, 'CERTIFICATE REQUEST')}\n`
  for (const form of [der, renamed, text]) assert.equal(parseCsr(form).commonName, 'Web')
  const subject = encodeName({ commonName: 'Web' })
  assert.equal(parseCsr(await signed({ subject, attributes: 'absent' })).commonName, 'Web')
  const challenge = sequence(objectIdentifier('1.2.840.113549.1.9.7'), setOf(utf8String('secret')))
  const wanted = extensionRequest(sequence(endEntityConstraints))
  const csr = parseCsr(await signed({ subject, attributes: [challenge, wanted] }))
  assert.deepEqual(csr.requestedExtensions, ['2.5.29.19'])
})

test('what is no request is refused with its reason', () => {
  const pem = encodePem(der, 'CERTIFICATE REQUEST')
  const table: [string, string | Uint8Array, RegExp][] = [
    ['empty', '', /no PEM block CERTIFICATE REQUEST/],
    ['empty DER', new Uint8Array(0), /not well-formed/],
    ['a certificate', encodePem(der), /no PEM block CERTIFICATE REQUEST/],
    ['two blocks', pem + pem, /more than one PEM block/],
    ['a key beside it', `${pem}-----BEGIN PRIVATE KEY-----\n`, /more than one PEM block/],
    ['no END line', pem.slice(0, -20), /not base64 between/],
    ['no base64', pem.replace('M', '*'), /not base64 between/],
    ['a text of 1 MB', pem + ' '.repeat(1024 * 1024), /larger than 64 KiB/],
    ['1 MB of DER', Buffer.alloc(1024 * 1024, 0x30), /larger than 64 KiB/],
    ['truncated', der.subarray(0, -1), /not well-formed/],
    ['octets after it', Buffer.concat([der, Buffer.alloc(1)]), /not well-formed/],
    ['deeply nested', Buffer.alloc(60_000, Buffer.from('3080', 'hex')), /not well-formed/],
    ['many members', sequence(Buffer.alloc(60_000, Buffer.from('3000', 'hex'))), /not well-formed/],
    ['PEM as octets', Buffer.from(pem), /not well-formed/],
  ]
  for (const [name, text, about] of table) assert.throws(() => parseCsr(text), invalidCsr(about), name)
})

test('proof of possession is by a strong algorithm and the key of the request', async () => {
  const tampered = Buffer.from(der)
  tampered.writeUInt8((tampered.at(-1) ?? 0) ^ 1, tampered.length - 1)
  assert.throws(() => parseCsr(tampered), invalidCsr(/not made with its own key/))
  const other = keySigner(await generateKey({ algorithm: 'ECDSA', size: 256 }))
  const stolen = await createCsr(web, { ...signer, sign: (tbs) => other.sign(tbs) })
  assert.throws(() => parseCsr(stolen), invalidCsr(/not made with its own key/))
  const mislabelled = await createCsr(web, { ...signer, algorithm: rsa('sha256') })
  assert.throws(() => parseCsr(mislabelled), invalidCsr(/not made with its own key/))
  for (const hash of ['-sha1', '-md5']) {
    const weak = await fromOpenssl('-subj', '/CN=x', '-newkey', 'rsa:2048', hash)
    assert.throws(() => parseCsr(weak), invalidCsr(/signature algorithm is not accepted/), hash)
  }
})

test('keys that may not be certified are refused', async () => {
  const modulus = Buffer.alloc(2048, 0xff).toString('base64url')
  const publicKey = createPublicKey({ key: { kty: 'RSA', n: modulus, e: 'AQAB' }, format: 'jwk' })
  const large: Signer = { publicKey, algorithm: rsa('sha256'), sign: async () => Buffer.alloc(2048) }
  const explicitCurve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-pkeyopt', 'ec_param_enc:explicit']
  const koblitz = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:secp256k1']
  const table: [string, string | Uint8Array, RegExp][] = [
    ['RSA 16384', await createCsr(web, large), /16384 bits: at most 8192/],
    ['RSA 1024', await fromOpenssl('-subj', '/CN=x', '-newkey', 'rsa:1024'), /fewer than 2048 bits/],
    ['explicit curve', await fromOpenssl('-subj', '/CN=x', ...explicitCurve), /curve parameters/],
    ['another curve', await fromOpenssl('-subj', '/CN=x', ...koblitz), /secp256k1/],
    ['no key', await signed({ spki: sequence() }), /public key is of an unknown kind or malformed/],
  ]
  for (const [name, text, about] of table) assert.throws(() => parseCsr(text), invalidCsr(about), name)
})

test('a request for what cannot be issued is refused with its reason', async () => {
  const asking = (...extensions: Uint8Array[]) => ({ attributes: [extensionRequest(sequence(...extensions))] })
  const alternative = (name: string) => subjectAltName({ ...none, dnsNames: [name] }, false)
  const unused = extensionRequest(sequence())
  const octets = utf8String('a').fill(0x02, 0, 1)
  const many = (count: number) => subjectAltName({ ...none, dnsNames: Array<string>(count).fill('a') }, false)
  const table: [string, Uint8Array | string, RegExp][] = [
    ['NUL in a DNS name', await signed(asking(...alternative('a.example\u0000.test'))), /is not a DNS name/],
    ['NUL in the common name', await signed({ subject: sequence(commonName('a\u0000b')) }), /control character/],
    ['two common names', await signed({ subject: sequence(commonName('a'), commonName('b')) }), /more than one common/],
    ['no text', await signed({ subject: sequence(setOf(sequence(objectIdentifier('2.5.4.3'), octets))) }), /no text/],
    ['malformed subject', await signed({ subject: setOf(sequence()) }), /malformed/],
    ['an extension twice', await signed(asking(endEntityConstraints, endEntityConstraints)), /an extension twice/],
    ['two extension requests', await signed({ attributes: [unused, unused] }), /more than one extension request/],
    ['malformed extensions', await signed({ attributes: [extensionRequest(octetString(der))] }), /not well-formed/],
    [
      'no UTF-8',
      await fromOpenssl('-subj', '/CN=x', '-addext', 'subjectAltName=otherName:1.2.3;IA5:a'),
      /otherName 1.2.3/,
    ],
    ['5,000 names', await signed(asking(...many(5000))), /5000 names are too many: at most 1000/],
    ['10,000 names', await signed(asking(...many(10_000))), /has thousands of names/],
  ]
  for (const [name, text, about] of table) assert.throws(() => parseCsr(text), invalidCsr(about), name)
})

test('what nobody could issue is not asked for', async () => {
  const table: [CsrContent, string, RegExp][] = [
    [{ subject: {} }, 'InvalidRequest', /needs a name/],
    [{ subject: { organizations: [] } }, 'InvalidRequest', /needs a name/],
    [{ subject: {}, names: { dnsNames: ['a'] }, isCA: true }, 'InvalidRequest', /CA needs a subject/],
    [{ subject: { commonName: 'a' }, pathLength: 0 }, 'InvalidRequest', /for a CA only/],
    [{ subject: { commonName: 'a' }, isCA: true, pathLength: -1 }, 'InvalidRequest', /whole number/],
    [{ subject: { commonName: '' } }, 'InvalidRequest', /a common name has/],
    [{ subject: { commonName: 'a' }, names: { dnsNames: ['a b'] } }, 'InvalidNames', /not a DNS name/],
  ]
  for (const [content, reason, about] of table) {
    const refused = (error: unknown): boolean =>
      error instanceof PkiError && error.reason === reason && about.test(error.message)
    await assert.rejects(createCsr(content, signer), refused, JSON.stringify(content))
  }
})

const onlyPkiError = (text: string | Uint8Array): void => {
  try {
    parseCsr(text)
  } catch (error) {
    if (!(error instanceof PkiError)) throw error
  }
}

test('no octet of a request can be changed, and no octets do more than be refused', () => {
  fc.assert(
    fc.property(fc.nat(der.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const altered = Buffer.from(der)
      altered.writeUInt8((altered.at(at) ?? 0) ^ change, at)
      assert.throws(() => parseCsr(altered), invalidCsr(/./))
    }),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), (octets) => onlyPkiError(octets)))
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => onlyPkiError(text)))
})

test('whatever is signed with the key of the request is read or refused', async () => {
  const names = normalizeNames({ ...none, dnsNames: ['a.example'], ipAddresses: ['192.0.2.1'] })
  const whole = sequence(endEntityConstraints, ...subjectAltName(names, false))
  const subject = encodeName({ commonName: 'Web', countries: ['DE'] })
  const altered = (octets: Uint8Array): fc.Arbitrary<Uint8Array> =>
    fc
      .tuple(fc.nat(octets.length - 1), fc.nat(255))
      .map(([at, octet]) => Uint8Array.from(octets).fill(octet, at, at + 1))
  await fc.assert(
    fc.asyncProperty(altered(whole), altered(subject), async (extensions, name) => {
      onlyPkiError(await signed({ subject, attributes: [extensionRequest(extensions)] }))
      onlyPkiError(await signed({ subject: name }))
    }),
  )
})
