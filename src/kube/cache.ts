import type { KubeObject } from '#api'
import { fromKey } from '#base'
import { Reflector, type ReflectorOptions } from './reflector.ts'
import type { StoreEvent } from './store.ts'

export interface CacheOptions<T extends KubeObject>
  extends Omit<ReflectorOptions<T>, 'namespace' | 'fieldSelector' | 'isGone'> {
  /** Namespaces to watch: what is in them or, of the resource Namespace, they themselves; all when it is empty. */
  readonly namespaces: readonly string[]
  /** Whether it is known that a namespace does not exist. */
  readonly isGone?: ((namespace: string) => boolean) | undefined
}

/** What the API server holds of one resource, kept up to date: one reflector for the cluster or one per namespace. */
export class Cache<T extends KubeObject> {
  readonly #byNamespace: ReadonlyMap<string, Reflector<T>>
  readonly #everywhere: Reflector<T> | undefined
  readonly #isNamespaced: boolean

  constructor({ namespaces, isGone, ...options }: CacheOptions<T>) {
    this.#isNamespaced = options.resource.namespaced
    const only = (namespace: string) =>
      this.#isNamespaced
        ? { namespace, isGone: () => isGone?.(namespace) ?? false }
        : { fieldSelector: `metadata.name=${namespace}` }
    this.#byNamespace = new Map(namespaces.map((each) => [each, new Reflector<T>({ ...options, ...only(each) })]))
    this.#everywhere = namespaces.length === 0 ? new Reflector<T>(options) : undefined
  }

  /** Resolves when every reflector has the whole view. */
  get synced(): Promise<void> {
    return Promise.all(this.#reflectors.map((reflector) => reflector.synced)).then(() => {})
  }

  hasSynced(): boolean {
    return this.#reflectors.every((reflector) => reflector.hasSynced())
  }

  get size(): number {
    return this.#reflectors.reduce((total, { store }) => total + store.size, 0)
  }

  /** Milliseconds since the API server was last heard of. */
  staleMs(): number {
    return Math.max(0, ...this.#reflectors.map((reflector) => reflector.staleMs()))
  }

  get(key: string): T | undefined {
    const { namespace, name } = fromKey(key)
    const reflector = this.#everywhere ?? this.#byNamespace.get(this.#isNamespaced ? namespace : name)
    return reflector?.store.get(key)
  }

  *values(): Generator<T> {
    for (const { store } of this.#reflectors) yield* store.values()
  }

  byIndex(name: string, value: string): readonly T[] {
    return this.#reflectors.flatMap(({ store }) => store.byIndex(name, value))
  }

  listen(listener: (event: StoreEvent<T>) => void): void {
    for (const reflector of this.#reflectors) reflector.listen(listener)
  }

  start(): void {
    for (const reflector of this.#reflectors) reflector.start()
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors.map((reflector) => reflector.stop()))
  }

  get #reflectors(): readonly Reflector<T>[] {
    return this.#everywhere ? [this.#everywhere] : [...this.#byNamespace.values()]
  }
}
