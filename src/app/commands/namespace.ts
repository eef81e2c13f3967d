import { Option } from 'commander'
import type { Cluster } from './connect.ts'

/** What the command line said about where to look. */
export interface NamespaceSettings {
  readonly namespace?: string
  readonly allNamespaces?: true
}

/** @param subject what is in that namespace */
export const namespaceOption = (subject: string): Option =>
  new Option('-n, --namespace <name>', `namespace of ${subject} (default: the context's, or the Pod's own)`)

/** @param subject what is looked for in all of them */
export const allNamespacesOption = (subject: string): Option =>
  new Option('-A, --all-namespaces', `${subject} in all namespaces`).conflicts('namespace')

/** Where to look; undefined: in all namespaces. */
export const namespaceIn = (
  { namespace, allNamespaces }: NamespaceSettings,
  cluster: Pick<Cluster, 'namespace'>,
): string | undefined => (allNamespaces ? undefined : (namespace ?? cluster.namespace))

/** Says that a list is empty, and of where. */
export const noneFound = (what: string, namespace: string | undefined): string =>
  `No ${what} found in ${namespace === undefined ? 'any namespace' : `namespace ${namespace}`}.\n`
