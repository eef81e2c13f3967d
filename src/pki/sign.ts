import { type KeyObject, randomBytes } from 'node:crypto'
import { bitString, explicit, integer, sequence, sequenceOf, time } from './der.ts'
import { encodeName } from './distinguished-name.ts'
import { PkiError } from './error.ts'
import {
  authorityKeyIdentifier,
  caConstraints,
  caKeyUsage,
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
import type { ParsedCertificate } from './parsed-certificate.ts'
import type { CaProfile, CertificateProfile } from './profile.ts'
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
  readonly issuer: Uint8Array
  readonly subject: Uint8Array
  readonly validity: { readonly notBefore: number; readonly notAfter: number }
  /** DER of the SubjectPublicKeyInfo. */
  readonly spki: Uint8Array
  /** DER of each Extension. */
  readonly extensions: readonly Uint8Array[]
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
  const subject = encodeSubject(profile)
  return signContent(issuer.signer, {
    serialNumber,
    issuer: name,
    subject,
    validity: profile,
    spki,
    extensions: [
      endEntityConstraints,
      ...usageExtensions(profile.usages),
      ...subjectAltName(names, subject.length === emptyName.length),
      subjectKeyIdentifier(keyIdentifier(spki)),
      keyId,
      ...linkExtensions(profile.links),
      ...(profile.mustStaple ? [mustStaple] : []),
    ],
  })
}

/**
 * The DER of a self-signed CA certificate.
 * @throws PkiError InvalidRequest when the profile cannot be signed as it is; what the signer throws
 */
export async function signRoot(profile: CaProfile, signer: Signer, serialNumber: Uint8Array): Promise<Uint8Array> {
  const subject = encodeSubject(profile)
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
    subject: encodeSubject(profile),
    validity: profile,
    spki,
    extensions: [
      caConstraints(profile.pathLength),
      caKeyUsage,
      ...nameConstraintsExtension(profile.nameConstraints),
      subjectKeyIdentifier(keyIdentifier(spki)),
      issuer.keyId,
      ...linkExtensions(profile.links),
    ],
  }
}

/** A certificate (RFC 5280 section 4.1). */
function signContent(signer: Signer, content: Content): Promise<Uint8Array> {
  return signSequence(signer, [
    v3,
    integer(checkedSerialNumber(content.serialNumber)),
    signer.algorithm.identifier,
    content.issuer,
    encodeValidity(content.validity),
    content.subject,
    content.spki,
    explicit(3, sequenceOf(content.extensions)),
  ])
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

const encodeSubject = ({ commonName, subject }: Pick<CertificateProfile, 'commonName' | 'subject'>): Uint8Array =>
  encodeName({ ...subject, commonName })

/** RFC 5280 section 4.1.2.5. */
function encodeValidity({ notBefore, notAfter }: Content['validity']): Uint8Array {
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
