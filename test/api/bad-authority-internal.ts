import {
  badDuration,
  badEnum,
  badInteger,
  badKey,
  badList,
  badSubject,
  badTexts,
  emptyList,
  item,
  member,
  type Place,
  tooLong,
} from './bad-parts.ts'
import { ipRange } from './bad-policies.ts'
import {
  controlCharacters,
  dnsEnd,
  invalid,
  namespaceName,
  objectName,
  outOfBounds,
  repeated,
  unknownField,
} from './errors.ts'
import type { BadChange, BadSpec } from './manifest.ts'

const internal: Place = { path: 'spec.internal', specWith: (part) => ({ internal: part }) }
const field = (name: string, others: object = {}): Place => member(internal, name, others)
const refused = (spec: object, error: string): BadSpec => ({
  name: `internal: ${JSON.stringify(spec).slice(0, 100)}`,
  spec: internal.specWith(spec),
  error,
})

const commonName = 'a common name has at most 64 characters: choose a shorter one'
const oneSource =
  'spec.internal: Invalid value: set at most one of parentRef, secretRef and external; none of them is a root that ' +
  'signs itself'
const adopted =
  'spec.internal: Invalid value: with secretRef the CA is what the Secret holds: leave out commonName, subject, ' +
  'privateKey, duration, pathLength and nameConstraints'
const domain = 'must be a DNS domain such as example.com; with a leading dot only what is below it'
export const needsNames = 'name constraints need names: set permitted, excluded or both'
const someNames = 'list some names: set dnsDomains, ipRanges, emailDomains or uriDomains'
const crlURL =
  'must be an http or https URL with {generation} in it, such as http://pki.example.com/crl/shop/root/{generation}.crl'
const webURL = 'must be an http or https URL in ASCII, such as http://pki.example.com/ca.crt'
const pem = 'must be the PEM text of certificates, without any private key'

const begin = (label: string): string => `-----BEGIN ${label}-----\nMAA=\n-----END ${label}-----\n`

export const badSubtrees = (place: Place): BadSpec[] => [
  { name: `${place.path}: no names`, spec: place.specWith({}), error: `${place.path}: Invalid value: ${someNames}` },
  ...['dnsDomains', 'emailDomains', 'uriDomains'].flatMap((kind) => [
    ...badList(member(place, kind), domain, 64, 'a#', '', '.', '*.example.com', 'example.com.', '-a', 'a@b', 'a b'),
    emptyList(member(place, kind)),
    ...badTexts(item(member(place, kind)), dnsEnd, '10.0.0.1', '.1'),
  ]),
  ...badList(member(place, 'ipRanges'), ipRange, 64, '10.0.#.0/24', '10.0.0.1', '10.0.0.1/8', ''),
  emptyList(member(place, 'ipRanges')),
]

const reference = { name: 'root' }
const ofTheSecret = [
  { commonName: 'CA' },
  { subject: {} },
  { privateKey: {} },
  { duration: '1h' },
  { pathLength: 0 },
  { nameConstraints: { excluded: { dnsDomains: ['a'] } } },
]

