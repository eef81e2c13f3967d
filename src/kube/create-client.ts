import { z } from 'zod'
import type { KubeObject } from '#api'
import { type Clock, type Logger, type ObjectKey, second } from '#base'
import { type RequestSubject, refused, unanswered } from './api-error.ts'
import type {
  DeleteOptions,
  KubeClient,
  ListOptions,
  ObjectList,
  PatchOptions,
  RequestOptions,
  Selection,
  WatchEvent,
  WatchOptions,
} from './client.ts'
import type { Connection } from './connection.ts'
import { collectionPath, objectPath, type Resource } from './resource.ts'
import { type HttpRequest, jsonOf, Transport } from './transport.ts'

export interface KubeClientOptions {
  readonly connection: Connection
  readonly userAgent: string
  readonly clock: Clock
  readonly logger: Logger
  /** Owner of the written fields in `metadata.managedFields`. */
  readonly fieldManager: string
  /** At least 0, less than 1; spreads retries. */
  readonly random?: () => number
  /**
   * Told of every answer and how long it took to begin, for metrics; status 0 when there was none.
   * @param date the Date header: when the answer was made, by the server's clock (RFC 9110 section 6.6.1)
   */
  readonly onAnswer?:
    | ((
        request: { verb: string; resource: Resource },
        status: number,
        durationMs: number,
        date: string | undefined,
      ) => void)
    | undefined
}

const json = 'application/json'
const mergePatchType = 'application/merge-patch+json'
/** No second choice in these: a server that cannot leave the content out must not send it. */
const metadataOf = (kind: string): string => `${json};as=${kind};g=meta.k8s.io;v=v1`

const acceptOf = ({ metadataOnly = false }: { readonly metadataOnly?: boolean | undefined }): string =>
  metadataOnly ? metadataOf('PartialObjectMetadata') : json

const requestTimeoutMs = 30 * second
const idleTimeoutMs = 120 * second
const objectBytesMax = 4 * 1024 * 1024
const listBytesMax = 64 * 1024 * 1024
const eventBytesMax = 16 * 1024 * 1024

export function createKubeClient(options: KubeClientOptions): KubeClient {
  const { connection, userAgent, clock, logger, random = Math.random, onAnswer } = options
  const transport = new Transport({ connection, userAgent, clock, logger, random, onAnswer })
  return new ApiClient(transport, options.fieldManager)
}

/** The verbs: paths, queries and bodies of the Kubernetes API. */
class ApiClient implements KubeClient {
  readonly #transport: Transport
  readonly #writeQuery: string

  constructor(transport: Transport, fieldManager: string) {
    this.#transport = transport
    this.#writeQuery = `?${new URLSearchParams({ fieldManager })}`
  }

