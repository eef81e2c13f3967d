import { AsnConvert } from '@peculiar/asn1-schema'
import { type AttributeTypeAndValue, type AttributeValue, Name } from '@peculiar/asn1-x509'
import { objectIdentifier, printableString, sequence, setOf, utf8String } from './der.ts'
import { PkiError } from './error.ts'

/** What a subject says beside alternative names. An empty one is the empty Name (RFC 5280 section 4.1.2.6). */
export interface Subject {
  readonly commonName?: string | undefined
  /** A number of the subject itself, such as a register's; not that of a certificate. */
  readonly serialNumber?: string | undefined
  /** Of two letters (ISO 3166). */
  readonly countries?: readonly string[] | undefined
  readonly provinces?: readonly string[] | undefined
  readonly localities?: readonly string[] | undefined
  readonly streetAddresses?: readonly string[] | undefined
  readonly postalCodes?: readonly string[] | undefined
  readonly organizations?: readonly string[] | undefined
  readonly organizationalUnits?: readonly string[] | undefined
}

/** Short names of attribute types (RFC 4514 section 3, RFC 4519), and others that certificates use. */
const shortNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '2.5.4.17': 'postalCode',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
}
const commonNameId = '2.5.4.3'

/** A kind of text that an attribute's value can have. */
interface TextRule {
  readonly encode: (text: string) => Uint8Array
  /** What a text has to be, for people. */
  readonly rule: string
  allows(text: string): boolean
}

/** A UTF8String (RFC 5280 section 4.1.2.4) with an upper bound in characters. */
const upTo = (most: number): TextRule => ({
  encode: utf8String,
  rule: `1 to ${most} characters, and no control characters`,
  allows: (text) => text !== '' && [...text].length <= most && !/[\p{Cc}\p{Cs}]/u.test(text),
})

/** A PrintableString (X.680 section 41.4) that matches `pattern`. */
const printable = (pattern: RegExp, rule: string): TextRule => ({
  encode: printableString,
  rule,
  allows: (text) => pattern.test(text),
})

/**
 * The attributes that a subject can have, in the order in which they are encoded, from the widest to the narrowest.
 * String types and upper bounds are those of RFC 5280 appendix A.1; X.520 has those of street and postal code.
 */
