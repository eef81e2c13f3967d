import type { ObjectMeta } from '#api'
import type { Clock, Logger } from '#base'
import { fromKey } from '#base'
import type { KubeClient } from './client.ts'
import { Reflector } from './reflector.ts'
import type { Resource } from './resource.ts'

export interface NamedWatchesOptions {
  readonly client: KubeClient
  readonly resource: Resource
  /** Watches open at a time. */
  readonly max: number
  /** Of these, for objects of one namespace. */
  readonly maxPerNamespace: number
  /** Something happened to the object with that key. */
  readonly onChange: (key: string) => void
  readonly clock: Clock
  readonly logger: Logger
  readonly random?: (() => number) | undefined
}

/** What a watch says of an object. */
export interface SeenObject {
  /** Undefined: the object does not exist. */
  readonly metadata: ObjectMeta | undefined
}

/**
 * Watches single objects by name, metadata only: for the few that matter and cannot be selected by a label, so that
 * nothing is learnt of all the others.
 */
export class NamedWatches {
  readonly #options: NamedWatchesOptions
  readonly #reflectors = new Map<string, Reflector>()

  constructor(options: NamedWatchesOptions) {
    this.#options = options
  }

  /** Watches `namespace/name`. False when too many are watched already: the caller then looks now and then. */
  follow(key: string): boolean {
    if (this.#reflectors.has(key)) return true
    const { client, resource, clock, logger, random, onChange } = this.#options
    const { namespace, name } = fromKey(key)
    if (!this.#hasRoom(namespace)) return false
    const fieldSelector = `metadata.name=${name}`
    const reflector = new Reflector({
      client,
      resource,
      namespace,
      fieldSelector,
      metadataOnly: true,
      clock,
      logger,
      random,
    })
    reflector.listen(() => onChange(key))
    this.#reflectors.set(key, reflector)
    reflector.start()
    // What has gone before the watch began is told by nobody.
    void reflector.synced.then(() => onChange(key))
    return true
  }

  /** What the watch of an object says of it; undefined while it says nothing, or there is none. */
  seen(key: string): SeenObject | undefined {
    const reflector = this.#reflectors.get(key)
    return reflector?.hasSynced() ? { metadata: reflector.store.get(key)?.metadata } : undefined
  }

  unfollow(key: string): void {
    const reflector = this.#reflectors.get(key)
    this.#reflectors.delete(key)
    // A stopped reflector says nothing more; its end need not be waited for.
    void reflector?.stop()
  }

  async stop(): Promise<void> {
    const reflectors = [...this.#reflectors.values()]
    this.#reflectors.clear()
    await Promise.all(reflectors.map((reflector) => reflector.stop()))
  }

  #hasRoom(namespace: string): boolean {
    const { max, maxPerNamespace } = this.#options
    const keys = [...this.#reflectors.keys()]
    return keys.length < max && keys.filter((key) => fromKey(key).namespace === namespace).length < maxPerNamespace
  }
}