  async get<T extends KubeObject>(resource: Resource, key: ObjectKey, options: RequestOptions = {}): Promise<T> {
    const subject = { verb: 'get', resource, key }
    const request = { subject, method: 'GET', path: objectPath(resource, key), accept: acceptOf(options) } as const
    return objectOf<T>(subject, await this.#transport.send(withLimits(request, options)))
  }

  async list<T extends KubeObject>(resource: Resource, options: ListOptions): Promise<ObjectList<T>> {
    const subject = { verb: 'list', resource, key: { namespace: options.namespace ?? '' } }
    const query = queryOf(options, {
      limit: options.limit,
      continue: options.continue,
      resourceVersion: options.resourceVersion,
      resourceVersionMatch: options.resourceVersionMatch,
    })
    const answer = await this.#transport.send({
      ...withLimits({
        subject,
        method: 'GET',
        path: collectionPath(resource, options.namespace) + query,
        accept: options.metadataOnly ? metadataOf('PartialObjectMetadataList') : json,
        signal: options.signal,
      }),
      maxBytes: listBytesMax,
    })
    return listOf<T>(subject, answer)
  }

  async create<T extends KubeObject>(resource: Resource, object: T, options: RequestOptions = {}): Promise<T> {
    const { namespace = '', name } = object.metadata
    // A namespaced object without a namespace is refused here; the path of a creation ends before the name.
    objectPath(resource, { namespace, name })
    const path = collectionPath(resource, namespace) + this.#writeQuery
    return this.#write<T>({ verb: 'create', resource, key: object.metadata }, 'POST', path, object, json, options)
  }

  async mergePatch<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    patch: object,
    options: PatchOptions = {},
  ): Promise<T> {
    const path = objectPath(resource, key, options.subresource) + this.#writeQuery
    return this.#write<T>({ verb: 'patch', resource, key }, 'PATCH', path, patch, mergePatchType, options)
  }

  async replace<T extends KubeObject>(resource: Resource, object: T, options: PatchOptions = {}): Promise<T> {
    const { namespace = '', name } = object.metadata
    const path = objectPath(resource, { namespace, name }, options.subresource) + this.#writeQuery
    return this.#write<T>({ verb: 'replace', resource, key: object.metadata }, 'PUT', path, object, json, options)
  }

  async delete(resource: Resource, key: ObjectKey, options: DeleteOptions = {}): Promise<void> {
    const { uid, resourceVersion } = options
    const body = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } }
    await this.#transport.send(
      withLimits(
        {
          subject: { verb: 'delete', resource, key },
          method: 'DELETE',
          path: objectPath(resource, key),
          accept: json,
          contentType: json,
          body: JSON.stringify(body),
        },
        options,
      ),
    )
  }

  async watch(resource: Resource, options: WatchOptions, onEvent: (event: WatchEvent) => void): Promise<void> {
    const subject = { verb: 'watch', resource, key: { namespace: options.namespace ?? '' } }
    const query = queryOf(options, {
      watch: 'true',
      allowWatchBookmarks: 'true',
      resourceVersion: options.resourceVersion,
      resourceVersionMatch: options.resourceVersionMatch,
      sendInitialEvents: options.sendInitialEvents,
      timeoutSeconds: options.timeoutSeconds,
    })
    const request: HttpRequest = {
      subject,
      method: 'GET',
      path: collectionPath(resource, options.namespace) + query,
      accept: acceptOf(options),
      lane: 'watch',
      timeoutMs: options.idleTimeoutMs ?? idleTimeoutMs,
      maxBytes: eventBytesMax,
      signal: options.signal,
    }
    await this.#transport.stream(request, (line) => onEvent(eventOf(subject, line)))
  }

  close(): Promise<void> {
    return this.#transport.close()
  }

  async #write<T extends KubeObject>(
    subject: RequestSubject,
    method: 'POST' | 'PUT' | 'PATCH',
    path: string,
    body: object,
    contentType: string,
    options: RequestOptions,
  ): Promise<T> {
    const request = { subject, method, path, accept: acceptOf(options), contentType, body: JSON.stringify(body) }
    return objectOf<T>(subject, await this.#transport.send(withLimits(request, options)))
  }
}

type Unlimited = Omit<HttpRequest, 'lane' | 'timeoutMs' | 'maxBytes'>

function withLimits(request: Unlimited, options: RequestOptions = {}): HttpRequest {
  return {
    ...request,
    lane: options.priority ?? 'normal',
    timeoutMs: options.timeoutMs ?? requestTimeoutMs,
    maxBytes: objectBytesMax,
    signal: options.signal ?? request.signal,
  }
}

function queryOf(selection: Selection, parameters: Readonly<Record<string, string | number | boolean | undefined>>) {
  const query = new URLSearchParams()
  const { labelSelector, fieldSelector } = selection
  for (const [name, value] of Object.entries({ labelSelector, fieldSelector, ...parameters })) {
    if (value !== undefined && value !== '') query.set(name, String(value))
  }
  return query.size > 0 ? `?${query}` : ''
}

const listBody = z.object({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.object({ resourceVersion: z.string().catch(''), continue: z.string().optional() }),
  items: z.array(z.unknown()).nullish(),
})

/** Only the frame is checked here: the API server holds each kind's schema itself. */
function objectOf<T extends KubeObject>(subject: RequestSubject, body: unknown): T {
  if (isObject<T>(body)) return body
  throw unanswered(subject, 'the answer is not a Kubernetes object')
}

function isObject<T extends KubeObject>(body: unknown): body is T {
  const metadata = (body as Partial<KubeObject> | null)?.metadata
  return typeof metadata === 'object' && metadata !== null
}

/** Items of built-in kinds come without `apiVersion` and `kind`: those are the list's. */
function listOf<T extends KubeObject>(subject: RequestSubject, body: unknown): ObjectList<T> {
  const list = listBody.safeParse(body)
  if (!list.success) throw unanswered(subject, 'the answer is not a Kubernetes list')
  const { apiVersion, metadata, items } = list.data
  const kind = list.data.kind.replace(/List$/, '')
  const named = (item: T): T => (item.kind ? item : { ...item, apiVersion, kind })
  return {
    items: (items ?? []).map((item) => named(objectOf<T>(subject, item))),
    resourceVersion: metadata.resourceVersion,
    ...(metadata.continue && { continue: metadata.continue }),
  }
}

const eventBody = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.unknown(),
})

function eventOf(subject: RequestSubject, line: string): WatchEvent {
  const event = eventBody.safeParse(jsonOf(line))
  if (!event.success) throw unanswered(subject, 'a line of the watch is not an event')
  const { type, object } = event.data
  if (type === 'ERROR') throw refused(subject, 0, object)
  return { type, object: objectOf(subject, object) }
}
