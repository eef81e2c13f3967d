import { type KeyObject, X509Certificate } from 'node:crypto'
import { type CertificateContent, readContent } from './certificate-content.ts'
import { commonNameOf, formatName } from './distinguished-name.ts'
import { PkiError } from './error.ts'
import { checkPublicKey } from './key.ts'
import { countNames } from './names.ts'
import { decodePem, encodePem } from './pem.ts'

/** A certificate that has been read and found well-formed. Whether it may be trusted is for `verifyChain` to say. */
export interface ParsedCertificate extends CertificateContent {
  readonly der: Uint8Array
  readonly pem: string
  /** Lower-case hexadecimal, two digits for each octet: the form of `formatSerialNumber`. */
  readonly serialNumber: string
  /** SHA-256 of the DER, lower-case hexadecimal. */
  readonly fingerprint: string
  /** The name by RFC 4514: `CN=example,O=Example`. */
  readonly subject: string
  readonly issuer: string
  readonly commonName: string | undefined
  /** Epoch milliseconds. */
  readonly notBefore: number
  readonly notAfter: number
  readonly publicKey: KeyObject
  /** The signature algorithm as OpenSSL calls it: `ecdsa-with-SHA256`; `unknown` where it has not even a number. */
  readonly signatureAlgorithm: string
  /** Whether its signature was made with the private half of this key. */
  isSignedBy(publicKey: KeyObject): boolean
}

/** A certificate with a hundred long names has about 30 KiB. */
export const maxCertificateOctets = 64 * 1024

/** The text of a serial number, in one form everywhere: lower-case hexadecimal, two digits for each octet. */
export const formatSerialNumber = (octets: Uint8Array): string => Buffer.from(octets).toString('hex')

/**
 * One certificate from its PEM text or its DER, at most 64 KiB.
 * @throws PkiError InvalidCertificate when it is malformed, has a negative serial number, a name that is none, an RSA
 *   key of more than 8192 bits or an EC key on curve parameters of its own; or when the text holds more than one
 */
export function parseCertificate(pemOrDer: string | Uint8Array): ParsedCertificate {
  if (typeof pemOrDer !== 'string') return read(pemOrDer)
  const [only, ...more] = parseCertificates(pemOrDer)
  if (only === undefined || more.length > 0) {
    throw invalid(`the text holds ${more.length + 1} certificates where one is expected`)
  }
  return only
}

/**
 * The certificates of a PEM text of at most 400 KiB, at least one and at most 100, in their order. Text around the
 * blocks and blocks of other kinds are passed over (RFC 7468 section 2).
 * @throws PkiError InvalidCertificate as `parseCertificate` does, and when there are none or too many
 */
export const parseCertificates = (pem: string): ParsedCertificate[] => decodePem(pem).map(read)

/** The PEM text of certificates, in their order. */
export function encodeCertificates(certificates: readonly (ParsedCertificate | Uint8Array)[]): string {
  return certificates.map((each) => encodePem(each instanceof Uint8Array ? each : each.der)).join('')
}

/** Whatever can be refused is read here and now. Texts that few callers want are made when they are asked for. */
function read(der: Uint8Array): ParsedCertificate {
  const x509 = decode(der)
  const content = readContent(der)
  const publicKey = readPublicKey(x509)
  checkNames(content, x509)
  return {
    ...content,
    der,
    publicKey,
    serialNumber: readSerialNumber(x509),
    notBefore: readTime(x509.validFromDate),
    notAfter: readTime(x509.validToDate),
    commonName: commonNameOf(content.subjectDer),
    get pem() {
      return encodePem(der)
    },
    get fingerprint() {
      return x509.fingerprint256.replaceAll(':', '').toLowerCase()
    },
    get subject() {
      return formatName(content.subjectDer)
    },
    get issuer() {
      return formatName(content.issuerDer)
    },
    get signatureAlgorithm() {
      return x509.signatureAlgorithm ?? x509.signatureAlgorithmOid ?? 'unknown'
    },
    isSignedBy: (key) => x509.verify(key),
  }
}

/** OpenSSL would read PEM too, and pass over octets after the certificate: both are refused. */
function decode(der: Uint8Array): X509Certificate {
  if (der.length > maxCertificateOctets) {
    throw invalid(`the certificate is larger than ${maxCertificateOctets / 1024} KiB`)
  }
  const certificate = der[0] === 0x30 ? attempt(() => new X509Certificate(der)) : undefined
  if (!certificate?.raw.equals(der)) throw invalid('the certificate is not well-formed DER')
  return certificate
}

/** Names in a form that OpenSSL cannot read are no names to those who meet the certificate. */
function checkNames({ names }: CertificateContent, { subjectAltName }: X509Certificate): void {
  if (subjectAltName === undefined && countNames(names) > 0) {
    throw invalid('the alternative names of the certificate are not well-formed')
  }
}

function readPublicKey(certificate: X509Certificate): KeyObject {
  const key = attempt(() => certificate.publicKey)
  if (key === undefined) throw invalid('the public key of the certificate is of an unknown kind or malformed')
  checkPublicKey(key, 'InvalidCertificate')
  return key
}

/** OpenSSL writes zero as a single digit, and a negative number with its sign; RFC 5280 (4.1.2.2) ends at 20 octets. */
function readSerialNumber({ serialNumber }: X509Certificate): string {
  if (serialNumber.startsWith('-')) throw invalid('the serial number of the certificate is negative')
  if (serialNumber.length > 40) throw invalid('the serial number of the certificate has more than 20 octets')
  return serialNumber.toLowerCase().padStart(2, '0')
}

function readTime(date: Date): number {
  const time = date.getTime()
  if (Number.isNaN(time)) throw invalid('the validity of the certificate holds a time that is none')
  return time
}

function attempt<T>(action: () => T): T | undefined {
  try {
    return action()
  } catch {
    return undefined
  }
}

const invalid = (message: string): PkiError => new PkiError('InvalidCertificate', message)
