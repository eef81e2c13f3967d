import {
  id_kp_clientAuth,
  id_kp_codeSigning,
  id_kp_emailProtection,
  id_kp_serverAuth,
  id_kp_timeStamping,
  KeyUsageFlags,
} from '@peculiar/asn1-x509'
import type { KeyAlgorithm } from './key-algorithm.ts'

/** The usages that stand in the key usage extension (RFC 5280 section 4.2.1.3), with their bits. */
const keyUsages = {
  digitalSignature: KeyUsageFlags.digitalSignature,
  contentCommitment: KeyUsageFlags.nonRepudiation,
  keyEncipherment: KeyUsageFlags.keyEncipherment,
  dataEncipherment: KeyUsageFlags.dataEncipherment,
  keyAgreement: KeyUsageFlags.keyAgreement,
} as const

/** The usages that stand in the extended key usage extension (RFC 5280 section 4.2.1.12), with their identifiers. */
const extendedUsages = {
  serverAuth: id_kp_serverAuth,
  clientAuth: id_kp_clientAuth,
  codeSigning: id_kp_codeSigning,
  emailProtection: id_kp_emailProtection,
  timeStamping: id_kp_timeStamping,
} as const

type KeyUsageName = keyof typeof keyUsages
type ExtendedUsageName = keyof typeof extendedUsages

/** What a key may be used for, by the names of RFC 5280. */
export type Usage = KeyUsageName | ExtendedUsageName

export const keyUsageBits: ReadonlyMap<Usage, number> = new Map(Object.entries(keyUsages) as [KeyUsageName, number][])

/** Usages that a key of an algorithm cannot have, and the standard that says so. */
const unfit: Readonly<Record<KeyAlgorithm, { readonly usages: readonly Usage[]; readonly by: string }>> = {
  RSA: { usages: ['keyAgreement'], by: 'RFC 3279 section 2.3.1' },
  ECDSA: { usages: ['keyEncipherment', 'dataEncipherment'], by: 'RFC 8813 section 3' },
  Ed25519: { usages: ['keyEncipherment', 'dataEncipherment', 'keyAgreement'], by: 'RFC 9295 section 3' },
  'ML-DSA': { usages: ['keyEncipherment', 'dataEncipherment', 'keyAgreement'], by: 'RFC 9881 section 5' },
}

/** Which of the usages a key of the algorithm cannot have, and the standard that says so. */
export function unfitUsages(algorithm: KeyAlgorithm, usages: readonly Usage[]) {
  const { usages: all, by } = unfit[algorithm]
  return { usages: usages.filter((usage) => all.includes(usage)), by }
}

export const extendedUsageIds: ReadonlyMap<Usage, string> = new Map(
  Object.entries(extendedUsages) as [ExtendedUsageName, string][],
)
