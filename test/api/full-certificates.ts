import type { CertificateSpec, CertificateStatus } from '#api'
import type { FullSpec } from './manifest.ts'

const subtrees = {
  dnsDomains: ['example.com', '.svc'],
  ipRanges: ['10.0.0.0/8', 'fd00::/8'],
  emailDomains: ['example.com', '.example.com'],
  uriDomains: ['example.org'],
}

const everything: CertificateSpec = {
  authorityRef: { name: 'team-ca', namespace: 'platform' },
  secretName: 'web.tls',
  commonName: 'www.example.com',
  subject: {
    organizations: ['Example GmbH'],
    organizationalUnits: ['Web'],
    countries: ['DE'],
    localities: ['Köln'],
    provinces: ['Nordrhein-Westfalen'],
    streetAddresses: ['Domkloster 4'],
    postalCodes: ['50667'],
    serialNumber: 'HRB 4711',
  },
  dnsNames: ['www.example.com', '*.example.com', '_acme.XN--BCHER-KVA.example', 'localhost'],
  ipAddresses: ['192.0.2.1', '2001:db8::1'],
  uris: ['spiffe://example.org/web', 'urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6', 'https://example.com/a?b#c'],
  emailAddresses: ['web-team@example.com'],
  otherNames: [{ oid: '1.3.6.1.4.1.311.20.2.3', utf8Value: 'Jürgen=1@example.com' }],
  registeredIDs: ['1.3.6.1.4.1.32473.2', '2.999.3'],
  duration: '1h30m',
  isCA: true,
  pathLength: 1,
  nameConstraints: { permitted: subtrees, excluded: subtrees },
  usages: ['digitalSignature', 'keyEncipherment', 'serverAuth', 'clientAuth'],
  extensions: {
    mustStaple: true,
    custom: [
      { oid: '1.3.6.1.4.1.32473.1', critical: true, value: 'DAVoZWxsbw==' },
      { oid: '1.3.6.1.4.1.32473.3', value: 'BQA=' },
    ],
  },
  privateKey: { algorithm: 'RSA', size: 4096, encoding: 'PKCS1', rotation: 'Never' },
  renewal: { before: '1h29m59s' },
  secretTemplate: {
    labels: { 'example.com/team': 'web', app: '' },
    annotations: { 'example.com/notes': 'at most 4096 characters: ü' },
  },
  outputs: {
    pkcs12: { profile: 'ModernPBMAC1', passwordSecretRef: { name: 'passwords', key: 'p12.txt' }, alias: 'web' },
    jks: { passwordSecretRef: { name: 'passwords', key: 'jks' }, alias: 'web' },
    der: {},
    combinedPEM: {},
  },
  adopt: true,
  owner: 'web-team@example.com',
  description: 'the shop window',
  suspend: true,
  revocation: {
    issuedBefore: '2026-11-22T12:00:00Z',
    reason: 'keyCompromise',
    comment: 'found in a repository',
    replace: 'Never',
  },
  deletionPolicy: { secret: 'Delete', revoke: true },
}

const csr = '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n'

