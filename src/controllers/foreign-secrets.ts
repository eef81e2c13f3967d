import { NamedWatches, resources } from '#kube'
import type { ControllerTools } from './tools.ts'

/** Somebody else's Secrets that are watched by name at a time; what is more is looked at within the hour. */
const watchesMax = 100

/** Watches Secrets that are in the way and not ours by their names, so that we notice when they go. */
export class ForeignSecrets {
  readonly #tools: ControllerTools
  readonly #watches: NamedWatches

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

  /** Takes note of whether the Secret was found to be somebody else's. One with our label is watched anyway. */
  note(secretKey: string, isForeign: boolean): void {
    const isWatchedByLabel = this.#tools.caches.secrets.get(secretKey) !== undefined
    if (isForeign && !isWatchedByLabel) this.#watches.follow(secretKey)
    else this.#watches.unfollow(secretKey)
  }

  stop(): Promise<void> {
    return this.#watches.stop()
  }
}
