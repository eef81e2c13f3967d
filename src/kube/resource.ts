import { type Kind, group as ourGroup, version as ourVersion } from '#api'
import type { ObjectKey } from '#base'

/** Where the API server keeps objects of one kind. */
export interface Resource {
  /** Empty for the core group. */
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespaced: boolean
}

const namespaced = (group: string, version: string, plural: string): Resource => ({
  group,
  version,
  plural,
  namespaced: true,
})

/** Kubernetes' own resources that Sifaka reads or writes. */
export const resources = {
  secrets: namespaced('', 'v1', 'secrets'),
  configMaps: namespaced('', 'v1', 'configmaps'),
  namespaces: { group: '', version: 'v1', plural: 'namespaces', namespaced: false },
  events: namespaced('events.k8s.io', 'v1', 'events'),
  leases: namespaced('coordination.k8s.io', 'v1', 'leases'),
} as const satisfies Record<string, Resource>

/** The resource of one of Sifaka's own kinds. */
export const resourceOf = (kind: Kind): Resource => namespaced(ourGroup, ourVersion, kind.plural)

/** The path of a collection; of all namespaces when none is given. */
export function collectionPath(resource: Resource, namespace?: string): string {
  const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
  const scope = resource.namespaced && namespace ? `/namespaces/${segment(namespace)}` : ''
  return `${root}${scope}/${resource.plural}`
}

/**
 * The path of one object.
 * @throws TypeError when the key is not whole: without its name or namespace the path would be a collection's
 */
export function objectPath(resource: Resource, { namespace, name }: ObjectKey, subresource?: string): string {
  if (resource.namespaced) required(namespace, `${resource.plural} "${name}" needs a namespace`)
  required(name, `${resource.plural} in "${namespace}" needs a name`)
  return `${collectionPath(resource, namespace)}/${segment(name)}${subresource ? `/${subresource}` : ''}`
}

function required(value: string | undefined, message: string): void {
  if (!value) throw new TypeError(message)
}

/** One segment of a path, whatever the text: dots alone would name a parent. */
function segment(text: string): string {
  if (text === '.' || text === '..') throw new TypeError(`"${text}" is not the name of an object`)
  return encodeURIComponent(text)
}
