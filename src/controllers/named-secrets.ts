import { NamedWatches, resources, type SeenObject } from '#kube'
import type { ControllerTools } from './tools.ts'

/** Others' Secrets that are watched by name at a time; what is more is looked at within the hour. */
const watchesMax = 100
/** Of these, in one namespace: who names many Secrets does not take the watches of all others. */
const watchesPerNamespace = 20

/**
 * Watches Secrets that are not ours and matter to objects by their names: one that is in the way, so that we notice
 * when it goes; one that a user names, so that we notice when it comes or changes. Keys are `namespace/name`.
 */
export class NamedSecrets {
  readonly #tools: ControllerTools
  readonly #watches: NamedWatches
  /** The Secrets that matter to an object, and the objects that a Secret matters to. */
  readonly #byObject = new Map<string, readonly string[]>()
  readonly #bySecret = new Map<string, Set<string>>()

  /** @param wake called with the key of an object when a Secret has changed that matters to it */
  constructor(tools: ControllerTools, wake: (key: string) => void) {
    const { client, clock, logger, random } = tools
    this.#tools = tools
    this.#watches = new NamedWatches({
      client,
      resource: resources.secrets,
      max: watchesMax,
      maxPerNamespace: watchesPerNamespace,
      clock,
      logger,
      random,
      onChange: (secretKey) => {
        for (const key of this.#bySecret.get(secretKey) ?? []) wake(key)
      },
    })
  }

  /** Takes note of the Secrets that matter to an object. One with our label is watched anyway. */
  note(key: string, secretKeys: readonly string[]): void {
    const before = this.#byObject.get(key) ?? []
    const now = secretKeys.filter((each) => !this.#tools.caches.secrets.get(each))
    if (now.length > 0) this.#byObject.set(key, now)
    else this.#byObject.delete(key)
    for (const secretKey of now) {
      this.#bySecret.set(secretKey, (this.#bySecret.get(secretKey) ?? new Set()).add(key))
      this.#watches.follow(secretKey)
    }
    for (const secretKey of before) if (!now.includes(secretKey)) this.#leave(key, secretKey)
  }

  /** What is known of a Secret without reading it; undefined: it is not watched. */
  seen(secretKey: string): SeenObject | undefined {
    return this.#tools.caches.secrets.get(secretKey) ?? this.#watches.seen(secretKey)
  }

  stop(): Promise<void> {
    return this.#watches.stop()
  }

  #leave(key: string, secretKey: string): void {
    const objects = this.#bySecret.get(secretKey)
    objects?.delete(key)
    if (objects === undefined || objects.size > 0) return
    this.#bySecret.delete(secretKey)
    this.#watches.unfollow(secretKey)
  }
}
