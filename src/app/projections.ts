import { group, type KubeObject, annotations as ours, type PartialObject } from '#api'
import { parseApplied } from '#plan'

/** What kubectl remembers of the last apply: a second copy of the whole spec that nobody here reads. */
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

/** An object of ours as it is cached: without what takes room and is never read. */
export function ownObject<T extends KubeObject>(raw: KubeObject): T {
  const annotations = { ...raw.metadata.annotations }
  delete annotations[lastApplied]
  return { ...raw, metadata: { ...raw.metadata, annotations } } as T
}

/**
 * A Secret of ours as it is cached: who it is, its version, and what we have written on it, so that a change of that
 * can be seen without reading it.
 */
export function ownSecret(raw: KubeObject): PartialObject {
  const { name, namespace, uid, resourceVersion, labels = {}, annotations = {} } = raw.metadata
  const applied = parseApplied(annotations[ours.applied])
  const isOurs =
    (set: readonly string[]) =>
    ([key]: [string, string]): boolean =>
      key.startsWith(`${group}/`) || set.includes(key)
  return {
    apiVersion: raw.apiVersion,
    kind: raw.kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      ...(uid !== undefined && { uid }),
      ...(resourceVersion !== undefined && { resourceVersion }),
      labels: Object.fromEntries(Object.entries(labels).filter(isOurs(applied.labels))),
      annotations: Object.fromEntries(Object.entries(annotations).filter(isOurs(applied.annotations))),
    },
  }
}