export const fullCertificates: readonly FullSpec[] = [
  { name: 'every field', spec: everything },
  { name: 'least', spec: { authorityRef: { name: 'ca' }, dnsNames: ['a'] } },
  { name: 'only a common name', spec: { authorityRef: { name: 'ca' }, commonName: 'ü'.repeat(64) } },
  { name: 'only an IP address', spec: { authorityRef: { name: 'ca' }, ipAddresses: ['::1'] } },
  { name: 'only a URI', spec: { authorityRef: { name: 'ca' }, uris: ['spiffe://a/b'] } },
  { name: 'only an e-mail address', spec: { authorityRef: { name: 'ca' }, emailAddresses: ['a@b'] } },
  { name: 'only a name of another kind', spec: { otherNames: [{ oid: '1.2.3', utf8Value: 'a' }] } },
  { name: 'only a registered identifier', spec: { registeredIDs: ['1.2.3'] } },
  {
    name: 'only a literal subject',
    spec: { literalSubject: 'CN=Jürgen\\, 1,OU=Shop+UID=7,DC=example,DC=com', isCA: true },
  },
  {
    name: 'a password that is made, and none',
    spec: { commonName: 'a', outputs: { pkcs12: { password: 'None' }, jks: {} } },
  },
  { name: 'a request of its own, in DER too', spec: { csr, isCA: true, outputs: { der: {} } } },
  {
    name: 'the longest value of an extension',
    spec: {
      commonName: 'a',
      extensions: { custom: [{ oid: '1.2.3', value: Buffer.alloc(4096, 5).toString('base64') }] },
    },
  },
  {
    name: 'renewal as a share',
    spec: { authorityRef: { name: 'ca' }, commonName: 'a', duration: '1m', renewal: { beforePercent: 99 } },
  },
  {
    name: 'renewal just shorter than the duration',
    spec: { commonName: 'a', duration: '2160h', renewal: { before: '2159h59m59s999ms' } },
  },
  {
    name: 'renewal in windows',
    spec: {
      commonName: 'a',
      renewal: {
        before: '360h',
        windows: [
          { schedule: '0 2 * * SAT', length: '4h', timeZone: 'Europe/Berlin' },
          { schedule: '*/5 0-6 1,15,L JAN-MAR MON#1', length: '1m', timeZone: 'America/Argentina/Buenos_Aires' },
        ],
      },
    },
  },
  { name: 'renewal on request', spec: { commonName: 'a', renewal: { policy: 'Manual' } } },
  {
    name: 'renewal on request, of which is reminded in time',
    spec: { commonName: 'a', renewal: { policy: 'Manual', before: '240h' } },
  },
  { name: 'a fixed end', spec: { commonName: 'a', notAfter: '2027-12-31T23:59:59+01:00' } },
  {
    name: 'renewal long before the end, with the duration of the Authority',
    spec: { commonName: 'a', renewal: { before: '4320h' } },
  },
  ...[
    { algorithm: 'ECDSA', size: 521 },
    { algorithm: 'RSA', size: 8192, encoding: 'PKCS1' },
    { algorithm: 'Ed25519', encoding: 'PKCS8' },
    { algorithm: 'ML-DSA', size: 65 },
  ].map((privateKey) => ({ name: JSON.stringify(privateKey), spec: { commonName: 'a', privateKey } })),
  { name: 'the default Authority', spec: { dnsNames: ['a'] } },
  { name: 'a request of its own', spec: { csr, usages: ['clientAuth'], duration: '24h', dnsNames: [] } },
  { name: 'a request by its old name', spec: { csr: csr.replaceAll('CERTIFICATE', 'NEW CERTIFICATE') } },
  {
    name: 'revocation by serial numbers',
    spec: {
      commonName: 'a',
      revocation: { serials: ['00a1b2c3', 'ff'.repeat(20)], reason: 'cACompromise', replace: 'First' },
    },
  },
  {
    name: 'the longest label and as many names as there may be',
    spec: {
      authorityRef: { name: 'ca' },
      dnsNames: Array.from({ length: 100 }, (_, index) => `${'a'.repeat(63)}.${index}.example.com`),
      uris: Array.from({ length: 100 }, (_, index) => `spiffe://example.org/${index}/${'a'.repeat(999)}`),
    },
  },
]

export const fullCertificateStatus: Required<CertificateStatus> = {
  observedGeneration: 1,
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: '2026-11-22T12:00:00Z',
      reason: 'Issued',
      message: 'valid until 2027-02-20T12:00:00Z',
    },
    {
      type: 'Warning',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: '2026-11-22T12:00:00Z',
      reason: 'Suspended',
      message: 'suspended, and not renewed: set spec.suspend to false to go on',
    },
  ],
  revision: 2,
  serialNumber: '00a1b2c3',
  fingerprint: 'ab'.repeat(32),
  authority: 'platform/team-ca',
  caGeneration: 2,
  issuer: 'CN=team-ca',
  notBefore: '2026-11-22T11:55:00Z',
  notAfter: '2027-02-20T12:00:00Z',
  renewAt: '2027-01-21T12:00:00Z',
  attempts: 2,
  nextAttemptAt: '2026-11-22T12:05:00Z',
  attemptedFor: '5d41402abc4b2a76b9719d911017c592',
  refused: 'ab'.repeat(32),
  earlierRevisions: [
    {
      revision: 1,
      serialNumber: '00a1b2c2',
      fingerprint: 'cd'.repeat(32),
      issuedAt: '2026-10-22T12:00:00Z',
      notAfter: '2027-01-20T12:00:00Z',
      issuedBy: 'platform/team-ca',
      caGeneration: 1,
    },
  ],
  revocations: [{ serialNumber: '00a1b2c2', reason: 'superseded', revokedAt: '2026-11-22T12:10:00Z' }],
  secret: { name: 'web.tls', resourceVersion: '4711' },
}
