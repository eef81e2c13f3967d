import { type KeyObject, randomBytes } from 'node:crypto'
import { customExtensions } from './custom-extension.ts'
import { bitString, explicit, integer, sequence, sequenceOf, time } from './der.ts'
import { encodeName, encodeSubject } from './distinguished-name.ts'
import { PkiError } from './error.ts'
import {
  authorityKeyIdentifier,
  caConstraints,
  endEntityConstraints,
  keyIdentifier,
  linkExtensions,
  mustStaple,
  subjectAltName,
  subjectKeyIdentifier,
  usageExtensions,
} from './extension.ts'
import { encodePublicKey, sameKey } from './key.ts'
import { nameConstraintsExtension } from './name-constraints.ts'
import { countNames, normalizeNames } from './names.ts'
import { maxCertificateOctets, type ParsedCertificate } from './parsed-certificate.ts'
import type { CaProfile, CaTraits, CertificateProfile } from './profile.ts'
import type { Signer } from './signer.ts'

/** A CA: its certificate, and what signs with the certificate's key. */
export interface IssuerIdentity {
  readonly signer: Signer
  readonly certificate: ParsedCertificate
}

/** What stands in everything that one issuer signs. */
interface IssuerParts {
  /** DER of its Name. */
  readonly name: Uint8Array
  /** DER of the extension that tells its key. */
  readonly keyId: Uint8Array
}

/** What goes into a TBSCertificate (RFC 5280 section 4.1.2). */
interface Content {
  readonly serialNumber: Uint8Array
  readonly profile: CertificateProfile
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  readonly issuer: IssuerParts
}

const v3 = explicit(0, integer(Uint8Array.of(2)))
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
 * The DER of a certificate (RFC 5280) for `publicKey`: of an end entity, or of a CA where the profile says so.
 * @throws PkiError InvalidRequest when the profile cannot be signed as it is, or not by this issuer (its path length);
 *   InvalidNames; what the signer throws
 */
export async function signCertificate(
  profile: CertificateProfile,
  publicKey: KeyObject,
  issuer: IssuerIdentity,
  serialNumber: Uint8Array,
): Promise<Uint8Array> {
  if (profile.ca) checkFitsBelow(profile.ca, issuer.certificate)
  checkOutlived(profile.notAfter, issuer.certificate)
  const spki = encodePublicKey(publicKey)
  return signContent(issuer.signer, { profile, spki, issuer: partsOf(issuer), serialNumber })
}

/**
 * The DER of a self-signed CA certificate.
 * @throws PkiError InvalidRequest when the profile cannot be signed as it is; what the signer throws
 */
export async function signRoot(profile: CaProfile, signer: Signer, serialNumber: Uint8Array): Promise<Uint8Array> {
  const spki = encodePublicKey(signer.publicKey)
  const issuer = { name: encodeSubject(profile), keyId: authorityKeyIdentifier(keyIdentifier(spki)) }
  return signContent(signer, { profile: profileOfCa(profile), spki, issuer, serialNumber })
}

/**
 * The DER of a CA certificate for `publicKey`, signed by another CA.
 * @throws PkiError as `signCertificate` does
 */
export const signSubordinate = (
  profile: CaProfile,
  publicKey: KeyObject,
  issuer: IssuerIdentity,
  serialNumber: Uint8Array,
): Promise<Uint8Array> => signCertificate(profileOfCa(profile), publicKey, issuer, serialNumber)

const noNames = normalizeNames({})

/** The CA of an authority has a name and nothing to be used for but to sign. */
const profileOfCa = ({ pathLength, nameConstraints, ...profile }: CaProfile): CertificateProfile => ({
  ...profile,
  names: noNames,
  usages: [],
  ca: { pathLength, nameConstraints },
})

function checkFitsBelow({ pathLength: wanted }: CaTraits, { pathLength }: ParsedCertificate): void {
  if (pathLength === undefined) return
  if (pathLength < 1) throw invalid('the issuer may sign no CA certificates: its path length is 0')
  if ((wanted ?? 0) >= pathLength) {
    throw invalid(`a path length of ${wanted} does not fit below an issuer's of ${pathLength}`)
  }
}

/** A certificate (RFC 5280 section 4.1). */
async function signContent(signer: Signer, content: Content): Promise<Uint8Array> {
  const { serialNumber, profile, spki, issuer } = content
  const subject = encodeSubject(profile)
  const der = await signSequence(signer, [
    v3,
    integer(checkedSerialNumber(serialNumber)),
    signer.algorithm.identifier,
    issuer.name,
    encodeValidity(profile),
    subject,
    spki,
    explicit(3, sequenceOf(extensionsOf(content, subject.length === emptyName.length))),
  ])
  if (der.length <= maxCertificateOctets) return der
  const limit = `${maxCertificateOctets / 1024} KiB`
  throw invalid(`the certificate would be larger than ${limit}: ask for fewer or shorter names and extensions`)
}

function extensionsOf({ profile, spki, issuer }: Content, isNameless: boolean): Uint8Array[] {
  const { commonName, literalSubject, usages, ca, links } = profile
  const names = normalizeNames(profile.names)
  if (commonName === undefined && literalSubject === undefined && countNames(names) === 0) {
    throw invalid('a certificate needs a name')
  }
  if (ca && isNameless) throw invalid('a CA needs a subject')
  return [
    ca ? checkedConstraints(ca) : endEntityConstraints,
    ...usageExtensions(usages, ca !== undefined),
    ...nameConstraintsExtension(ca?.nameConstraints),
    ...subjectAltName(names, isNameless),
    subjectKeyIdentifier(keyIdentifier(spki)),
    issuer.keyId,
    ...linkExtensions(links),
    ...(profile.mustStaple ? [mustStaple] : []),
    ...customExtensions(profile.customExtensions),
  ]
}

function checkedConstraints({ pathLength }: CaTraits): Uint8Array {
  if (pathLength !== undefined && !(Number.isInteger(pathLength) && pathLength >= 0)) {
    throw invalid('a path length is a whole number from 0')
  }
  return caConstraints(pathLength)
}

/** SEQUENCE { tbs, signatureAlgorithm, signature } with `members` in `tbs` (RFC 5280 sections 4.1 and 5.1). */
export async function signSequence(signer: Signer, members: readonly Uint8Array[]): Promise<Uint8Array> {
  const tbs = sequenceOf(members)
  return sequence(tbs, signer.algorithm.identifier, bitString(await signer.sign(tbs)))
}

const checkedIssuers = new WeakMap<IssuerIdentity, IssuerParts>()

/**
 * What an issuer writes into all that it signs. Checked and made once for each identity.
 * @throws PkiError InvalidRequest when it is no CA, or the signer's key is another
 */
export function partsOf(issuer: IssuerIdentity): IssuerParts {
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

const emptyName = encodeName({})

/** RFC 5280 section 4.1.2.5. */
function encodeValidity({ notBefore, notAfter }: CertificateProfile): Uint8Array {
  const validity = sequence(encodeTime(notBefore), encodeTime(notAfter))
  if (notBefore >= notAfter) throw invalid('the validity of a certificate ends after it begins')
  return validity
}

/**
 * DER of a Time (RFC 5280 sections 4.1.2.5 and 5.1.2.4).
 * @throws PkiError InvalidRequest when it cannot be written
 */
export function encodeTime(at: number): Uint8Array {
  if (Number.isInteger(at / 1000) && at >= 0 && at <= lastYear) return time(at)
  throw invalid('the times of certificates and CRLs are whole seconds from 1970 to 9999')
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
