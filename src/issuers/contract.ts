import type { KeyObject } from 'node:crypto'
import type { Clock, Logger } from '#base'
import type { CaProfile, CertificateProfile, ParsedCertificate } from '#pki'

/** An end-entity certificate that is asked for. */
export interface EndEntityRequest {
  readonly profile: CertificateProfile
  readonly publicKey: KeyObject
}

/** A CA certificate that is asked for. */
export interface SubordinateRequest {
  readonly profile: CaProfile
  readonly publicKey: KeyObject
}

/** A certificate and what verifies it. */
export interface IssuedCertificate {
  readonly certificate: ParsedCertificate
  /** From the certificate's issuer up to, and without, the root. */
  readonly intermediates: readonly ParsedCertificate[]
  readonly roots: readonly ParsedCertificate[]
}

/**
 * Signs for one Authority. Every method throws a Failure: Terminal when the same request will be refused again,
 * Waiting when something must come first, Retryable for anything that may go away by itself, a missing or damaged key
 * of the authority included; or the signal's reason once it is aborted.
 */
export interface Issuer {
  issue(request: EndEntityRequest, signal: AbortSignal): Promise<IssuedCertificate>
  /** Absent where the authority cannot sign CA certificates. */
  signSubordinate?(request: SubordinateRequest, signal: AbortSignal): Promise<IssuedCertificate>
}

/** All that a plugin may touch. */
export interface IssuerTools {
  readonly clock: Clock
  readonly logger: Logger
  /**
   * The files of a Secret in the Authority's own namespace, as text.
   * @throws Failure Retryable when it cannot be read
   */
  readSecret(name: string): Promise<Readonly<Record<string, string>>>
}

/** One kind of issuer: the member of an Authority's spec that names it, and how one is made from its options. */
export interface IssuerPlugin {
  readonly type: string
  create(options: unknown, tools: IssuerTools): Issuer
}
