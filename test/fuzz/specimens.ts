import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { annotations, type Secret, secretLabel } from '#api'
import { day, hour, minute } from '#base'
import {
  type Bundle,
  type CertificateProfile,
  createCsr,
  createProfileCsr,
  encodeBundle,
  encryptCms,
  generateKey,
  keySigner,
  newSerialNumber,
  normalizeNames,
  parseCertificate,
  signCertificate,
  signCrl,
  signRoot,
  signSubordinate,
} from '#pki'
import { certificateRequest, encodeBackup, encodeJournal, encodeShard, type RegisterEntry, readCaSecret } from '#plan'
import { authority, issuedFiles, noon } from '#test/make'

/** What parsers accept: the right inputs that the wrong ones are made of. */
export interface Specimens {
  /** DER. */
  readonly certificates: readonly Buffer[]
  readonly csrs: readonly Buffer[]
  readonly crls: readonly Buffer[]
  /** PEM: PKCS #8, PKCS #1 and SEC 1. */
  readonly keys: readonly Buffer[]
  /** The files of Secrets: of a leaf below two CAs, and of a CA. */
  readonly leafFiles: Readonly<Record<string, string>>
  readonly caFiles: Readonly<Record<string, string>>
  readonly cms: string
  readonly recipient: KeyObject
  readonly csrKey: KeyObject
  readonly journal: string
  readonly entries: readonly RegisterEntry[]
  readonly shard: Buffer
  readonly backup: string
  readonly caSecret: Secret
}

const notBefore = noon - 5 * minute

const everyName = {
  dnsNames: ['www.example.com', '*.example.org', 'xn--bcher-kva.example'],
  ipAddresses: ['192.0.2.1', '2001:db8::1'],
  uris: ['spiffe://example.com/ns/shop/sa/web', 'https://example.com/a?b=c#d'],
  emailAddresses: ['web@example.com'],
  otherNames: ['1.3.6.1.4.1.311.20.2.3=web@corp.example'],
  registeredIDs: ['1.3.6.1.4.1.32473.1'],
}

const full: CertificateProfile = {
  commonName: 'www.example.com',
  subject: {
    organizations: ['Example', 'Exämple'],
    organizationalUnits: ['Shop'],
    countries: ['DE'],
    localities: ['Köln'],
    serialNumber: '4711',
  },
  names: normalizeNames(everyName),
  usages: ['serverAuth', 'clientAuth', 'digitalSignature', 'keyEncipherment'],
  mustStaple: true,
  customExtensions: [{ oid: '1.3.6.1.4.1.32473.7', critical: false, value: Uint8Array.of(0x0c, 0x01, 0x78) }],
  notBefore,
  notAfter: noon + 90 * day,
  links: {
    crlURLs: ['http://crl.example.com/crl/shop/ca/1.crl'],
    issuerURLs: ['http://crl.example.com/ca.crt'],
    ocspURLs: ['http://ocsp.example.com'],
  },
}

/** Certificates say nothing more than they must. */
const plain: CertificateProfile = {
  commonName: undefined,
  names: normalizeNames({ dnsNames: ['a.example'] }),
  usages: [],
  notBefore,
  notAfter: Date.UTC(2050, 0, 1),
}

const constrained = {
  commonName: 'Intermediate',
  pathLength: 0,
  nameConstraints: {
    permitted: { dnsDomains: ['example.com', '.example.org'], ipRanges: ['192.0.2.0/24', '2001:db8::/32'] },
    excluded: { emailDomains: ['bad.example'], uriDomains: ['.bad.example'] },
  },
  notBefore,
  notAfter: noon + 900 * day,
}

/** Always the same key, whose signatures are always the same. */
const fixedKey = createPrivateKey({
  key: Buffer.from(`302e020100300506032b657004220420${'5a'.repeat(32)}`, 'hex'),
  format: 'der',
  type: 'pkcs8',
})

const pemOf = (key: KeyObject, type: 'pkcs8' | 'pkcs1' | 'sec1'): Buffer =>
  Buffer.from(key.export({ format: 'pem', type }))

const derOf = (pem: string): Buffer => Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64')

const serial = (last: number): Uint8Array => Uint8Array.of(0x41, 0, 0, 0, 0, 0, 0, last)

interface Keys {
  readonly ecdsa: KeyObject
  readonly rsa: KeyObject
  readonly mldsa: KeyObject
}

async function makeKeys(): Promise<Keys> {
  const [ecdsa, rsa, mldsa] = await Promise.all([
    generateKey({ algorithm: 'ECDSA', size: 256 }),
    generateKey({ algorithm: 'RSA', size: 2048 }),
    generateKey({ algorithm: 'ML-DSA', size: 44 }),
  ])
  return { ecdsa, rsa, mldsa }
}

interface Hierarchy {
  readonly root: Bundle
  readonly intermediate: Bundle
}

async function makeHierarchy(): Promise<Hierarchy> {
  const rootProfile = { commonName: 'Root', notBefore, notAfter: Date.UTC(2060, 1, 29) }
  const signer = keySigner(fixedKey)
  const root = parseCertificate(await signRoot(rootProfile, signer, serial(1)))
  const key = await generateKey({ algorithm: 'ECDSA', size: 384 })
  const der = await signSubordinate(
    constrained,
    keySigner(key).publicKey,
    { signer, certificate: root },
    newSerialNumber(),
  )
  return {
    root: { key: fixedKey, certificate: root, intermediates: [], roots: [root] },
    intermediate: { key, certificate: parseCertificate(der), intermediates: [], roots: [root] },
  }
}

