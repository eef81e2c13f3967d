import { createPublicKey, type KeyObject } from 'node:crypto'
import { Attributes } from '@peculiar/asn1-csr'
import { AsnConvert, AsnProp, AsnPropTypes } from '@peculiar/asn1-schema'
import {
  BasicConstraints,
  Extensions,
  id_ce_basicConstraints,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  KeyUsage,
  KeyUsageFlags,
  SubjectAlternativeName,
  SubjectPublicKeyInfo,
} from '@peculiar/asn1-x509'
import { isFailure } from '#base'
import { customExtensions } from './custom-extension.ts'
import { bitString, implicitSequence, integer, objectIdentifier, sequence, setOf } from './der.ts'
import { commonNamesOf, encodeName, encodeSubject, formatName } from './distinguished-name.ts'
import { PkiError } from './error.ts'
import {
  caConstraints,
  keyIdentifier,
  mustStaple,
  subjectAltName,
  subjectKeyIdentifier,
  usageExtensions,
} from './extension.ts'
import { readGeneralNames } from './general-names.ts'
import { checkPublicKey, encodePublicKey, isWeak, kindOf, specOf } from './key.ts'
import { nameConstraintsExtension } from './name-constraints.ts'
import { countNames, normalizeNames, type SubjectNames } from './names.ts'
import { decodeOnlyPem, encodePem } from './pem.ts'
import type { CertificateProfile } from './profile.ts'
import { isAcceptedAlgorithm, isSignedWith, type Signature } from './signature-algorithm.ts'
import type { Signer } from './signer.ts'
import type { Subject } from './subject-attribute.ts'
import type { Usage } from './usage.ts'

/** What a certification request asks for. */
export interface CsrContent {
  /** Its attributes, or the DER of a Name. */
  readonly subject: Subject | Uint8Array
  readonly names?: Partial<SubjectNames> | undefined
  readonly usages?: readonly Usage[] | undefined
  /** Whether it asks for a CA certificate. Default false. */
  readonly isCA?: boolean | undefined
  /** How many CA certificates may follow (RFC 5280 section 4.2.1.9); any number without it. For a CA only. */
  readonly pathLength?: number | undefined
  /** DER of further Extensions (RFC 5280 section 4.1), such as name constraints. */
  readonly extensions?: readonly Uint8Array[] | undefined
}

/** A certification request that was signed with the private half of its public key. What it asks for is only asked. */
export interface ParsedCsr {
  readonly der: Uint8Array
  readonly publicKey: KeyObject
  /** DER of the Name. */
  readonly subjectDer: Uint8Array
  /** The subject by RFC 4514; empty for the empty name. */
  readonly subject: string
  readonly commonName: string | undefined
  /** The alternative names in their normal form, without the common name. */
  readonly names: SubjectNames
  /** Whether it asks for a CA certificate, or for a key usage that only CAs have. */
  readonly asksForCA: boolean
  /** Object identifiers of the extensions that it asks for, in its order. */
  readonly requestedExtensions: readonly string[]
}

/** As for certificates: one with a hundred long names has about 30 KiB. */
const maxSize = 64 * 1024

/** RFC 2985 section 5.4.2. */
const extensionRequest = '1.2.840.113549.1.9.14'

/** RFC 5480 section 2.1.1. */
const ecPublicKey = '1.2.840.10045.2.1'

const objectIdentifierTag = 0x06

const emptyName = encodeName({})

const pemLabel = 'CERTIFICATE REQUEST'

/** A CertificationRequest (RFC 2986 section 4.2) whose signed part stays the octets that were signed. */
class RequestSchema {
  info = new ArrayBuffer(0)
  signatureAlgorithm = new ArrayBuffer(0)
  signature = new ArrayBuffer(0)
}
const any = { type: AsnPropTypes.Any }
AsnProp(any)(RequestSchema.prototype, 'info')
AsnProp(any)(RequestSchema.prototype, 'signatureAlgorithm')
AsnProp({ type: AsnPropTypes.BitString })(RequestSchema.prototype, 'signature')

/** A CertificationRequestInfo (RFC 2986 section 4.1); many programs leave empty attributes out. */
class InfoSchema {
  version = 0
  subject = new ArrayBuffer(0)
  subjectPublicKeyInfo = new ArrayBuffer(0)
  attributes: Attributes | undefined
}
AsnProp({ type: AsnPropTypes.Integer })(InfoSchema.prototype, 'version')
AsnProp(any)(InfoSchema.prototype, 'subject')
AsnProp(any)(InfoSchema.prototype, 'subjectPublicKeyInfo')
AsnProp({ type: Attributes, implicit: true, context: 0, optional: true })(InfoSchema.prototype, 'attributes')

