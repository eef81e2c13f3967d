import {
  annotations,
  type ConfigMap,
  type ConfigMapContent,
  configMapLabel,
  type KubeObject,
  type ObjectMeta,
} from '#api'
import { classify, fromKey, isFailure, keyOf } from '#base'
import { ifFound, type KubeClient, resources } from '#kube'
import { decodeShard, derivedName, encodeShard, type RegisterEntry } from '#plan'

/** The very version of a ConfigMap that was read or written last. */
export interface ShardVersion {
  readonly uid: string | undefined
  readonly resourceVersion: string | undefined
}

/** A ConfigMap with our label, read. */
export interface StoredShard {
  /** `namespace/name` of the ConfigMap. */
  readonly configMap: string
  /** `namespace/name` of the Authority whose entries it holds. */
  readonly authority: string
  /** From 1. */
  readonly number: number
  readonly version: ShardVersion
  readonly entries: readonly RegisterEntry[]
  /** Why its entries cannot be read; there are none then. */
  readonly flaw?: string | undefined
}

const content: ConfigMapContent = 'register'
/** Its name says the format: another format gets another one, and an operator that does not know it reports it. */
const dataKey = 'entries.jsonl.gz'
/** Shards of less than 1 MiB in one page of a list. */
const pageSize = 20

/** All shards in the namespace (undefined: in all), page by page, in the order of their names. */
export async function* listShards(
  client: KubeClient,
  namespace: string | undefined,
  signal?: AbortSignal,
): AsyncGenerator<StoredShard> {
  const labelSelector = `${configMapLabel}=${content}`
  let next: string | undefined
  do {
    const options = { namespace, labelSelector, limit: pageSize, continue: next, signal }
    const page = await client.list<ConfigMap>(resources.configMaps, options)
    for (const configMap of page.items) yield shardIn(configMap)
    next = page.continue
  } while (next)
}

/** The shards of one Authority, one ConfigMap each. */
export class ShardStore {
  readonly #client: KubeClient
  readonly #authority: string

  constructor(client: KubeClient, authority: string) {
    this.#client = client
    this.#authority = authority
  }

  /** The shard as it is now, or undefined when there is none. One that somebody else has made has a flaw. */
  async read(number: number, signal: AbortSignal): Promise<StoredShard | undefined> {
    const key = this.#key(number)
    const found = await ifFound(this.#client.get<ConfigMap>(resources.configMaps, key, { signal }))
    const shard = found && shardIn(found)
    if (!shard || (shard.authority === this.#authority && shard.number === number)) return shard
    return { ...shard, number, entries: [], flaw: 'it was not made for the register' }
  }

  /** @throws ApiError, AlreadyExists among them */
  async create(number: number, entries: readonly RegisterEntry[], signal: AbortSignal): Promise<ShardVersion> {
    const metadata = {
      ...this.#key(number),
      labels: { [configMapLabel]: content },
      annotations: { [annotations.authority]: fromKey(this.#authority).name },
    }
    const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, binaryData: encoded(entries) }
    const options = { metadataOnly: true, signal }
    return versionOf((await this.#client.create<KubeObject>(resources.configMaps, object, options)).metadata)
  }

  /** Writes the entries in one write that only lands on the version that was seen last. @throws ApiError */
  async replace(
    number: number,
    version: ShardVersion,
    entries: readonly RegisterEntry[],
    signal: AbortSignal,
  ): Promise<ShardVersion> {
    const patch = { metadata: version, binaryData: encoded(entries) }
    const options = { metadataOnly: true, signal }
    return versionOf((await this.#client.mergePatch(resources.configMaps, this.#key(number), patch, options)).metadata)
  }

  /** @throws ApiError */
  remove(number: number, version: ShardVersion, signal: AbortSignal): Promise<void> {
    return this.#client.delete(resources.configMaps, this.#key(number), { ...version, signal })
  }

  nameOf(number: number): string {
    return keyOf(this.#key(number))
  }

  #key(number: number) {
    const { namespace, name } = fromKey(this.#authority)
    return { namespace, name: registerName(name, number) }
  }
}

const registerName = (authority: string, number: number): string => derivedName(authority, `-register-${number}`)

const versionOf = ({ uid, resourceVersion }: ObjectMeta): ShardVersion => ({ uid, resourceVersion })

const encoded = (entries: readonly RegisterEntry[]): Readonly<Record<string, string>> => ({
  [dataKey]: Buffer.from(encodeShard(entries)).toString('base64'),
})

function shardIn({ metadata, binaryData = {} }: ConfigMap): StoredShard {
  const { namespace = '', name, labels = {}, annotations: said = {} } = metadata
  const authority = said[annotations.authority] ?? ''
  const number = Number(/-register-([1-9][0-9]{0,8})$/.exec(name)?.[1] ?? 0)
  const shard = {
    configMap: keyOf({ namespace, name }),
    authority: keyOf({ namespace, name: authority }),
    number,
    version: versionOf(metadata),
  }
  const isOurs = labels[configMapLabel] === content && number > 0 && name === registerName(authority, number)
  if (!isOurs) return { ...shard, entries: [], flaw: 'it was not made for the register' }
  try {
    return { ...shard, entries: decodeShard(Buffer.from(binaryData[dataKey] ?? '', 'base64')) }
  } catch (error) {
    if (!isFailure(error)) throw error
    return { ...shard, entries: [], flaw: classify(error).message }
  }
}
