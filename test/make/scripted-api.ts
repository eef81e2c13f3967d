import assert from 'node:assert/strict'
import type { ConfigMap, KubeObject } from '#api'
import { isFailure, keyOf, type ObjectKey } from '#base'
import {
  ApiError,
  type DeleteOptions,
  type KubeClient,
  type ListOptions,
  type Resource,
  type WatchEvent,
  type WatchOptions,
} from '#kube'
import { decodeShard, type RegisterEntry } from '#plan'

export type ScriptedConfigMap = ConfigMap & { binaryData: Record<string, string> }
/** What becomes of a write: it is refused, or it lands and the answer is lost. */
export type Fault = 'refused' | 'lost'

const isOf = ({ plural }: Resource, { kind }: KubeObject): boolean =>
  `${kind.toLowerCase()}s` === plural.replace('ies', 'ys')

const answer = (status: number, apiReason = ''): ApiError =>
  new ApiError(apiReason || 'no answer', { status, apiReason })

/** ConfigMaps as an API server keeps them; all other objects stay as they are. */
export class ScriptedApi {
  readonly configMaps = new Map<string, ScriptedConfigMap>()
  readonly objects: KubeObject[] = []
  /** `verb name` of each request for ConfigMaps. */
  readonly requests: string[] = []
  readonly faults: Fault[] = []
  readonly #watchers: [Resource, (event: WatchEvent) => void][] = []
  /** Above that of any object a test begins with. */
  #version = 1000

  readonly client = {
    list: async (_: unknown, { namespace, limit = 1000, continue: from = '0' }: ListOptions) => {
      this.#answer('list')
      const all = [...this.configMaps.values()].filter((each) => !namespace || each.metadata.namespace === namespace)
      const end = Number(from) + limit
      const next = all.length > end ? { continue: String(end) } : {}
      return { items: structuredClone(all.slice(Number(from), end)), resourceVersion: '1', ...next }
    },
    get: async (_: unknown, key: ObjectKey) => {
      this.#answer(`get ${key.name}`)
      return structuredClone(this.#found(key))
    },
    create: async (_: unknown, object: ScriptedConfigMap) => {
      const { namespace = '', name } = object.metadata
      return this.#write(`create ${name}`, () => {
        const key = keyOf({ namespace, name })
        if (this.configMaps.has(key)) throw answer(409, 'AlreadyExists')
        const metadata = { ...object.metadata, uid: `uid-${++this.#version}` }
        this.configMaps.set(key, { ...structuredClone(object), metadata })
        return this.touch(key)
      })
    },
    mergePatch: async (_: unknown, key: ObjectKey, patch: ScriptedConfigMap) =>
      this.#write(`patch ${key.name}`, () => {
        this.#hold(this.#found(key), patch.metadata)
        Object.assign(this.#found(key).binaryData, patch.binaryData)
        return this.touch(keyOf(key))
      }),
    delete: async (_: unknown, key: ObjectKey, precondition: DeleteOptions) =>
      this.#write(`delete ${key.name}`, () => {
        this.#hold(this.#found(key), precondition)
        this.configMaps.delete(keyOf(key))
      }),
    watch: async (resource: Resource, { signal }: WatchOptions, onEvent: (event: WatchEvent) => void) => {
      this.#watchers.push([resource, onEvent])
      for (const object of this.objects.filter((each) => isOf(resource, each)))
        onEvent({ type: 'ADDED', object: structuredClone(object) })
      const end = { resourceVersion: '1', annotations: { 'k8s.io/initial-events-end': 'true' } }
      onEvent({ type: 'BOOKMARK', object: { apiVersion: 'v1', kind: 'x', metadata: { name: '', ...end } } })
      await new Promise((resolve) => signal?.addEventListener('abort', resolve))
    },
  } as unknown as KubeClient

  get writes(): string[] {
    return this.requests.filter((request) => /^(create|patch|delete)/.test(request))
  }

  /** Tells those who watch that an object has changed. */
  tell(object: KubeObject): void {
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) }
    for (const [resource, onEvent] of this.#watchers) {
      if (isOf(resource, object)) onEvent({ type: 'MODIFIED', object: structuredClone({ ...object, metadata }) })
    }
  }

  /** Gives a ConfigMap another version. */
  touch(key: string): ScriptedConfigMap {
    const configMap = this.configMaps.get(key)
    assert.ok(configMap)
    configMap.metadata.resourceVersion = String(++this.#version)
    return structuredClone(configMap)
  }

  /** The entries of all shards that can be read. */
  stored(): RegisterEntry[] {
    return [...this.configMaps.values()].flatMap((configMap) => {
      try {
        return decodeShard(bytesOf(configMap))
      } catch (error) {
        if (isFailure(error)) return []
        throw error
      }
    })
  }

  #answer(request: string): void {
    this.requests.push(request)
    if (this.faults[0] === 'refused') throw answer(500, this.faults.shift())
  }

  #write<T>(request: string, apply: () => T): T {
    this.#answer(request)
    const result = apply()
    if (this.faults.shift() === 'lost') throw answer(0)
    return result
  }

  #found(key: ObjectKey): ScriptedConfigMap {
    const configMap = this.configMaps.get(keyOf(key))
    if (!configMap) throw answer(404)
    return configMap
  }

  #hold(
    { metadata }: ScriptedConfigMap,
    wanted: { readonly uid?: string | undefined; resourceVersion?: string | undefined },
  ) {
    const isSame = metadata.uid === wanted.uid && metadata.resourceVersion === wanted.resourceVersion
    if (!isSame) throw answer(409, 'Conflict')
  }
}

const bytesOf = ({ binaryData }: ScriptedConfigMap): Buffer =>
  Buffer.from(binaryData['entries.jsonl.gz'] ?? '', 'base64')