/**
 * The PEM of a PKCS #10 certification request (RFC 2986) for the signer's key. For a CA it asks for basic constraints,
 * the key usages keyCertSign and cRLSign, and a subject key identifier.
 * @throws PkiError InvalidRequest when no certificate could have this content; InvalidNames; what the signer throws
 */
export async function createCsr(content: CsrContent, signer: Signer): Promise<string> {
  const { identifier } = signer.algorithm
  const spki = encodePublicKey(signer.publicKey)
  const subject = content.subject instanceof Uint8Array ? content.subject : encodeName(content.subject)
  const extensions = extensionsOf(content, spki, Buffer.compare(subject, emptyName) === 0)
  const wanted = setOf(sequence(...extensions))
  const attributes = extensions.length === 0 ? [] : [sequence(objectIdentifier(extensionRequest), wanted)]
  // [0] IMPLICIT SET OF: with one member at most there is nothing to sort.
  const info = sequence(integer(Uint8Array.of(0)), subject, spki, implicitSequence(0, attributes))
  return encodePem(sequence(info, identifier, bitString(await signer.sign(info))), pemLabel)
}

/**
 * The request for a certificate of this profile: all that it shall say but its dates. An authority that reads nothing
 * else gets it whole.
 * @throws PkiError as `createCsr` does
 */
export function createProfileCsr(profile: CertificateProfile, signer: Signer): Promise<string> {
  const { names, usages, ca } = profile
  const extensions = [
    ...nameConstraintsExtension(ca?.nameConstraints),
    ...(profile.mustStaple ? [mustStaple] : []),
    ...customExtensions(profile.customExtensions),
  ]
  const isCA = ca !== undefined
  return createCsr(
    { subject: encodeSubject(profile), names, usages, isCA, pathLength: ca?.pathLength, extensions },
    signer,
  )
}

function extensionsOf(content: CsrContent, spki: Uint8Array, isNameless: boolean): readonly Uint8Array[] {
  const { usages = [], isCA = false, pathLength, extensions = [] } = content
  const names = normalizeNames(content.names ?? {})
  if (isNameless && (isCA || countNames(names) === 0)) {
    throw new PkiError('InvalidRequest', `a request for a ${isCA ? 'CA needs a subject' : 'certificate needs a name'}`)
  }
  if (pathLength !== undefined && !(isCA && Number.isInteger(pathLength) && pathLength >= 0)) {
    throw new PkiError('InvalidRequest', 'a path length is a whole number from 0, and for a CA only')
  }
  return [
    ...(isCA ? [caConstraints(pathLength)] : []),
    ...usageExtensions(usages, isCA),
    ...(isCA ? [subjectKeyIdentifier(keyIdentifier(spki))] : []),
    ...subjectAltName(names, isNameless),
    ...extensions,
  ]
}

/**
 * Reads a PKCS #10 certification request (RFC 2986) of at most 64 KiB: its DER, or a text with one PEM block
 * `CERTIFICATE REQUEST` or `NEW CERTIFICATE REQUEST`. Attributes other than the extension request are passed over.
 * @throws PkiError InvalidCsr when it is malformed, its signature is not by its own key or by an algorithm that can be
 *   forged, its key is too weak, too large or of a kind that is not supported, or it asks for a name that cannot be
 *   issued
 */
export function parseCsr(pemOrDer: string | Uint8Array): ParsedCsr {
  if (pemOrDer.length > maxSize) throw invalid(`it is larger than ${maxSize / 1024} KiB`)
  const der =
    typeof pemOrDer === 'string' ? decodeOnlyPem(pemOrDer, [pemLabel, `NEW ${pemLabel}`], 'InvalidCsr') : pemOrDer
  try {
    return read(der)
  } catch (error) {
    // The library gives up at ten thousand elements, too.
    throw invalid(isFailure(error) ? error.message : 'it is not well-formed DER of RFC 2986, or has thousands of names')
  }
}

