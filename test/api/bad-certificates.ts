import type { BadSpec } from './manifest.ts'

const good = { authorityRef: { name: 'ca' }, commonName: 'web' }

const objectName = 'must be the name of an object: lowercase letters, digits, "-" and "." between them, such as web-tls'
const dnsName = 'must be a DNS name such as www.example.com or *.example.com (internationalized names as xn--...)'
const uri = 'must be an absolute URI such as spiffe://example.org/web'
const duration = 'must be a duration of at least 1m in h, m and s, such as 2160h (90 days) or 1h30m'
const keySize = 'size must be 256, 384 or 521 for ECDSA (the default algorithm) and 2048, 3072 or 4096 for RSA'
const numbered = (count: number, text: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => text(index))

/** The part of a row that is the same for every bad DNS name. */
const badDnsName = (name: string, value: string): BadSpec => ({
  name: `dnsNames: ${name}`,
  spec: { ...good, dnsNames: [value] },
  error: `spec.dnsNames[0]: Invalid value: ${JSON.stringify(value)}: ${dnsName}`,
})

const badDuration = (name: string, value: string): BadSpec => ({
  name: `duration: ${name}`,
  spec: { ...good, duration: value },
  error: `spec.duration: Invalid value: ${JSON.stringify(value)}: ${duration}`,
})

