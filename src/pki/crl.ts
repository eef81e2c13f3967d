import { id_ce_cRLNumber, id_ce_cRLReasons, id_ce_issuingDistributionPoint } from '@peculiar/asn1-x509'
import { enumerated, explicit, integer, sequence, sequenceOf, unsignedInteger } from './der.ts'
import { PkiError } from './error.ts'
import { distributionPointName, extension } from './extension.ts'
import { encodeTime, type IssuerIdentity, partsOf, signSequence } from './sign.ts'

/** Why a certificate is revoked, with the numbers of RFC 5280 section 5.3.1; removeFromCRL is for delta CRLs only. */
export const revocationReasons = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 9,
  aACompromise: 10,
} as const

export type RevocationReason = keyof typeof revocationReasons

/** An entry of a CRL. */
export interface RevokedCertificate {
  /** In the form of `ParsedCertificate`: hexadecimal. */
  readonly serialNumber: string
  /** Epoch milliseconds on a whole second. */
  readonly revokedAt: number
  readonly reason?: RevocationReason | undefined
}

/** What a CRL shall say. Times are epoch milliseconds on whole seconds. */
export interface CrlProfile {
  readonly issuer: IssuerIdentity
  /** Grows from each CRL of an issuer to its next; less than 2^159. */
  readonly crlNumber: bigint | number
  readonly thisUpdate: number
  readonly nextUpdate: number
  /** In any order. Of several entries for one certificate the earliest counts. */
  readonly revoked: readonly RevokedCertificate[]
  /** Set when the certificates that the CRL covers name this URL, and other certificates of the issuer do not. */
  readonly distributionPoint?: URL | undefined
}

const v2 = integer(Uint8Array.of(1))
const maxCrlNumber = 1n << 159n

/** The extension that tells a reason, encoded once; none means unspecified (RFC 5280 section 5.3.1). */
const reasonExtensions: ReadonlyMap<string | undefined, Uint8Array> = new Map(
  Object.entries(revocationReasons)
    .filter(([, number]) => number !== revocationReasons.unspecified)
    .map(([reason, number]) => [reason, sequence(extension(id_ce_cRLReasons, false, enumerated(number)))]),
)

/**
 * The DER of a v2 CRL (RFC 5280 section 5): complete for its issuer, or with `distributionPoint` for those certificates
 * that name it.
 * @throws PkiError InvalidRequest when it cannot be signed as it is, or not by this issuer; what the signer throws
 */
export async function signCrl(profile: CrlProfile): Promise<Uint8Array> {
  const { issuer, thisUpdate, nextUpdate, distributionPoint } = profile
  const { name, keyId } = partsOf(issuer)
  if (issuer.certificate.mayCrlSign === false)
    throw invalid('the issuer may sign no CRLs: its key usage has no cRLSign')
  if (thisUpdate >= nextUpdate) throw invalid('the next update of a CRL comes after this one')
  const number = BigInt(profile.crlNumber)
  if (number < 0n || number >= maxCrlNumber) throw invalid('a CRL number is a whole number from 0 to 2^159')
  const entries = encodeEntries(profile.revoked)
  const extensions = [
    keyId,
    extension(id_ce_cRLNumber, false, unsignedInteger(Buffer.from(number.toString(16).padStart(40, '0'), 'hex'))),
    ...(distributionPoint === undefined ? [] : [issuingDistributionPoint(distributionPoint)]),
  ]
  return signSequence(issuer.signer, [
    v2,
    issuer.signer.algorithm.identifier,
    name,
    encodeTime(thisUpdate),
    encodeTime(nextUpdate),
    ...(entries.length === 0 ? [] : [sequenceOf(entries)]),
    explicit(0, sequenceOf(extensions)),
  ])
}

/** RFC 5280 section 5.2.5. */
const issuingDistributionPoint = ({ href }: URL): Uint8Array =>
  extension(id_ce_issuingDistributionPoint, true, sequence(distributionPointName(href)))

/** One entry for each serial number, sorted by it, so that equal contents have equal octets. */
function encodeEntries(revoked: readonly RevokedCertificate[]): Uint8Array[] {
  const earliest = new Map<string, RevokedCertificate>()
  for (const each of revoked) {
    const serial = sortableSerial(each.serialNumber)
    const other = earliest.get(serial)
    if (other === undefined || each.revokedAt < other.revokedAt) earliest.set(serial, each)
  }
  const sorted = [...earliest].sort(([a], [b]) => (a < b ? -1 : 1))
  return sorted.map(([serial, { revokedAt, reason }]) => {
    const entry = [unsignedInteger(Buffer.from(serial, 'hex')), encodeTime(revokedAt)]
    const extensions = reasonExtensions.get(reason)
    return sequenceOf(extensions === undefined ? entry : [...entry, extensions])
  })
}

/** 20 octets, as many as a serial number can have (RFC 5280 section 4.1.2.2). */
function sortableSerial(serialNumber: string): string {
  if (/^([0-9a-f]{2}){1,20}$/i.test(serialNumber)) return serialNumber.toLowerCase().padStart(40, '0')
  throw invalid(`"${serialNumber.slice(0, 64)}" is not a serial number of 1 to 20 octets in hexadecimal`)
}

const invalid = (message: string): PkiError => new PkiError('InvalidRequest', message)
