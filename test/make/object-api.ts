import type { KubeObject, ObjectMeta, PartialObject } from '#api'
import { keyOf, type ObjectKey } from '#base'
import {
  ApiError,
  type DeleteOptions,
  type KubeClient,
  type PatchOptions,
  type RequestOptions,
  type Resource,
  type Selection,
  storeKeyOf,
  type WatchEvent,
  type WatchOptions,
} from '#kube'

type Members = Record<string, unknown>

interface Watcher extends Selection {
  readonly resource: Resource
  readonly onEvent: (event: WatchEvent) => void
}

/**
 * Objects of any kind as an API server keeps them, and without its checks: for tests with a clock of their own, or with
 * more objects or more refusals than a real server is to be burdened with.
 */
export class ObjectApi {
  /** `verb plural name` of each request for one object, such as `patch certificates/status web`. */
  readonly requests: string[] = []
  /** Why a request is refused, if it is; asked before it is carried out. */
  refuse: (request: string) => ApiError | undefined = () => undefined
  readonly #objects = new Map<string, Map<string, KubeObject>>()
  readonly #watchers = new Set<Watcher>()
  #version = 1000

  readonly client = {
    get: async ({ plural }: Resource, key: ObjectKey) =>
      this.#answer('get', plural, key, () => this.#found(plural, key)),
    create: async (resource: Resource, object: KubeObject, options?: RequestOptions) => {
      const { namespace = '', name } = object.metadata
      return this.#answer('create', resource.plural, { namespace, name }, () => {
        if (this.find(resource, keyOf({ namespace, name }))) throw refusal(409, 'AlreadyExists')
        return answered(this.put(resource, object), options)
      })
    },
    mergePatch: async (resource: Resource, key: ObjectKey, patch: PartialObject, options: PatchOptions = {}) => {
      const asked = options.subresource ? `${resource.plural}/${options.subresource}` : resource.plural
      return this.#answer('patch', asked, key, () => {
        const before = this.#found(resource.plural, key)
        hold(before.metadata, patch.metadata)
        return answered(this.put(resource, merged(before, patch) as KubeObject), options)
      })
    },
    delete: async (resource: Resource, key: ObjectKey, options: DeleteOptions = {}) =>
      this.#answer('delete', resource.plural, key, () => {
        hold(this.#found(resource.plural, key).metadata, options)
        this.remove(resource, keyOf(key))
      }),
    watch: async (resource: Resource, options: WatchOptions, onEvent: (event: WatchEvent) => void) => {
      const watcher = { ...options, resource, onEvent }
      for (const object of this.#kept(resource.plural).values()) tell(watcher, 'ADDED', object)
      const end = { resourceVersion: String(this.#version), annotations: { 'k8s.io/initial-events-end': 'true' } }
      onEvent({ type: 'BOOKMARK', object: { apiVersion: 'v1', kind: 'Bookmark', metadata: { name: '', ...end } } })
      this.#watchers.add(watcher)
      await new Promise((resolve) => options.signal?.addEventListener('abort', resolve))
      this.#watchers.delete(watcher)
    },
  } as unknown as KubeClient

  /** An object as it is kept. @param key `namespace/name` */
  find<T extends KubeObject>({ plural }: Resource, key: string): T | undefined {
    return this.#kept(plural).get(key) as T | undefined
  }

  /** Puts an object in place of the one with the same name, as if somebody had written it. */
  put<T extends KubeObject>(resource: Resource, object: T): T {
    const key = storeKeyOf(object)
    const before = this.find<T>(resource, key)
    const uid = before?.metadata.uid ?? object.metadata.uid ?? `uid-${this.#version}`
    const metadata: ObjectMeta = { ...object.metadata, uid, resourceVersion: String(++this.#version) }
    const kept = { ...structuredClone(object), metadata }
    this.#kept(resource.plural).set(key, kept)
    this.#tell(resource, before ? 'MODIFIED' : 'ADDED', kept)
    return kept
  }

  /** Removes an object, as if somebody had deleted it. */
  remove(resource: Resource, key: string): void {
    const before = this.find(resource, key)
    if (!before) return
    this.#kept(resource.plural).delete(key)
    const metadata = { ...before.metadata, resourceVersion: String(++this.#version) }
    this.#tell(resource, 'DELETED', { ...before, metadata })
  }

  #kept(plural: string): Map<string, KubeObject> {
    const kept = this.#objects.get(plural) ?? new Map()
    this.#objects.set(plural, kept)
    return kept
  }

  #found(plural: string, key: ObjectKey): KubeObject {
    const found = this.#kept(plural).get(keyOf(key))
    if (!found) throw refusal(404, 'NotFound')
    return found
  }

  #answer<T>(verb: string, plural: string, { name }: ObjectKey, carryOut: () => T): T {
    const request = `${verb} ${plural} ${name}`
    this.requests.push(request)
    const refused = this.refuse(request)
    if (refused) throw refused
    return structuredClone(carryOut())
  }

  #tell({ plural }: Resource, type: WatchEvent['type'], object: KubeObject): void {
    const told = structuredClone(object)
    const watchers = [...this.#watchers].filter(({ resource }) => resource.plural === plural)
    // The answer to a write comes before its echo, most of the time.
    setImmediate(() => {
      for (const watcher of watchers) tell(watcher, type, told)
    })
  }
}

const refusal = (status: number, apiReason: string): ApiError => new ApiError(apiReason, { status, apiReason })

function tell({ onEvent, metadataOnly, ...selection }: Watcher, type: WatchEvent['type'], object: KubeObject): void {
  const { metadata } = object
  const { namespace, labelSelector, fieldSelector = '' } = selection
  const isNamed = fieldSelector === '' || fieldSelector === `metadata.name=${metadata.name}`
  const isLabelled = labelSelector === undefined || metadata.labels?.[labelSelector] !== undefined
  if (!isNamed || !isLabelled || (namespace && namespace !== metadata.namespace)) return
  onEvent({ type, object: structuredClone(answered(object, { metadataOnly })) })
}

const answered = (object: KubeObject, { metadataOnly }: Pick<RequestOptions, 'metadataOnly'> = {}): KubeObject =>
  metadataOnly ? { apiVersion: object.apiVersion, kind: object.kind, metadata: object.metadata } : object

function hold(metadata: ObjectMeta, { uid, resourceVersion }: Pick<DeleteOptions, 'uid' | 'resourceVersion'>): void {
  const isOther = uid !== undefined && uid !== metadata.uid
  const isChanged = resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion
  if (isOther || isChanged) throw refusal(409, 'Conflict')
}

/** RFC 7396. */
function merged(target: unknown, patch: unknown): unknown {
  if (!isMembers(patch)) return patch
  const result: Members = isMembers(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = merged(result[name], value)
  }
  return result
}

const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
