import { type KeyObject, randomBytes } from 'node:crypto'
import { bitString, explicit, integer, objectIdentifier, sequence, setOf, time, utf8String } from './der.ts'
import { PkiError } from './error.ts'
import {
  authorityKeyIdentifier,
  caConstraints,
  caKeyUsage,
  endEntityConstraints,
  keyIdentifier,
  subjectAltName,
  subjectKeyIdentifier,
  usageExtensions,
} from './extension.ts'
import { encodePublicKey, sameKey } from './key.ts'
import { countNames, normalizeNames } from './names.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'
import type { CaProfile, CertificateProfile } from './profile.ts'
import type { Signer } from './signer.ts'

/** A CA: its certificate, and what signs with the certificate's key. */
export interface IssuerIdentity {
  readonly signer: Signer
  readonly certificate: ParsedCertificate
}

/** What stands in every certificate of one issuer. */
interface IssuerParts {
  readonly name: Uint8Array
  readonly keyId: Uint8Array
}

/** What goes into a TBSCertificate (RFC 5280 section 4.1.2). */
interface Content {
  readonly serialNumber: Uint8Array
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  readonly validity: { readonly notBefore: number; readonly notAfter: number }
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  /** DER of each Extension. */
  readonly extensions: readonly Uint8Array[]
}

const v3 = explicit(0, integer(Uint8Array.of(2)))
const commonNameId = '2.5.4.3'
const maxCommonName = 64
const lastYear = Date.UTC(9999, 11, 31, 23, 59, 59)

/**
 * A serial number of 16 octets, 126 bits of them random, positive and of fixed length: RFC 5280 section 4.1.2.2 allows
 * 20 octets, the CA/Browser Forum's Baseline Requirements (7.1) ask for 64 random bits.
 */
export function newSerialNumber(): Uint8Array {
  const octets = new Uint8Array(randomBytes(16))
  octets[0] = ((octets[0] ?? 0) & 0x3f) | 0x40
  return octets
}

/**
 * The DER of an end-entity certificate (RFC 5280) for `publicKey`.
 * @throws PkiError InvalidRequest when the profile cannot be signed as it is, or not by this issuer; InvalidNames;
 *   what the signer throws
 */
export async function signEndEntity(
  profile: CertificateProfile,
  publicKey: KeyObject,
  issuer: IssuerIdentity,
  serialNumber: Uint8Array,
): Promise<Uint8Array> {
  const { name, keyId } = partsOf(issuer)
  const names = normalizeNames(profile.names)
  if (profile.commonName === undefined && countNames(names) === 0) throw invalid('a certificate needs a name')
  checkOutlived(profile.notAfter, issuer.certificate)
  const spki = encodePublicKey(publicKey)
  return signContent(issuer.signer, {
    serialNumber,
    issuer: name,
    subject: encodeSubject(profile.commonName),
    validity: profile,
    spki,
    extensions: [
      endEntityConstraints,
      ...usageExtensions(profile.usages),
      ...subjectAltName(names, profile.commonName === undefined),
      subjectKeyIdentifier(keyIdentifier(spki)),
      keyId,
    ],
  })
}

/**
 * The DER of a self-signed CA certificate.
 * @throws PkiError InvalidRequest when the profile cannot be signed as it is; what the signer throws
 */
export async function signRoot(profile: CaProfile, signer: Signer, serialNumber: Uint8Array): Promise<Uint8Array> {
  const subject = encodeSubject(profile.commonName)
  const spki = encodePublicKey(signer.publicKey)
  const keyId = authorityKeyIdentifier(keyIdentifier(spki))
  return signContent(signer, caContent(profile, spki, { name: subject, keyId }, serialNumber))
}

/**
 * The DER of a CA certificate for `publicKey`, signed by another CA.
 * @throws PkiError InvalidRequest when the profile cannot be signed as it is, or not by this issuer (its path length);
 *   what the signer throws
 */
export async function signSubordinate(
  profile: CaProfile,
  publicKey: KeyObject,
  issuer: IssuerIdentity,
  serialNumber: Uint8Array,
): Promise<Uint8Array> {
  const { pathLength = Number.POSITIVE_INFINITY } = issuer.certificate
  if (pathLength < 1) throw invalid('the issuer may sign no CA certificates: its path length is 0')
  if ((profile.pathLength ?? 0) >= pathLength) {
    throw invalid(`a path length of ${profile.pathLength} does not fit below an issuer's of ${pathLength}`)
  }
  checkOutlived(profile.notAfter, issuer.certificate)
  return signContent(issuer.signer, caContent(profile, encodePublicKey(publicKey), partsOf(issuer), serialNumber))
}

