import type { AuthoritySpec, Certificate, ObjectMeta } from '#api'
import type { Failure, Instant } from '#base'
import type { CertificateRequest } from './request.ts'

/** All that decides about one Certificate, read at one moment. */
export interface CertificateWorld {
  readonly certificate: Certificate
  /** What the spec asks for, or why it cannot be asked for. */
  readonly request: CertificateRequest | Failure
  readonly requestHash: string
  /** Undefined: there is none of that name, or it does not allow this namespace; the referrer cannot tell which. */
  readonly authority: AuthorityView | undefined
  readonly secret: SecretView
}

/** What a Certificate sees of its Authority. */
export interface AuthorityView {
  /** Undefined: ready to sign. Else why it is not. */
  readonly notReady: string | undefined
  /** End of the CA certificate's own validity: nothing it signs lives longer. */
  readonly notAfter: Instant | undefined
  readonly policy: AuthoritySpec['policy']
}

/** What is in the Secret that the Certificate names. */
export type SecretView =
  | { readonly state: 'absent' }
  /** Somebody else's: nothing of it is ever changed. */
  | { readonly state: 'foreign'; readonly why: string }
  /** Ours, but no usable key and certificate in it. */
  | { readonly state: 'damaged'; readonly metadata: ObjectMeta; readonly why: string }
  | { readonly state: 'held'; readonly metadata: ObjectMeta; readonly held: HeldCertificate }

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
  /** In what it does not satisfy the request; empty when it does. */
  readonly differences: readonly string[]
}
