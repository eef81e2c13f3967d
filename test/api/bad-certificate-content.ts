import { badSubtrees, needsNames } from './bad-authority-internal.ts'
import { badInteger, badTexts, emptyText, item, member, type Place, tooLong } from './bad-parts.ts'
import { controlCharacters, objectIdentifier, repeated, tooMany, wrongType } from './errors.ts'
import type { BadSpec } from './manifest.ts'

const good = { commonName: 'web' }

const defined = 'what RFC 5280 defines has fields of its own: usages, nameConstraints, extensions.mustStaple and so on'
const forCAs = 'pathLength and nameConstraints are for CA certificates: set isCA: true or leave them out'
const wholeSubject = 'literalSubject is the whole subject: leave out commonName and subject'
const needsSubject = 'a CA certificate needs a subject: set commonName or literalSubject'

/** A field of a spec that is good without it. */
const field = (name: string, others: object = good): Place =>
  member({ path: 'spec', specWith: (part) => part }, name, others)

const badIdentifiers = (place: Place): BadSpec[] =>
  badTexts(place, objectIdentifier, '', 'upn', '1', '1.2', '1.40.1', '3.1.1', '1.2.03', '1.2.3.', '1.2.-3')

const otherName = item(field('otherNames'))
const custom = item(member(field('extensions'), 'custom'))
const extension = { oid: '1.2.3', value: 'BQA=' }
const many = (count: number) => Array.from({ length: count }, (_, index) => ({ ...extension, oid: `1.2.${index}` }))
const names = (count: number) => Array.from({ length: count }, () => ({ oid: '1.2.3', utf8Value: 'a' }))

const badNames: readonly BadSpec[] = [
  ...badIdentifiers(member(otherName, 'oid', { utf8Value: 'a' })),
  ...badTexts(member(otherName, 'utf8Value', { oid: '1.2.3' }), controlCharacters, 'a\nb', 'a\u0000'),
  emptyText(member(otherName, 'utf8Value', { oid: '1.2.3' })),
  {
    name: 'otherNames: no oid',
    spec: otherName.specWith({ utf8Value: 'a' }),
    error: `${otherName.path}.oid: Required value`,
  },
  {
    name: 'otherNames: no value',
    spec: otherName.specWith({ oid: '1.2.3' }),
    error: `${otherName.path}.utf8Value: Required value`,
  },
  { name: 'otherNames: 101', spec: { ...good, otherNames: names(101) }, error: tooMany('spec.otherNames', 101, 100) },
  ...badIdentifiers(item(field('registeredIDs'))),
  tooLong(field('registeredIDs'), 100, '1.2.#'),
  {
    name: 'registeredIDs: the same twice',
    spec: { ...good, registeredIDs: ['1.2.3', '1.2.3'] },
    error: repeated('spec.registeredIDs[1]', '1.2.3'),
  },
]

const badLiterals: readonly BadSpec[] = [
  emptyText(field('literalSubject', {})),
  ...badTexts(field('literalSubject', {}), controlCharacters, 'CN=a\nb', 'CN=\u0000'),
  ...[{ commonName: 'a' }, { subject: {} }].map((others) => ({
    name: `literalSubject: with ${Object.keys(others)}`,
    spec: { literalSubject: 'CN=a', ...others },
    error: `spec: Invalid value: ${wholeSubject}`,
  })),
]

const badExtensions: readonly BadSpec[] = [
  ...badIdentifiers(member(custom, 'oid', extension)),
  ...badTexts(member(custom, 'oid', extension), defined, '2.5.29.19', '1.3.6.1.5.5.7.1.24'),
  ...badTexts(member(custom, 'value', extension), 'must be Base64', 'BQA', 'B QA=', '!!!!', 'BQA=BQA='),
  emptyText(member(custom, 'value', extension)),
  { name: 'extensions: no oid', spec: custom.specWith({ value: 'BQA=' }), error: `${custom.path}.oid: Required value` },
  {
    name: 'extensions: no value',
    spec: custom.specWith({ oid: '1.2.3' }),
    error: `${custom.path}.value: Required value`,
  },
  {
    name: 'extensions: one twice',
    spec: { ...good, extensions: { custom: [extension, { ...extension, critical: true }] } },
    error: repeated('spec.extensions.custom[1]', { oid: '1.2.3' }),
  },
  {
    name: 'extensions: 17',
    spec: { ...good, extensions: { custom: many(17) } },
    error: tooMany('spec.extensions.custom', 17, 16),
  },
  ...['mustStaple'].map((name) => ({
    name: `extensions: ${name} is a text`,
    spec: { ...good, extensions: { [name]: 'true' } },
    error: wrongType(`spec.extensions.${name}`, 'boolean', 'string'),
  })),
]

const ca = { ...good, isCA: true }

const badCas: readonly BadSpec[] = [
  {
    name: 'isCA: a text',
    spec: { ...good, isCA: 'true' },
    error: wrongType('spec.isCA', 'boolean', 'string'),
  },
  ...[{ pathLength: 0 }, { isCA: false, pathLength: 0 }, { nameConstraints: { permitted: { dnsDomains: ['a'] } } }].map(
    (part) => ({
      name: `no CA: ${JSON.stringify(part)}`,
      spec: { ...good, ...part },
      error: `spec: Invalid value: ${forCAs}`,
    }),
  ),
  {
    name: 'isCA: without a subject',
    spec: { isCA: true, dnsNames: ['a'] },
    error: `spec: Invalid value: ${needsSubject}`,
  },
  ...badInteger(field('pathLength', ca), 0, 9),
  {
    name: 'nameConstraints: none',
    spec: { ...ca, nameConstraints: {} },
    error: `spec.nameConstraints: Invalid value: ${needsNames}`,
  },
  ...badSubtrees(member(field('nameConstraints', ca), 'permitted')),
  ...badSubtrees(member(field('nameConstraints', ca), 'excluded')),
]

/** What a certificate says beyond its names, its subject and its usages. */
export const badCertificateContents: readonly BadSpec[] = [...badNames, ...badLiterals, ...badExtensions, ...badCas]