function caContent(profile: CaProfile, spki: Uint8Array, issuer: IssuerParts, serialNumber: Uint8Array): Content {
  if (profile.pathLength !== undefined && !(Number.isInteger(profile.pathLength) && profile.pathLength >= 0)) {
    throw invalid('a path length is a whole number from 0')
  }
  return {
    serialNumber,
    issuer: issuer.name,
    subject: encodeSubject(profile.commonName),
    validity: profile,
    spki,
    extensions: [
      caConstraints(profile.pathLength),
      caKeyUsage,
      subjectKeyIdentifier(keyIdentifier(spki)),
      issuer.keyId,
    ],
  }
}

/** Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue } (RFC 5280 section 4.1). */
async function signContent(signer: Signer, content: Content): Promise<Uint8Array> {
  const { identifier } = signer.algorithm
  const tbs = sequence(
    v3,
    integer(checkedSerialNumber(content.serialNumber)),
    identifier,
    content.issuer,
    encodeValidity(content.validity),
    content.subject,
    content.spki,
    explicit(3, sequence(...content.extensions)),
  )
  return sequence(tbs, identifier, bitString(await signer.sign(tbs)))
}

const checkedIssuers = new WeakMap<IssuerIdentity, IssuerParts>()

/** What an issuer writes into each certificate. Checked and made once for each identity. */
function partsOf(issuer: IssuerIdentity): IssuerParts {
  const known = checkedIssuers.get(issuer)
  if (known !== undefined) return known
  const { certificate, signer } = issuer
  if (!certificate.isCA || certificate.mayCertSign === false) throw invalid('the issuer is not a CA that may sign')
  if (!sameKey(certificate.publicKey, signer.publicKey)) throw invalid("the signer's key is not the issuer's")
  const keyId = certificate.subjectKeyId
  const parts = {
    name: certificate.subjectDer,
    keyId: authorityKeyIdentifier(
      keyId === undefined ? keyIdentifier(encodePublicKey(signer.publicKey)) : Buffer.from(keyId, 'hex'),
    ),
  }
  checkedIssuers.set(issuer, parts)
  return parts
}

/** One UTF8String common name, or the empty sequence (RFC 5280 section 4.1.2.6). */
function encodeSubject(commonName: string | undefined): Uint8Array {
  if (commonName === undefined) return sequence()
  const length = [...commonName].length
  if (length < 1 || length > maxCommonName) throw invalid(`a common name has 1 to ${maxCommonName} characters`)
  if (/\p{Cc}|\p{Cs}/u.test(commonName)) throw invalid('a common name has no control characters')
  return sequence(setOf(sequence(objectIdentifier(commonNameId), utf8String(commonName))))
}

/** RFC 5280 section 4.1.2.5. */
function encodeValidity({ notBefore, notAfter }: Content['validity']): Uint8Array {
  for (const at of [notBefore, notAfter]) {
    if (!Number.isInteger(at / 1000) || at < 0 || at > lastYear) {
      throw invalid('the times of a certificate are whole seconds from 1970 to 9999')
    }
  }
  if (notBefore >= notAfter) throw invalid('the validity of a certificate ends after it begins')
  return sequence(time(notBefore), time(notAfter))
}

/** Positive, at most 20 octets, and the shortest DER of its value (RFC 5280 section 4.1.2.2). */
function checkedSerialNumber(octets: Uint8Array): Uint8Array {
  const [first = 0] = octets
  if (octets.length < 8 || octets.length > 20 || first === 0 || first > 0x7f) {
    throw invalid('a serial number has 8 to 20 octets, the first from 1 to 127')
  }
  return octets
}

/** A certificate that outlives its issuer cannot be verified at its end. */
function checkOutlived(notAfter: number, issuer: ParsedCertificate): void {
  if (notAfter > issuer.notAfter) throw invalid('the certificate would outlive its issuer')
}

const invalid = (message: string): PkiError => new PkiError('InvalidRequest', message)
