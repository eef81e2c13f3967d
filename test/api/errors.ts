/** Errors of the API server, as `errorsOf` gives them. */
export const invalid = (field: string, value: unknown, says: string): string =>
  `${field}: Invalid value: ${quoted(value)}: ${says}`

/** A value as Go writes it, which is JSON but for octets without a name of their own. */
const quoted = (value: unknown): string => JSON.stringify(value).replaceAll('\\u00', '\\x')

export const outOfBounds = (field: string, value: unknown, says: string): string =>
  invalid(field, value, `${field} in body should ${says}`)

export const wrongType = (field: string, wanted: string, got: string): string =>
  invalid(field, got, `${field} in body must be of type ${wanted}: "${got}"`)

export const unsupported = (field: string, value: string, ...supported: string[]): string =>
  `${field}: Unsupported value: "${value}": supported values: ${supported.map((text) => `"${text}"`).join(', ')}`

export const tooMany = (field: string, count: number, most: number): string =>
  `${field}: Too many: ${count}: must have at most ${most} items`

export const repeated = (field: string, value: unknown): string => `${field}: Duplicate value: ${JSON.stringify(value)}`

export const unknownField = (kind: string, field: string): string =>
  `${kind} in version "v1alpha1" cannot be handled as a ${kind}: strict decoding error: unknown field "${field}"`

/** Messages of rules that both kinds have. */
export const objectName =
  'must be the name of an object: lowercase letters, digits, "-" and "." between them, such as web-tls'
export const namespaceName =
  'must be the name of a namespace: lowercase letters, digits and "-" between them, such as team-a'
export const keySize =
  'size must be 256, 384 or 521 for ECDSA (the default algorithm), 2048, 3072, 4096 or 8192 for RSA, ' +
  '44, 65 or 87 for ML-DSA; leave it out for Ed25519'
export const durationOfAtLeast = (min: string): string =>
  `must be a duration of at least ${min} in h, m and s, such as 2160h (90 days) or 1h30m`
export const dnsEnd = 'the last label of a DNS name is no number; an IP address has a field of its own'
export const controlCharacters = 'must have no control characters'
export const objectIdentifier = 'must be an object identifier such as 1.3.6.1.4.1.311.20.2.3'
export const emailAddress = 'must be an e-mail address such as web-team@example.com'
export const serialNumber =
  'must be a serial number in lower-case hexadecimal, two digits for each octet, as status.serialNumber shows it'
export const cronSchedule =
  'must be a cron schedule of five fields, such as "0 2 * * SAT" (minute, hour, day, month, day of the week)'
export const timeZoneName = 'must be the name of a time zone (IANA), such as Europe/Berlin or UTC'
export const fixedEnd = 'must be a time such as 2027-12-31T23:59:59Z (RFC 3339)'
export const renewsTooEarly = 'Invalid value: renewal.before must be shorter than duration'

export const usages = [
  ...['digitalSignature', 'contentCommitment', 'keyEncipherment', 'dataEncipherment', 'keyAgreement'],
  ...['serverAuth', 'clientAuth', 'codeSigning', 'emailProtection', 'timeStamping'],
]
export const revocationReasons = [
  ...['unspecified', 'keyCompromise', 'cACompromise', 'affiliationChanged', 'superseded', 'cessationOfOperation'],
  ...['certificateHold', 'privilegeWithdrawn', 'aACompromise'],
]

export const numbered = (count: number, text: (index: number) => string): string[] =>
  Array.from({ length: count }, (_, index) => text(index))
