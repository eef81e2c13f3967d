import { createPublicKey, type KeyObject } from 'node:crypto'
import type { CertificateSpec } from '#api'
import { day, minute, second, silentLogger, systemClock } from '#base'
import { endEntityRequest, type Issuer, internalIssuer, readCertificates } from '#issuers'
import {
  type Bundle,
  type CertificateProfile,
  createCsr,
  encodeBundle,
  encodeJksKeyStore,
  encodePkcs12KeyStore,
  generateKey,
  type IssuerLinks,
  keySigner,
  nameConstraintsExtension,
  newSerialNumber,
  normalizeNames,
  parseCertificate,
  signRoot,
} from '#pki'
import { certificateRequest } from '#plan'
import {
  authoritySpec,
  constraints,
  crlURL,
  type KeyType,
  keyNames,
  keyTypes,
  type LeafCell,
  leafCells,
  nameTypes,
  profiles,
  purposes,
  reasons,
} from './cells.ts'
import { keystoreLock } from './keystores.ts'
import { derOf, type Specimen } from './specimen.ts'

const never = new AbortController().signal

/** Whole seconds, and a little ago: the judges look at the clock too. */
const notBefore = Math.floor(systemClock.now() / second) * second - 5 * minute

/** Beyond 2049, so that both forms of a date are judged (RFC 5280 section 4.1.2.5). */
const rootEnd = notBefore + 30 * 365 * day
const subordinateEnd = notBefore + 10 * 365 * day
const crlEnd = notBefore + 7 * day

const noNames = normalizeNames({})
const mainType: KeyType = 'ecdsa-256'

type Owner = 'root' | 'subordinate' | 'leaf'
type KeyRing = (type: KeyType, owner: Owner) => Promise<KeyObject>

/** Keys by type and owner. RSA keys cost seconds: subordinates share theirs with leaves, which they never sign. */
function keyRing(): KeyRing {
  const made = new Map<string, Promise<KeyObject>>()
  return (type, owner) => {
    const isShared = keyTypes[type].algorithm === 'RSA' && owner === 'leaf'
    const name = `${type} ${isShared ? 'subordinate' : owner}`
    const key = made.get(name) ?? generateKey(keyTypes[type])
    made.set(name, key)
    return key
  }
}

/** The issuer of the product over a CA. */
function issuerOf(ca: Bundle, links?: IssuerLinks): Issuer {
  const files = encodeBundle(ca, 'PKCS8')
  const tools = { clock: systemClock, logger: silentLogger, readCertificates, readSecret: async () => ({ ...files }) }
  return internalIssuer.create({ secretName: 'ca', ...(links && { links }) }, tools)
}

interface Hierarchy {
  readonly root: Bundle
  readonly subordinate: Bundle
}

async function rootOf(type: KeyType, keys: KeyRing): Promise<Bundle> {
  const key = await keys(type, 'root')
  const profile = { commonName: `Root ${type}`, notBefore, notAfter: rootEnd }
  const certificate = parseCertificate(await signRoot(profile, keySigner(key), newSerialNumber()))
  return { key, certificate, intermediates: [], roots: [certificate] }
}

async function subordinateOf(root: Bundle, type: KeyType, keys: KeyRing): Promise<Bundle> {
  const key = await keys(type, 'subordinate')
  const subject = { organizations: ['Example'], countries: ['DE'] }
  const validity = { notBefore, notAfter: subordinateEnd }
  const limits = { pathLength: 0, nameConstraints: constraints }
  const profile = { commonName: `Subordinate ${type}`, subject, ...validity, ...limits }
  const issued = await issuerOf(root).signSubordinate?.({ profile, publicKey: createPublicKey(key) }, never)
  if (!issued) throw new Error('the internal issuer does not sign subordinates')
  return { key, ...issued }
}

const pathOf = ({ certificate, intermediates, roots }: Bundle): Uint8Array[] =>
  [...new Set([certificate, ...intermediates, ...roots])].map(({ der }) => der)

const plain = { issuers: [], purposes: [], names: noNames }

/** What a Certificate with this spec asks an issuer for. */
function profileOf(spec: CertificateSpec): CertificateProfile {
  const request = certificateRequest(spec)
  return { ...request, notBefore, notAfter: notBefore + request.durationMs }
}

const specOf = ({ key, profile, names }: LeafCell): CertificateSpec => ({
  ...nameTypes[names],
  ...profiles[profile]?.spec,
  privateKey: keyTypes[key],
})

/** What a Certificate gets from an Authority. */
async function issue(issuer: Issuer, cell: string, spec: CertificateSpec, key: KeyObject): Promise<Specimen> {
  const profile = profileOf(spec)
  const answer = await issuer.issue(endEntityRequest(cell, profile, key), never)
  if (answer.state !== 'issued') throw new Error('the internal issuer does not issue at once')
  const { certificate, intermediates, roots } = answer
  const issuers = [...intermediates, ...roots].map(({ der }) => der)
  const asked = { purposes: profile.usages.filter((usage) => purposes.includes(usage)), names: profile.names }
  return { cell, kind: 'certificate', der: certificate.der, issuers, key, ...asked }
}

async function leafOf(ca: Bundle, leaf: LeafCell, cell: string, keys: KeyRing): Promise<Specimen> {
  return issue(issuerOf(ca, profiles[leaf.profile]?.links), cell, specOf(leaf), await keys(leaf.key, 'leaf'))
}

