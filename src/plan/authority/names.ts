import type { Authority } from '#api'
import { fromRfc3339, type Instant } from '#base'

/** Name of the Secret that holds a generation of the CA. A later one never overwrites an earlier one. */
export const caSecretName = ({ metadata }: Authority, generation: number): string => `${metadata.name}-ca-${generation}`

/** Name of the Secret that holds a CA key whose certificate is still to be signed elsewhere. */
export const caRequestSecretName = ({ metadata }: Authority): string => `${metadata.name}-ca-request`

/** Name of the ConfigMap that holds the bundle. */
export const bundleName = ({ metadata }: Pick<Authority, 'metadata'>): string => `${metadata.name}-ca`

/** `namespace/name` of the parent, or undefined for a CA that has none. */
export function parentKeyOf({ spec, metadata }: Authority): string | undefined {
  const parent = spec.internal?.parentRef
  return parent && `${parent.namespace ?? metadata.namespace}/${parent.name}`
}

/** `namespace/name` of the Secret with a CA that was made elsewhere. */
export function sourceKeyOf({ spec, metadata }: Authority): string | undefined {
  const source = spec.internal?.secretRef
  return source && `${metadata.namespace}/${source.name}`
}

/** End of the CA certificate in use, as the status says. */
export const caNotAfter = ({ status }: Authority): Instant | undefined => fromRfc3339(status?.ca?.notAfter)
