import { AsnArray, AsnConvert, AsnProp, AsnPropTypes, AsnType, AsnTypeTypes } from '@peculiar/asn1-schema'
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsage,
  Extensions,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_certificatePolicies,
  id_ce_extKeyUsage,
  id_ce_inhibitAnyPolicy,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_policyConstraints,
  id_ce_policyMappings,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
} from '@peculiar/asn1-x509'
import type { CustomExtension } from './custom-extension.ts'
import { PkiError } from './error.ts'
import { statusRequest, tlsFeatures } from './extension.ts'
import { type AlternativeNames, readGeneralNames } from './general-names.ts'
import { type ReadConstraints, readNameConstraints } from './name-constraints.ts'
import { extendedUsageIds, keyUsageBits, type Usage } from './usage.ts'

/**
 * A TBSCertificate (RFC 5280 section 4.1) whose names stay the octets that were signed, since they are compared as such
 * and go into other certificates. Members that OpenSSL reads faster are left unread.
 */
class TbsSchema {
  version: unknown
  serialNumber: unknown
  signature: unknown
  issuer = new ArrayBuffer(0)
  validity: unknown
  subject = new ArrayBuffer(0)
  subjectPublicKeyInfo: unknown
  issuerUniqueID: unknown
  subjectUniqueID: unknown
  extensions: Extensions | undefined
}
const any = { type: AsnPropTypes.Any }
const uniqueId = { type: AsnPropTypes.BitString, implicit: true, optional: true }
AsnProp({ type: AsnPropTypes.Integer, context: 0, defaultValue: 0 })(TbsSchema.prototype, 'version')
AsnProp(any)(TbsSchema.prototype, 'serialNumber')
AsnProp(any)(TbsSchema.prototype, 'signature')
AsnProp(any)(TbsSchema.prototype, 'issuer')
AsnProp(any)(TbsSchema.prototype, 'validity')
AsnProp(any)(TbsSchema.prototype, 'subject')
AsnProp(any)(TbsSchema.prototype, 'subjectPublicKeyInfo')
AsnProp({ ...uniqueId, context: 1 })(TbsSchema.prototype, 'issuerUniqueID')
AsnProp({ ...uniqueId, context: 2 })(TbsSchema.prototype, 'subjectUniqueID')
AsnProp({ type: Extensions, context: 3, optional: true })(TbsSchema.prototype, 'extensions')

class CertificateSchema {
  tbs = new TbsSchema()
  signatureAlgorithm: unknown
  signatureValue: unknown
}
AsnProp({ type: TbsSchema })(CertificateSchema.prototype, 'tbs')
AsnProp(any)(CertificateSchema.prototype, 'signatureAlgorithm')
AsnProp(any)(CertificateSchema.prototype, 'signatureValue')

/** What a certificate says beyond what OpenSSL shows of it. */
export interface CertificateContent extends AlternativeNames, ReadConstraints {
  /** DER of the Name. */
  readonly subjectDer: Uint8Array
  readonly issuerDer: Uint8Array
  readonly usages: readonly Usage[]
  readonly isCA: boolean
  readonly pathLength: number | undefined
  /** Whether the key usage has keyCertSign; undefined without that extension. */
  readonly mayCertSign: boolean | undefined
  /** The same for cRLSign. */
  readonly mayCrlSign: boolean | undefined
  /** Lower-case hexadecimal. */
  readonly subjectKeyId: string | undefined
  readonly authorityKeyId: string | undefined
  /** Whether servers must staple an OCSP answer (RFC 7633). */
  readonly mustStaple: boolean
  /** Those that RFC 5280 does not define, in their order. */
  readonly customExtensions: readonly CustomExtension[]
  /** Object identifiers of critical extensions that nobody here understands. */
  readonly unknownCritical: readonly string[]
}

/** Extensions that are read here, or that a chain's own verifier applies; any other critical one refuses the chain. */
const knownExtensions: ReadonlySet<string> = new Set([
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_certificatePolicies,
  id_ce_extKeyUsage,
  id_ce_inhibitAnyPolicy,
  id_ce_keyUsage,
  id_ce_nameConstraints,
  id_ce_policyConstraints,
  id_ce_policyMappings,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  tlsFeatures,
])

