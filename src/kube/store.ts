import type { KubeObject } from '#api'
import { keyOf } from '#base'

/** A change of one object. `old` is what the store held before, for `updated` only. */
export interface StoreEvent<T> {
  readonly type: 'added' | 'updated' | 'deleted'
  /** `namespace/name`; the namespace is empty for cluster-scoped objects. */
  readonly key: string
  readonly object: T
  readonly old?: T
}

/** Values under which an object is found, by index name. */
export type Indexes<T> = Readonly<Record<string, (object: T) => readonly string[]>>

/** The key of an object in stores and queues. */
export const storeKeyOf = ({ metadata }: KubeObject): string =>
  keyOf({ namespace: metadata.namespace ?? '', name: metadata.name })

/**
 * Objects of one resource by `namespace/name`, with indexes. The objects are shared by all readers: never change one.
 * Writers get the events that their change amounts to.
 */
export class Store<T extends KubeObject> {
  #objects = new Map<string, T>()
  readonly #indexes: ReadonlyMap<string, Index<T>>

  constructor(indexes: Indexes<T> = {}) {
    this.#indexes = new Map(Object.entries(indexes).map(([name, valuesOf]) => [name, new Index(valuesOf)]))
  }

  get size(): number {
    return this.#objects.size
  }

  get(key: string): T | undefined {
    return this.#objects.get(key)
  }

  list(): T[] {
    return [...this.#objects.values()]
  }

  values(): IterableIterator<T> {
    return this.#objects.values()
  }

  /** @throws RangeError when there is no index of that name */
  byIndex(name: string, value: string): readonly T[] {
    const index = this.#indexes.get(name)
    if (!index) throw new RangeError(`the store has no index "${name}"`)
    return index.get(value)
  }

  /** Puts an object in place of the one with the same name. */
  set(object: T): StoreEvent<T>[] {
    const key = storeKeyOf(object)
    const old = this.#objects.get(key)
    const events = difference(key, old, object)
    if (events.length === 0) return events
    this.#objects.set(key, object)
    this.#reindex(key, old, object)
    return events
  }

  /** Removes the object with the key of `last`, which is its last state. */
  delete(last: T): StoreEvent<T>[] {
    const key = storeKeyOf(last)
    const old = this.#objects.get(key)
    if (!old) return []
    this.#objects.delete(key)
    this.#reindex(key, old, undefined)
    return [{ type: 'deleted', key, object: old.metadata.uid === last.metadata.uid ? last : old }]
  }

  /** Makes `fresh` the whole content, in one step; deletions come first among the events. */
  replace(fresh: ReadonlyMap<string, T>): StoreEvent<T>[] {
    const before = this.#objects
    this.#objects = new Map(fresh)
    const deleted: StoreEvent<T>[] = []
    for (const [key, old] of before) {
      if (fresh.has(key)) continue
      this.#reindex(key, old, undefined)
      deleted.push({ type: 'deleted', key, object: old })
    }
    const changed: StoreEvent<T>[] = []
    for (const [key, object] of fresh) {
      const old = before.get(key)
      const events = difference(key, old, object)
      this.#reindex(key, old, object)
      changed.push(...events)
    }
    return [...deleted, ...changed]
  }

  #reindex(key: string, old: T | undefined, object: T | undefined): void {
    for (const index of this.#indexes.values()) index.move(key, old, object)
  }
}

/** A new uid is another object: the old one is gone. Equal uid and version is no news. */
function difference<T extends KubeObject>(key: string, old: T | undefined, object: T): StoreEvent<T>[] {
  if (!old) return [{ type: 'added', key, object }]
  if (old.metadata.uid !== object.metadata.uid) {
    return [
      { type: 'deleted', key, object: old },
      { type: 'added', key, object },
    ]
  }
  if (old.metadata.resourceVersion === object.metadata.resourceVersion) return []
  return [{ type: 'updated', key, object, old }]
}

class Index<T> {
  readonly #valuesOf: (object: T) => readonly string[]
  /** Most values lead to one object: a Map for each of those would take more room than the objects. */
  readonly #found = new Map<string, One<T> | Map<string, T>>()

  constructor(valuesOf: (object: T) => readonly string[]) {
    this.#valuesOf = valuesOf
  }

  get(value: string): readonly T[] {
    const found = this.#found.get(value)
    if (found instanceof Map) return [...found.values()]
    return found ? [found.object] : []
  }

  move(key: string, old: T | undefined, object: T | undefined): void {
    for (const value of old ? this.#valuesOf(old) : []) this.#remove(value, key)
    for (const value of object ? this.#valuesOf(object) : []) if (object) this.#add(value, key, object)
  }

  #add(value: string, key: string, object: T): void {
    const found = this.#found.get(value)
    if (found instanceof Map) found.set(key, object)
    else if (found === undefined || found.key === key) this.#found.set(value, { key, object })
    else this.#found.set(value, new Map([[found.key, found.object]]).set(key, object))
  }

  #remove(value: string, key: string): void {
    const found = this.#found.get(value)
    if (found instanceof Map) found.delete(key)
    if (found instanceof Map ? found.size === 0 : found?.key === key) this.#found.delete(value)
  }
}

interface One<T> {
  readonly key: string
  readonly object: T
}
