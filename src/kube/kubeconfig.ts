import { readFile } from 'node:fs/promises'
import { delimiter, dirname, isAbsolute, resolve, sep } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { listInWords, plainText, terminal } from '#base'

const clusterEntry = z.object({
  server: z.url({ protocol: /^https?$/ }),
  'certificate-authority': z.string().optional(),
  'certificate-authority-data': z.string().optional(),
  'insecure-skip-tls-verify': z.boolean().optional(),
  'tls-server-name': z.string().optional(),
  'proxy-url': z.string().optional(),
})

const userEntry = z.object({
  token: z.string().optional(),
  tokenFile: z.string().optional(),
  'client-certificate': z.string().optional(),
  'client-certificate-data': z.string().optional(),
  'client-key': z.string().optional(),
  'client-key-data': z.string().optional(),
  as: z.string().optional(),
  exec: z.looseObject({ command: z.string().optional() }).nullish(),
  'auth-provider': z.unknown().optional(),
})

const contextEntry = z.object({ cluster: z.string(), user: z.string(), namespace: z.string().optional() })

/** An explicit null is what kubectl writes for an empty list. */
const entries = z
  .array(z.looseObject({ name: z.string() }))
  .nullish()
  .transform((list) => list ?? [])

const kubeconfigFile = z.object({
  'current-context': z.string().optional(),
  clusters: entries,
  users: entries,
  contexts: entries,
})

type ClusterEntry = z.infer<typeof clusterEntry>
type UserEntry = z.infer<typeof userEntry>

/** What one context of a kubeconfig leads to. Paths in it are absolute. */
export interface KubeconfigContext {
  /** The file, or all of them; for messages. */
  readonly path: string
  readonly name: string
  readonly cluster: ClusterEntry
  readonly user: UserEntry
  readonly userName: string
  readonly namespace: string | undefined
}

/** An entry of a list, and the file that it comes from. */
interface Entry {
  readonly name: string
  readonly from: string
  /** Unchecked. */
  readonly value: unknown
}

interface KubeconfigFile {
  readonly path: string
  readonly currentContext: string | undefined
  readonly entries: Readonly<Record<'cluster' | 'user' | 'context', readonly Entry[]>>
}

const bytesMax = 1024 * 1024

/**
 * Reads one context of a kubeconfig; `current-context` when none is named. Only the entries in use are validated.
 *
 * Several files are merged as kubectl does it: the first one that has an entry of a name, or a current context,
 * decides, and files that are missing are passed over as long as there is one
 * (https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/#merging-kubeconfig-files).
 * @param paths one file, or several, joined as in KUBECONFIG
 * @throws Failure (Terminal, `KubeconfigInvalid`) that names the file and what to change
 */
export async function readKubeconfig(paths: string, contextName?: string): Promise<KubeconfigContext> {
  const files = await readFiles(paths)
  const path = listInWords(files.map((file) => file.path))
  const find = <T>(schema: z.ZodType<T>, kind: 'cluster' | 'user' | 'context', name: string) => {
    const all = files.flatMap(({ entries: of }) => of[kind])
    const entry = all.find((one) => one.name === name)
    const names = listInWords(all.map((one) => `"${one.name}"`)) || 'none'
    if (!entry) throw invalid(path, `there is no ${kind} "${plainText(name)}"; it has ${plainText(names)}`)
    const value = check(entry.from, schema, entry.value, `${kind} "${plainText(name)}"`)
    return { value, folder: dirname(resolve(entry.from)) }
  }

  const name = contextName || files.find(({ currentContext }) => currentContext)?.currentContext
  if (!name) throw invalid(path, 'it has no current-context; name one with --context')
  const context = find(contextEntry, 'context', name).value
  const cluster = find(clusterEntry, 'cluster', context.cluster)
  const user = find(userEntry, 'user', context.user)
  return {
    path,
    name,
    cluster: withFiles(cluster.value, ['certificate-authority'], cluster.folder),
    user: {
      ...withFiles(user.value, ['tokenFile', 'client-certificate', 'client-key'], user.folder),
      exec: withCommand(user.value.exec, user.folder),
    },
    userName: context.user,
    namespace: context.namespace || undefined,
  }
}

async function readFiles(paths: string): Promise<readonly KubeconfigFile[]> {
  const all = paths.split(delimiter).filter((path) => path !== '')
  const files = await Promise.all(all.map(readOne))
  const present = files.filter((file) => file !== undefined)
  if (present.length === 0) throw invalid(listInWords(all), 'there is no such file')
  return present
}

/** Undefined when it does not exist. */
async function readOne(path: string): Promise<KubeconfigFile | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined
    throw invalid(path, `cannot be read (${error.code})`, error)
  })
  if (text === undefined) return undefined
  if (text.length > bytesMax) throw invalid(path, 'is larger than 1 MiB')
  const file = check(path, kubeconfigFile, parseYaml(path, text), 'the file')
  const of = (kind: string, list: z.infer<typeof entries>): Entry[] =>
    list.map((entry) => ({ name: entry.name, from: path, value: entry[kind] ?? {} }))
  return {
    path,
    currentContext: file['current-context'],
    entries: {
      cluster: of('cluster', file.clusters),
      user: of('user', file.users),
      context: of('context', file.contexts),
    },
  }
}

function check<T>(path: string, schema: z.ZodType<T>, value: unknown, what: string): T {
  const checked = schema.safeParse(value)
  if (checked.success) return checked.data
  const [issue] = checked.error.issues
  throw invalid(path, `${what} is not valid: ${issue?.path.join('.')} ${issue?.message}`)
}

/** Paths start at the folder of the file that they are in. */
function withFiles<T extends object>(entry: T, names: readonly (keyof T)[], folder: string): T {
  const absolute = names.flatMap((name) => (entry[name] ? [[name, resolve(folder, String(entry[name]))]] : []))
  return { ...entry, ...Object.fromEntries(absolute) }
}

/** A command without a slash is looked for on PATH. */
function withCommand(exec: UserEntry['exec'], folder: string): UserEntry['exec'] {
  const { command } = exec ?? {}
  if (!command?.includes(sep) || isAbsolute(command)) return exec
  return { ...exec, command: resolve(folder, command) }
}

/** The parser's own message quotes the line that it stumbled over, which may hold a key: only the place is told. */
function parseYaml(path: string, text: string): unknown {
  try {
    return parse(text, { prettyErrors: false, logLevel: 'error' })
  } catch {
    throw invalid(path, 'is not valid YAML')
  }
}

const invalid = (path: string, why: string, cause?: unknown) =>
  terminal('KubeconfigInvalid', `kubeconfig ${path}: ${why}`, cause)