function read(der: Uint8Array): ParsedCsr {
  const { info, signature } = readSigned(der)
  const publicKey = readPublicKey(Buffer.from(info.subjectPublicKeyInfo))
  if (!isAcceptedAlgorithm(signature.identifier)) {
    throw flaw('its signature algorithm is not accepted: sign it with SHA-256, SHA-384 or SHA-512')
  }
  if (!isSignedWith(publicKey, signature)) throw flaw('its signature was not made with its own key')
  const subjectDer = Buffer.from(info.subject)
  return {
    der,
    publicKey,
    subjectDer,
    subject: formatName(subjectDer),
    commonName: readCommonName(subjectDer),
    ...readExtensions(requestedBy(info.attributes)),
  }
}

/** Re-encoded, the three members must be the very octets that came: nothing follows them, nothing hides in a length. */
function readSigned(der: Uint8Array): { info: InfoSchema; signature: Signature } {
  const request = AsnConvert.parse(der, RequestSchema)
  const signed = Buffer.from(request.info)
  const identifier = Buffer.from(request.signatureAlgorithm)
  const value = Buffer.from(request.signature)
  const info = AsnConvert.parse(signed, InfoSchema)
  if (info.version !== 0 || !sequence(signed, identifier, bitString(value)).equals(der)) {
    throw flaw('it is not well-formed DER of RFC 2986')
  }
  return { info, signature: { identifier, value, signed } }
}

/** The key is refused before anything is computed with it. */
function readPublicKey(spki: Buffer): KeyObject {
  const key = createKey(spki)
  checkPublicKey(key, 'InvalidCsr')
  if (specOf(key) === undefined) throw flaw(`its key is of a kind (${kindOf(key)}) that is not supported`)
  if (isWeak(key)) throw flaw('its RSA key has fewer than 2048 bits')
  if (!namesCurve(spki)) throw flaw('its EC key has curve parameters in place of the name of the curve')
  return key
}

/**
 * Whether an EC key names its curve (RFC 5480 section 2.1.1). OpenSSL finds the name itself when the parameters are
 * those of a curve that it knows, and would write them into the certificate all the same.
 */
function namesCurve(spki: Uint8Array): boolean {
  const { algorithm, parameters } = AsnConvert.parse(spki, SubjectPublicKeyInfo).algorithm
  return algorithm !== ecPublicKey || (parameters != null && new Uint8Array(parameters)[0] === objectIdentifierTag)
}

function createKey(spki: Buffer): KeyObject {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' })
  } catch {
    throw flaw('its public key is of an unknown kind or malformed')
  }
}

/** Of several common names each reader takes another, so that a policy would look at one and a client at the other. */
function readCommonName(subject: Uint8Array): string | undefined {
  const commonNames = commonNamesOf(subject)
  if (commonNames.length > 1) throw flaw('its subject has more than one common name')
  if (commonNames.some((each) => each === undefined || /\p{Cc}/u.test(each))) {
    throw flaw('its common name is no text, or has a control character')
  }
  return commonNames[0]
}

function requestedBy(attributes: Attributes | undefined): Extensions | readonly never[] {
  const values = (attributes ?? []).filter(({ type }) => type === extensionRequest).flatMap((each) => each.values)
  const [value, ...more] = values
  if (more.length > 0) throw flaw('it has more than one extension request')
  return value === undefined ? [] : AsnConvert.parse(value, Extensions)
}

function readExtensions(
  extensions: Extensions | readonly never[],
): Pick<ParsedCsr, 'names' | 'asksForCA' | 'requestedExtensions'> {
  const values = new Map(Array.from(extensions, ({ extnID, extnValue }) => [extnID, extnValue.buffer]))
  if (values.size !== extensions.length) throw flaw('it asks for an extension twice')
  const parsed = <T>(id: string, schema: new () => T): T | undefined => {
    const value = values.get(id)
    return value === undefined ? undefined : AsnConvert.parse(value, schema)
  }
  const { names, otherNameKinds } = readGeneralNames(parsed(id_ce_subjectAltName, SubjectAlternativeName) ?? [])
  const [other] = otherNameKinds
  if (other !== undefined) {
    const issued = 'only DNS, IP, URI and e-mail names, registered IDs and other names of a UTF8String are issued'
    throw flaw(`it asks for an alternative name of the kind ${other}: ${issued}`)
  }
  const usages = parsed(id_ce_keyUsage, KeyUsage)?.toNumber() ?? 0
  return {
    names,
    asksForCA:
      parsed(id_ce_basicConstraints, BasicConstraints)?.cA === true ||
      (usages & (KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)) !== 0,
    requestedExtensions: [...values.keys()],
  }
}

const flaw = (message: string): PkiError => new PkiError('InvalidCsr', message)

const invalid = (message: string): PkiError => flaw(`the certification request is refused: ${message}`)
