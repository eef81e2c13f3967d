import type { Authority } from '#api'

/** Name of the ConfigMap that holds the CRL of a generation. */
export const crlName = ({ metadata }: Pick<Authority, 'metadata'>, generation: number): string =>
  `${metadata.name}-crl-${generation}`

/** Name of the Authority whose CRL a ConfigMap of that name holds. */
export const crlAuthority = (configMap: string): string => configMap.replace(/-crl-[0-9]+$/, '')
