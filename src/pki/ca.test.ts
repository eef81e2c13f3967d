import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { before, test } from 'node:test'
import { day } from '#base'
import { acceptCaChain, type CaExpectation, type CaFiles, parseCa } from './ca.ts'
import { PkiError, type PkiReason } from './error.ts'
import { encodePrivateKey, generateKey } from './key.ts'
import type { NameConstraints } from './name-constraints.ts'
import { normalizeNames } from './names.ts'
import { encodeCertificates, type ParsedCertificate, parseCertificate } from './parsed-certificate.ts'
import type { CaProfile } from './profile.ts'
import { type IssuerIdentity, newSerialNumber, signCertificate, signRoot, signSubordinate } from './sign.ts'
import { keySigner } from './signer.ts'

const now = Date.parse('2026-11-22T12:00:00Z')

interface Made extends IssuerIdentity {
  readonly keyPem: string
}

async function make(commonName: string, parent?: IssuerIdentity, change: Partial<CaProfile> = {}): Promise<Made> {
  const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
  const signer = keySigner(key)
  const profile = { commonName, notBefore: now, notAfter: now + 50 * day, ...change }
  const der = await (parent
    ? signSubordinate(profile, signer.publicKey, parent, newSerialNumber())
    : signRoot(profile, signer, newSerialNumber()))
  return { signer, certificate: parseCertificate(der), keyPem: encodePrivateKey(key, 'PKCS8') }
}

async function makeLeaf(issuer: IssuerIdentity): Promise<{ certificate: ParsedCertificate; keyPem: string }> {
  const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
  const names = normalizeNames({ dnsNames: ['a.example.com'] })
  const profile = { commonName: 'Leaf', names, notBefore: now, notAfter: now + day, usages: ['keyAgreement' as const] }
  const certificate = parseCertificate(await signCertificate(profile, key, issuer, newSerialNumber()))
  return { certificate, keyPem: encodePrivateKey(key, 'PKCS8') }
}

const pem = (...made: { certificate: ParsedCertificate }[]): string =>
  encodeCertificates(made.map(({ certificate }) => certificate))

let root: Made
let policy: Made
let ca: Made
before(async () => {
  root = await make('Root')
  policy = await make('Policy', root)
  ca = await make('Issuing', policy)
})

test('a CA is read with its chain, wherever the root and the intermediates stand', () => {
  const table: [string, CaFiles][] = [
    ['root in ca.crt', { 'tls.crt': pem(ca, policy), 'ca.crt': pem(root) }],
    ['root in tls.crt', { 'tls.crt': pem(ca, policy, root) }],
    ['root in both', { 'tls.crt': pem(ca, policy, root), 'ca.crt': pem(root) }],
    ['intermediate in ca.crt', { 'tls.crt': pem(ca), 'ca.crt': pem(policy, root) }],
  ]
  for (const [name, files] of table) {
    const bundle = parseCa({ 'tls.key': ca.keyPem, ...files }, now)
    assert.equal(bundle.certificate.subject, 'CN=Issuing', name)
    assert.deepEqual(
      bundle.intermediates.map(({ subject }) => subject),
      ['CN=Policy'],
      name,
    )
    assert.deepEqual(
      bundle.roots.map(({ subject }) => subject),
      ['CN=Root'],
      name,
    )
  }
  const self = parseCa({ 'tls.key': root.keyPem, 'tls.crt': pem(root) })
  assert.deepEqual([self.intermediates.length, self.roots.length], [0, 1])
})

test('what a user may get wrong with a CA is told apart', async () => {
  const stranger = await make('Stranger')
  const leaf = await makeLeaf(ca)
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey
  const weakPem = weak.export({ format: 'pem', type: 'pkcs8' }).toString()
  const good = { 'tls.key': ca.keyPem, 'tls.crt': pem(ca, policy), 'ca.crt': pem(root) }
  const table: [PkiReason, RegExp, CaFiles, number?][] = [
    ['InvalidKey', /tls\.key: the file is missing/, { ...good, 'tls.key': undefined }],
    ['InvalidCertificate', /tls\.crt: the file is missing/, { ...good, 'tls.crt': '' }],
    ['InvalidKey', /tls\.key: .* not the PEM/, { ...good, 'tls.key': 'hello' }],
    ['InvalidCertificate', /tls\.crt: .* no PEM certificate/, { ...good, 'tls.crt': 'hello' }],
    ['InvalidCertificate', /ca\.crt: .* no PEM certificate/, { ...good, 'ca.crt': 'hello' }],
    ['InvalidKey', /more than one private key/, { ...good, 'tls.key': ca.keyPem + root.keyPem }],
    ['InvalidKey', /tls\.key: .* fewer than 2048 bits/, { ...good, 'tls.key': weakPem }],
    ['InvalidKey', /CN=Issuing, which is for another key/, { ...good, 'tls.key': stranger.keyPem }],
    [
      'InvalidKey',
      /tls\.crt begins with CN=Policy: put the CA certificate \(CN=Issuing\) first, then its issuers/,
      { ...good, 'tls.crt': pem(policy, ca) },
    ],
    [
      'InvalidCertificate',
      /CN=Leaf is not a CA certificate/,
      { ...good, 'tls.key': leaf.keyPem, 'tls.crt': pem(leaf, ca, policy) },
    ],
    [
      'InvalidChain',
      /CN=Root follows CN=Issuing and did not issue it: CN=Policy has to stand there/,
      { ...good, 'tls.crt': pem(ca, root, policy) },
    ],
    [
      'InvalidChain',
      /CN=Stranger follows CN=Policy and did not issue it$/,
      { ...good, 'tls.crt': pem(ca, policy, stranger) },
    ],
    ['InvalidChain', /CN=Policy is issued by CN=Root: add .* root to ca\.crt/, { ...good, 'ca.crt': '' }],
    ['InvalidChain', /CN=Policy is issued by CN=Root: add .* root to ca\.crt/, { ...good, 'ca.crt': pem(stranger) }],
    ['InvalidChain', /CN=Issuing expired at 2027-01-11T12:00:00Z/, good, now + 51 * day],
  ]
  for (const [reason, about, files, at] of table) {
    assert.throws(
      () => parseCa(files, at),
      (error: unknown) => error instanceof PkiError && error.reason === reason && about.test(error.message),
      String(about),
    )
  }
})