/** A root, its subordinate, a leaf and a list of revoked certificates, all signed with keys of one type. */
async function hierarchySpecimens(type: KeyType, { root, subordinate }: Hierarchy, keys: KeyRing): Promise<Specimen[]> {
  const leaf: LeafCell = { key: mainType, profile: 'default', names: 'dns' }
  return [
    { ...plain, cell: `root/${type}`, kind: 'certificate', der: root.certificate.der },
    {
      ...plain,
      cell: `subordinate/${type}`,
      kind: 'certificate',
      der: subordinate.certificate.der,
      issuers: pathOf(root),
    },
    await leafOf(subordinate, leaf, `issued-by/${type}`, keys),
    await crlOf(subordinate, `crl/${type}/every-reason`, reasons),
  ]
}

async function crlOf(ca: Bundle, cell: string, revoked: typeof reasons, distributionPoint?: URL): Promise<Specimen> {
  const entries = revoked.map((reason) => ({
    serialNumber: Buffer.from(newSerialNumber()).toString('hex'),
    revokedAt: notBefore,
    reason,
  }))
  const times = { thisUpdate: notBefore, nextUpdate: crlEnd }
  const der = await issuerOf(ca).signCrl?.({ crlNumber: 1, ...times, revoked: entries, distributionPoint }, never)
  if (!der) throw new Error('the internal issuer does not sign CRLs')
  return { ...plain, cell, kind: 'crl', der, issuers: pathOf(ca) }
}

/** The request that goes to an authority elsewhere. */
async function csrOf(name: string, spec: CertificateSpec, key: KeyObject): Promise<Specimen> {
  const cell = `csr/${name}`
  const profile = profileOf(spec)
  const pem = await endEntityRequest(cell, profile, key).csr()
  return { ...plain, cell, kind: 'csr', der: derOf(pem), names: profile.names }
}

/** Requests for every key, every profile and every kind of name. */
function csrCells(): LeafCell[] {
  const usual: LeafCell = { key: mainType, profile: 'default', names: 'dns' }
  return [
    ...keyNames.map((key) => ({ ...usual, key })),
    ...Object.keys(profiles).map((profile) => ({ ...usual, profile })),
    ...Object.keys(nameTypes).map((names) => ({ ...usual, names })),
  ]
}

async function csrSpecimens(keys: KeyRing): Promise<Specimen[]> {
  const cells = new Map(csrCells().map((each) => [`${each.key}/${each.profile}/${each.names}`, each]))
  const requests = Array.from(cells, async ([name, each]) => csrOf(name, specOf(each), await keys(each.key, 'leaf')))
  return Promise.all([
    ...requests,
    csrOf(`${mainType}/authority`, authoritySpec, await keys(mainType, 'leaf')),
    caCsr(keys),
  ])
}

/** What an Authority asks for whose CA certificate is signed elsewhere. */
async function caCsr(keys: KeyRing): Promise<Specimen> {
  const extensions = nameConstraintsExtension(constraints)
  const content = { subject: { commonName: 'Subordinate' }, isCA: true, pathLength: 0, extensions }
  const pem = await createCsr(content, keySigner(await keys(mainType, 'subordinate')))
  return { ...plain, cell: `csr/${mainType}/subordinate`, kind: 'csr', der: derOf(pem) }
}

/** What one CA issues: leaves of the matrix, and what there is but once. */
async function mainSpecimens({ root, subordinate }: Hierarchy, whole: boolean, keys: KeyRing): Promise<Specimen[]> {
  const leaves = leafCells(whole).map((leaf) =>
    leafOf(subordinate, leaf, `leaf/${leaf.key}/${leaf.profile}/${leaf.names}`, keys),
  )
  return Promise.all([
    ...leaves,
    issue(issuerOf(root), `authority/${mainType}`, authoritySpec, await keys(mainType, 'leaf')),
    crlOf(subordinate, `crl/${mainType}/empty`, []),
    crlOf(subordinate, `crl/${mainType}/distribution-point`, [], new URL(crlURL)),
  ])
}

/** The outputs of a Certificate for programs that read no PEM. */
async function keystoreSpecimens(ca: Bundle, key: KeyType, keys: KeyRing): Promise<Specimen[]> {
  const leaf = await leafOf(ca, { key, profile: 'default', names: 'dns' }, `keystore/${key}`, keys)
  if (!leaf.key) throw new Error('a leaf has its key')
  const certificate = parseCertificate(leaf.der)
  const store = { ...keystoreLock, key: leaf.key, certificate, intermediates: [ca.certificate] }
  const pkcs12 = await encodePkcs12KeyStore({ ...store, profile: 'Modern' })
  const jks = encodeJksKeyStore({ ...store, createdAt: notBefore })
  const chain = { ...plain, kind: 'keystore', issuers: [leaf.der, ca.certificate.der] } as const
  // Nobody reads the second kind but Java, which reads no ML-DSA key that has its seed beside it (RFC 9881).
  const forJava = keyTypes[key].algorithm === 'ML-DSA' ? [] : [{ ...chain, cell: `keystore/${key}/jks`, der: jks }]
  return [{ ...chain, cell: `keystore/${key}/pkcs12`, der: pkcs12 }, ...forJava]
}

/** Everything that is judged; with `whole`, the leaves of the whole product. */
export async function makeSpecimens(whole: boolean): Promise<Specimen[]> {
  const keys = keyRing()
  const made: Promise<Specimen[]>[] = [csrSpecimens(keys)]
  for (const type of keyNames) {
    const root = await rootOf(type, keys)
    const hierarchy = { root, subordinate: await subordinateOf(root, type, keys) }
    made.push(hierarchySpecimens(type, hierarchy, keys))
    if (type !== mainType) continue
    made.push(mainSpecimens(hierarchy, whole, keys))
    for (const key of keyNames) made.push(keystoreSpecimens(hierarchy.subordinate, key, keys))
  }
  return (await Promise.all(made)).flat()
}
