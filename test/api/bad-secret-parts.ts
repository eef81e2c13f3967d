import { badEnum, badTexts, emptyText, member, type Place } from './bad-parts.ts'
import { controlCharacters, objectName, wrongType } from './errors.ts'
import type { BadSpec } from './manifest.ts'

const good = { commonName: 'web' }

const dataKey = 'must be a key of a Secret: letters, digits, "-", "_" and "."'
const onePassword = 'set password or passwordSecretRef, not both'
const noKey = 'with csr the key is elsewhere: of the outputs only der can be had'
const labelKey = 'a key is a name of at most 63 characters, with a DNS prefix if it has one: example.com/team'
const labelValue = 'a value is at most 63 letters, digits, "-", "_" and ".", the first and last a letter or digit'
const reserved = 'keys of sifaka.dev are set by Sifaka itself'

const field = (name: string): Place => member({ path: 'spec', specWith: (part) => part }, name, good)

const store = (name: string): Place => member(field('outputs'), name)
const password = (name: string): Place => member(store(name), 'passwordSecretRef')
const csr = '-----BEGIN CERTIFICATE REQUEST-----\nMAA=\n-----END CERTIFICATE REQUEST-----\n'

const badOutputs: readonly BadSpec[] = [
  badEnum(member(store('pkcs12'), 'profile'), 'RC2', 'Modern', 'ModernPBMAC1', 'Legacy3DES'),
  badEnum(member(store('pkcs12'), 'password'), 'changeit', 'Generated', 'None'),
  {
    name: 'outputs: two passwords',
    spec: store('pkcs12').specWith({ password: 'Generated', passwordSecretRef: { name: 'a' } }),
    error: `spec.outputs.pkcs12: Invalid value: ${onePassword}`,
  },
  ...['pkcs12', 'jks'].flatMap((name) => [
    emptyText(member(store(name), 'alias')),
    ...badTexts(member(store(name), 'alias'), controlCharacters, 'a\nb'),
    ...badTexts(member(password(name), 'name'), objectName, '', 'A b', 'kube-system/a'),
    ...badTexts(member(password(name), 'key', { name: 'a' }), dataKey, '', 'a/b', 'a b'),
    {
      name: `outputs: the password of ${name} in a Secret without a name`,
      spec: password(name).specWith({}),
      error: `${password(name).path}.name: Required value`,
    },
  ]),
  ...['pkcs12', 'jks', 'combinedPEM'].map((name) => ({
    name: `outputs: ${name} with a key that is elsewhere`,
    spec: { csr, outputs: { [name]: {} } },
    error: `spec: Invalid value: ${noKey}`,
  })),
]

const badTemplate = (part: string, name: string, value: object, says: string): BadSpec => ({
  name: `secretTemplate: ${part}: ${name}`,
  spec: member(field('secretTemplate'), part).specWith(value),
  error: `spec.secretTemplate.${part}: Invalid value: ${says}`,
})

const badTemplates: readonly BadSpec[] = [
  ...['labels', 'annotations'].flatMap((part) => [
    ...['a b', '-a', 'a/b/c', 'A.com/b', 'a'.repeat(64), ''].map((key) =>
      badTemplate(part, JSON.stringify(key).slice(0, 20), { [key]: 'a' }, labelKey),
    ),
    badTemplate(part, 'ours', { 'sifaka.dev/id': 'a' }, reserved),
    badTemplate(part, 'of a domain of ours', { 'x.sifaka.dev/id': 'a' }, reserved),
    {
      name: `secretTemplate: 33 ${part}`,
      spec: member(field('secretTemplate'), part).specWith(
        Object.fromEntries(Array.from({ length: 33 }, (_, index) => [`a${index}`, 'a'])),
      ),
      error: `spec.secretTemplate.${part}: Too many: 33: must have at most 32 items`,
    },
  ]),
  ...['a b', '-a', 'a/b'].map((value) => badTemplate('labels', value, { a: value }, labelValue)),
]

/** What else a Certificate says of its Secret, and of itself. */
export const badSecretParts: readonly BadSpec[] = [
  ...badOutputs,
  ...badTemplates,
  badEnum(member(field('deletionPolicy'), 'secret'), 'Keep', 'Retain', 'Delete'),
  { name: 'adopt: a text', spec: { ...good, adopt: 'true' }, error: wrongType('spec.adopt', 'boolean', 'string') },
  ...badTexts(field('description'), controlCharacters, 'a\nb'),
]
