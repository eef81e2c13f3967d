import { badCertificateContents } from './bad-certificate-content.ts'
import {
  badCertificateKey,
  badEmail,
  badEnum,
  badRenewal,
  badSubject,
  badTexts,
  badUsages,
  emptyList,
  item,
  member,
  type Place,
} from './bad-parts.ts'
import { badSecretParts } from './bad-secret-parts.ts'
import {
  controlCharacters,
  dnsEnd,
  durationOfAtLeast,
  emailAddress,
  fixedEnd,
  invalid,
  namespaceName,
  numbered,
  objectName,
  outOfBounds,
  renewsTooEarly,
  repeated,
  revocationReasons,
  serialNumber,
  tooMany,
  unknownField,
  wrongType,
} from './errors.ts'
import type { BadSpec } from './manifest.ts'

const good = { authorityRef: { name: 'ca' }, commonName: 'web' }

const dnsName = 'must be a DNS name such as www.example.com or *.example.com (internationalized names as xn--...)'
const needsName =
  'a certificate needs a name: set dnsNames, ipAddresses, uris, emailAddresses, otherNames, registeredIDs, ' +
  'commonName or literalSubject'
const commonName = 'a common name has at most 64 characters: leave it out and put a longer name into dnsNames'
const conversionError = "type conversion error from 'string' to 'google.protobuf.Duration'"
const outOfRange = `${conversionError} evaluating rule: ${durationOfAtLeast('1m')}`
const uri = 'must be an absolute URI in ASCII such as spiffe://example.org/web'
const pem = 'must be the PEM text of a certification request (PKCS #10), without any private key'
const onlyCsr = 'with csr the names, the subject and the key are those of the request: leave out the fields for them'
const oneRevocation = 'say what is revoked: set exactly one of issuedBefore and serials'

/** A field of a spec that is good without it. */
const field = (name: string, others: object = {}): Place =>
  member({ path: 'spec', specWith: (part) => part }, name, { ...good, ...others })

const begin = (label: string): string => `-----BEGIN ${label}-----\nMAA=\n-----END ${label}-----\n`
const csr = begin('CERTIFICATE REQUEST')

const badDnsName = (name: string, value: string): BadSpec => ({
  name: `dnsNames: ${name}`,
  spec: { ...good, dnsNames: [value] },
  error: invalid('spec.dnsNames[0]', value, dnsName),
})

const badLifetime = (name: string, value: string): BadSpec => ({
  name: `duration: ${name}`,
  spec: { ...good, duration: value },
  error: invalid('spec.duration', value, durationOfAtLeast('1m')),
})

