import type { CertificateSpec } from '#api'
import type { ReadCertificate } from './read-certificate.ts'

/** A Certificate that is issued, or declared unsupported by an issuer. */
export interface CertificateCase {
  /** Name of the Certificate. */
  readonly name: string
  /** Number in the table of cert-manager's conformance suite; further ones have none. */
  readonly number?: number
  readonly spec: Partial<CertificateSpec>
  /** What is special about its certificate, beside what holds for every one. */
  readonly shows?: Partial<ReadCertificate>
}

const label63 = 'a'.repeat(63)

/** The kind of name that Windows knows users by. */
export const userPrincipalName = '1.3.6.1.4.1.311.20.2.3'

/** Subject whose order counts, with attributes that `subject` has no field for. */
const inOrder = 'CN=web.example.com,UID=web,OU=Second,OU=First,O=Example,DC=shop,DC=example,DC=com'

/** The names of cert-manager's suite, in its order. Keys are ECDSA where it takes the default of RSA, as is ours. */
const table: readonly CertificateCase[] = [
  { name: 'one-dns-name', spec: { dnsNames: ['www.example.com'] }, shows: { subject: '' } },
  {
    name: 'ca-certificate',
    spec: { isCA: true, commonName: 'Team CA' },
    shows: { constraints: 'CA:TRUE, pathlen:0', keyUsage: ['CRL Sign', 'Certificate Sign'], purposes: [] },
  },
  {
    name: 'ecdsa-dns-name',
    spec: { dnsNames: ['www.example.com'], privateKey: { algorithm: 'ECDSA', size: 384 } },
  },
  { name: 'ed25519-dns-name', spec: { dnsNames: ['www.example.com'], privateKey: { algorithm: 'Ed25519' } } },
  { name: 'common-name', spec: { commonName: 'Web Server' }, shows: { subject: 'CN=Web Server', names: [] } },
  {
    name: 'other-names',
    spec: {
      commonName: 'web',
      otherNames: [
        { oid: userPrincipalName, utf8Value: 'a@example.com' },
        { oid: userPrincipalName, utf8Value: 'b@example.com' },
      ],
      emailAddresses: ['web@example.com'],
    },
  },
  {
    name: 'literal-subject',
    spec: { literalSubject: inOrder, dnsNames: ['*.example.com'] },
    shows: { subject: inOrder, names: ['DNS:*.example.com', 'DNS:web.example.com'] },
  },
  {
    name: 'ecdsa-common-name',
    spec: { commonName: 'web', privateKey: { algorithm: 'ECDSA', size: 256 } },
    shows: { subject: 'CN=web' },
  },
  {
    name: 'ed25519-common-name',
    spec: { commonName: 'web', privateKey: { algorithm: 'Ed25519' } },
    shows: { subject: 'CN=web' },
  },
  {
    name: 'ip-addresses',
    spec: { ipAddresses: ['192.0.2.7', '2001:db8::7'] },
    shows: { names: ['IP Address:192.0.2.7', 'IP Address:2001:DB8:0:0:0:0:0:7'] },
  },
  { name: 'dns-name-and-ip-address', spec: { dnsNames: ['www.example.com'], ipAddresses: ['192.0.2.7'] } },
  { name: 'common-name-and-ip-address', spec: { commonName: 'web', ipAddresses: ['192.0.2.7'] } },
  { name: 'email-address', spec: { emailAddresses: ['web@example.com'] } },
  { name: 'common-name-and-uri', spec: { commonName: 'web', uris: ['spiffe://example.org/web'] } },
  {
    name: 'common-name-is-a-dns-name',
    spec: { commonName: 'www.example.com', dnsNames: ['www.example.com', 'web.example.com'] },
    shows: { names: ['DNS:web.example.com', 'DNS:www.example.com'] },
  },
  {
    name: 'another-common-name',
    spec: { commonName: 'cn.example.com', dnsNames: ['www.example.com'] },
    shows: { names: ['DNS:cn.example.com', 'DNS:www.example.com'] },
  },
  { name: 'duration', spec: { dnsNames: ['www.example.com'], duration: '896h' } },
  { name: 'wildcard', spec: { dnsNames: ['*.example.com'] } },
  { name: 'uri', spec: { uris: ['spiffe://example.org/web'] }, shows: { names: ['URI:spiffe://example.org/web'] } },
  {
    name: 'usages',
    spec: {
      dnsNames: ['www.example.com'],
      usages: ['digitalSignature', 'dataEncipherment', 'serverAuth', 'clientAuth'],
      privateKey: { algorithm: 'RSA' },
    },
  },
  { name: 'label-of-63-characters', spec: { dnsNames: [`${label63}.example.com`] } },
  { name: 'wildcard-and-apex', spec: { dnsNames: ['*.example.com', 'example.com'] } },
]

const durations = ['1h', '1h30m', '24h', '2300h']

/** Behind the table: what it has no row for. */
const further: readonly CertificateCase[] = [
  ...durations.map((duration) => ({ name: `duration-${duration}`, spec: { dnsNames: ['www.example.com'], duration } })),
  {
    name: 'subject',
    spec: {
      commonName: 'web',
      subject: {
        countries: ['DE'],
        provinces: ['Hessen'],
        localities: ['Kassel'],
        streetAddresses: ['Ring 1'],
        postalCodes: ['34117'],
        organizations: ['Example'],
        organizationalUnits: ['Shop'],
        serialNumber: '4711',
      },
    },
    shows: {
      subject: 'CN=web,serialNumber=4711,OU=Shop,O=Example,postalCode=34117,street=Ring 1,L=Kassel,ST=Hessen,C=DE',
    },
  },
  {
    name: 'rsa-pkcs1',
    spec: { dnsNames: ['www.example.com'], privateKey: { algorithm: 'RSA', size: 3072, encoding: 'PKCS1' } },
  },
  { name: 'ecdsa-521', spec: { dnsNames: ['www.example.com'], privateKey: { algorithm: 'ECDSA', size: 521 } } },
  { name: 'ml-dsa', spec: { dnsNames: ['www.example.com'], privateKey: { algorithm: 'ML-DSA', size: 44 } } },
  { name: 'registered-id', spec: { registeredIDs: ['1.3.6.1.4.1.32473.2'], commonName: 'web' } },
  { name: 'ip-address-as-common-name', spec: { commonName: '192.0.2.9' }, shows: { names: ['IP Address:192.0.2.9'] } },
  {
    name: 'outputs',
    spec: {
      dnsNames: ['www.example.com'],
      outputs: { der: {}, combinedPEM: {}, pkcs12: { profile: 'Modern' }, jks: {} },
      secretTemplate: { labels: { team: 'shop' }, annotations: { 'example.com/note': 'n' } },
    },
  },
]

export const cases: readonly CertificateCase[] = [
  ...table.map((each, index) => ({ number: index + 1, ...each })),
  ...further,
]
