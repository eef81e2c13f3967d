import type { CertificateSpec } from '#api'
import type { IssuerLinks, KeySpec, RevocationReason, Usage } from '#pki'

/** The kinds of keys, by the names that they have in cells. */
export const keyTypes = {
  'ecdsa-256': { algorithm: 'ECDSA', size: 256 },
  'ecdsa-384': { algorithm: 'ECDSA', size: 384 },
  'ecdsa-521': { algorithm: 'ECDSA', size: 521 },
  'rsa-2048': { algorithm: 'RSA', size: 2048 },
  'rsa-3072': { algorithm: 'RSA', size: 3072 },
  'rsa-4096': { algorithm: 'RSA', size: 4096 },
  ed25519: { algorithm: 'Ed25519', size: 255 },
  'ml-dsa-44': { algorithm: 'ML-DSA', size: 44 },
  'ml-dsa-65': { algorithm: 'ML-DSA', size: 65 },
  'ml-dsa-87': { algorithm: 'ML-DSA', size: 87 },
} as const satisfies Record<string, KeySpec>

export type KeyType = keyof typeof keyTypes

/** What a certificate is for. What a row leaves out is as a Certificate that says nothing of it has it. */
interface ProfileRow {
  readonly spec?: Partial<CertificateSpec>
  /** What the Authority writes into all that it signs. */
  readonly links?: IssuerLinks
}

/** Usages that stand in the extended key usage, each of which is a purpose. */
export const purposes: readonly Usage[] = ['serverAuth', 'clientAuth', 'codeSigning', 'emailProtection', 'timeStamping']

const everyUsage: readonly Usage[] = [
  ...(['digitalSignature', 'contentCommitment', 'keyEncipherment', 'dataEncipherment', 'keyAgreement'] as const),
  ...purposes,
]

/** Where the list of revoked certificates is. */
export const crlURL = 'http://pki.example.com/ca.crl'

const everyLink: IssuerLinks = {
  crlURLs: [crlURL],
  issuerURLs: ['http://pki.example.com/ca.crt'],
  ocspURLs: ['http://ocsp.example.com/'],
}

/** Under the arc for documentation (RFC 5612): a UTF8String. */
const customExtension = {
  oid: '1.3.6.1.4.1.32473.1',
  value: Buffer.from([0x0c, 4, ...Buffer.from('shop')]).toString('base64'),
}

export const profiles: Readonly<Record<string, ProfileRow>> = {
  default: {},
  client: { spec: { usages: ['digitalSignature', 'clientAuth'] } },
  'server-and-client': { spec: { usages: ['digitalSignature', 'serverAuth', 'clientAuth'] } },
  'every-usage': { spec: { usages: [...everyUsage] } },
  'must-staple': { spec: { extensions: { mustStaple: true } }, links: everyLink },
  'code-signing': { spec: { usages: ['digitalSignature', 'codeSigning'] } },
  email: { spec: { usages: ['digitalSignature', 'contentCommitment', 'emailProtection'] } },
  'time-stamping': { spec: { usages: ['digitalSignature', 'timeStamping'] } },
  'custom-extension': { spec: { extensions: { custom: [customExtension] } } },
}

const longest = (suffix: string, length: number): string => `${'a'.repeat(length - suffix.length)}${suffix}`

/** The names that a certificate is for. */
export const nameTypes: Readonly<Record<string, Partial<CertificateSpec>>> = {
  dns: { dnsNames: ['a.example.com'] },
  wildcard: { dnsNames: ['*.example.com', 'example.com'] },
  'longest-label': { dnsNames: [`${'a'.repeat(63)}.example.com`] },
  'longest-common-name': { commonName: longest('.example.com', 64).replace('aa', 'a.') },
  ipv4: { ipAddresses: ['192.0.2.1'] },
  ipv6: { ipAddresses: ['2001:db8::1'] },
  spiffe: { uris: ['spiffe://example.com/ns/shop/sa/web'] },
  email: { emailAddresses: ['a@example.com'] },
  'common-name': { commonName: 'Web shop' },
  subject: {
    commonName: 'Web shop',
    subject: {
      serialNumber: 'HRB 4711',
      countries: ['DE'],
      provinces: ['Bayern'],
      localities: ['München'],
      streetAddresses: ['Marienplatz 1'],
      postalCodes: ['80331'],
      organizations: ['Example GmbH'],
      organizationalUnits: ['Shop', 'Web'],
    },
    dnsNames: ['a.example.com'],
  },
  'literal-subject': {
    literalSubject: 'CN=Web shop,OU=Shop+L=Berlin,UID=web,DC=example,DC=com',
    dnsNames: ['a.example.com'],
  },
  'other-name': { otherNames: [{ oid: '1.3.6.1.4.1.311.20.2.3', utf8Value: 'a@example.com' }] },
  'registered-id': { registeredIDs: ['1.3.6.1.4.1.32473.2'] },
  'hundred-names': { dnsNames: Array.from({ length: 100 }, (_, index) => `host-${index}.example.com`) },
  'every-kind': {
    commonName: 'a.example.com',
    dnsNames: ['a.example.com', '*.example.com'],
    ipAddresses: ['192.0.2.1', '2001:db8::1'],
    uris: ['spiffe://example.com/a', 'https://www.example.com/'],
    emailAddresses: ['a@example.com'],
    otherNames: [{ oid: '1.3.6.1.4.1.311.20.2.3', utf8Value: 'ä@example.com' }],
    registeredIDs: ['1.3.6.1.4.1.32473.2'],
  },
}

/** Permits all names above, so that each is held against it by whoever builds a chain. */
export const constraints: NonNullable<CertificateSpec['nameConstraints']> = {
  permitted: {
    dnsDomains: ['example.com'],
    ipRanges: ['192.0.2.0/24', '2001:db8::/32'],
    emailDomains: ['example.com'],
    uriDomains: ['example.com', '.example.com'],
  },
  excluded: { dnsDomains: ['bank.example.org'], ipRanges: ['192.0.2.128/25'] },
}

/** A Certificate that is a CA's. */
export const authoritySpec: CertificateSpec = {
  isCA: true,
  commonName: 'Team CA',
  pathLength: 0,
  nameConstraints: constraints,
}

/** Entries of a CRL: one for each reason, and one without. */
export const reasons: readonly (RevocationReason | undefined)[] = [
  undefined,
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'privilegeWithdrawn',
  'aACompromise',
]

/** An end-entity certificate of the matrix. */
export interface LeafCell {
  readonly key: KeyType
  readonly profile: string
  readonly names: string
}

export const keyNames = Object.keys(keyTypes) as KeyType[]

/**
 * The product of key types, profiles and names; or, unless `whole`, so many of it that any two of them meet: each key
 * with each name, while the profiles take turns. That needs no more profiles than there are keys, and than names.
 */
export function leafCells(whole: boolean): LeafCell[] {
  const profileNames = Object.keys(profiles)
  return keyNames.flatMap((key, row) =>
    Object.keys(nameTypes).flatMap((names, column) =>
      profileNames
        .filter((_, index) => whole || index === (row + column) % profileNames.length)
        .map((profile) => ({ key, profile, names })),
    ),
  )
}
