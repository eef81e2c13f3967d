import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { before, test } from 'node:test'
import { day, hour } from '#base'
import { encodeBundle, parseBundle } from './bundle.ts'
import { verifyChain } from './chain.ts'
import { PkiError } from './error.ts'
import { generateKey, type KeySpec } from './key.ts'
import { normalizeNames } from './names.ts'
import { type ParsedCertificate, parseCertificate } from './parsed-certificate.ts'
import type { CertificateProfile } from './profile.ts'
import { type IssuerIdentity, newSerialNumber, signCertificate, signRoot, signSubordinate } from './sign.ts'
import { keySigner, type Signer } from './signer.ts'

const now = Date.parse('2026-11-22T12:00:00Z')

const newSigner = async (spec: KeySpec = { algorithm: 'ECDSA', size: 256 }): Promise<Signer> =>
  keySigner(await generateKey(spec))

async function makeRoot(
  commonName: string,
  options: { days?: number; pathLength?: number; spec?: KeySpec } = {},
): Promise<IssuerIdentity> {
  const { days = 100, pathLength, spec } = options
  const signer = await newSigner(spec)
  const der = await signRoot(
    { commonName, notBefore: now, notAfter: now + days * day, pathLength },
    signer,
    newSerialNumber(),
  )
  return { signer, certificate: parseCertificate(der) }
}

async function makeSubordinate(parent: IssuerIdentity, commonName: string, signer?: Signer): Promise<IssuerIdentity> {
  const own = signer ?? (await newSigner())
  const profile = { commonName, notBefore: now, notAfter: now + 50 * day }
  const der = await signSubordinate(profile, own.publicKey, parent, newSerialNumber())
  return { signer: own, certificate: parseCertificate(der) }
}

async function makeLeaf(issuer: IssuerIdentity, change: Partial<CertificateProfile> = {}): Promise<ParsedCertificate> {
  const { publicKey } = await newSigner()
  const names = normalizeNames({ dnsNames: ['leaf.example.com'] })
  const profile = {
    commonName: 'leaf',
    names,
    notBefore: now,
    notAfter: now + day,
    usages: ['serverAuth' as const],
    ...change,
  }
  return parseCertificate(await signCertificate(profile, publicKey, issuer, newSerialNumber()))
}

const refused = (about: RegExp) => (error: unknown) =>
  error instanceof PkiError && error.reason === 'InvalidChain' && about.test(error.message)

let root: IssuerIdentity
let first: IssuerIdentity
let second: IssuerIdentity
let leaf: ParsedCertificate
before(async () => {
  root = await makeRoot('Root')
  first = await makeSubordinate(root, 'First')
  second = await makeSubordinate(first, 'Second')
  leaf = await makeLeaf(second)
})

test('the path is found whatever the order, and with certificates that do not belong to it', async () => {
  const stranger = await makeRoot('Stranger')
  const intermediates = [second.certificate, stranger.certificate, first.certificate]
  const path = verifyChain({ leaf, intermediates, roots: [stranger.certificate, root.certificate], at: now + hour })
  assert.deepEqual(path, [leaf, second.certificate, first.certificate, root.certificate])
})

test('chains of keys that hash by themselves hold, and fail when a signature is another', async () => {
  const keys: [KeySpec, string][] = [
    [{ algorithm: 'Ed25519', size: 255 }, 'ED25519'],
    [{ algorithm: 'ML-DSA', size: 44 }, 'ML-DSA-44'],
    [{ algorithm: 'ML-DSA', size: 65 }, 'ML-DSA-65'],
    [{ algorithm: 'ML-DSA', size: 87 }, 'ML-DSA-87'],
  ]
  for (const [spec, name] of keys) {
    const [anchor, impostor] = [await makeRoot('Root', { spec }), await makeRoot('Root', { spec })]
    const subordinate = await makeSubordinate(anchor, 'Sub', keySigner(await generateKey(spec)))
    const end = await makeLeaf(subordinate)
    assert.equal(end.signatureAlgorithm, name)
    const input = { leaf: end, intermediates: [subordinate.certificate], at: now }
    assert.equal(verifyChain({ ...input, roots: [anchor.certificate] }).length, 3)
    const roots = [{ ...impostor.certificate, subjectKeyId: undefined }]
    assert.throws(() => verifyChain({ ...input, roots }), refused(/no valid signature/), name)
  }
})

test('any certificate can be a root, also the leaf itself', () => {
  const input = { intermediates: [second.certificate], at: now }
  assert.equal(verifyChain({ ...input, leaf, roots: [second.certificate] }).length, 2)
  assert.deepEqual(verifyChain({ ...input, leaf: root.certificate, roots: [root.certificate] }), [root.certificate])
})

