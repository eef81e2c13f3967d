/** What a thread that fuzzes is to do. */
export interface Work {
  /** A module that exports `parsers`. */
  readonly table: string
  /** Of these parsers, in this order. */
  readonly names: readonly string[]
  readonly seed: string
  readonly inputs: number
  /** Where the thread puts what it is at: the count of inputs, the length of this one, and its octets. */
  readonly shared: SharedArrayBuffer
}

/** Octets of `Work.shared` before those of an input. */
export const headOctets = 8