const constraints: NameConstraints = {
  permitted: { dnsDomains: ['example.com'], ipRanges: ['10.0.0.0/8'] },
  excluded: { dnsDomains: ['secret.example.com'] },
}

const expect = ({ certificate }: Made, change: Partial<CaExpectation> = {}): CaExpectation => ({
  publicKey: certificate.publicKey,
  subjectDer: certificate.subjectDer,
  at: now,
  ...change,
})

test('the chain of a CA that was signed elsewhere is accepted as asked, and stricter', async () => {
  const chain = acceptCaChain(expect(ca), pem(ca, policy, root))
  assert.equal(chain.certificate.subject, 'CN=Issuing')
  assert.deepEqual(
    [chain.intermediates, chain.roots].map((each) => each.map(({ subject }) => subject)),
    [['CN=Policy'], ['CN=Root']],
  )
  const nameConstraints: NameConstraints = {
    permitted: {
      dnsDomains: ['A.example.com', '.example.com'],
      ipRanges: ['10.1.0.0/16'],
      uriDomains: ['example.com'],
    },
    excluded: { dnsDomains: ['example.org', 'Secret.example.com'] },
  }
  const strict = await make('Strict', root, { pathLength: 0, nameConstraints })
  acceptCaChain(expect(strict, { pathLength: 1, nameConstraints: constraints }), pem(strict, root))
  acceptCaChain(expect(strict, { pathLength: 0, nameConstraints }), pem(strict, root))
})

test('every way in which such a chain is not what was asked for is listed', async () => {
  const wide = await make('Wide', root, { nameConstraints: { permitted: { dnsDomains: ['com'] } } })
  const leaf = await makeLeaf(root)
  const table: [string, CaExpectation, string, RegExp[]][] = [
    ['no PEM', expect(ca), 'hello', [/no PEM certificate/]],
    [
      'another key',
      expect(ca, { publicKey: root.certificate.publicKey }),
      pem(ca, policy),
      [/another key/, /without a root/],
    ],
    [
      'another subject',
      expect(ca, { subjectDer: root.certificate.subjectDer }),
      pem(ca, policy, root),
      [/CN=Issuing, not CN=Root/],
    ],
    [
      'the wrong one first',
      expect(ca),
      pem(policy, ca, root),
      [/begins with CN=Policy: put the CA/, /CN=Policy and did not/],
    ],
    ['no root', expect(ca), pem(ca, policy), [/add the certificate of CN=Root after CN=Policy/]],
    ['no intermediate', expect(ca), pem(ca, root), [/CN=Root follows CN=Issuing/]],
    ['expired', expect(ca, { at: now + 51 * day }), pem(ca, policy, root), [/expired/]],
    [
      'no CA',
      { publicKey: leaf.certificate.publicKey, subjectDer: leaf.certificate.subjectDer, at: now },
      pem(leaf, root),
      [/not a CA certificate/, /no keyCertSign/],
    ],
    [
      'wider in all',
      expect(wide, { pathLength: 1, nameConstraints: constraints }),
      pem(wide, root),
      [
        /path length is not limited, not 1 or less/,
        /permit com, which is wider/,
        /do not exclude secret\.example\.com/,
        /a range of IP addresses: 10\.0\.0\.0\/8/,
      ],
    ],
    [
      'no constraints at all',
      expect(ca, { nameConstraints: constraints }),
      pem(ca, policy, root),
      [/a DNS domain: example\.com/],
    ],
  ]
  for (const [name, expectation, text, about] of table) {
    const matches = (error: unknown) =>
      error instanceof PkiError &&
      error.reason === 'CertificateRejected' &&
      about.every((each) => each.test(error.message))
    assert.throws(() => acceptCaChain(expectation, text), matches, name)
  }
})
