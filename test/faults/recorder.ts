import { setTimeout as sleep } from 'node:timers/promises'
import type { Pool } from 'undici'
import { type ClusterAccess, credentialHeaders, openPool, readKubeconfig } from './kubeconfig.ts'

/** An object as the API server gives it; `data` is what a Secret or ConfigMap has. */
export interface VersionedObject {
  readonly metadata: { readonly name: string; readonly namespace?: string; uid: string; resourceVersion: string }
  readonly data?: Readonly<Record<string, string>>
  readonly [field: string]: unknown
}

/** One state of one object. DELETED carries the last state. */
export interface Version {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  readonly object: VersionedObject
}

/** Keeps every version of every object of one resource, with no fault in between. */
export interface Recorder {
  /** In the order of their resourceVersions. The array is live. */
  readonly versions: readonly Version[]
  /** The versions of the objects of this name. */
  of(name: string): Version[]
  /**
   * Returns when every object that exists now has been seen in its present version and every one that is gone as
   * deleted.
   * @throws Error when that takes more than 10 s, or the record has a gap
   */
  caughtUp(): Promise<void>
  /**
   * Stops.
   * @throws Error when the record has a gap, so that nothing can be said of every version
   */
  close(): Promise<void>
}

interface RecorderOptions {
  readonly kubeconfig: string
  /** What to watch: `/api/v1/namespaces/x/secrets`; a query with a selector may follow. */
  readonly path: string
}

/** Starts to record; what exists already comes first, as ADDED. */
export async function recordVersions({ kubeconfig, path }: RecorderOptions): Promise<Recorder> {
  const source = new Source(readKubeconfig(kubeconfig), path)
  const versions: Version[] = []
  const stopped = new AbortController()
  const { items, resourceVersion } = await source.list()
  for (const object of items) versions.push({ type: 'ADDED', object })
  let gap: unknown
  const following = follow(source, resourceVersion, versions, stopped.signal).catch((error: unknown) => {
    if (!stopped.signal.aborted) gap = error
  })
  const assertWhole = (): void => {
    if (gap) throw new Error(`the record of ${path} has a gap`, { cause: gap })
  }
  return {
    versions,
    of: (name) => versions.filter(({ object }) => object.metadata.name === name),
    async caughtUp() {
      const { items: present } = await source.list()
      const deadline = Date.now() + 10_000
      while (!holds(versions, present)) {
        assertWhole()
        if (Date.now() > deadline) throw new Error(`the record of ${path} did not catch up within 10 s`)
        await sleep(10)
      }
    },
    async close() {
      stopped.abort()
      await following
      await source.close()
      assertWhole()
    },
  }
}

/** Whether the versions have come as far as `present`, the objects of a later list. */
function holds(versions: readonly Version[], present: readonly VersionedObject[]): boolean {
  const latest = new Map(versions.map((version) => [version.object.metadata.uid, version]))
  const uids = new Set(present.map(({ metadata }) => metadata.uid))
  const seen = present.every(({ metadata }) => {
    const version = latest.get(metadata.uid)?.object.metadata.resourceVersion
    return version !== undefined && BigInt(version) >= BigInt(metadata.resourceVersion)
  })
  return seen && [...latest.values()].every(({ type, object }) => type === 'DELETED' || uids.has(object.metadata.uid))
}

/** Watches until `signal` is aborted. A watch that ends is continued where it ended. */
async function follow(source: Source, from: string, versions: Version[], signal: AbortSignal): Promise<void> {
  let version = from
  while (!signal.aborted) {
    for await (const event of source.watch(version, signal)) {
      if (event.type === 'ERROR') throw new Error(JSON.stringify(event.object))
      version = event.object.metadata.resourceVersion
      if (event.type !== 'BOOKMARK') versions.push({ type: event.type, object: event.object })
    }
  }
}

interface WatchEvent {
  readonly type: Version['type'] | 'BOOKMARK' | 'ERROR'
  readonly object: VersionedObject
}

/** Lists and watches one path of the API server. */
class Source {
  readonly #pool: Pool
  readonly #headers: Record<string, string>
  readonly #path: string

  constructor(access: ClusterAccess, path: string) {
    this.#pool = openPool(access)
    this.#headers = { accept: 'application/json', ...credentialHeaders(access) }
    this.#path = path
  }

  async list(): Promise<{ items: VersionedObject[]; resourceVersion: string }> {
    const { statusCode, body } = await this.#get({})
    if (statusCode !== 200) throw new Error(`the API server answers ${statusCode} to ${this.#path}`)
    const list = (await body.json()) as { items: VersionedObject[]; metadata: { resourceVersion: string } }
    return { items: list.items, resourceVersion: list.metadata.resourceVersion }
  }

  async *watch(resourceVersion: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const query = { watch: 'true', allowWatchBookmarks: 'true', resourceVersion }
    const { statusCode, body } = await this.#get(query, signal)
    if (statusCode !== 200) throw new Error(`the API server answers ${statusCode} to a watch of ${this.#path}`)
    let rest = ''
    for await (const text of body.setEncoding('utf8')) {
      const lines = (rest + text).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) yield JSON.parse(line)
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }

  #get(query: Record<string, string>, signal?: AbortSignal) {
    return this.#pool.request({
      method: 'GET',
      path: this.#path,
      query,
      headers: this.#headers,
      ...(signal ? { signal } : {}),
    })
  }
}
