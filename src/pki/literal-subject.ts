import { isDer, objectIdentifier, sequence, sequenceOf, setOf } from './der.ts'
import { PkiError } from './error.ts'
import { isObjectIdentifier } from './object-identifier.ts'
import {
  anyText,
  attributeOf,
  encodeAttribute,
  type Subject,
  type SubjectAttribute,
  subjectAttributes,
} from './subject-attribute.ts'

/** What the text of a subject says. */
export interface LiteralSubject {
  /** DER of the Name. */
  readonly der: Uint8Array
  /** The attributes that `Subject` has, values of one in the order of the text. */
  readonly subject: Subject
  /** All others, such as `DC=example`. */
  readonly others: readonly string[]
}

/** An attribute as it was read. */
interface Attribute {
  /** Object identifier. */
  readonly type: string
  /** Undefined for a type that is not known here. */
  readonly known: SubjectAttribute | undefined
  /** The value; for one that is given as octets these, with a # before them. */
  readonly text: string
  readonly der: Uint8Array
}

const maxLength = 1024

/** One attribute from where it begins up to the sign that ends it: a comma ends its RDN too, a plus does not. */
const attributePattern = / *([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)+) *= *((?:\\.|[^\\,+])*)(,|\+|$)/suy

/** A character of a value: two hexadecimal digits, one that is escaped, or one that need not be. */
const characterPattern = /\\([0-9a-f]{2})|\\([ "#+,;<=>\\])|([^"+,;<>\\\0])/iuy

/**
 * Reads a subject in the form of RFC 4514: `CN=web,OU=Shop,DC=example,DC=com`. The first RDN of the text is the last
 * that is encoded, as everywhere in LDAP. Spaces around separators count for nothing, a value may begin or end with one
 * only as `\ `. Attributes are known by their short name or object identifier; one of another type is a UTF8String, or
 * DER in hexadecimal after a #. At most 1024 characters.
 * @throws PkiError InvalidRequest that says what of it cannot be read, or which attribute has no such value
 */
export function parseLiteralSubject(text: string): LiteralSubject {
  if (text.length > maxLength) throw flaw(`it has ${text.length} characters, at most ${maxLength} are permitted`)
  const names = readNames(text)
  const all = names.flat()
  for (const single of ['CN', 'serialNumber']) {
    if (all.filter(({ known }) => known?.name === single).length > 1) throw flaw(`it has more than one ${single}`)
  }
  return {
    der: sequenceOf(names.toReversed().map((attributes) => setOf(...attributes.map(({ der }) => der)))),
    subject: subjectOf(all),
    others: all
      .filter(({ known }) => !isOfSubject(known))
      .map(({ type, known, text }) => `${known?.name ?? type}=${text}`),
  }
}

/** Attributes by RDN, in the order of the text. */
function readNames(text: string): Attribute[][] {
  const names: Attribute[][] = [[]]
  attributePattern.lastIndex = 0
  for (;;) {
    const { lastIndex: start } = attributePattern
    const [, name, value, end] = attributePattern.exec(text) ?? []
    if (name === undefined || value === undefined) {
      const rest = text.slice(start, start + 32)
      throw flaw(`an attribute such as CN=name is expected ${rest === '' ? 'at its end' : `where it says "${rest}"`}`)
    }
    const attribute = readAttribute(name, value)
    const siblings = names.at(-1)
    if (siblings?.some(({ type }) => type === attribute.type)) throw flaw(`one RDN has ${name} twice`)
    siblings?.push(attribute)
    if (end === '') return names
    if (end === ',') names.push([])
  }
}

function readAttribute(name: string, value: string): Attribute {
  const known = attributeOf(name)
  const type = known?.type ?? name
  if (!isObjectIdentifier(type)) {
    throw flaw(`attribute ${name.slice(0, 64)} is not known: use its object identifier, such as 2.5.4.3 for CN`)
  }
  if (!value.startsWith('#')) {
    const text = unescaped(name, value)
    return { type, known, text, der: encodeAttribute(known ?? { type, what: name, ...anyText }, text) }
  }
  if (known) throw flaw(`the value of ${name} is a text: write it as such, not as octets`)
  const octets = Buffer.from(value.slice(1), 'hex')
  if (octets.length * 2 !== value.trimEnd().length - 1 || !isDer(octets)) {
    throw flaw(`the value of ${name} after # is not one DER element in hexadecimal`)
  }
  return { type, known, text: `#${octets.toString('hex')}`, der: sequence(objectIdentifier(type), octets) }
}

/** RFC 4514 section 3: escaped octets are those of UTF-8. */
function unescaped(name: string, value: string): string {
  const octets: Buffer[] = []
  let end = 0
  for (characterPattern.lastIndex = 0; characterPattern.lastIndex < value.length; ) {
    const { lastIndex: at } = characterPattern
    const [, hex, escaped, plain] = characterPattern.exec(value) ?? []
    const octet = hex === undefined ? Buffer.from(escaped ?? plain ?? '') : Buffer.from(hex, 'hex')
    if (octet.length === 0)
      throw flaw(`the value of ${name} has "${value.slice(at, at + 2)}", which has to be escaped with \\`)
    octets.push(octet)
    if (plain !== ' ') end = octets.length
  }
  const text = Buffer.concat(octets.slice(0, end))
  if (!Buffer.from(text.toString('utf8')).equals(text)) throw flaw(`the value of ${name} is not UTF-8`)
  return text.toString('utf8')
}

const isOfSubject = (attribute: SubjectAttribute | undefined): boolean =>
  subjectAttributes.some(({ type }) => type === attribute?.type)

function subjectOf(all: readonly Attribute[]): Subject {
  const valuesOf = (wanted: string): string[] => all.filter(({ type }) => type === wanted).map(({ text }) => text)
  const found = subjectAttributes.map(({ field, type }) => [field, valuesOf(type)] as const)
  const {
    commonName = [],
    serialNumber = [],
    ...lists
  } = Object.fromEntries(found.filter(([, values]) => values.length > 0))
  return {
    ...lists,
    ...(commonName[0] !== undefined && { commonName: commonName[0] }),
    ...(serialNumber[0] !== undefined && { serialNumber: serialNumber[0] }),
  }
}

const flaw = (message: string): PkiError => new PkiError('InvalidRequest', `the literal subject is refused: ${message}`)
