import type { Authority } from '#api'
import type { Instant } from '#base'

/** All that decides about one Authority with an internal CA, read at one moment. */
export interface AuthorityWorld {
  readonly authority: Authority
  readonly parent: ParentView
  readonly ca: CaView
  /** Something shows that this Authority has signed before: its status, or certificates that name it as issuer. */
  readonly hasSigned: boolean
}

/** The Authority that signs this one's CA certificate. */
export type ParentView =
  /** A root has none. */
  | { readonly state: 'none' }
  /** There is none of that name, or it does not allow this namespace; the referrer cannot tell which. */
  | { readonly state: 'absent' }
  /** Following the parents leads in a circle. */
  | { readonly state: 'cycle'; readonly path: readonly string[] }
  | { readonly state: 'notReady'; readonly why: string }
  | { readonly state: 'ready'; readonly notAfter: Instant }

/** What is in the Secret of the CA. */
export type CaView =
  | { readonly state: 'absent' }
  | { readonly state: 'foreign'; readonly why: string }
  | { readonly state: 'damaged'; readonly why: string }
  | { readonly state: 'held'; readonly held: HeldCa }

/** A CA's certificate. */
export interface HeldCa {
  /** RFC 4514. */
  readonly subject: string
  readonly serialNumber: string
  readonly fingerprint: string
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** PEM of the roots. */
  readonly roots: string
}
