import { type Authority, annotations, apiVersion, type KubeObject, type ObjectMeta, type Secret } from '#api'
import { type Failure, fromRfc3339, type Instant, isFailure, terminal, toRfc3339 } from '#base'
import { type CaSecret, readCaSecret } from './ca-secret.ts'

/** What a backup holds: the Authority as it was written, and everything that has one of its keys. */
export interface Backup {
  readonly createdAt: Instant
  /** Without status and without what the API server adds; none when only its Secrets were left. */
  readonly authority: Authority | undefined
  readonly secrets: readonly SavedSecret[]
}

export interface SavedSecret {
  readonly secret: Secret
  readonly holds: CaSecret
}

const formatVersion = 1

/** kubectl keeps a copy of an object in it, with all its values. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

const objectName = /^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$/

/**
 * The text of a backup: a Kubernetes List of the Secrets, which kubectl can create as it is, with one more member that
 * says when it was made and holds the Authority.
 */
export function encodeBackup({ createdAt, authority, secrets }: Backup): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: secrets.map(({ secret }) => secretManifest(secret)),
    backup: { version: formatVersion, createdAt: toRfc3339(createdAt), authority: authority && manifestOf(authority) },
  })
}

/**
 * Reads the text of a backup. Nobody has signed it: all that decides is checked.
 * @throws Failure Terminal `InvalidBackup` that names the part and what is wrong with it
 */
export function parseBackup(text: string): Backup {
  const { items, backup } = parseJson(text)
  if (!Array.isArray(items) || !isRecord(backup)) throw invalid('it is not a backup of sifaka ca backup')
  if (backup.version !== formatVersion) {
    throw invalid(`it is of version ${Number(backup.version)}, and this program reads version ${formatVersion}`)
  }
  const createdAt = fromRfc3339(String(backup.createdAt))
  if (createdAt === undefined) throw invalid('it does not say when it was made')
  const secrets = items.map(readSecret)
  const authority = backup.authority === undefined ? undefined : readAuthority(backup.authority)
  const owners = [...secrets.map(({ secret, holds }) => `${secret.metadata.namespace}/${holds.authority}`)]
  if (authority) owners.push(`${authority.metadata.namespace}/${authority.metadata.name}`)
  if (secrets.length === 0) throw invalid('it holds no Secret')
  if (new Set(owners).size > 1) throw invalid(`it holds more than one Authority: ${[...new Set(owners)].join(', ')}`)
  return { createdAt, authority, secrets }
}

/** The Secret as it is created again. */
function secretManifest(secret: Secret): Secret {
  const { type, immutable, data } = secret
  return {
    ...manifestHead(secret),
    ...(type !== undefined && { type }),
    ...(immutable !== undefined && { immutable }),
    ...(data !== undefined && { data }),
  }
}

const manifestOf = (authority: Authority): Authority => ({ ...manifestHead(authority), spec: authority.spec })

function manifestHead<T extends KubeObject>({ apiVersion, kind, metadata }: T): KubeObject {
  const { name, namespace, labels, annotations: all = {} } = metadata
  const { [lastApplied]: _, ...said } = all
  return {
    apiVersion,
    kind,
    metadata: { name, ...(namespace && { namespace }), ...(labels && { labels }), annotations: said },
  }
}

function readSecret(item: unknown, index: number): SavedSecret {
  const where = `Secret ${index + 1}`
  if (!isRecord(item) || item.kind !== 'Secret' || item.apiVersion !== 'v1') throw invalid(`${where} is none`)
  const { type, immutable, data = {} } = item
  const metadata = readMetadata(where, item.metadata)
  if (!isTexts(data) || !Object.values(data).every(isBase64)) throw invalid(`the data of ${where} is not base64`)
  if (typeof type !== 'string') throw invalid(`${where} has no type`)
  const secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata,
    type,
    ...(typeof immutable === 'boolean' && { immutable }),
    data,
  }
  try {
    return { secret, holds: readCaSecret(secret) }
  } catch (error) {
    if (isFailure(error)) throw invalid(`Secret ${metadata.name}: ${error.message}`)
    throw error
  }
}

function readAuthority(value: unknown): Authority {
  if (!isRecord(value) || value.kind !== 'Authority' || value.apiVersion !== apiVersion || !isRecord(value.spec)) {
    throw invalid(`its Authority is not an Authority of ${apiVersion}`)
  }
  const { spec } = value
  return { apiVersion, kind: 'Authority', metadata: readMetadata('the Authority', value.metadata), spec }
}

function readMetadata(where: string, metadata: unknown): ObjectMeta {
  if (!isRecord(metadata)) throw invalid(`${where} has no metadata`)
  const { name, namespace, labels = {}, annotations: said = {} } = metadata
  if (!isName(name) || !isName(namespace)) throw invalid(`${where} has no name and namespace that are such`)
  if (!isTexts(labels) || !isTexts(said)) throw invalid(`the labels or annotations of ${name} are no texts`)
  return { name, namespace, labels, annotations: said }
}

function parseJson(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (isRecord(value)) return value
  } catch {
    // The parser's message quotes the text, which may hold a key.
  }
  throw invalid('it is no JSON object')
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const isTexts = (value: unknown): value is Record<string, string> =>
  isRecord(value) && Object.values(value).every((each) => typeof each === 'string')

const isName = (value: unknown): value is string => typeof value === 'string' && objectName.test(value)

const isBase64 = (text: string): boolean => Buffer.from(text, 'base64').toString('base64') === text

const invalid = (message: string): Failure => terminal('InvalidBackup', `the backup cannot be used: ${message}`)

/** What says of a Secret when it was saved. */
export const savedMark = (at: Instant): Record<string, string> => ({ [annotations.backedUpAt]: toRfc3339(at) })
