import type { Certificate } from '#api'

/** Name of the Secret that holds the certificate. */
export function secretNameOf({ spec, metadata }: Certificate): string {
  return spec.secretName ?? metadata.name
}

/**
 * `namespace/name` of the Authority in charge of a Certificate: the one that it names, or the default that was chosen
 * for it once; undefined while none is.
 */
export function authorityKeyOf({ spec, metadata, status }: Certificate): string | undefined {
  const { authorityRef } = spec
  if (!authorityRef) return status?.authority
  return `${authorityRef.namespace ?? metadata.namespace}/${authorityRef.name}`
}
