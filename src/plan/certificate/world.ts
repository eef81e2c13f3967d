import type { AuthoritySpec, Certificate, CertificateStatus, ObjectMeta } from '#api'
import type { Failure, Instant } from '#base'
import type { Revoked } from '../register/entry.ts'
import type { OrderJournal } from './order-journal.ts'
import type { CertificateRequest } from './request.ts'

/** All that decides about one Certificate, read at one moment. */
export interface CertificateWorld {
  readonly certificate: Certificate
  /** What the spec asks for, defaults of the Authority filled in, or why it cannot be asked for. */
  readonly request: CertificateRequest | Failure
  /** Hash of what the spec alone asks for. */
  readonly requestHash: string
  /** `namespace/name` of the Authority in charge; undefined: the spec names none, and there is no default. */
  readonly authorityKey: string | undefined
  /** Undefined: there is none of that name, or it does not allow this namespace; the referrer cannot tell which. */
  readonly authority: AuthorityView | undefined
  readonly secret: SecretView
  /** What outputs are closed with by the spec, or why that is not to be had; undefined: nothing depends on it now. */
  readonly passwords: PasswordVersions | Failure | undefined
  /** What is under way at an authority that takes its time. */
  readonly order: OpenOrder | undefined
  /** Labels of the namespace; undefined while it is not known. */
  readonly namespaceLabels: Readonly<Record<string, string>> | undefined
  /** When certificates were issued for this object lately, the earliest first: what brakes a loop. */
  readonly issuedLately: readonly Instant[]
  /** When the Secret was brought in line lately, the earliest first: what brakes a quarrel about it. */
  readonly refreshedLately: readonly Instant[]
  /** The last attempt to bring the Secret in line, where it failed. */
  readonly refreshFailure: FailedAttempt | undefined
  /** The register says that the certificate in use is revoked. */
  readonly isRevoked: boolean
  /**
   * The certificate that the status still tells of although the Secret holds it no more, proven to be this very
   * Certificate's: it was replaced, and the status that would have said so was never written.
   */
  readonly overtaken: EarlierRevision | undefined
  /** A person has stopped all issuance. */
  readonly isFrozen: boolean
  readonly isNamespaceTerminating: boolean
  /** Undefined while nothing of the object is to be revoked. */
  readonly revocation: RevocationView | undefined
}

/** A certificate that was in use before, as the status remembers it. */
export type EarlierRevision = NonNullable<CertificateStatus['earlierRevisions']>[number]

/** What may be revoked, and what came of trying. */
export interface RevocationView {
  /** All that was issued for this very Certificate and has not expired, or why that is not known now. */
  readonly certificates: readonly OwnCertificate[] | Failure
  /** The last attempt, where it failed and is to be made again. */
  readonly lastFailure: FailedAttempt | undefined
}

/** An attempt that failed and is to be made again. */
export interface FailedAttempt {
  readonly failure: Failure
  /** How many have failed in a row. */
  readonly attempts: number
  readonly nextAttemptAt: Instant
}

/** A certificate that was issued for this very Certificate: Authority, CA generation and serial number say which. */
export interface OwnCertificate {
  /** `namespace/name`. */
  readonly authorityKey: string
  /** Number of the CA key that signed it; undefined where the Authority keeps no register. */
  readonly generation: number | undefined
  readonly serialNumber: string
  readonly fingerprint: string
  readonly issuedAt: Instant
  readonly notAfter: Instant
  readonly revoked: Revoked | undefined
  /** The Authority exists and allows this namespace. */
  readonly isReachable: boolean
  /** The Authority said that it will never revoke it. */
  readonly refused: Failure | undefined
}

/** What a Certificate sees of its Authority. */
export interface AuthorityView {
  /** Undefined: ready to sign. Else why it is not. */
  readonly notReady: string | undefined
  /** End of the CA certificate's own validity: nothing it signs lives longer. */
  readonly notAfter: Instant | undefined
  readonly spec: AuthoritySpec
  /** Number of the CA key in use, where it has such numbers, and since when it signs. */
  readonly generation: number | undefined
  readonly activeFrom: Instant | undefined
  /** First digits of the fingerprints of its CA certificates, the one in use first. */
  readonly caFingerprints: readonly string[]
  /** Generations whose certificates are worth nothing any more. */
  readonly distrusted: readonly number[]
  /** What was issued before is to be issued anew. */
  readonly reissueRequestedAt: Instant | undefined
  /** PEM of all roots to trust. */
  readonly caBundle: string | undefined
  /** The Authority has been restored: until then Secrets may still be on their way. */
  readonly restoredUntil: Instant | undefined
  /** Another one has another spec or another CA. */
  readonly version: string
}

/** What is in the Secret that the Certificate names. */
export type SecretView =
  | { readonly state: 'absent' }
  /** Somebody else's, or for another Certificate to make: nothing of it is ever changed. */
  | { readonly state: 'foreign'; readonly reason: 'SecretNotOurs' | 'SecretTaken'; readonly why: string }
  /** Ours, but no usable key and certificate in it. */
  | { readonly state: 'damaged'; readonly metadata: ObjectMeta; readonly why: string; readonly form?: SecretForm }
  | {
      readonly state: 'held'
      readonly metadata: ObjectMeta
      readonly held: HeldCertificate
      readonly form?: SecretForm
    }
  /** Made by somebody else, who agrees that it becomes ours. */
  | {
      readonly state: 'offered'
      readonly metadata: ObjectMeta
      /** What it holds, or why that is nothing that could be kept. */
      readonly held: HeldCertificate | string
      readonly form?: SecretForm
    }

/** What cannot be changed of a Secret. Where it is left out, the Secret is as we made it for all we know. */
export interface SecretForm {
  readonly type: string
  readonly isImmutable: boolean
}

/** What a Secret is to hold, and of whom. */
export interface Wanted {
  readonly request: CertificateRequest | Failure
  readonly requestHash: string
  /** `namespace/name`. */
  readonly authorityKey: string | undefined
  readonly authority: AuthorityView | undefined
}

/** A Secret that has been read. */
export interface ReadSecret {
  readonly metadata: ObjectMeta
  readonly form: SecretForm
  /** Its values as text. */
  readonly files: Readonly<Record<string, string>>
  /** Its values in base64. */
  readonly data: Readonly<Record<string, string>>
}

/**
 * The passwords that a spec names Secrets for, by the output that they are for. Each is UID and version of its Secret
 * and the key there, which says that it may be another one. A hash of the password itself would let whoever reads
 * annotations try passwords.
 */
export interface PasswordVersions {
  readonly pkcs12?: string
  readonly jks?: string
}

/** The Secret with the key of an order that is under way, and its journal; undefined when that cannot be read. */
export interface OpenOrder {
  readonly metadata: ObjectMeta
  readonly journal: OrderJournal | undefined
}

/** The certificate that is in the Secret. */
export interface HeldCertificate {
  readonly serialNumber: string
  readonly fingerprint: string
  /** RFC 4514. */
  readonly issuer: string
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** `namespace/name` of the Authority that issued it. */
  readonly issuedBy: string
  readonly issuedAt: Instant
  /** Number of the CA key that signed it. */
  readonly caGeneration: number | undefined
  /** The first digits of its fingerprint. */
  readonly caFingerprint: string | undefined
  /** Hash of the roots in `ca.crt`. */
  readonly trust: string | undefined
  /** Hash of what the outputs are made of; undefined: there are none; empty: somebody has changed them. */
  readonly outputs: string | undefined
  /** In what it does not satisfy the request; empty when it does. */
  readonly differences: readonly string[]
}
