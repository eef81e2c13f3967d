import {
  id_kp_clientAuth,
  id_kp_codeSigning,
  id_kp_emailProtection,
  id_kp_serverAuth,
  id_kp_timeStamping,
  KeyUsageFlags,
} from '@peculiar/asn1-x509'

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

export const extendedUsageIds: ReadonlyMap<Usage, string> = new Map(
  Object.entries(extendedUsages) as [ExtendedUsageName, string][],
)
