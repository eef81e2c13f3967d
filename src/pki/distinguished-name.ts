import { AsnConvert } from '@peculiar/asn1-schema'
import { type AttributeTypeAndValue, type AttributeValue, Name } from '@peculiar/asn1-x509'
import { PkiError } from './error.ts'

/** Short names of attribute types (RFC 4514 section 3, RFC 4519), and the two others that certificates use. */
const shortNames: Readonly<Record<string, string>> = {
  '2.5.4.3': 'CN',
  '2.5.4.5': 'serialNumber',
  '2.5.4.6': 'C',
  '2.5.4.7': 'L',
  '2.5.4.8': 'ST',
  '2.5.4.9': 'street',
  '2.5.4.10': 'O',
  '2.5.4.11': 'OU',
  '0.9.2342.19200300.100.1.1': 'UID',
  '0.9.2342.19200300.100.1.25': 'DC',
  '1.2.840.113549.1.9.1': 'emailAddress',
}
const commonNameId = '2.5.4.3'

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

/** The common name of a DER Name; of several the last one, which is the most specific. */
export function commonNameOf(der: Uint8Array): string | undefined {
  const attribute = parseName(der)
    .flatMap((attributes) => [...attributes])
    .findLast(({ type }) => type === commonNameId)
  return attribute && textOf(attribute.value)
}

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
