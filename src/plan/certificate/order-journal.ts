import type { Instant } from '#base'

/** What is noted of an order before anything is ordered, so that a process that knows nothing else goes on with it. */
export interface OrderJournal {
  /** Names the request to the issuer; made at random, as nobody may find another's order by guessing. */
  readonly id: string
  /** Hash of all that was asked for. */
  readonly requestHash: string
  /** `namespace/name` of the Authority. */
  readonly authorityKey: string
  readonly revision: number
  readonly notBefore: Instant
  readonly notAfter: Instant
  readonly createdAt: Instant
  /** Its key is the one of the certificate before. */
  readonly hasKeptKey: boolean
  /** Finds the order at the issuer; undefined until the issuer has answered `pending`. */
  readonly handle: string | undefined
  /** When it was first worth asking how it stands. */
  readonly pollAt: Instant | undefined
}