export const badAuthorityInternals: readonly BadSpec[] = [
  refused({ commonName: '' }, outOfBounds('spec.internal.commonName', '', 'be at least 1 chars long')),
  refused({ commonName: 'a'.repeat(65) }, invalid('spec.internal.commonName', 'a'.repeat(65), commonName)),
  ...badTexts(field('commonName'), controlCharacters, 'a\nb'),
  refused({ isCA: true }, unknownField('Authority', 'spec.internal.isCA')),
  ...badSubject(field('subject')),

  refused({ parentRef: {} }, 'spec.internal.parentRef.name: Required value'),
  ...badTexts(member(field('parentRef'), 'name'), objectName, 'Root', ''),
  ...badTexts(member(field('parentRef'), 'namespace', reference), namespaceName, 'Platform', 'a.b', ''),
  refused({ secretRef: {} }, 'spec.internal.secretRef.name: Required value'),
  ...badTexts(member(field('secretRef'), 'name'), objectName, 'kube-system/ca', ''),
  refused(
    { secretRef: { ...reference, namespace: 'kube-system' } },
    unknownField('Authority', 'spec.internal.secretRef.namespace'),
  ),
  ...[
    { parentRef: reference, secretRef: reference },
    { parentRef: reference, external: {} },
    { secretRef: reference, external: {} },
    { parentRef: reference, secretRef: reference, external: {} },
  ].map((sources) => refused(sources, oneSource)),
  ...ofTheSecret.map((more) => refused({ secretRef: reference, ...more }, adopted)),
  ...['', 'MAA=', begin('CERTIFICATE REQUEST'), begin('CERTIFICATE') + begin('EC PRIVATE KEY')].map((chain) =>
    refused({ external: { chain } }, `spec.internal.external.chain: Invalid value: ${pem}`),
  ),

  ...badKey(field('privateKey')),
  ...badDuration(field('duration'), '1m', '59s'),
  ...badInteger(field('pathLength'), 0, 10),

  refused({ nameConstraints: {} }, `spec.internal.nameConstraints: Invalid value: ${needsNames}`),
  ...badSubtrees(member(field('nameConstraints'), 'permitted')),
  ...badSubtrees(member(field('nameConstraints'), 'excluded')),

  ...badTexts(
    member(field('crl'), 'url'),
    crlURL,
    ...['http://pki.example.com/root.crl', 'ldap://a/{generation}', 'http://a b/{generation}', '{generation}', ''],
  ),
  ...badDuration(member(field('crl'), 'validity'), '1h', '59m'),
  ...['issuerURLs', 'ocspURLs'].flatMap((name) =>
    badList(field(name), webURL, 4, 'http://a/#', 'pki.example.com', 'ldap://a/b', 'http://ü.example/', ''),
  ),

  ...badInteger(field('generation'), 1, 9999),
  badEnum(field('rotation'), 'Never', 'Auto', 'Manual'),
  ...badDuration(field('trustPropagation'), '1s', '0s'),
  ...badInteger(item(field('distrustedGenerations')), 1, 9999),
  refused({ distrustedGenerations: [1, 1] }, repeated('spec.internal.distrustedGenerations[1]', 1)),
  refused(
    { distrustedGenerations: Array.from({ length: 17 }, (_, index) => index + 1) },
    tooLong(field('distrustedGenerations'), 16).error,
  ),
]

const onlyRaised = 'spec.internal.generation: Invalid value: generation can only be raised'
const another = 'spec: Invalid value: what signs cannot become something else: create another Authority instead'
const plugin = { plugin: { name: 'fileDrop' } }

export const badAuthorityChanges: readonly BadChange[] = [
  {
    name: 'a lower generation',
    from: { internal: { generation: 3 } },
    to: { internal: { generation: 2 } },
    error: onlyRaised,
  },
  {
    name: 'no generation any more',
    from: { internal: { generation: 3, commonName: 'CA' } },
    to: { internal: { commonName: 'CA' } },
    error: onlyRaised,
  },
  { name: 'a plugin for a CA', from: { internal: {} }, to: plugin, error: another },
  { name: 'a CA for a plugin', from: plugin, to: { internal: {} }, error: another },
]

const ca = { commonName: 'CA', privateKey: { size: 256 }, duration: '87600h' }

/** What a CA is asked to become with its next generation. */
export const goodAuthorityChanges: readonly Omit<BadChange, 'error'>[] = [
  { name: 'another common name', from: ca, to: { ...ca, commonName: 'Other' } },
  { name: 'another key', from: ca, to: { ...ca, privateKey: { algorithm: 'RSA' } } },
  { name: 'another duration', from: ca, to: { ...ca, duration: '43800h' } },
  { name: 'a parent for a root', from: ca, to: { ...ca, parentRef: reference } },
  { name: 'another parent', from: { parentRef: reference }, to: { parentRef: { name: 'other' } } },
  { name: 'an offline root instead of a parent', from: { parentRef: reference }, to: { external: {} } },
  { name: 'the chain of an external CA', from: { external: {} }, to: { external: { chain: begin('CERTIFICATE') } } },
  { name: 'a generation for the first time', from: {}, to: { generation: 1 } },
  { name: 'a higher generation', from: { generation: 1 }, to: { generation: 3 } },
  { name: 'the same generation', from: { generation: 3 }, to: { generation: 3, commonName: 'Other' } },
  {
    name: 'a generation that is trusted again',
    from: { distrustedGenerations: [1] },
    to: { distrustedGenerations: [] },
  },
].map(({ name, from, to }) => ({ name, from: { internal: from }, to: { internal: to } }))
