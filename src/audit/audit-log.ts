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
 * What is recorded. `CertificateRelease`, `CARelease`: a certificate and its key are about to be written to a Secret;
 * the line precedes the write, so a crash can leave a line without a Secret but never a Secret without a line.
 * `PolicyDenied`: a request was refused by policy.
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
    append: (entry) => write(`${oneLine({ audit: schema, time: toMicroTime(clock.now()), ...entry })}\n`),
  }
}

/** JSON without the characters that some readers take for the end of a line and JSON leaves as they are. */
function oneLine(value: object): string {
  return JSON.stringify(value).replace(
    /[\u0085\u2028\u2029]/g,
    (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
