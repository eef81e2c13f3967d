import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
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
  exec: z.unknown().optional(),
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

type Entries = z.infer<typeof entries>
type ClusterEntry = z.infer<typeof clusterEntry>
type UserEntry = z.infer<typeof userEntry>

/** What one context of a kubeconfig leads to. Relative paths in it start at `folder`. */
export interface KubeconfigContext {
  readonly path: string
  readonly folder: string
  readonly name: string
  readonly cluster: ClusterEntry
  readonly user: UserEntry
  readonly userName: string
  readonly namespace: string | undefined
}

const bytesMax = 1024 * 1024

/**
 * Reads one context of a kubeconfig; `current-context` when none is named. Only the entries in use are validated.
 * @throws Failure (Terminal, `KubeconfigInvalid`) that names the file and what to change
 */
export async function readKubeconfig(path: string, contextName?: string): Promise<KubeconfigContext> {
  const refuse = (why: string, cause?: unknown) => terminal('KubeconfigInvalid', `kubeconfig ${path}: ${why}`, cause)
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw refuse(error.code === 'ENOENT' ? 'there is no such file' : `cannot be read (${error.code})`, error)
  })
  if (text.length > bytesMax) throw refuse('is larger than 1 MiB')

  const check = <T>(schema: z.ZodType<T>, value: unknown, what: string): T => {
    const checked = schema.safeParse(value)
    if (checked.success) return checked.data
    const [issue] = checked.error.issues
    throw refuse(`${what} is not valid: ${issue?.path.join('.')} ${issue?.message}`)
  }
  const find = <T>(schema: z.ZodType<T>, list: Entries, kind: string, name: string): T => {
    const entry = list.find((one) => one.name === name)
    const names = listInWords(list.map((one) => `"${one.name}"`)) || 'none'
    if (!entry) throw refuse(`there is no ${kind} "${plainText(name)}"; it has ${plainText(names)}`)
    return check(schema, entry[kind] ?? {}, `${kind} "${plainText(name)}"`)
  }

  const file = check(kubeconfigFile, parseYaml(text, refuse), 'the file')
  const name = contextName ?? file['current-context']
  if (!name) throw refuse('it has no current-context; name a context')
  const context = find(contextEntry, file.contexts, 'context', name)
  return {
    path,
    folder: dirname(resolve(path)),
    name,
    cluster: find(clusterEntry, file.clusters, 'cluster', context.cluster),
    user: find(userEntry, file.users, 'user', context.user),
    userName: context.user,
    namespace: context.namespace,
  }
}

/** The parser's own message quotes the line that it stumbled over, which may hold a key: only the place is told. */
function parseYaml(text: string, refuse: (why: string) => Error): unknown {
  try {
    return parse(text, { prettyErrors: false })
  } catch {
    throw refuse('is not valid YAML')
  }
}