export const badCertificates: readonly BadSpec[] = [
  { name: 'no spec', spec: undefined, error: 'spec: Required value' },
  {
    name: 'an unknown field',
    spec: { ...good, dnsName: ['a'] },
    error:
      'Certificate in version "v1alpha1" cannot be handled as a Certificate: strict decoding error: unknown field "spec.dnsName"',
  },
  {
    name: 'an unknown field further down',
    spec: { ...good, privateKey: { curve: 'P-256' } },
    error:
      'Certificate in version "v1alpha1" cannot be handled as a Certificate: strict decoding error: unknown field "spec.privateKey.curve"',
  },
  {
    name: 'no name',
    spec: { authorityRef: { name: 'ca' } },
    error:
      'spec: Invalid value: a certificate needs a name: set dnsNames, ipAddresses, uris, emailAddresses or commonName',
  },
  {
    name: 'only empty lists of names',
    spec: { authorityRef: { name: 'ca' }, dnsNames: [], ipAddresses: [], uris: [], emailAddresses: [] },
    error:
      'spec: Invalid value: a certificate needs a name: set dnsNames, ipAddresses, uris, emailAddresses or commonName',
  },

  { name: 'authorityRef: none', spec: { commonName: 'web' }, error: 'spec.authorityRef: Required value' },
  {
    name: 'authorityRef: no name',
    spec: { ...good, authorityRef: {} },
    error: 'spec.authorityRef.name: Required value',
  },
  {
    name: 'authorityRef: a text',
    spec: { ...good, authorityRef: 'ca' },
    error: 'spec.authorityRef: Invalid value: "string": spec.authorityRef in body must be of type object: "string"',
  },
  {
    name: 'authorityRef: an empty name',
    spec: { ...good, authorityRef: { name: '' } },
    error: `spec.authorityRef.name: Invalid value: "": ${objectName}`,
  },
  {
    name: 'authorityRef: a namespace with a dot',
    spec: { ...good, authorityRef: { name: 'ca', namespace: 'team.a' } },
    error:
      'spec.authorityRef.namespace: Invalid value: "team.a": must be the name of a namespace: lowercase letters, digits and "-" between them, such as team-a',
  },
  {
    name: 'authorityRef: a namespace that is too long',
    spec: { ...good, authorityRef: { name: 'ca', namespace: 'a'.repeat(64) } },
    error: 'spec.authorityRef.namespace: Too long: may not be more than 63 bytes',
  },

  {
    name: 'secretName: capitals',
    spec: { ...good, secretName: 'Web_TLS' },
    error: `spec.secretName: Invalid value: "Web_TLS": ${objectName}`,
  },
  {
    name: 'secretName: another namespace',
    spec: { ...good, secretName: 'kube-system/web' },
    error: `spec.secretName: Invalid value: "kube-system/web": ${objectName}`,
  },
  {
    name: 'secretName: too long',
    spec: { ...good, secretName: 'a'.repeat(254) },
    error: 'spec.secretName: Too long: may not be more than 253 bytes',
  },

  {
    name: 'commonName: empty',
    spec: { ...good, commonName: '' },
    error: 'spec.commonName: Invalid value: "": spec.commonName in body should be at least 1 chars long',
  },
  {
    name: 'commonName: 65 characters',
    spec: { ...good, commonName: 'a'.repeat(65) },
    error: `spec.commonName: Invalid value: "${'a'.repeat(65)}": a common name has at most 64 characters: leave it out and put a longer name into dnsNames`,
  },
  {
    name: 'commonName: a number',
    spec: { ...good, commonName: 5 },
    error: 'spec.commonName: Invalid value: "integer": spec.commonName in body must be of type string: "integer"',
  },

  badDnsName('empty', ''),
  badDnsName('a space', 'a b'),
  badDnsName('only a wildcard', '*'),
  badDnsName('a wildcard inside', 'www.*.com'),
  badDnsName('a wildcard as part of a label', 'w*.example.com'),
  badDnsName('two wildcards', '*.*.example.com'),
  badDnsName('a final dot', 'example.com.'),
  badDnsName('an empty label', 'www..com'),
  badDnsName('a label of 64 characters', `${'a'.repeat(64)}.com`),
  badDnsName('a label that ends with a hyphen', 'www-.com'),
  badDnsName('not in ASCII', 'bücher.example'),
  badDnsName('a URL', 'https://example.com'),
  badDnsName('a line break', 'example.com\n'),
  {
    name: 'dnsNames: an IP address',
    spec: { ...good, dnsNames: ['a', '10.0.0.1'] },
    error: 'spec.dnsNames[1]: Invalid value: "10.0.0.1": an IP address is not a DNS name: put it into ipAddresses',
  },
  {
    name: 'dnsNames: too long',
    spec: { ...good, dnsNames: [`${'a.'.repeat(126)}bc`] },
    error: 'spec.dnsNames[0]: Too long: may not be more than 253 bytes',
  },
  {
    name: 'dnsNames: the same twice',
    spec: { ...good, dnsNames: ['a', 'a'] },
    error: 'spec.dnsNames[1]: Duplicate value: "a"',
  },
  {
    name: 'dnsNames: 101',
    spec: { ...good, dnsNames: numbered(101, (index) => `host-${index}`) },
    error: 'spec.dnsNames: Too many: 101: must have at most 100 items',
  },
  {
    name: 'dnsNames: a text',
    spec: { ...good, dnsNames: 'a' },
    error: 'spec.dnsNames: Invalid value: "string": spec.dnsNames in body must be of type array: "string"',
  },

  ...['10.0.0.256', '10.0.0.0/8', 'fe80::1%eth0', '010.0.0.1', '::ffff:192.0.2.1', 'host'].map((value) => ({
    name: `ipAddresses: ${value}`,
    spec: { ...good, ipAddresses: [value] },
    error: `spec.ipAddresses[0]: Invalid value: "${value}": must be an IPv4 or IPv6 address`,
  })),
  {
    name: 'ipAddresses: 101',
    spec: { ...good, ipAddresses: numbered(101, (index) => `10.0.0.${index}`) },
    error: 'spec.ipAddresses: Too many: 101: must have at most 100 items',
  },

  ...['example', '/absolute/path', 'http://a b/', '//example.com/a'].map((value) => ({
    name: `uris: ${value}`,
    spec: { ...good, uris: [value] },
    error: `spec.uris[0]: Invalid value: "${value}": ${uri}`,
  })),
  {
    name: 'uris: 101',
    spec: { ...good, uris: numbered(101, (index) => `spiffe://a/${index}`) },
    error: 'spec.uris: Too many: 101: must have at most 100 items',
  },

  ...['web-team', 'a@b@c', '@example.com', 'Web Team <web@example.com>'].map((value) => ({
    name: `emailAddresses: ${value}`,
    spec: { ...good, emailAddresses: [value] },
    error: `spec.emailAddresses[0]: Invalid value: "${value}": must be an e-mail address such as web-team@example.com`,
  })),
  {
    name: 'emailAddresses: 101',
    spec: { ...good, emailAddresses: numbered(101, (index) => `a${index}@b`) },
    error: 'spec.emailAddresses: Too many: 101: must have at most 100 items',
  },

  badDuration('days', '90d'),
  badDuration('a fraction', '1.5h'),
  badDuration('negative', '-1h'),
  badDuration('empty', ''),
  badDuration('without a unit', '3600'),
  badDuration('too short', '59s999ms'),
  badDuration('ISO 8601', 'P90D'),
  {
    name: 'duration: a number',
    spec: { ...good, duration: 3600 },
    error: 'spec.duration: Invalid value: "integer": spec.duration in body must be of type string: "integer"',
  },
  {
    name: 'duration: more than 292 years',
    spec: { ...good, duration: '6000000h' },
    error: `spec.duration: Invalid value: "string": type conversion error from 'string' to 'google.protobuf.Duration' evaluating rule: ${duration}`,
  },

  {
    name: 'usages: unknown',
    spec: { ...good, usages: ['server auth'] },
    error:
      'spec.usages[0]: Unsupported value: "server auth": supported values: "digitalSignature", "contentCommitment", "keyEncipherment", "dataEncipherment", "keyAgreement", "serverAuth", "clientAuth", "codeSigning", "emailProtection", "timeStamping"',
  },
  {
    name: 'usages: none',
    spec: { ...good, usages: [] },
    error: 'spec.usages: Invalid value: 0: spec.usages in body should have at least 1 items',
  },
  {
    name: 'usages: the same twice',
    spec: { ...good, usages: ['serverAuth', 'serverAuth'] },
    error: 'spec.usages[1]: Duplicate value: "serverAuth"',
  },

  {
    name: 'privateKey: unknown algorithm',
    spec: { ...good, privateKey: { algorithm: 'rsa' } },
    error: 'spec.privateKey.algorithm: Unsupported value: "rsa": supported values: "ECDSA", "RSA"',
  },
  {
    name: 'privateKey: unknown encoding',
    spec: { ...good, privateKey: { encoding: 'SEC1' } },
    error: 'spec.privateKey.encoding: Unsupported value: "SEC1": supported values: "PKCS8", "PKCS1"',
  },
  {
    name: 'privateKey: unknown rotation',
    spec: { ...good, privateKey: { rotation: 'Sometimes' } },
    error: 'spec.privateKey.rotation: Unsupported value: "Sometimes": supported values: "Always", "Never"',
  },
  ...[
    { size: 2048 },
    { size: 0 },
    { algorithm: 'ECDSA', size: 255 },
    { algorithm: 'RSA', size: 1024 },
    { algorithm: 'RSA', size: 256 },
  ].map((privateKey) => ({
    name: `privateKey: ${JSON.stringify(privateKey)}`,
    spec: { ...good, privateKey },
    error: `spec.privateKey: Invalid value: ${keySize}`,
  })),
  ...[{ encoding: 'PKCS1' }, { algorithm: 'ECDSA', encoding: 'PKCS1' }].map((privateKey) => ({
    name: `privateKey: ${JSON.stringify(privateKey)}`,
    spec: { ...good, privateKey },
    error:
      'spec.privateKey: Invalid value: encoding PKCS1 exists for RSA only: set algorithm: RSA or leave encoding out',
  })),
  {
    name: 'privateKey: a size in text',
    spec: { ...good, privateKey: { size: '256' } },
    error:
      'spec.privateKey.size: Invalid value: "string": spec.privateKey.size in body must be of type integer: "string"',
  },

  {
    name: 'renewal: both ways',
    spec: { ...good, renewal: { before: '1h', beforePercent: 10 } },
    error: 'spec.renewal: Invalid value: set before or beforePercent, not both',
  },
  {
    name: 'renewal: a wrong unit, which is not compared with the duration',
    spec: { ...good, renewal: { before: '30d' } },
    error:
      'spec.renewal.before: Invalid value: "30d": must be a duration of at least 1s in h, m and s, such as 2160h (90 days) or 1h30m',
  },
  {
    name: 'renewal: as long as the default duration',
    spec: { ...good, renewal: { before: '2160h' } },
    error: 'spec.renewal.before: Invalid value: renewal.before must be shorter than duration (default 2160h)',
  },
  {
    name: 'renewal: as long as the duration',
    spec: { ...good, duration: '1h', renewal: { before: '60m' } },
    error: 'spec.renewal.before: Invalid value: renewal.before must be shorter than duration (default 2160h)',
  },
  {
    name: 'renewal: no share',
    spec: { ...good, renewal: { beforePercent: 0 } },
    error:
      'spec.renewal.beforePercent: Invalid value: 0: spec.renewal.beforePercent in body should be greater than or equal to 1',
  },
  {
    name: 'renewal: the whole',
    spec: { ...good, renewal: { beforePercent: 100 } },
    error:
      'spec.renewal.beforePercent: Invalid value: 100: spec.renewal.beforePercent in body should be less than or equal to 99',
  },
  {
    name: 'renewal: a broken percent',
    spec: { ...good, renewal: { beforePercent: 33.3 } },
    error:
      'spec.renewal.beforePercent: Invalid value: "number": spec.renewal.beforePercent in body must be of type integer: "number"',
  },
]
