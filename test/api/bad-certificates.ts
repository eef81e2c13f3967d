import {
  durationOfAtLeast,
  invalid,
  keySize,
  namespaceName,
  objectName,
  outOfBounds,
  tooMany,
  unknownField,
  unsupported,
  wrongType,
} from './errors.ts'
import type { BadSpec } from './manifest.ts'

const good = { authorityRef: { name: 'ca' }, commonName: 'web' }

const dnsName = 'must be a DNS name such as www.example.com or *.example.com (internationalized names as xn--...)'
const needsName = 'a certificate needs a name: set dnsNames, ipAddresses, uris, emailAddresses or commonName'
const commonName = 'a common name has at most 64 characters: leave it out and put a longer name into dnsNames'
const conversionError = "type conversion error from 'string' to 'google.protobuf.Duration'"
const outOfRange = `${conversionError} evaluating rule: ${durationOfAtLeast('1m')}`
const usages = [
  ...['digitalSignature', 'contentCommitment', 'keyEncipherment', 'dataEncipherment', 'keyAgreement'],
  ...['serverAuth', 'clientAuth', 'codeSigning', 'emailProtection', 'timeStamping'],
]
const uri = 'must be an absolute URI such as spiffe://example.org/web'
const numbered = (count: number, text: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => text(index))

const badDnsName = (name: string, value: string): BadSpec => ({
  name: `dnsNames: ${name}`,
  spec: { ...good, dnsNames: [value] },
  error: invalid('spec.dnsNames[0]', value, dnsName),
})

const badDuration = (name: string, value: string): BadSpec => ({
  name: `duration: ${name}`,
  spec: { ...good, duration: value },
  error: invalid('spec.duration', value, durationOfAtLeast('1m')),
})

