import { createHash } from 'node:crypto'

/** What a request does, in the words of Kubernetes' RBAC, but `replace` for PUT. */
export type Verb = 'get' | 'list' | 'watch' | 'create' | 'patch' | 'replace' | 'delete' | 'deletecollection'

/**
 * What a URL of the Kubernetes API means; a part that it lacks is the empty string. The core group is empty, and so is
 * the resource of a URL that names none, such as /version.
 */
export interface RequestTarget {
  readonly verb: Verb
  readonly group: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  /** Of a list or watch: the name its field selector picks. Of a create: the name in the body. */
  name: string
  readonly query: Readonly<Record<string, string>>
}

/** A request of the operator as the proxy saw it, in order of arrival; what concerns the answer is filled in later. */
export interface RecordedRequest extends RequestTarget {
  /** Counts over all proxies of this process, so that the records of several can be merged. */
  readonly seq: number
  readonly who: string
  /** Milliseconds since 1970. */
  readonly at: number
  /** SHA-256 in hex; empty when there is no body. */
  readonly bodyDigest: string
  /** The resourceVersion a read asks for, or that a write has as its precondition. */
  readonly requestVersion: string | undefined
  /** The uid that a write has as its precondition. */
  readonly requestUid: string | undefined
  /** How often it went to the API server: 0 when a fault kept it away, 2 when it was duplicated. */
  forwarded: number
  /** Of the last answer, whether or not the operator got it. */
  status: number | undefined
  responseVersion: string | undefined
  /** The name of the action that a rule applied. */
  fault: string | undefined
}

const writing: ReadonlySet<Verb> = new Set<Verb>(['create', 'patch', 'replace', 'delete', 'deletecollection'])

export const isWrite = ({ verb }: Pick<RequestTarget, 'verb'>): boolean => writing.has(verb)

let lastSeq = 0

/** The record of a request that has just come. `body` is what the request carries, parsed when it is JSON. */
export function recordRequest(who: string, method: string, url: string, raw: Buffer, body: unknown): RecordedRequest {
  const target = parseTarget(method, url)
  lastSeq += 1
  return {
    ...target,
    name: target.verb === 'create' && target.name === '' ? nameIn(body) : target.name,
    seq: lastSeq,
    who,
    at: Date.now(),
    bodyDigest: raw.length === 0 ? '' : createHash('sha256').update(raw).digest('hex'),
    requestVersion: isWrite(target) ? (versionIn(body) ?? preconditionIn(body)) : target.query.resourceVersion,
    requestUid: isWrite(target) ? (textAt(body, 'metadata', 'uid') ?? textAt(body, 'preconditions', 'uid')) : undefined,
    forwarded: 0,
    status: undefined,
    responseVersion: undefined,
    fault: undefined,
  }
}

/** Reads a URL of the Kubernetes API (kubernetes.io/docs/reference/using-api/api-concepts). */
export function parseTarget(method: string, url: string): RequestTarget {
  const { pathname, searchParams } = new URL(url, 'https://localhost')
  const query = Object.fromEntries(searchParams)
  const located = locate(pathname.split('/').filter(Boolean).map(decodeURIComponent))
  const name = located.name || selectedName(query.fieldSelector)
  return { ...located, name, query, verb: verbOf(method, located, query) }
}

/** What follows a namespace's name and belongs to the namespace itself rather than being a resource in it. */
const namespaceSubresources: ReadonlySet<string | undefined> = new Set(['status', 'finalize'])

type Location = Pick<RequestTarget, 'group' | 'resource' | 'subresource' | 'namespace' | 'name'>

function locate(parts: readonly string[]): Location {
  const core = parts[0] === 'api'
  const rest = core ? parts.slice(2) : parts[0] === 'apis' ? parts.slice(3) : []
  const namespaced = rest[0] === 'namespaces' && rest.length > 2 && !namespaceSubresources.has(rest[2])
  const [resource = '', name = '', ...subresource] = namespaced ? rest.slice(2) : rest
  return {
    group: core || resource === '' ? '' : (parts[1] ?? ''),
    resource,
    subresource: subresource.join('/'),
    namespace: namespaced ? (rest[1] ?? '') : '',
    name,
  }
}

function verbOf(method: string, { resource, name }: Location, query: RequestTarget['query']): Verb {
  switch (method) {
    case 'POST':
      return 'create'
    case 'PUT':
      return 'replace'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete'
    default:
      if (query.watch === 'true' || query.watch === '1') return 'watch'
      return resource !== '' && name === '' ? 'list' : 'get'
  }
}

const selectedName = (fieldSelector = ''): string => /^metadata\.name={1,2}([^,]+)$/.exec(fieldSelector)?.[1] ?? ''

/** The value of JSON text, or undefined when it is none. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** `metadata.resourceVersion` of an object or list. */
export const versionIn = (body: unknown): string | undefined => textAt(body, 'metadata', 'resourceVersion')

export const nameIn = (body: unknown): string => textAt(body, 'metadata', 'name') ?? ''

/** The precondition of DeleteOptions. */
const preconditionIn = (body: unknown): string | undefined => textAt(body, 'preconditions', 'resourceVersion')

function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | null | undefined)?.[key], value)
  return typeof found === 'string' ? found : undefined
}