const identityOf = ({ key, certificate }: Bundle) => ({ signer: keySigner(key), certificate })

async function makeCertificates({ root, intermediate }: Hierarchy, keys: Keys): Promise<Buffer[]> {
  const issuer = identityOf(root)
  const leaves = await Promise.all([
    signCertificate(full, keySigner(keys.ecdsa).publicKey, issuer, serial(2)),
    signCertificate(plain, keySigner(keys.rsa).publicKey, issuer, serial(3)),
    signCertificate(plain, keySigner(keys.mldsa).publicKey, issuer, serial(4)),
  ])
  return [root.certificate.der, intermediate.certificate.der, ...leaves].map((der) => Buffer.from(der))
}

async function makeCrls({ root }: Hierarchy): Promise<Buffer[]> {
  const times = { thisUpdate: noon, nextUpdate: noon + 7 * day }
  const issuer = identityOf(root)
  const revoked = ['41', '4102', '7fffffffffffffffffffffffffffffffffffffff'].map((serialNumber, index) => ({
    serialNumber,
    revokedAt: noon - index * hour,
    ...(index > 0 && { reason: index === 1 ? ('keyCompromise' as const) : ('superseded' as const) }),
  }))
  const distributionPoint = new URL('http://crl.example.com/crl/shop/ca/1.crl')
  const made = await Promise.all([
    signCrl({ issuer, crlNumber: 1, ...times, revoked: [] }),
    signCrl({ issuer, crlNumber: 2n ** 70n, ...times, revoked, distributionPoint }),
  ])
  return made.map((der) => Buffer.from(der))
}

async function makeCsrs({ ecdsa, rsa }: Keys): Promise<Buffer[]> {
  const made = await Promise.all([
    createProfileCsr(full, keySigner(fixedKey)),
    createProfileCsr(plain, keySigner(rsa)),
    createCsr({ subject: { commonName: 'Sub' }, isCA: true, pathLength: 0 }, keySigner(ecdsa)),
  ])
  return made.map(derOf)
}

const makeEntries = (): RegisterEntry[] =>
  [1, 2, 3].map((revision) => ({
    serialNumber: `4a0${revision}`,
    fingerprint: `f${revision}`.repeat(32),
    generation: 1,
    kind: 'Certificate',
    holder: 'shop/web',
    revision,
    names: ['www.example.com', '192.0.2.1'],
    issuedAt: noon,
    notAfter: noon + 90 * day,
    ...(revision === 1 && { owner: 'web@example.com' }),
    ...(revision === 2 && { revoked: { at: noon + day, reason: 'keyCompromise' } }),
  }))

const journal = (): string =>
  encodeJournal({
    id: 'order-1',
    requestHash: 'ab'.repeat(16),
    authorityKey: 'shop/ca',
    revision: 2,
    notBefore,
    notAfter: noon + 90 * day,
    createdAt: noon,
    hasKeptKey: false,
    handle: 'https://acme.example/order/1',
    pollAt: noon + minute,
  })

function caSecretOf(files: Readonly<Record<string, string>>): Secret {
  const data = Object.entries(files).map(([name, text]) => [name, Buffer.from(text).toString('base64')])
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      namespace: 'shop',
      name: 'ca-ca-1',
      labels: { [secretLabel]: 'ca' },
      annotations: { [annotations.authority]: 'ca', [annotations.caGeneration]: '1' },
    },
    type: 'kubernetes.io/tls',
    immutable: true,
    data: Object.fromEntries(data),
  }
}

/** All of them, made once: keys and the signatures of some are others each time. */
export async function makeSpecimens(): Promise<Specimens> {
  const [keys, hierarchy] = await Promise.all([makeKeys(), makeHierarchy()])
  const { root, intermediate } = hierarchy
  const [certificates, csrs, crls] = await Promise.all([
    makeCertificates(hierarchy, keys),
    makeCsrs(keys),
    makeCrls(hierarchy),
  ])
  const request = certificateRequest({ dnsNames: ['www.example.com'], commonName: 'www.example.com' })
  const caFiles = { ...encodeBundle(intermediate, 'PKCS8') }
  const caSecret = caSecretOf(caFiles)
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const profile = { ...plain, commonName: 'Recipient' }
  const recipient = parseCertificate(await signCertificate(profile, publicKey, identityOf(root), newSerialNumber()))
  const saved = { secret: caSecret, holds: readCaSecret(caSecret) }
  const entries = makeEntries()
  return {
    ...{ certificates, csrs, crls, caFiles, caSecret, entries },
    keys: [
      ...[keys.ecdsa, keys.rsa, keys.mldsa, fixedKey].map((key) => pemOf(key, 'pkcs8')),
      pemOf(keys.rsa, 'pkcs1'),
      pemOf(keys.ecdsa, 'sec1'),
    ],
    leafFiles: { ...(await issuedFiles(intermediate, { request })) },
    cms: encryptCms(Buffer.from('{"a": "backup"}'), [recipient]),
    recipient: privateKey,
    csrKey: fixedKey,
    journal: journal(),
    shard: Buffer.from(encodeShard(entries)),
    backup: encodeBackup({ createdAt: noon, authority: authority(), secrets: [saved] }),
  }
}
