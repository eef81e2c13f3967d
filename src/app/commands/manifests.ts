import { parseAllDocuments } from 'yaml'
import { type Authority, apiVersion, authorityKind } from '#api'
import { plainText, terminal } from '#base'
import { readTextFile } from './files.ts'

const bytesMax = 4 * 1024 * 1024

/**
 * The Authorities in a YAML file of one or more documents, `-` for standard input; other objects in it are passed over.
 * Fields that no Authority has are refused: a rule that is misspelt would be one that permits less, or more.
 * @param namespace of those that name none
 * @throws Failure Terminal when the file cannot be used, or has no Authority in it
 */
export async function readAuthorities(path: string, namespace: string): Promise<readonly Authority[]> {
  const text = await readTextFile(path === '-' ? '/dev/stdin' : path, bytesMax)
  const authorities = documentsOf(text, path)
    .filter((object) => object.kind === authorityKind.kind && object.apiVersion === apiVersion)
    .map((object) => authorityOf(object, namespace, path))
  if (authorities.length === 0) throw unusable(`${path} has no Authority of ${apiVersion} in it`)
  return authorities
}

type Members = Readonly<Record<string, unknown>>

const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Objects of a YAML stream, those of a Kubernetes List among them. */
function documentsOf(text: string, path: string): Members[] {
  return parseAllDocuments(text).flatMap((document) => {
    const [error] = document.errors
    if (error) throw unusable(`${path} is no YAML: ${plainText(error.message)}`)
    return objectsIn(toValue(document, path))
  })
}

/** Aliases can make a small text a large value: the library stops at a hundred of them. */
function toValue(document: { toJS(): unknown }, path: string): unknown {
  try {
    return document.toJS()
  } catch (error) {
    throw unusable(`${path} is no usable YAML: ${plainText((error as Error).message)}`, error)
  }
}

function objectsIn(value: unknown): Members[] {
  if (!isObject(value)) return []
  return value.kind === 'List' && Array.isArray(value.items) ? value.items.filter(isObject) : [value]
}

function authorityOf({ metadata, spec }: Members, namespace: string, path: string): Authority {
  const { name, namespace: named = namespace } = isObject(metadata) ? metadata : {}
  if (typeof name !== 'string' || typeof named !== 'string') throw unusable(`${path} has an Authority without a name`)
  const parsed = authorityKind.spec.safeParse(spec)
  const about = `${path}: Authority ${plainText(name)}`
  if (!parsed.success) {
    const { path: at = [], message = '' } = parsed.error.issues[0] ?? {}
    throw unusable(`${about}: ${['spec', ...at].join('.')}: ${message}`)
  }
  const [unknown] = unknownFields(spec, parsed.data, 'spec')
  if (unknown !== undefined) throw unusable(`${about} has the field ${plainText(unknown)}, which there is not`)
  return { apiVersion, kind: 'Authority', metadata: { name, namespace: named }, spec: parsed.data as Authority['spec'] }
}

/** Fields of `given` that a schema has dropped. What is in `plugin` only its package knows. */
function unknownFields(given: unknown, known: unknown, at: string): string[] {
  if (Array.isArray(given) && Array.isArray(known)) {
    return given.flatMap((item, index) => unknownFields(item, known[index], `${at}[${index}]`))
  }
  if (!isObject(given) || !isObject(known) || at === 'spec.plugin') return []
  return Object.entries(given).flatMap(([name, value]) =>
    name in known ? unknownFields(value, known[name], `${at}.${name}`) : [`${at}.${name}`],
  )
}

const unusable = (message: string, cause?: unknown) => terminal('UnusableFile', message, cause)
