import { readFileSync } from 'node:fs'
import type { Rendered } from './helm.ts'

/** A line of the API server's audit log, as far as it tells who may do what. */
interface AuditLine {
  readonly verb: string
  readonly user: { readonly username: string }
  readonly objectRef?: {
    readonly apiGroup?: string
    readonly resource: string
    readonly subresource?: string
    readonly namespace?: string
    readonly name?: string
  }
  readonly responseStatus?: { readonly code: number }
}

const inWords = (verb: string, group: string, resource: string, name?: string): string =>
  `${verb} ${resource} of "${group}"${name === undefined ? '' : `, only ${name}`}`

/** What roles grant, a line for each verb on a resource; names only where they narrow the whole cluster. */
export function granted(objects: readonly Rendered[], names: readonly string[]): string[] {
  const roles = objects.filter(({ kind, metadata }) => kind.endsWith('Role') && names.includes(metadata.name))
  const all = roles.flatMap(({ kind, rules = [] }) =>
    rules.flatMap(({ apiGroups, resources, resourceNames, verbs }) => {
      const only = (kind === 'ClusterRole' && resourceNames) || [undefined]
      return only.flatMap((name) =>
        apiGroups.flatMap((group) =>
          resources.flatMap((each) => verbs.map((verb) => inWords(verb, group, each, name))),
        ),
      )
    }),
  )
  return unique(all)
}

/** What a user has asked the API server for, in the words of `granted`. */
export function asked(auditLog: string, username: string): { readonly all: string[]; readonly refused: string[] } {
  const lines = readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.includes(username))
    .map((line) => JSON.parse(line) as AuditLine)
    .filter(({ user }) => user.username === username)
  const words = ({ verb, objectRef }: AuditLine): string => {
    const { apiGroup = '', resource = 'nothing', subresource, namespace, name } = objectRef ?? {}
    const whole = subresource ? `${resource}/${subresource}` : resource
    return inWords(verb, apiGroup, whole, namespace === undefined ? name : undefined)
  }
  const refused = lines.filter(({ responseStatus }) => responseStatus?.code === 403)
  return {
    all: unique(lines.map(words)),
    refused: unique(refused.map((line) => `${words(line)} in ${line.objectRef?.namespace ?? 'all namespaces'}`)),
  }
}

const unique = (words: readonly string[]): string[] => [...new Set(words)].sort()