/** The value of the extension for features of TLS: their numbers (RFC 7633 section 4). */
class TlsFeatures extends AsnArray<number> {}
AsnType({ type: AsnTypeTypes.Sequence, itemType: AsnPropTypes.Integer })(TlsFeatures)

/** Below these RFC 5280 defines extensions, and what it was extended by. */
const isStandard = (id: string): boolean => id.startsWith('2.5.29.') || id.startsWith('1.3.6.1.5.5.7.1.')

/**
 * Reads the DER of one certificate, whose size the caller has bounded.
 * @throws PkiError InvalidCertificate when it is no certificate, or an extension is malformed or stands there twice
 */
export function readContent(der: Uint8Array): CertificateContent {
  try {
    const { subject, issuer, extensions } = AsnConvert.parse(der, CertificateSchema).tbs
    return { subjectDer: Buffer.from(subject), issuerDer: Buffer.from(issuer), ...readExtensions(extensions ?? []) }
  } catch (error) {
    const reason = error instanceof PkiError ? error.message : 'it is not well-formed DER of RFC 5280'
    throw new PkiError('InvalidCertificate', `the certificate is refused: ${reason}`)
  }
}

function readExtensions(
  extensions: Extensions | readonly never[],
): Omit<CertificateContent, 'subjectDer' | 'issuerDer'> {
  const values = new Map(Array.from(extensions, ({ extnID, extnValue }) => [extnID, extnValue.buffer]))
  if (values.size !== extensions.length) throw new PkiError('InvalidCertificate', 'an extension stands there twice')
  const read = <T>(id: string, schema: new () => T): T | undefined => {
    const value = values.get(id)
    return value === undefined ? undefined : AsnConvert.parse(value, schema)
  }
  const bits = read(id_ce_keyUsage, KeyUsage)?.toNumber()
  const purposes = read(id_ce_extKeyUsage, ExtendedKeyUsage) ?? []
  const constraints = read(id_ce_basicConstraints, BasicConstraints)
  return {
    ...readGeneralNames(read(id_ce_subjectAltName, SubjectAlternativeName) ?? []),
    usages: readUsages(bits ?? 0, purposes),
    isCA: constraints?.cA === true,
    pathLength: constraints?.cA ? pathLength(constraints.pathLenConstraint) : undefined,
    mayCertSign: bits === undefined ? undefined : (bits & KeyUsageFlags.keyCertSign) !== 0,
    mayCrlSign: bits === undefined ? undefined : (bits & KeyUsageFlags.cRLSign) !== 0,
    ...readNameConstraints(values.get(id_ce_nameConstraints)),
    subjectKeyId: hex(read(id_ce_subjectKeyIdentifier, SubjectKeyIdentifier)?.buffer),
    authorityKeyId: hex(read(id_ce_authorityKeyIdentifier, AuthorityKeyIdentifier)?.keyIdentifier?.buffer),
    mustStaple: read(tlsFeatures, TlsFeatures)?.includes(statusRequest) ?? false,
    customExtensions: Array.from(extensions)
      .filter(({ extnID }) => !isStandard(extnID))
      .map(({ extnID, critical, extnValue }) => ({ oid: extnID, critical, value: new Uint8Array(extnValue.buffer) })),
    unknownCritical: Array.from(extensions, ({ critical, extnID }) => (critical ? extnID : '')).filter(
      (id) => id !== '' && !knownExtensions.has(id),
    ),
  }
}

function readUsages(bits: number, purposes: readonly string[]): Usage[] {
  const fromBits = [...keyUsageBits].filter(([, bit]) => (bits & bit) !== 0)
  const fromPurposes = [...extendedUsageIds].filter(([, id]) => purposes.includes(id))
  return [...fromBits, ...fromPurposes].map(([usage]) => usage)
}

function pathLength(value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value === 'number' && value >= 0) return value
  throw new PkiError('InvalidCertificate', 'its path length is not a number from 0')
}

const hex = (octets: ArrayBuffer | undefined): string | undefined =>
  octets === undefined ? undefined : Buffer.from(octets).toString('hex')
