import type { KeyObject } from 'node:crypto'
import type { IssuedCertificate } from '#issuers'

/** A certificate that has been signed and let through, and the key that belongs to it. */
export interface Signed {
  /** Undefined where the key is kept elsewhere. */
  readonly key: KeyObject | undefined
  readonly issued: IssuedCertificate
  /** In what the authority decided otherwise than was asked for, for people. */
  readonly decided: readonly string[]
  /** PEM of all roots to trust. */
  readonly caBundle: string
}
