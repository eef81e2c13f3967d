import { AsnObjectIdentifierConverter } from '@peculiar/asn1-schema'

/** Tags of the values that the signing code puts together itself (X.690 8.1.2). */
const tag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  nothing: 0x05,
  enumerated: 0x0a,
  utf8String: 0x0c,
  printableString: 0x13,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
}

/** The bit of a tag that says that the contents are elements themselves (X.690 8.1.2.5). */
const constructed = 0x20

/**
 * DER of a SEQUENCE whose members are DER already. Members go in as they are, which is the point: an issuer's name or a
 * public key keeps its exact octets, as verifiers compare them octet by octet.
 */
export const sequence = (...members: readonly Uint8Array[]): Buffer => encode(tag.sequence, members)

/** The same for any number of members: a call takes no more than some ten thousand arguments. */
export const sequenceOf = (members: readonly Uint8Array[]): Buffer => encode(tag.sequence, members)

/** DER of a SET OF, whose members stand in the order of their octets (X.690 11.6). */
export const setOf = (...members: readonly Uint8Array[]): Buffer => encode(tag.set, members.toSorted(Buffer.compare))

/** DER of `[number] IMPLICIT` of a primitive type with these contents. */
export const implicit = (number: number, contents: Uint8Array): Buffer => encode(0x80 | number, [contents])

/** DER of `[number] IMPLICIT` of what is DER of a tag below 31 already. */
export function retagged(number: number, der: Uint8Array): Buffer {
  const [first = 0, ...rest] = der
  return Buffer.from([0x80 | (first & constructed) | number, ...rest])
}

/** DER of `[number] EXPLICIT member`. */
export const explicit = (number: number, member: Uint8Array): Buffer => encode(0xa0 | number, [member])

/** DER of `[number] IMPLICIT SEQUENCE OF` with these members. */
export const implicitSequence = (number: number, members: readonly Uint8Array[]): Buffer =>
  encode(0xa0 | number, members)

/** DER of an INTEGER; `octets` are its big-endian two's complement, which must be minimal. */
export const integer = (octets: Uint8Array): Buffer => encode(tag.integer, [octets])

/** DER of an INTEGER from 0, of these big-endian octets, which may begin with zeros. */
export function unsignedInteger(octets: Uint8Array): Buffer {
  const first = octets.findIndex((octet) => octet !== 0)
  const shortest = first < 0 ? Uint8Array.of(0) : octets.subarray(first)
  return encode(tag.integer, (shortest[0] ?? 0) > 0x7f ? [Uint8Array.of(0), shortest] : [shortest])
}

/** DER of an ENUMERATED from 0 to 127. */
export const enumerated = (value: number): Buffer => encode(tag.enumerated, [Uint8Array.of(value)])

/** DER of a BIT STRING of whole octets. */
export const bitString = (octets: Uint8Array): Buffer => encode(tag.bitString, [Uint8Array.of(0), octets])

/** Object identifiers by their dotted text: there are few, and each stands in every certificate. */
const identifiers = new Map<string, Uint8Array>()
const maxIdentifiers = 1024

/** DER of an OBJECT IDENTIFIER. */
export function objectIdentifier(id: string): Uint8Array {
  const known = identifiers.get(id)
  if (known !== undefined) return known
  const encoded = Buffer.from(AsnObjectIdentifierConverter.toASN(id).toBER())
  if (identifiers.size >= maxIdentifiers) identifiers.clear()
  identifiers.set(id, encoded)
  return encoded
}

/** DER of an OCTET STRING. */
export const octetString = (octets: Uint8Array): Buffer => encode(tag.octetString, [octets])

/** DER of a UTF8String. */
export const utf8String = (text: string): Buffer => encode(tag.utf8String, [Buffer.from(text)])

/** DER of a PrintableString (X.680 section 41.4), whose characters the caller has checked. */
export const printableString = (text: string): Buffer => encode(tag.printableString, [Buffer.from(text)])

