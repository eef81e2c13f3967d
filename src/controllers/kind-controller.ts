import type { KubeObject } from '#api'
import { type Cache, storeKeyOf } from '#kube'
import { Controller, type Settled } from '#runtime'
import { Memory } from './memory.ts'
import { NamedSecrets } from './named-secrets.ts'
import { behindMs, type ControllerTools } from './tools.ts'

/** What `observe` found: the object is gone, the caches are behind our own writes, or a world to decide about. */
export type Observation<World> =
  | { readonly found: 'gone' }
  | { readonly found: 'behind' }
  | { readonly found: 'world'; readonly world: World }

/** What a visit to one object works with. */
export interface Visit<View> {
  readonly memory: Memory<View>
  readonly namedSecrets: Pick<NamedSecrets, 'seen'>
  readonly signal: AbortSignal
}

/** What differs from kind to kind. `View` is what a Secret of the kind was found to hold. */
export interface KindParts<T extends KubeObject, World, View> {
  readonly name: string
  readonly cache: Cache<T>
  observe(key: string, visit: Visit<View>): Promise<Observation<World>>
  /** `namespace/name` of the Secrets that matter to the object and are not ours. */
  namedSecrets(world: World): readonly string[]
  /** The objects that a Secret matters to. */
  ownersOf(secretKey: string): Iterable<KubeObject>
  /** Plan, act, conclude. */
  settle(world: World, visit: Visit<View>): Promise<Settled>
  /** Keys of objects that may be gone and have left something behind. */
  leftovers?(): Iterable<string>
  /** Clears away what an object that is gone has left; undefined when there is nothing. */
  clear?(key: string, visit: Visit<View>): Promise<Settled | undefined>
  /** Forgets what is kept of an object that is gone. */
  forget?(key: string): void
}

/** The controller of one kind. */
export interface KindController {
  readonly controller: Controller
  /** Asks for a visit to each. */
  wake(objects: Iterable<KubeObject>): void
  /** Ends what it watches beside the caches. */
  close(): Promise<void>
}

/** What the controllers of all kinds that keep a Secret have in common: the visit, and what wakes an object. */
export function createKindController<T extends KubeObject, World, View>(
  kind: KindParts<T, World, View>,
  tools: ControllerTools,
): KindController {
  const { caches, clock, logger, random, ownership, concurrency } = tools
  const memory = new Memory<View>(clock)
  const namedSecrets = new NamedSecrets(tools, (key) => controller.enqueue(key))
  const controller = new Controller({
    name: kind.name,
    concurrency,
    reconcile,
    keys: () => [...[...kind.cache.values()].map(storeKeyOf), ...(kind.leftovers?.() ?? [])],
    ownership,
    clock,
    logger,
    random,
    onReconciled: (result, durationMs) => tools.onReconciled(kind.name, result, durationMs),
    onTaken: (waitedMs) => tools.onTaken(kind.name, waitedMs),
  })

  async function reconcile(key: string, signal: AbortSignal): Promise<Settled> {
    const visit = { memory, namedSecrets, signal }
    const seen = await kind.observe(key, visit)
    if (seen.found === 'gone') return (await kind.clear?.(key, visit)) ?? forget(key)
    if (seen.found === 'behind') return { againInMs: behindMs }
    namedSecrets.note(key, kind.namedSecrets(seen.world))
    return kind.settle(seen.world, visit)
  }

  function forget(key: string): Settled {
    memory.forget(key)
    namedSecrets.note(key, [])
    kind.forget?.(key)
    controller.forget(key)
    return { againInMs: undefined }
  }

  function wakeBySecret(secretKey: string): void {
    wake(kind.ownersOf(secretKey))
  }

  function wake(objects: Iterable<KubeObject>): void {
    for (const object of objects) controller.enqueue(storeKeyOf(object))
  }

  kind.cache.listen(({ type, key, object }) => {
    if (type === 'deleted') memory.forget(key)
    if (memory.objects.isNews(key, object.metadata.resourceVersion)) controller.enqueue(key)
  })
  caches.secrets.listen(({ type, key, object }) => {
    if (type === 'deleted') memory.secrets.forget(key)
    if (memory.secrets.isNews(key, object.metadata.resourceVersion)) wakeBySecret(key)
  })
  return { controller, wake, close: () => namedSecrets.stop() }
}
