import type { Clock } from '#base'
import { OwnWrites } from '#runtime'

interface Remembered<View> {
  readonly resourceVersion: string
  readonly question: string
  readonly view: View
}

/**
 * What a controller remembers beside the caches, to read and write less: its own last writes, and what Secrets were
 * found to hold. All of it may be lost at any time: it is never needed to decide rightly.
 */
export class Memory<View> {
  /** Our own writes of the objects that the controller reconciles. */
  readonly objects: OwnWrites
  /** Our own writes of their Secrets. */
  readonly secrets: OwnWrites
  readonly #views = new Map<string, Remembered<View>>()
  readonly #inDoubt = new Set<string>()

  constructor(clock: Clock) {
    this.objects = new OwnWrites(clock)
    this.secrets = new OwnWrites(clock)
  }

  /** What that very version of the Secret was found to hold when it was read with that very question. */
  recall(secretKey: string, resourceVersion: string | undefined, question: string): View | undefined {
    const remembered = this.#views.get(secretKey)
    const isSame = remembered?.resourceVersion === resourceVersion && remembered?.question === question
    return isSame ? remembered?.view : undefined
  }

  /** Remembers what a version of a Secret holds; without a version (there is none) it forgets. */
  remember(secretKey: string, resourceVersion: string | undefined, question: string, view: View): void {
    if (resourceVersion === undefined) this.#views.delete(secretKey)
    else this.#views.set(secretKey, { resourceVersion, question, view })
  }

  forgetSecret(secretKey: string): void {
    this.#views.delete(secretKey)
    this.secrets.forget(secretKey)
  }

  /** A write may or may not have taken effect: the object's Secret must be read before the next decision. */
  doubt(key: string): void {
    this.#inDoubt.add(key)
  }

  isInDoubt(key: string): boolean {
    return this.#inDoubt.has(key)
  }

  /** The Secret has been read. */
  settle(key: string): void {
    this.#inDoubt.delete(key)
  }

  forget(key: string): void {
    this.#inDoubt.delete(key)
    this.objects.forget(key)
  }
}
