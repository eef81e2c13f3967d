import { group } from './group.ts'

const ours = <const Name extends string>(name: Name) => `${group}/${name}` as const

/** On every Secret that Sifaka writes; its value says what the Secret holds. The operator watches by this label. */
export const secretLabel = ours('secret')

/**
 * Values of `secretLabel`: a certificate with its key, or a generation of an internal CA. The latter is reserved: no
 * Certificate ever writes to such a Secret.
 */
export type SecretContent = 'certificate' | 'ca'

export const annotations = {
  /** Minted once per certificate, at random; outlives UIDs and statuses. */
  id: ours('id'),
  /** Name of the Certificate whose key and leaf the Secret holds. */
  certificate: ours('certificate'),
  /** Name of the Authority whose CA key the Secret holds. */
  authority: ours('authority'),
  /** 1 for the first certificate; each later one counts up. */
  revision: ours('revision'),
  /** RFC 3339 time of issuance. */
  issuedAt: ours('issued-at'),
  /** Hash of what was asked for. */
  requestHash: ours('request-hash'),
  /** `namespace/name` of the Authority that issued it. */
  issuedBy: ours('issued-by'),
  /** What Sifaka has set on the Secret, so that it removes its own and nobody else's: comma-separated `data` keys. */
  applied: ours('applied'),
  /** Generation of the CA, from 1. */
  caGeneration: ours('ca-generation'),
} as const
