/** Manifests of each kind, good and bad, with what the API server answers. */
export { type ApiAnswer, ApiClient, errorsOf, pathOf } from './api-client.ts'
export { badAuthorities } from './bad-authorities.ts'
export { badAuthorityChanges, goodAuthorityChanges } from './bad-authority-internal.ts'
export { badCertificates } from './bad-certificates.ts'
export { fullAuthorities, fullAuthorityStatus } from './full-authorities.ts'
export { fullCertificateStatus, fullCertificates } from './full-certificates.ts'
export type { BadChange, BadSpec, FullSpec } from './manifest.ts'
