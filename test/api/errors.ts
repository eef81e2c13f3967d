/** Errors of the API server, as `errorsOf` gives them. */
export const invalid = (field: string, value: unknown, says: string): string =>
  `${field}: Invalid value: ${JSON.stringify(value)}: ${says}`

export const outOfBounds = (field: string, value: unknown, says: string): string =>
  invalid(field, value, `${field} in body should ${says}`)

export const wrongType = (field: string, wanted: string, got: string): string =>
  invalid(field, got, `${field} in body must be of type ${wanted}: "${got}"`)

export const unsupported = (field: string, value: string, ...supported: string[]): string =>
  `${field}: Unsupported value: "${value}": supported values: ${supported.map((text) => `"${text}"`).join(', ')}`

export const tooMany = (field: string, count: number, most: number): string =>
  `${field}: Too many: ${count}: must have at most ${most} items`

export const unknownField = (kind: string, field: string): string =>
  `${kind} in version "v1alpha1" cannot be handled as a ${kind}: strict decoding error: unknown field "${field}"`

/** Messages of rules that both kinds have. */
export const objectName =
  'must be the name of an object: lowercase letters, digits, "-" and "." between them, such as web-tls'
export const namespaceName =
  'must be the name of a namespace: lowercase letters, digits and "-" between them, such as team-a'
export const keySize = 'size must be 256, 384 or 521 for ECDSA (the default algorithm) and 2048, 3072 or 4096 for RSA'
export const durationOfAtLeast = (min: string): string =>
  `must be a duration of at least ${min} in h, m and s, such as 2160h (90 days) or 1h30m`