export const badCertificates: readonly BadSpec[] = [
  ...badCertificateContents,
  ...badSecretParts,
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
    spec: { dnsNames: [], ipAddresses: [], uris: [], emailAddresses: [], otherNames: [], registeredIDs: [] },
    error: `spec: Invalid value: ${needsName}`,
  },

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
  ...badTexts(field('commonName'), controlCharacters, 'a\nb', 'a\u0000'),
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
  ...badTexts(item(field('dnsNames')), dnsEnd, '10.0.0.1', '443', 'a.1', '*.10', '1.2.3.4.5'),
  {
    name: 'dnsNames: too long',
    spec: { ...good, dnsNames: [`${'a.'.repeat(126)}bc`] },
    error: 'spec.dnsNames[0]: Too long: may not be more than 253 bytes',
  },
  {
    name: 'dnsNames: the same twice',
    spec: { ...good, dnsNames: ['a', 'a'] },
    error: repeated('spec.dnsNames[1]', 'a'),
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

  ...['example', '/absolute/path', 'http://a b/', '//example.com/a', 'http://ü/', 'urn:'].map((value) => ({
    name: `uris: ${value}`,
    spec: { ...good, uris: [value] },
    error: invalid('spec.uris[0]', value, uri),
  })),
  {
    name: 'uris: 101',
    spec: { ...good, uris: numbered(101, (index) => `spiffe://a/${index}`) },
    error: tooMany('spec.uris', 101, 100),
  },

  ...[
    'web-team',
    'a@b@c',
    '@example.com',
    'Web Team <web@example.com>',
    '<web@example.com>',
    'ü@example.com',
    'a@-b',
    `${'a'.repeat(65)}@b`,
  ].map((value) => ({
    name: `emailAddresses: ${value}`,
    spec: { ...good, emailAddresses: [value] },
    error: invalid('spec.emailAddresses[0]', value, emailAddress),
  })),
  {
    name: 'emailAddresses: 101',
    spec: { ...good, emailAddresses: numbered(101, (index) => `a${index}@b`) },
    error: tooMany('spec.emailAddresses', 101, 100),
  },

  badLifetime('days', '90d'),
  badLifetime('a fraction', '1.5h'),
  badLifetime('negative', '-1h'),
  badLifetime('empty', ''),
  badLifetime('without a unit', '3600'),
  badLifetime('too short', '59s999ms'),
  badLifetime('ISO 8601', 'P90D'),
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

  ...badUsages(field('usages')),
  ...badSubject(field('subject')),
  ...badCertificateKey(field('privateKey')),
  ...badRenewal(field('renewal')),
  {
    name: 'renewal: as long as the duration',
    spec: { ...good, duration: '1h', renewal: { before: '60m' } },
    error: `spec.renewal.before: ${renewsTooEarly}`,
  },
  {
    name: 'renewal: a wrong unit, which is not compared with the duration',
    spec: { ...good, duration: '90d', renewal: { before: '1h' } },
    error: invalid('spec.duration', '90d', durationOfAtLeast('1m')),
  },
  ...badTexts(field('notAfter'), fixedEnd, '2027-12-31', '2027-12-31T23:59:59', '2027-12-31 23:59:59Z', 'never'),
  ...[{ duration: '24h' }, { renewal: { before: '1h' } }].map((part) => ({
    name: `notAfter with ${Object.keys(part)}`,
    spec: { ...good, notAfter: '2027-12-31T23:59:59Z', ...part },
    error: 'spec: Invalid value: with notAfter the end is fixed: leave out duration and renewal',
  })),

  ...['', 'MAA=', begin('CERTIFICATE'), csr + begin('PRIVATE KEY'), csr + begin('EC PRIVATE KEY')].map((text) => ({
    name: `csr: ${JSON.stringify(text)}`,
    spec: { csr: text },
    error: `spec.csr: Invalid value: ${pem}`,
  })),
  ...[
    { commonName: 'a' },
    { subject: {} },
    { privateKey: {} },
    { dnsNames: ['a'] },
    { ipAddresses: ['192.0.2.1'] },
    { uris: ['urn:a'] },
    { emailAddresses: ['a@b'] },
    { otherNames: [{ oid: '1.2.3', utf8Value: 'a' }] },
    { registeredIDs: ['1.2.3'] },
    { literalSubject: 'CN=a' },
  ].map((more) => ({
    name: `csr: with ${Object.keys(more)}`,
    spec: { csr, ...more },
    error: `spec: Invalid value: ${onlyCsr}`,
  })),

  badEmail(field('owner')),
  {
    name: 'suspend: a text',
    spec: { ...good, suspend: 'true' },
    error: wrongType('spec.suspend', 'boolean', 'string'),
  },
  {
    name: 'deletionPolicy: an unknown member',
    spec: { ...good, deletionPolicy: { remote: 'Delete' } },
    error: unknownField('Certificate', 'spec.deletionPolicy.remote'),
  },

  ...[{}, { reason: 'superseded' }, { issuedBefore: '2026-11-22T12:00:00Z', serials: ['a1'] }].map((revocation) => ({
    name: `revocation: ${JSON.stringify(revocation)}`,
    spec: { ...good, revocation },
    error: `spec.revocation: Invalid value: ${oneRevocation}`,
  })),
  ...['2026-11-22', 'yesterday', ''].map((issuedBefore) => ({
    name: `revocation: issued before "${issuedBefore}"`,
    spec: { ...good, revocation: { issuedBefore } },
    error: invalid(
      'spec.revocation.issuedBefore',
      issuedBefore,
      `spec.revocation.issuedBefore in body must be of type date-time: "${issuedBefore}"`,
    ),
  })),
  ...badTexts(item(member(field('revocation'), 'serials')), serialNumber, ...['00A1', '0a1', '00:a1', '0xa1', '']),
  emptyList(member(field('revocation'), 'serials')),
  {
    name: 'revocation: 65 serial numbers',
    spec: field('revocation').specWith({ serials: numbered(65, (index) => String(1000 + index)) }),
    error: tooMany('spec.revocation.serials', 65, 64),
  },
  badEnum(member(field('revocation'), 'reason', { serials: ['a1'] }), 'removeFromCRL', ...revocationReasons),
  badEnum(member(field('revocation'), 'replace', { serials: ['a1'] }), 'Last', 'First', 'Never'),
]
