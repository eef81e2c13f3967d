import type { AuthoritySpec, AuthorityStatus } from '#api'
import type { FullSpec } from './manifest.ts'

const selector = {
  matchLabels: { 'example.com/team': 'web' },
  matchExpressions: [
    { key: 'stage', operator: 'In' as const, values: ['test', 'production'] },
    { key: 'retired', operator: 'DoesNotExist' as const },
  ],
}

const subject = {
  organizations: ['Example GmbH'],
  organizationalUnits: ['Web', 'Größe'],
  countries: ['DE', 'FR'],
  localities: ['Köln'],
  provinces: ['Nordrhein-Westfalen'],
  streetAddresses: ['Domkloster 4'],
  postalCodes: ['50667'],
  serialNumber: 'HRB 4711',
}

const rule = {
  namespaces: ['web', 'team-a'],
  namespaceSelector: selector,
  names: {
    dns: ['**', '**.example.com', '*.{namespace}.svc', 'a-{namespace}.b_c'],
    ipRanges: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1/32'],
    uris: ['spiffe://example.org/ns/{namespace}/sa/*', 'https://example.com/**', 'urn:uuid:*'],
    emails: ['*@example.com', '*@**.example.com', 'web-team@{namespace}.example.com'],
    otherNames: [{ oid: '1.3.6.1.4.1.311.20.2.3', values: ['*@example.com', 'Jürgen'] }],
    registeredIDs: ['1.3.6.1.4.1.32473.2'],
  },
  commonNames: ['*', 'Web team of {namespace}'],
  subject: {
    organizations: ['Example *'],
    organizationalUnits: ['*'],
    countries: ['DE'],
    localities: ['*'],
    provinces: ['*'],
    streetAddresses: ['*'],
    postalCodes: ['50*'],
    serialNumbers: ['HRB *'],
  },
  keys: [{ algorithm: 'ECDSA' as const }, { algorithm: 'RSA' as const, minSize: 3072 }],
  usages: ['digitalSignature' as const, 'serverAuth' as const],
  extensions: ['1.3.6.1.4.1.32473.1'],
  maxDuration: '2160h',
  requireOwner: true,
}

const subtrees = {
  dnsDomains: ['example.com', '.svc', 'cluster.local'],
  ipRanges: ['10.0.0.0/8', 'fd00::/8'],
  emailDomains: ['example.com', '.example.com'],
  uriDomains: ['example.org', '.example.org'],
}

const crl = { url: 'http://pki.example.com/crl/platform/team-ca/{generation}.crl', validity: '48h' }

const everything: AuthoritySpec = {
  internal: {
    commonName: 'Team CA',
    subject,
    parentRef: { name: 'root', namespace: 'platform' },
    privateKey: { algorithm: 'ECDSA', size: 384 },
    duration: '43800h',
    pathLength: 0,
    nameConstraints: { permitted: subtrees, excluded: subtrees },
    crl,
    issuerURLs: ['http://pki.example.com/root.crt', 'https://[2001:db8::1]:8443/root.p7c?a=b'],
    ocspURLs: ['http://ocsp.example.com'],
    generation: 3,
    rotation: 'Manual',
    trustPropagation: '1h30m',
    distrustedGenerations: [1, 2],
  },
  allowedNamespaces: { from: 'Selector', selector },
  allowedSubordinates: { from: 'Selector', selector },
  policy: { rules: [rule, { names: { dns: ['example.com'] } }], auditRules: [rule], sensitiveNames: ['example.com'] },
  defaults: {
    subject,
    privateKey: { algorithm: 'RSA', size: 3072, encoding: 'PKCS1', rotation: 'Never' },
    duration: '1080h',
    usages: ['digitalSignature', 'keyEncipherment', 'serverAuth'],
    renewal: {
      before: '360h',
      windows: [{ schedule: '0 2 * * SAT', length: '4h', timeZone: 'Europe/Berlin' }],
      policy: 'Auto',
    },
    owner: 'web-team@example.com',
  },
  default: true,
  intake: 'RenewalsOnly',
  suspend: true,
  publicTrust: true,
  weekendExpiry: 'MoveEarlier',
  reissueWithin: '8h',
  retry: { initial: '30s', max: '30s' },
  revocations: [
    { serialNumber: '00a1b2c3', reason: 'keyCompromise', comment: 'found in a repository' },
    { serialNumber: 'ff'.repeat(20) },
  ],
  owner: 'platform@example.com',
}

