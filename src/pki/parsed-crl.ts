import type { KeyObject } from 'node:crypto'
import {
  AsnConvert,
  AsnIntegerArrayBufferConverter,
  AsnProp,
  AsnPropTypes,
  AsnType,
  AsnTypeTypes,
} from '@peculiar/asn1-schema'
import {
  AuthorityKeyIdentifier,
  CRLReason,
  Extensions,
  IssuingDistributionPoint,
  id_ce_authorityKeyIdentifier,
  id_ce_cRLNumber,
  id_ce_cRLReasons,
  id_ce_issuingDistributionPoint,
  Time,
} from '@peculiar/asn1-x509'
import { type RevocationReason, type RevokedCertificate, revocationReasons } from './crl.ts'
import { bitString, sequence } from './der.ts'
import { PkiError } from './error.ts'
import { decodeOnlyPem } from './pem.ts'
import { isSignedWith } from './signature-algorithm.ts'

/** A CRL that has been read and found well-formed. Whether it may be trusted is for `isSignedBy` to say. */
export interface ParsedCrl {
  /** DER of the issuer's Name. */
  readonly issuerDer: Uint8Array
  readonly crlNumber: bigint | undefined
  /** Epoch milliseconds. */
  readonly thisUpdate: number
  readonly nextUpdate: number | undefined
  /** In their order. */
  readonly entries: readonly RevokedCertificate[]
  /** The URLs that a certificate must name one of for the CRL to cover it; without any it covers all of its issuer. */
  readonly distributionPoints: readonly string[]
  /** Lower-case hexadecimal. */
  readonly authorityKeyId: string | undefined
  /** Whether its signature was made with the private half of this key. */
  isSignedBy(publicKey: KeyObject): boolean
}

const maxOctets = 8 * 1024 * 1024

/** The library takes more than a kilobyte of memory for each value of DER, and up to eight values make an entry. */
const maxValues = 200_000

/** An entry, a list and a CRL (RFC 5280 section 5.1). What is compared or verified stays as it was signed. */
class EntrySchema {
  serialNumber = new ArrayBuffer(0)
  revokedAt = new Time()
  extensions: ArrayBuffer | undefined
}
const time = { type: Time }
const integer = { type: AsnPropTypes.Integer, converter: AsnIntegerArrayBufferConverter }
AsnProp(integer)(EntrySchema.prototype, 'serialNumber')
AsnProp(time)(EntrySchema.prototype, 'revokedAt')
AsnProp({ type: AsnPropTypes.Any, optional: true })(EntrySchema.prototype, 'extensions')

class ListSchema {
  version = 0
  algorithm = new ArrayBuffer(0)
  issuer = new ArrayBuffer(0)
  thisUpdate = new Time()
  nextUpdate: Time | undefined
  entries: EntrySchema[] | undefined
  extensions: Extensions | undefined
}
const any = { type: AsnPropTypes.Any }
AsnProp({ type: AsnPropTypes.Integer, optional: true })(ListSchema.prototype, 'version')
AsnProp(any)(ListSchema.prototype, 'algorithm')
AsnProp(any)(ListSchema.prototype, 'issuer')
AsnProp(time)(ListSchema.prototype, 'thisUpdate')
AsnProp({ ...time, optional: true })(ListSchema.prototype, 'nextUpdate')
AsnProp({ type: EntrySchema, repeated: 'sequence', optional: true })(ListSchema.prototype, 'entries')
AsnProp({ type: Extensions, context: 0, optional: true })(ListSchema.prototype, 'extensions')

class NumberSchema {
  value = new ArrayBuffer(0)
}
AsnType({ type: AsnTypeTypes.Choice })(NumberSchema)
AsnProp(integer)(NumberSchema.prototype, 'value')

class CrlSchema {
  list = new ListSchema()
  /** The library sets it along with `list`. */
  listRaw = new Uint8Array()
  algorithm = new ArrayBuffer(0)
  signature = new ArrayBuffer(0)
}
AsnProp({ type: ListSchema, raw: true })(CrlSchema.prototype, 'list')
AsnProp(any)(CrlSchema.prototype, 'algorithm')
AsnProp({ type: AsnPropTypes.BitString })(CrlSchema.prototype, 'signature')

/**
 * One CRL from its PEM text (`X509 CRL`) or its DER, at most 8 MiB and about 25,000 entries.
 * @throws PkiError InvalidCrl when it is malformed, is for some reasons or for other issuers only, or has a critical
 *   extension that is unknown, as a delta CRL has
 */
export function parseCrl(pemOrDer: string | Uint8Array): ParsedCrl {
  if (pemOrDer.length > maxOctets) throw invalid(`it is larger than ${maxOctets / 1024 / 1024} MiB`)
  const der = typeof pemOrDer === 'string' ? decodeOnlyPem(pemOrDer, ['X509 CRL'], 'InvalidCrl') : pemOrDer
  try {
    return read(der)
  } catch (error) {
    throw error instanceof PkiError ? error : invalid('it is not well-formed DER of RFC 5280, or has too many entries')
  }
}