export const badCertificates: readonly BadSpec[] = [
  { name: 'no spec', spec: undefined, error: 'spec: Required value' },
  {
    name: 'an unknown field',
    spec: { ...good, dnsName: ['a'] },
    error: unknownField('Certificate', 'spec.dnsName'),
  },
  {
    name: 'an unknown field further down',
    spec: { ...good, privateKey: { curve: 'P-256' } },
    error: unknownField('Certificate', 'spec.privateKey.curve'),
  },
  {
    name: 'no name',
    spec: { authorityRef: { name: 'ca' } },
    error: `spec: Invalid value: ${needsName}`,
  },
  {
    name: 'only empty lists of names',
    spec: { authorityRef: { name: 'ca' }, dnsNames: [], ipAddresses: [], uris: [], emailAddresses: [] },
    error: `spec: Invalid value: ${needsName}`,
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
    error: wrongType('spec.authorityRef', 'object', 'string'),
  },
  {
    name: 'authorityRef: an empty name',
    spec: { ...good, authorityRef: { name: '' } },
    error: invalid('spec.authorityRef.name', '', objectName),
  },
  {
    name: 'authorityRef: a namespace with a dot',
    spec: { ...good, authorityRef: { name: 'ca', namespace: 'team.a' } },
    error: invalid('spec.authorityRef.namespace', 'team.a', namespaceName),
  },
  {
    name: 'authorityRef: a namespace that is too long',
    spec: { ...good, authorityRef: { name: 'ca', namespace: 'a'.repeat(64) } },
    error: 'spec.authorityRef.namespace: Too long: may not be more than 63 bytes',
  },

  {
    name: 'secretName: capitals',
    spec: { ...good, secretName: 'Web_TLS' },
    error: invalid('spec.secretName', 'Web_TLS', objectName),
  },
  {
    name: 'secretName: another namespace',
    spec: { ...good, secretName: 'kube-system/web' },
    error: invalid('spec.secretName', 'kube-system/web', objectName),
  },
  {
    name: 'secretName: too long',
    spec: { ...good, secretName: 'a'.repeat(254) },
    error: 'spec.secretName: Too long: may not be more than 253 bytes',
  },

  {
    name: 'commonName: empty',
    spec: { ...good, commonName: '' },
    error: outOfBounds('spec.commonName', '', 'be at least 1 chars long'),
  },
  {
    name: 'commonName: 65 characters',
    spec: { ...good, commonName: 'a'.repeat(65) },
    error: invalid('spec.commonName', 'a'.repeat(65), commonName),
  },
  {
    name: 'commonName: a number',
    spec: { ...good, commonName: 5 },
    error: wrongType('spec.commonName', 'string', 'integer'),
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
    error: tooMany('spec.dnsNames', 101, 100),
  },
  {
    name: 'dnsNames: a text',
    spec: { ...good, dnsNames: 'a' },
    error: wrongType('spec.dnsNames', 'array', 'string'),
  },

  ...['10.0.0.256', '10.0.0.0/8', 'fe80::1%eth0', '010.0.0.1', '::ffff:192.0.2.1', 'host'].map((value) => ({
    name: `ipAddresses: ${value}`,
    spec: { ...good, ipAddresses: [value] },
    error: invalid('spec.ipAddresses[0]', value, 'must be an IPv4 or IPv6 address'),
  })),
  {
    name: 'ipAddresses: 101',
    spec: { ...good, ipAddresses: numbered(101, (index) => `10.0.0.${index}`) },
    error: tooMany('spec.ipAddresses', 101, 100),
  },

  ...['example', '/absolute/path', 'http://a b/', '//example.com/a'].map((value) => ({
    name: `uris: ${value}`,
    spec: { ...good, uris: [value] },
    error: invalid('spec.uris[0]', value, uri),
  })),
  {
    name: 'uris: 101',
    spec: { ...good, uris: numbered(101, (index) => `spiffe://a/${index}`) },
    error: tooMany('spec.uris', 101, 100),
  },

  ...['web-team', 'a@b@c', '@example.com', 'Web Team <web@example.com>'].map((value) => ({
    name: `emailAddresses: ${value}`,
    spec: { ...good, emailAddresses: [value] },
    error: invalid('spec.emailAddresses[0]', value, 'must be an e-mail address such as web-team@example.com'),
  })),
  {
    name: 'emailAddresses: 101',
    spec: { ...good, emailAddresses: numbered(101, (index) => `a${index}@b`) },
    error: tooMany('spec.emailAddresses', 101, 100),
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
    error: wrongType('spec.duration', 'string', 'integer'),
  },
  {
    name: 'duration: more than 292 years',
    spec: { ...good, duration: '6000000h' },
    error: invalid('spec.duration', 'string', outOfRange),
  },

  {
    name: 'usages: unknown',
    spec: { ...good, usages: ['server auth'] },
    error: unsupported('spec.usages[0]', 'server auth', ...usages),
  },
  {
    name: 'usages: none',
    spec: { ...good, usages: [] },
    error: outOfBounds('spec.usages', 0, 'have at least 1 items'),
  },
  {
    name: 'usages: the same twice',
    spec: { ...good, usages: ['serverAuth', 'serverAuth'] },
    error: 'spec.usages[1]: Duplicate value: "serverAuth"',
  },

  {
    name: 'privateKey: unknown algorithm',
    spec: { ...good, privateKey: { algorithm: 'rsa' } },
    error: unsupported('spec.privateKey.algorithm', 'rsa', 'ECDSA', 'RSA'),
  },
  {
    name: 'privateKey: unknown encoding',
    spec: { ...good, privateKey: { encoding: 'SEC1' } },
    error: unsupported('spec.privateKey.encoding', 'SEC1', 'PKCS8', 'PKCS1'),
  },
  {
    name: 'privateKey: unknown rotation',
    spec: { ...good, privateKey: { rotation: 'Sometimes' } },
    error: unsupported('spec.privateKey.rotation', 'Sometimes', 'Always', 'Never'),
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
    error: wrongType('spec.privateKey.size', 'integer', 'string'),
  },

  {
    name: 'renewal: both ways',
    spec: { ...good, renewal: { before: '1h', beforePercent: 10 } },
    error: 'spec.renewal: Invalid value: set before or beforePercent, not both',
  },
  {
    name: 'renewal: a wrong unit, which is not compared with the duration',
    spec: { ...good, renewal: { before: '30d' } },
    error: invalid('spec.renewal.before', '30d', durationOfAtLeast('1s')),
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
    error: outOfBounds('spec.renewal.beforePercent', 0, 'be greater than or equal to 1'),
  },
  {
    name: 'renewal: the whole',
    spec: { ...good, renewal: { beforePercent: 100 } },
    error: outOfBounds('spec.renewal.beforePercent', 100, 'be less than or equal to 99'),
  },
  {
    name: 'renewal: a broken percent',
    spec: { ...good, renewal: { beforePercent: 33.3 } },
    error: wrongType('spec.renewal.beforePercent', 'integer', 'number'),
  },
]