/** Options of any shape: what is not in the schema of the kind is kept here, and only here. */
const plugin = {
  name: 'fileDrop',
  options: {
    folder: '/var/requests',
    retries: 3,
    ratio: 0.5,
    dryRun: false,
    servers: [{ host: 'a', tags: ['x', []] }, 'b', 1],
    nested: { deep: { deeper: { empty: {} } }, 'a.b/c': '' },
  },
}

const pem = '-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n'

export const fullAuthorities: readonly FullSpec[] = [
  { name: 'every field', spec: everything },
  { name: 'least', spec: { internal: {} } },
  {
    name: 'an RSA root',
    spec: { internal: { privateKey: { algorithm: 'RSA', size: 8192 }, duration: '876000h' } },
  },
  ...[
    { algorithm: 'Ed25519' },
    { algorithm: 'ML-DSA' },
    { algorithm: 'ML-DSA', size: 44 },
    { algorithm: 'ML-DSA', size: 87 },
  ].map((privateKey) => ({
    name: `a root with the key ${JSON.stringify(privateKey)}`,
    spec: { internal: { privateKey } },
  })),
  { name: 'a CA from a Secret', spec: { internal: { secretRef: { name: 'old-ca' }, crl: { validity: '1h' } } } },
  { name: 'a CA that waits for its chain', spec: { internal: { external: {}, commonName: 'Issuing CA' } } },
  {
    name: 'a CA with its chain, as openssl prints it',
    spec: { internal: { external: { chain: `subject=CN=Issuing CA\n${pem}\n${pem}` } } },
  },
  {
    name: 'one kind of constraints',
    spec: { internal: { nameConstraints: { excluded: { dnsDomains: [`${'a'.repeat(63)}.example.com`] } } } },
  },
  { name: 'a plugin with options of its own', spec: { plugin } },
  { name: 'a plugin without options', spec: { plugin: { name: 'a1' } } },
  { name: 'a rule for common names alone', spec: { internal: {}, policy: { rules: [{ commonNames: ['*'] }] } } },
  {
    name: 'open to all',
    spec: {
      internal: {},
      allowedNamespaces: { from: 'All' },
      policy: { rules: [{ names: { dns: ['*.{namespace}.example.com'] } }] },
    },
  },
  {
    name: 'default renewal, as a share and before an end that a certificate states',
    spec: { internal: {}, defaults: { renewal: { beforePercent: 20 } } },
  },
  {
    name: 'settings said as they are',
    spec: { internal: { rotation: 'Auto' }, intake: 'Open', weekendExpiry: 'Keep' },
  },
]

export const fullAuthorityStatus: Required<AuthorityStatus> = {
  observedGeneration: 1,
  conditions: [
    {
      type: 'Ready',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: '2026-11-22T12:00:00Z',
      reason: 'CAReady',
      message: 'valid until 2036-11-19T12:00:00Z',
    },
    {
      type: 'Warning',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: '2026-11-22T12:00:00Z',
      reason: 'CANotBackedUp',
      message: 'there is no backup of the key of generation 2',
    },
  ],
  ca: {
    generation: 2,
    subject: 'CN=Team CA',
    serialNumber: '00a1b2c3',
    fingerprint: 'ab'.repeat(32),
    notBefore: '2026-11-22T11:55:00Z',
    notAfter: '2036-11-19T12:00:00Z',
    secretName: 'team-ca-ca-2',
    parentGeneration: 1,
  },
  generations: (['Distrusted', 'Active', 'Next'] as const).map((state, index) => ({
    generation: index + 1,
    state,
    fingerprint: 'ab'.repeat(32),
    notAfter: '2036-11-19T12:00:00Z',
    activeFrom: '2026-11-22T12:00:00Z',
    backedUpAt: '2026-11-22T13:00:00Z',
  })),
  caBundle: pem,
  request: { generation: 3, csr: '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n' },
}