function read(der: Uint8Array): ParsedCrl {
  const crl = AsnConvert.parse(der, CrlSchema, { berOptions: { maxNodes: maxValues } })
  const { list, listRaw } = crl
  const identifier = Buffer.from(crl.algorithm)
  const value = Buffer.from(crl.signature)
  // Written again, its members must be the octets that came: nothing follows them, and none is in another form.
  if (!sequence(listRaw, identifier, bitString(value)).equals(der)) throw invalid('it is not DER')
  if (!identifier.equals(Buffer.from(list.algorithm))) throw invalid('it names two signature algorithms')
  if (list.version !== 0 && list.version !== 1) throw invalid('its version is unknown')
  return {
    issuerDer: Buffer.from(list.issuer),
    thisUpdate: readTime(list.thisUpdate),
    nextUpdate: list.nextUpdate && readTime(list.nextUpdate),
    entries: readEntries(list.entries ?? []),
    ...readExtensions(list.extensions ?? []),
    isSignedBy: (key) => isSignedWith(key, { identifier, value, signed: listRaw }),
  }
}

function readExtensions(
  extensions: Extensions | readonly never[],
): Pick<ParsedCrl, 'crlNumber' | 'authorityKeyId' | 'distributionPoints'> {
  const values = valuesOf(extensions, knownExtensions)
  const keyId = values.get(id_ce_authorityKeyIdentifier)
  const number = values.get(id_ce_cRLNumber)
  const point = values.get(id_ce_issuingDistributionPoint)
  return {
    crlNumber: number && BigInt(`0x${unsignedDigits(AsnConvert.parse(number, NumberSchema).value)}`),
    authorityKeyId: keyId && readKeyId(keyId),
    distributionPoints: point === undefined ? [] : readPoints(point),
  }
}

const knownExtensions: ReadonlySet<string> = new Set([
  id_ce_authorityKeyIdentifier,
  id_ce_cRLNumber,
  id_ce_issuingDistributionPoint,
])

const knownEntryExtensions: ReadonlySet<string> = new Set([id_ce_cRLReasons])

/** The values of extensions by their identifiers, if the critical ones are all known (RFC 5280 section 5.2). */
function valuesOf(
  extensions: Extensions | readonly never[],
  known: ReadonlySet<string>,
): ReadonlyMap<string, ArrayBuffer> {
  const unknown = extensions.find(({ critical, extnID }) => critical && !known.has(extnID))
  if (unknown !== undefined) throw invalid(`it has the unknown critical extension ${unknown.extnID}`)
  const values = new Map(Array.from(extensions, ({ extnID, extnValue }) => [extnID, extnValue.buffer]))
  if (values.size !== extensions.length) throw invalid('an extension stands there twice')
  return values
}

function readKeyId(value: ArrayBuffer): string | undefined {
  const { keyIdentifier } = AsnConvert.parse(value, AuthorityKeyIdentifier)
  return keyIdentifier && Buffer.from(keyIdentifier.buffer).toString('hex')
}

/** RFC 5280 section 5.2.5. */
function readPoints(value: ArrayBuffer): string[] {
  const { distributionPoint, indirectCRL, onlySomeReasons } = AsnConvert.parse(value, IssuingDistributionPoint)
  if (indirectCRL) throw invalid('it lists certificates of other issuers')
  if (onlySomeReasons !== undefined) throw invalid('it is for some reasons only')
  return (distributionPoint?.fullName ?? []).flatMap(({ uniformResourceIdentifier: url }) =>
    url === undefined ? [] : [url],
  )
}

/** Extensions are read once for all entries that have the same: a million octets may hold ten different ones. */
function readEntries(entries: readonly EntrySchema[]): RevokedCertificate[] {
  const known = new Map<string, RevocationReason | undefined>([['', undefined]])
  return entries.map(({ serialNumber, revokedAt, extensions = new ArrayBuffer(0) }) => {
    const octets = Buffer.from(extensions).toString('latin1')
    if (!known.has(octets)) known.set(octets, readReason(AsnConvert.parse(extensions, Extensions)))
    return { serialNumber: unsignedDigits(serialNumber), revokedAt: readTime(revokedAt), reason: known.get(octets) }
  })
}

const reasonsByNumber: ReadonlyMap<number, RevocationReason> = new Map(
  Object.entries(revocationReasons).map(([reason, number]) => [number, reason as RevocationReason]),
)

function readReason(extensions: Extensions): RevocationReason | undefined {
  const value = valuesOf(extensions, knownEntryExtensions).get(id_ce_cRLReasons)
  if (value === undefined) return undefined
  const { reason } = AsnConvert.parse(value, CRLReason)
  const known = reasonsByNumber.get(reason)
  if (known === undefined) throw invalid(`it has an entry with the reason ${reason}, which is none of a complete CRL`)
  return known
}

/** Lower-case hexadecimal of an INTEGER from 0, two digits for each octet, without octets of zero before it. */
function unsignedDigits(octets: ArrayBuffer): string {
  const digits = Buffer.from(octets).toString('hex')
  if (!/^[0-7]/.test(digits)) throw invalid('it has a negative number')
  return digits.replace(/^(00)+(?=..)/, '')
}

function readTime(read: Time): number {
  const at = read.getTime().getTime()
  if (Number.isNaN(at)) throw invalid('it holds a time that is none')
  return at
}

const invalid = (reason: string): PkiError => new PkiError('InvalidCrl', `the CRL is refused: ${reason}`)
