import type { Authority } from '#api'
import { fromRfc3339, type Instant } from '#base'
import { derivedName } from '../derived-name.ts'

/** Name of the Secret that holds a generation of the CA. A later one never overwrites an earlier one. */
export const caSecretName = (authority: Authority, generation: number): string =>
  `${caSecretPrefix(authority)}${generation}`

/** What the names of those Secrets have in common: a number follows. */
export const caSecretPrefix = ({ metadata }: Authority): string => derivedName(metadata.name, '-ca-')

/** Name of the Secret that holds a CA key whose certificate is still to be signed elsewhere. */
export const caRequestSecretName = ({ metadata }: Authority): string => derivedName(metadata.name, '-ca-request')

/** Name of the ConfigMap that holds the bundle. */
export const bundleName = ({ metadata }: Pick<Authority, 'metadata'>): string => derivedName(metadata.name, '-ca')

/** Whether a Secret of that name is to hold a CA key of the Authority, now or later. */
export function isCaSecretName(authority: Authority, name: string): boolean {
  if (!authority.spec.internal) return false
  const prefix = caSecretPrefix(authority)
  const isGeneration = name.startsWith(prefix) && /^[1-9][0-9]*$/.test(name.slice(prefix.length))
  return isGeneration || name === caRequestSecretName(authority)
}

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
