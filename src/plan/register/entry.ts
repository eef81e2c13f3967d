import type { RevocationReason } from '#api'
import type { Instant } from '#base'

/** One certificate that an internal Authority has issued: Authority, generation and serial number say which. */
export interface RegisterEntry {
  /** Lower-case hexadecimal. */
  readonly serialNumber: string
  /** SHA-256, lower-case hexadecimal. */
  readonly fingerprint: string
  /** Number of the CA key that signed it. */
  readonly generation: number
  /** What it was issued for: `namespace/name` of a Certificate, or of a subordinate Authority. */
  readonly kind: 'Certificate' | 'Authority'
  readonly holder: string
  /** The how-manieth certificate of its holder it is. */
  readonly revision: number
  /** DNS names, addresses, URIs and mailboxes in it, the first ones; for a CA its subject. */
  readonly names: readonly string[]
  /** E-mail address. */
  readonly owner?: string | undefined
  readonly issuedAt: Instant
  readonly notAfter: Instant
  readonly revoked?: Revoked | undefined
}

/** That and why a certificate has been revoked. */
export interface Revoked {
  readonly at: Instant
  readonly reason: RevocationReason
}
