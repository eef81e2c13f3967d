import type { Clock } from '#base'
import { OwnWrites } from '#runtime'

/**
 * What is remembered of the ConfigMaps with bundles, as `namespace/name`. All of it may be lost at any time: it is
 * never needed to decide rightly.
 */
export class BundleMemory {
  /** Our own writes. */
  readonly writes: OwnWrites
  /** ConfigMaps that are there although the cache does not show them. */
  readonly inTheWay = new Set<string>()

  constructor(clock: Clock) {
    this.writes = new OwnWrites(clock)
  }

  /** Forgets a ConfigMap that is gone, or nobody's any more. */
  forget(key: string): void {
    this.writes.forget(key)
    this.inTheWay.delete(key)
  }
}
