import { AsnConvert } from '@peculiar/asn1-schema'
import { type AttributeTypeAndValue, type AttributeValue, Name } from '@peculiar/asn1-x509'
import { sequence, setOf } from './der.ts'
import { PkiError } from './error.ts'
import { parseLiteralSubject } from './literal-subject.ts'
import { encodeAttribute, type Subject, shortName, subjectAttributes } from './subject-attribute.ts'

const commonNameId = '2.5.4.3'

/**
 * The DER of a Name: C, ST, L, street, postalCode, O, OU, serialNumber, CN, each value an RDN of its own, those of a
 * list in its order. Equal subjects have equal octets.
 * @throws PkiError InvalidRequest naming the attribute that has no such value
 */
export function encodeName(subject: Subject): Uint8Array {
  const names: Uint8Array[] = []
  for (const attribute of subjectAttributes) {
    const given = subject[attribute.field] ?? []
    for (const text of typeof given === 'string' ? [given] : given) names.push(setOf(encodeAttribute(attribute, text)))
  }
  return sequence(...names)
}

/** A subject by its fields, or by its text, which then is the whole of it. */
export interface WantedSubject {
  readonly commonName: string | undefined
  /** The rest of it. */
  readonly subject?: Omit<Subject, 'commonName'> | undefined
  /** RFC 4514; `commonName` is the one in it. */
  readonly literalSubject?: string | undefined
}

/**
 * The DER of the Name of a subject.
 * @throws PkiError InvalidRequest as `encodeName` and `parseLiteralSubject` do
 */
export const encodeSubject = ({ commonName, subject, literalSubject }: WantedSubject): Uint8Array =>
  literalSubject === undefined ? encodeName({ ...subject, commonName }) : parseLiteralSubject(literalSubject).der

/**
 * The subject that a DER Name describes, values of one attribute in their order.
 * @throws PkiError InvalidRequest naming an attribute that `encodeName` has not, or one that may stand there once only
 */
export function readSubject(der: Uint8Array): Subject {
  const found = new Map<keyof Subject, string[]>()
  for (const { type, value } of [...parseName(der)].flatMap((attributes) => [...attributes])) {
    const field = subjectAttributes.find((each) => each.type === type)?.field
    const text = textOf(value)
    if (field === undefined || text === undefined) throw unsupported(shortName(type) ?? type)
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
  const known = subjectAttributes.map(({ name }) => name).join(', ')
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
  const name = shortName(type)
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
  return special.replace(/ $/, '\\ ').replace(/^[ #]/, '\\$&')
}

const octetsOf = (character: string): string =>
  Array.from(Buffer.from(character), (octet) => `\\${octet.toString(16).padStart(2, '0').toUpperCase()}`).join('')