test('each reason to refuse a chain is named', async () => {
  const all = {
    leaf,
    intermediates: [first.certificate, second.certificate],
    roots: [root.certificate],
    at: now + hour,
  }
  const impostor = await makeRoot('Root')
  const short = await makeRoot('Short', { days: 1 })
  const flat = await makeRoot('Flat', { pathLength: 0 })
  const weak = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey
  const underFlat = await makeLeaf(flat)
  const withoutKeyId = (certificate: ParsedCertificate): ParsedCertificate => ({
    ...certificate,
    subjectKeyId: undefined,
  })
  const table: [string, Parameters<typeof verifyChain>[0], RegExp][] = [
    ['no intermediates', { ...all, intermediates: [] }, /the issuer CN=Second of CN=leaf is not there/],
    ['a gap', { ...all, intermediates: [second.certificate] }, /the issuer CN=First of CN=Second is not there/],
    ['no roots', { ...all, roots: [] }, /the issuer CN=Root of CN=First is not there/],
    ['a root of the same name', { ...all, roots: [impostor.certificate] }, /CN=Root of CN=First is not there/],
    [
      'a root of the same name that hides its key identifier',
      { ...all, roots: [withoutKeyId(impostor.certificate)] },
      /CN=First has no valid signature of CN=Root/,
    ],
    ['too early', { ...all, at: now - 1 }, /CN=leaf is not valid before 2026-11-22T12:00:00Z/],
    ['too late', { ...all, at: now + 2 * day }, /CN=leaf expired at 2026-11-23T12:00:00Z/],
    [
      'an expired root',
      {
        leaf: (await makeSubordinate(await longer(short), 'Sub')).certificate,
        intermediates: [],
        roots: [short.certificate],
        at: now + 2 * day,
      },
      /CN=Short expired/,
    ],
    ['an issuer that is no CA', { ...all, roots: [{ ...root.certificate, isCA: false }] }, /CN=Root is not a CA/],
    ['a weak key', { ...all, roots: [{ ...root.certificate, publicKey: weak }] }, /fewer than 2048/],
    ['no keyCertSign', { ...all, roots: [{ ...root.certificate, mayCertSign: false }] }, /no keyCertSign/],
    ['path length', { ...all, roots: [{ ...root.certificate, pathLength: 1 }] }, /path length of 1, and 2 CAs follow/],
    ['unknown critical', { ...all, leaf: { ...leaf, unknownCritical: ['1.2.3'] } }, /critical extension 1\.2\.3/],
    ['SHA-1', { ...all, leaf: { ...leaf, signatureAlgorithm: 'sha1WithRSAEncryption' } }, /can be forged/],
  ]
  for (const [name, input, about] of table) assert.throws(() => verifyChain(input), refused(about), name)
  assert.equal(verifyChain({ ...all, leaf: underFlat, roots: [flat.certificate] }).length, 2)
})

/** The same CA, believed to live longer than it does. */
const longer = async (issuer: IssuerIdentity): Promise<IssuerIdentity> => ({
  ...issuer,
  certificate: { ...issuer.certificate, notAfter: now + 100 * day },
})

test('certificates that sign each other in circles end the search', async () => {
  const a = await makeRoot('A')
  const b = await makeSubordinate(a, 'B')
  const back = await makeSubordinate(b, 'A', a.signer)
  const crossed = await Promise.all(Array.from({ length: 8 }, () => makeSubordinate(b, 'A', a.signer)))
  const again = await Promise.all(crossed.map((each) => makeSubordinate(each, 'B', b.signer)))
  const intermediates = [...crossed, ...again, b, back].map((each) => each.certificate)
  let checks = 0
  const counted = intermediates.map((each) => ({
    ...each,
    isSignedBy: (key: Parameters<typeof each.isSignedBy>[0]) => {
      checks += 1
      return each.isSignedBy(key)
    },
  }))
  const input = { leaf: await makeLeaf(b), intermediates: counted, roots: [root.certificate], at: now }
  assert.throws(() => verifyChain(input), refused(/./))
  assert.ok(checks <= 50, `${checks} signatures checked`)
})

test('a critical extension that nobody knows refuses the chain, unless it is one that the leaf may have', async () => {
  const custom = { oid: '1.3.6.1.4.1.32473.1', critical: true, value: Uint8Array.of(0x05, 0x00) }
  const own = await makeLeaf(root, { customExtensions: [custom] })
  const input = { leaf: own, intermediates: [], roots: [root.certificate], at: now }
  assert.throws(
    () => verifyChain(input),
    refused(/CN=leaf has the unknown critical extension 1\.3\.6\.1\.4\.1\.32473\.1/),
  )
  assert.throws(() => verifyChain({ ...input, permittedCritical: ['1.2.3'] }), refused(/unknown critical/))
  assert.equal(verifyChain({ ...input, permittedCritical: [custom.oid] }).length, 2)
  const strange = { ...root.certificate, unknownCritical: [custom.oid] }
  const below = { ...input, roots: [strange], permittedCritical: [custom.oid] }
  assert.throws(() => verifyChain(below), refused(/CN=Root has the unknown critical/))
})

test('a bundle whose certificate was issued with such an extension is whole', async () => {
  const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
  const customExtensions = [{ oid: '1.3.6.1.4.1.32473.1', critical: true, value: Uint8Array.of(0x05, 0x00) }]
  const names = normalizeNames({ dnsNames: ['leaf.example.com'] })
  const validity = { notBefore: now, notAfter: now + day }
  const profile = { ...validity, commonName: undefined, names, usages: [], customExtensions }
  const certificate = parseCertificate(await signCertificate(profile, key, root, newSerialNumber()))
  const files = encodeBundle({ key, certificate, intermediates: [], roots: [root.certificate] }, 'PKCS8')
  assert.equal(parseBundle({ ...files }).certificate.fingerprint, certificate.fingerprint)
})
