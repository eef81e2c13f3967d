import { ia5String, objectIdentifier, printableString, sequence, utf8String } from './der.ts'
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

/** A kind of text that an attribute's value can have. */
interface TextRule {
  readonly encode: (text: string) => Uint8Array
  /** What a text has to be, for people. */
  readonly rule: string
  allows(text: string): boolean
}

/** A type of attribute (X.520, RFC 4519) with the texts that are its values. */
export interface SubjectAttribute extends TextRule {
  /** Its object identifier. */
  readonly type: string
  /** Its name in texts (RFC 4514 section 3, RFC 4519, and what certificates use). */
  readonly name: string
  readonly what: string
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

/** An IA5String with an upper bound in characters. */
const ascii = (most: number): TextRule => ({
  encode: ia5String,
  rule: `1 to ${most} characters of ASCII, and no control characters`,
  allows: (text) => text.length <= most && /^[ -~]+$/.test(text),
})

/**
 * The attributes that `Subject` has, in the order in which they are encoded, from the widest to the narrowest. String
 * types and upper bounds are those of RFC 5280 appendix A.1; X.520 has those of street and postal code.
 */
export const subjectAttributes: readonly (SubjectAttribute & { readonly field: keyof Subject })[] = [
  { field: 'countries', type: '2.5.4.6', name: 'C', what: 'a country', ...printable(/^[A-Z]{2}$/i, '2 letters') },
  { field: 'provinces', type: '2.5.4.8', name: 'ST', what: 'a province', ...upTo(128) },
  { field: 'localities', type: '2.5.4.7', name: 'L', what: 'a locality', ...upTo(128) },
  { field: 'streetAddresses', type: '2.5.4.9', name: 'street', what: 'a street address', ...upTo(128) },
  { field: 'postalCodes', type: '2.5.4.17', name: 'postalCode', what: 'a postal code', ...upTo(40) },
  { field: 'organizations', type: '2.5.4.10', name: 'O', what: 'an organization', ...upTo(64) },
  { field: 'organizationalUnits', type: '2.5.4.11', name: 'OU', what: 'an organizational unit', ...upTo(64) },
  {
    field: 'serialNumber',
    type: '2.5.4.5',
    name: 'serialNumber',
    what: 'the serial number of a subject',
    ...printable(
      /^[A-Za-z0-9 '()+,./:=?-]{1,64}$/,
      "1 to 64 of the characters A-Z a-z 0-9 space ' ( ) + , - . / : = ?",
    ),
  },
  { field: 'commonName', type: '2.5.4.3', name: 'CN', what: 'a common name', ...upTo(64) },
]

/** Attributes that only a literal subject has. Bounds of RFC 5280 appendix A.1, RFC 4519 and RFC 4524. */
const furtherAttributes: readonly SubjectAttribute[] = [
  { type: '0.9.2342.19200300.100.1.1', name: 'UID', what: 'a user identifier', ...upTo(256) },
  { type: '0.9.2342.19200300.100.1.25', name: 'DC', what: 'a domain component', ...ascii(63) },
  { type: '1.2.840.113549.1.9.1', name: 'emailAddress', what: 'an e-mail address', ...ascii(255) },
  { type: '2.5.4.4', name: 'SN', what: 'a surname', ...upTo(64) },
  { type: '2.5.4.12', name: 'title', what: 'a title', ...upTo(64) },
  { type: '2.5.4.42', name: 'GN', what: 'a given name', ...upTo(64) },
]

const all: readonly SubjectAttribute[] = [...subjectAttributes, ...furtherAttributes]
const byType = new Map(all.map((each) => [each.type, each]))
const byName = new Map(all.map((each) => [each.name.toLowerCase(), each]))

/** The short name of a type of attribute, if it has one. */
export const shortName = (type: string): string | undefined => byType.get(type)?.name

/** The attribute of a short name, in any case, or of an object identifier; undefined when it is not known. */
export const attributeOf = (nameOrType: string): SubjectAttribute | undefined =>
  byType.get(nameOrType) ?? byName.get(nameOrType.toLowerCase())

/** What an attribute of any other type may be. */
export const anyText: TextRule = upTo(1024)

/**
 * DER of an AttributeTypeAndValue.
 * @throws PkiError InvalidRequest when the attribute has no such value
 */
export function encodeAttribute({ type, what, rule, allows, encode }: Omit<SubjectAttribute, 'name'>, text: string) {
  if (!allows(text)) throw new PkiError('InvalidRequest', `${what} has ${rule}: "${text.slice(0, 64)}" has not`)
  return sequence(objectIdentifier(type), encode(text))
}
