import { NamedWatches, resources } from '#kube'
import type { ControllerTools } from './tools.ts'

/** Somebody else's Secrets that are watched by name at a time; what is more is looked at within the hour. */
const watchesMax = 100

/** Watches Secrets that are in the way and not ours by their names, so that we notice when they go. */
export class ForeignSecrets {
  readonly #tools: ControllerTools
  readonly #watches: NamedWatches
  /** The Secret in the way of an object, both as `namespace/name`. */
  readonly #inTheWay = new Map<string, string>()

  /** @param wake called with `namespace/name` of a Secret that has changed */
  constructor(tools: ControllerTools, wake: (secretKey: string) => void) {
    const { client, clock, logger, random } = tools
    this.#tools = tools
    this.#watches = new NamedWatches({
      client,
      resource: resources.secrets,
      max: watchesMax,
      clock,
      logger,
      random,
      onChange: wake,
    })
  }

  /**
   * Takes note of the Secret that is in an object's way; undefined: none is, or the object is gone. One with our label
   * is watched anyway.
   */
  note(key: string, secretKey: string | undefined): void {
    const before = this.#inTheWay.get(key)
    this.#inTheWay.delete(key)
    if (secretKey !== undefined && !this.#tools.caches.secrets.get(secretKey)) {
      this.#inTheWay.set(key, secretKey)
      this.#watches.follow(secretKey)
    }
    const isInNobodysWay = before !== undefined && !this.#inTheWay.values().some((each) => each === before)
    if (isInNobodysWay) this.#watches.unfollow(before)
  }

  stop(): Promise<void> {
    return this.#watches.stop()
  }
}