/** DER of an IA5String (ASCII), whose characters the caller has checked. */
export const ia5String = (text: string): Buffer => encode(tag.ia5String, [Buffer.from(text)])

/** DER of a BMPString, whose characters the caller has checked to be of the Basic Multilingual Plane. */
export const bmpString = (text: string): Buffer => encode(tag.bmpString, [Buffer.from(text, 'utf16le').swap16()])

/** DER of NULL. */
export const nothing: Uint8Array = encode(tag.nothing, [])

/** DER of the BOOLEAN TRUE; FALSE is a default everywhere in a certificate, and defaults are left out. */
export const yes: Uint8Array = encode(tag.boolean, [Uint8Array.of(0xff)])

/** DER of a Time (RFC 5280 section 4.1.2.5): UTCTime through 2049, GeneralizedTime from then on. */
export function time(at: number): Buffer {
  const digits = new Date(at).toISOString().replace(/[-:T]/g, '').slice(0, 14)
  return at < endOfUtcTime
    ? encode(tag.utcTime, [Buffer.from(`${digits.slice(2)}Z`)])
    : encode(tag.generalizedTime, [Buffer.from(`${digits}Z`)])
}

const endOfUtcTime = Date.UTC(2050, 0, 1)

function encode(tagOctet: number, contents: readonly Uint8Array[]): Buffer {
  const length = contents.reduce((total, part) => total + part.length, 0)
  return Buffer.concat([Uint8Array.of(tagOctet, ...lengthOctets(length)), ...contents])
}

/** X.690 10.1: the definite form with the fewest octets. */
function lengthOctets(length: number): number[] {
  if (length < 0x80) return [length]
  const octets: number[] = []
  for (let rest = length; rest > 0; rest = Math.floor(rest / 0x100)) octets.unshift(rest % 0x100)
  return [0x80 | octets.length, ...octets]
}

/** Elements within elements, more than any extension has. */
const maxDepth = 32

/**
 * Whether octets are exactly one element in the distinguished encoding: lengths are definite and as short as they can
 * be (X.690 10.1), nothing follows, and what is made of elements is made of such. Contents of a primitive type are not
 * looked into.
 */
export const isDer = (octets: Uint8Array): boolean =>
  octets.length > 0 && elementEnd(octets, 0, maxDepth) === octets.length

/** Where the element that begins at `start` ends; undefined when it is none. */
function elementEnd(octets: Uint8Array, start: number, depth: number): number | undefined {
  const first = octets[start]
  // Tags of several octets stand in no certificate.
  if (first === undefined || first === 0 || (first & 0x1f) === 0x1f || depth === 0) return undefined
  const header = readLength(octets, start + 1)
  if (header === undefined || header.at + header.length > octets.length) return undefined
  const end = header.at + header.length
  if ((first & constructed) === 0) return end
  let at: number | undefined = header.at
  while (at !== undefined && at < end) at = elementEnd(octets.subarray(0, end), at, depth - 1)
  return at === end ? end : undefined
}

/** The key itself in a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) of our own: the content of its BIT STRING. */
export function publicKeyBits(spki: Uint8Array): Uint8Array {
  const algorithm = readLength(spki, (readLength(spki, 1)?.at ?? 0) + 1)
  const bits = algorithm && readLength(spki, algorithm.at + algorithm.length + 1)
  if (!bits) throw new TypeError('this is no SubjectPublicKeyInfo')
  return spki.subarray(bits.at + 1)
}

function readLength(octets: Uint8Array, start: number): { readonly length: number; readonly at: number } | undefined {
  const first = octets[start]
  if (first === undefined) return undefined
  if (first < 0x80) return { length: first, at: start + 1 }
  const at = start + 1 + (first & 0x7f)
  if (first === 0x80 || first > 0x84 || at > octets.length) return undefined
  const length = octets.subarray(start + 1, at).reduce((total, octet) => total * 0x100 + octet, 0)
  return lengthOctets(length).length === at - start ? { length, at } : undefined
}
