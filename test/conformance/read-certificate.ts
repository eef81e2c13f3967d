import type { Openssl } from '../controllers/openssl.ts'

/** A certificate as openssl reads it, in its words. */
export interface ReadCertificate {
  /** Lower-case hexadecimal. */
  readonly serial: string
  /** SHA-256, lower-case hexadecimal. */
  readonly fingerprint: string
  /** RFC 4514; empty for the empty name. */
  readonly subject: string
  readonly issuer: string
  /** Epoch milliseconds. */
  readonly notBefore: number
  readonly notAfter: number
  /** Such as `CA:FALSE`. */
  readonly constraints: string
  /** Alternative names such as `DNS:www.example.com`, sorted. */
  readonly names: readonly string[]
  /** Such as `Digital Signature`, sorted. */
  readonly keyUsage: readonly string[]
  /** Such as `TLS Web Server Authentication`, sorted. */
  readonly purposes: readonly string[]
}

const extensions = ['subjectAltName', 'basicConstraints', 'keyUsage', 'extendedKeyUsage'] as const

const wanted = [
  ...['-noout', '-serial', '-fingerprint', '-sha256', '-subject', '-issuer', '-nameopt', 'RFC2253'],
  ...['-dates', '-dateopt', 'iso_8601', '-ext', extensions.join(',')],
]

/** Reads the first certificate of a file in openssl's folder. @throws Error when openssl cannot */
export async function readCertificate(openssl: Openssl, file: string): Promise<ReadCertificate> {
  const text = await openssl.run('x509', '-in', file, ...wanted)
  const fields = new Map(
    [...text.matchAll(/^([A-Za-z0-9 ]+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
  )
  const field = (name: string): string => fields.get(name) ?? ''
  const listed = (title: string): string[] => extensionOf(text, title).split(', ').filter(Boolean).sort()
  return {
    serial: field('serial').toLowerCase(),
    fingerprint: field('sha256 Fingerprint').replaceAll(':', '').toLowerCase(),
    subject: field('subject'),
    issuer: field('issuer'),
    notBefore: Date.parse(field('notBefore')),
    notAfter: Date.parse(field('notAfter')),
    constraints: extensionOf(text, 'Basic Constraints'),
    names: listed('Subject Alternative Name'),
    keyUsage: listed('Key Usage'),
    purposes: listed('Extended Key Usage'),
  }
}

/** The line below the title of an extension. */
const extensionOf = (text: string, title: string): string =>
  new RegExp(`^X509v3 ${title}:[^\\n]*\\n +(.*)$`, 'm').exec(text)?.[1]?.trim() ?? ''
