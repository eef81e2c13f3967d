/** Namespace and name of an object. */
export interface ObjectKey {
  readonly namespace: string
  readonly name: string
}

/** `namespace/name`: the key of queues and caches. Kubernetes allows no slash in either. */
export const keyOf = ({ namespace, name }: ObjectKey): string => `${namespace}/${name}`

/** The reverse of `keyOf`. */
export function fromKey(key: string): ObjectKey {
  const slash = key.indexOf('/')
  return { namespace: key.slice(0, slash), name: key.slice(slash + 1) }
}