const subjectAttributes: readonly (TextRule & {
  readonly field: keyof Subject
  readonly type: string
  readonly what: string
})[] = [
  { field: 'countries', type: '2.5.4.6', what: 'a country', ...printable(/^[A-Z]{2}$/i, '2 letters') },
  { field: 'provinces', type: '2.5.4.8', what: 'a province', ...upTo(128) },
  { field: 'localities', type: '2.5.4.7', what: 'a locality', ...upTo(128) },
  { field: 'streetAddresses', type: '2.5.4.9', what: 'a street address', ...upTo(128) },
  { field: 'postalCodes', type: '2.5.4.17', what: 'a postal code', ...upTo(40) },
  { field: 'organizations', type: '2.5.4.10', what: 'an organization', ...upTo(64) },
  { field: 'organizationalUnits', type: '2.5.4.11', what: 'an organizational unit', ...upTo(64) },
  {
    field: 'serialNumber',
    type: '2.5.4.5',
    what: 'the serial number of a subject',
    ...printable(
      /^[A-Za-z0-9 '()+,./:=?-]{1,64}$/,
      "1 to 64 of the characters A-Z a-z 0-9 space ' ( ) + , - . / : = ?",
    ),
  },
  { field: 'commonName', type: commonNameId, what: 'a common name', ...upTo(64) },
]

/**
 * The DER of a Name: C, ST, L, street, postalCode, O, OU, serialNumber, CN, each value an RDN of its own, those of a
 * list in its order. Equal subjects have equal octets.
 * @throws PkiError InvalidRequest naming the attribute that has no such value
 */
export function encodeName(subject: Subject): Uint8Array {
  const names: Uint8Array[] = []
  for (const { field, type, what, rule, allows, encode } of subjectAttributes) {
    const given = subject[field] ?? []
    for (const text of typeof given === 'string' ? [given] : given) {
      if (!allows(text)) throw new PkiError('InvalidRequest', `${what} has ${rule}: "${text.slice(0, 64)}" has not`)
      names.push(setOf(sequence(objectIdentifier(type), encode(text))))
    }
  }
  return sequence(...names)
}

/**
 * The subject that a DER Name describes, values of one attribute in their order.
 * @throws PkiError InvalidRequest naming an attribute that `encodeName` has not, or one that may stand there once only
 */
export function readSubject(der: Uint8Array): Subject {
  const found = new Map<keyof Subject, string[]>()
  for (const { type, value } of [...parseName(der)].flatMap((attributes) => [...attributes])) {
    const field = subjectAttributes.find((each) => each.type === type)?.field
    const text = textOf(value)
    if (field === undefined || text === undefined) throw unsupported(shortNames[type] ?? type)
    found.set(field, [...(found.get(field) ?? []), text])
  }
  const { commonName, serialNumber, ...lists }: Readonly<Record<string, string[]>> = Object.fromEntries(found)
  if ((commonName?.length ?? 0) > 1 || (serialNumber?.length ?? 0) > 1)
    throw unsupported('more than one CN or serialNumber')
  return {
    ...lists,
    ...(commonName && { commonName: commonName[0] }),
    ...(serialNumber && { serialNumber: serialNumber[0] }),
  }
}

function unsupported(what: string): PkiError {
  const known = subjectAttributes.map(({ type }) => shortNames[type]).join(', ')
  return new PkiError('InvalidRequest', `the subject has ${what}, which is not supported: use ${known}`)
}

/** The attributes of a Name, grouped by RDN in the order in which they were encoded. */
function parseName(der: Uint8Array): Name {
  try {
    return AsnConvert.parse(der, Name)
  } catch {
    throw new PkiError('InvalidCertificate', 'a distinguished name is malformed')
  }
}

/** Texts of Names by their octets: all certificates of an issuer carry the same. */
const formatted = new Map<string, string>()
const maxFormatted = 256

/** The text of a DER Name by RFC 4514: the last RDN first. */
export function formatName(der: Uint8Array): string {
  const octets = Buffer.from(der).toString('latin1')
  const known = formatted.get(octets)
  if (known !== undefined) return known
  const text = parseName(der)
    .map((attributes) => attributes.map(formatAttribute).join('+'))
    .reverse()
    .join(',')
  if (formatted.size >= maxFormatted) formatted.clear()
  formatted.set(octets, text)
  return text
}

/** The common names of a DER Name in the order in which they were encoded; undefined for one that is no text. */
export function commonNamesOf(der: Uint8Array): (string | undefined)[] {
  return [...parseName(der)]
    .flatMap((attributes) => [...attributes])
    .filter(({ type }) => type === commonNameId)
    .map(({ value }) => textOf(value))
}

/** The common name of a DER Name; of several the last one, which is the most specific. */
export const commonNameOf = (der: Uint8Array): string | undefined => commonNamesOf(der).at(-1)

function formatAttribute({ type, value }: AttributeTypeAndValue): string {
  const name = shortNames[type]
  const text = textOf(value)
  if (name !== undefined && text !== undefined) return `${name}=${escapeText(text)}`
  return `${name ?? type}=#${Buffer.from(AsnConvert.serialize(value)).toString('hex').toUpperCase()}`
}

/** The text of a value of a string type; undefined for other values, which have no text. */
function textOf(value: AttributeValue): string | undefined {
  return value.anyValue === undefined ? value.toString() : undefined
}

/** RFC 4514 section 2.4; control characters are written as octets too, so that a name cannot break a line. */
function escapeText(text: string): string {
  const special = text.replace(/[",+;<>\\]/g, '\\$&').replace(/\p{Cc}/gu, octetsOf)
  return special.replace(/^[ #]/, '\\$&').replace(/^(.+) $/su, '$1\\ ')
}

const octetsOf = (character: string): string =>
  Array.from(Buffer.from(character), (octet) => `\\${octet.toString(16).padStart(2, '0').toUpperCase()}`).join('')
