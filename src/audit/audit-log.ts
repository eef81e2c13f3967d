import { type Clock, toMicroTime } from '#base'

/** Version of the lines' schema; raised only if a member changes its meaning. */
const schema = 1

interface AuditObject {
  readonly kind: 'Certificate' | 'Authority'
  readonly namespace: string
  readonly name: string
  readonly uid: string
}

interface AuditedCertificate {
  /** Hexadecimal. */
  readonly serialNumber: string
  /** SHA-256, hexadecimal. */
  readonly fingerprint: string
  /** RFC 4514. */
  readonly issuer: string
  /** RFC 3339. */
  readonly notAfter: string
}

/**
 * What is recorded. `release`: a certificate and its key are about to be written to a Secret; the line precedes the
 * write, so a crash can leave a line without a Secret but never a Secret without a line. `deny`: a request was refused
 * by policy.
 */
export type AuditEntry =
  | {
      readonly event: 'CertificateRelease' | 'CARelease'
      readonly object: AuditObject
      /** `namespace/name` of the Authority that signed; the Authority itself for a root. */
      readonly authority: string
      readonly secret: string
      readonly certificate: AuditedCertificate
      /** Names in the certificate. */
      readonly names: readonly string[]
      readonly cause: string
    }
  | {
      readonly event: 'PolicyDenied'
      readonly object: AuditObject
      readonly authority: string
      readonly names: readonly string[]
      readonly cause: string
    }

export interface AuditLog {
  /** Appends one line. When this returns the line has left the process. */
  append(entry: AuditEntry): void
}

/**
 * @param write writes one line to the stream at once, not later
 */
export function createAuditLog(clock: Clock, write: (line: string) => void): AuditLog {
  return {
    append: (entry) => write(`${JSON.stringify({ audit: schema, time: toMicroTime(clock.now()), ...entry })}\n`),
  }
}
