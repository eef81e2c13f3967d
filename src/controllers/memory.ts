import { type ObjectMeta, secretLabel } from '#api'
import type { Clock, Instant } from '#base'
import { OwnWrites } from '#runtime'
import { FailedAttempts } from './failed-attempts.ts'

/** Issuances and refreshes of one object that are remembered. */
const timesMax = 32

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
  /** Attempts to bring their Secrets in line; the version is of all that decides what is in line. */
  readonly unrefreshed = new FailedAttempts()
  readonly #views = new Map<string, Remembered<View>>()
  readonly #inDoubt = new Set<string>()
  readonly #issued = new Map<string, readonly Instant[]>()
  readonly #refreshed = new Map<string, readonly Instant[]>()
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
    this.objects = new OwnWrites(clock)
    this.secrets = new OwnWrites(clock)
  }

  /** When certificates were issued for the object lately, the earliest first. */
  issuedLately(key: string): readonly Instant[] {
    return this.#issued.get(key) ?? []
  }

  /** Notes that one has been issued now: what the Secret holds beside it is in line with that. */
  noteIssued(key: string): void {
    this.unrefreshed.forget(key)
    this.#issued.set(key, [...this.issuedLately(key), this.#clock.now()].slice(-timesMax))
  }

  /** When the object's Secret was brought in line lately without a certificate being issued, the earliest first. */
  refreshedLately(key: string): readonly Instant[] {
    return this.#refreshed.get(key) ?? []
  }

  /** Notes that it has been brought in line now. */
  noteRefreshed(key: string): void {
    this.unrefreshed.forget(key)
    this.#refreshed.set(key, [...this.refreshedLately(key), this.#clock.now()].slice(-timesMax))
  }

  /** What that very version of the object's Secret was found to hold when it was read with that very question. */
  recall(key: string, resourceVersion: string | undefined, question: string): View | undefined {
    const remembered = this.#views.get(key)
    const isSame = remembered?.resourceVersion === resourceVersion && remembered?.question === question
    return isSame ? remembered?.view : undefined
  }

  /**
   * Remembers what a version of the object's Secret holds; without a version (there is none) it forgets. By object, not
   * by Secret: of two objects that name one Secret, it is somebody else's to one of them.
   */
  remember(key: string, resourceVersion: string | undefined, question: string, view: View): void {
    if (resourceVersion === undefined) this.#views.delete(key)
    else this.#views.set(key, { resourceVersion, question, view })
  }

  /** A write may or may not have taken effect: the object's Secret must be read before the next decision. */
  doubt(key: string): void {
    this.#inDoubt.add(key)
  }

  isInDoubt(key: string): boolean {
    return this.#inDoubt.has(key)
  }

  /**
   * The Secret has been read. After a doubt the cache may still be behind what was read: a version of ours counts as
   * our own last write, so that the next decision waits for it.
   */
  settle(key: string, secretKey: string, read: ObjectMeta | undefined): void {
    if (this.#inDoubt.delete(key) && read?.labels?.[secretLabel]) this.secrets.note(secretKey, read.resourceVersion)
  }

  forget(key: string): void {
    this.#views.delete(key)
    this.#inDoubt.delete(key)
    this.#issued.delete(key)
    this.#refreshed.delete(key)
    this.unrefreshed.forget(key)
    this.objects.forget(key)
  }
}
