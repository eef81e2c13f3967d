import type { KeyObject } from 'node:crypto'
import type { Clock } from '#base'
import { OwnWrites } from '#runtime'

/** What is remembered of one generation's CRL. */
export interface CrlMemory {
  /** The key of the CA certificate with that fingerprint. */
  ca?: { readonly fingerprint: string; readonly publicKey: KeyObject }
  /** The highest number that was seen or signed. */
  highestNumber: bigint
  /** When the last one was signed, by the clock that never jumps. */
  signedAtMs?: number
  /** There is a ConfigMap of its name that the cache does not show. */
  isInTheWay?: boolean
}

/** What is remembered beside the caches. All of it may be lost at any time: it is never needed to decide rightly. */
export class CrlMemories {
  /** Our own writes of ConfigMaps. */
  readonly writes: OwnWrites
  readonly #byAuthority = new Map<string, Map<number, CrlMemory>>()

  constructor(clock: Clock) {
    this.writes = new OwnWrites(clock)
  }

  of(authority: string, generation: number): CrlMemory {
    const generations = this.#byAuthority.get(authority) ?? new Map<number, CrlMemory>()
    this.#byAuthority.set(authority, generations)
    const memory = generations.get(generation) ?? { highestNumber: 0n }
    generations.set(generation, memory)
    return memory
  }

  /** Forgets an Authority that is gone. */
  forget(authority: string): void {
    this.#byAuthority.delete(authority)
  }
}
