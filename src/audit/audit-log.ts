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
 * `SecretAdopted`: a Secret that somebody else has made becomes that of a Certificate, with what it holds.
 * `SecretDeleted`: the Secret of a Certificate goes with it. Both precede the write. `SecretNotDeleted`: that failed,
 * and the Certificate is let go all the same. `PolicyDenied`: a request was refused by policy. `CertificateRevoked`: a
 * certificate is about to be revoked; the line precedes the write, and is there once more for each time that the write
 * is tried again. `RevocationDebt`: an object is let go although its certificates that were to be revoked with it are
 * not.
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
  | {
      readonly event: 'CertificateRevoked'
      /** Whose spec says so. */
      readonly object: AuditObject
      /** `namespace/name` of the Authority that has issued it. */
      readonly authority: string
      readonly certificate: Pick<AuditedCertificate, 'serialNumber' | 'fingerprint' | 'notAfter'>
      /** Number of the CA key that signed it, where the Authority has such numbers. */
      readonly caGeneration?: number | undefined
      /** `namespace/name` of the Certificate or subordinate Authority that it was issued for. */
      readonly holder: string
      /** Reason of RFC 5280 section 5.3.1. */
      readonly reason: string
      readonly comment?: string | undefined
      readonly cause: string
    }
  | {
      readonly event: 'SecretAdopted' | 'SecretDeleted' | 'SecretNotDeleted'
      readonly object: AuditObject
      readonly secret: string
      readonly cause: string
    }
  | {
      readonly event: 'RevocationDebt'
      readonly object: AuditObject
      readonly authority: string
      /** Empty where it could not be found out which ones. */
      readonly serialNumbers: readonly string[]
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
