import { createHash } from 'node:crypto'
import { AsnConvert, OctetString } from '@peculiar/asn1-schema'
import {
  AuthorityKeyIdentifier,
  BasicConstraints,
  ExtendedKeyUsage,
  Extension,
  GeneralName,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  KeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
  SubjectAlternativeName,
  SubjectKeyIdentifier,
  SubjectPublicKeyInfo,
} from '@peculiar/asn1-x509'
import { ipOctets } from './ip-address.ts'
import type { SubjectNames } from './names.ts'
import { extendedUsageIds, keyUsageBits, type Usage } from './profile.ts'

/** DER of an Extension (RFC 5280 section 4.1). */
const extension = (extnID: string, critical: boolean, value: object): Buffer =>
  Buffer.from(
    AsnConvert.serialize(new Extension({ extnID, critical, extnValue: new OctetString(AsnConvert.serialize(value)) })),
  )

/**
 * `cA: false` (RFC 5280 section 4.2.1.9) is the empty sequence. It stands in every end-entity certificate, because
 * without it some verifiers guess from other extensions.
 */
export const endEntityConstraints: Uint8Array = extension(id_ce_basicConstraints, true, new BasicConstraints())

/** RFC 5280 section 4.2.1.9. */
export const caConstraints = (pathLength: number | undefined): Uint8Array =>
  extension(
    id_ce_basicConstraints,
    true,
    new BasicConstraints({ cA: true, ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }) }),
  )

/** RFC 5280 section 4.2.1.3. */
export const caKeyUsage: Uint8Array = extension(
  id_ce_keyUsage,
  true,
  new KeyUsage(KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign),
)

/** Encoded usages by bits and purposes: most certificates of an issuer have the same, and there are 1024 at most. */
const encodedUsages = new Map<string, readonly Uint8Array[]>()

/** Key usage (critical) and extended key usage (not critical), each only if it has a member. */
export function usageExtensions(usages: readonly Usage[]): readonly Uint8Array[] {
  const bits = usages.reduce((all, usage) => all | (keyUsageBits.get(usage) ?? 0), 0)
  const purposes = [...extendedUsageIds].filter(([usage]) => usages.includes(usage)).map(([, id]) => id)
  const key = `${bits} ${purposes.join(' ')}`
  const encoded = encodedUsages.get(key) ?? [
    ...(bits === 0 ? [] : [extension(id_ce_keyUsage, true, new KeyUsage(bits))]),
    ...(purposes.length === 0 ? [] : [extension(id_ce_extKeyUsage, false, new ExtendedKeyUsage(purposes))]),
  ]
  encodedUsages.set(key, encoded)
  return encoded
}

/** RFC 5280 section 4.2.1.6: critical if the subject is empty. Absent without names. */
export function subjectAltName(names: SubjectNames, critical: boolean): Uint8Array[] {
  const general = [
    ...names.dnsNames.map((dNSName) => new GeneralName({ dNSName })),
    ...names.ipAddresses.map((address) => new GeneralName({ iPAddress: plainIp(address) })),
    ...names.uris.map((uniformResourceIdentifier) => new GeneralName({ uniformResourceIdentifier })),
    ...names.emailAddresses.map((rfc822Name) => new GeneralName({ rfc822Name })),
  ]
  return general.length === 0 ? [] : [extension(id_ce_subjectAltName, critical, new SubjectAlternativeName(general))]
}

/** The library's encoder misreads dotted decimal at the end of an IPv6 address, so it gets all eight groups. */
function plainIp(address: string): string {
  const octets = ipOctets(address)
  if (octets.length === 4) return address
  const groups = Array.from({ length: 8 }, (_, index) => ((octets[index * 2] ?? 0) << 8) | (octets[index * 2 + 1] ?? 0))
  return groups.map((group) => group.toString(16)).join(':')
}

export const subjectKeyIdentifier = (id: Uint8Array): Uint8Array =>
  extension(id_ce_subjectKeyIdentifier, false, new SubjectKeyIdentifier(id))

export const authorityKeyIdentifier = (id: Uint8Array): Uint8Array =>
  extension(id_ce_authorityKeyIdentifier, false, new AuthorityKeyIdentifier({ keyIdentifier: new KeyIdentifier(id) }))

/**
 * The identifier of a public key, given as DER of its SubjectPublicKeyInfo, by method 1 of RFC 7093: the first 160 bits
 * of the SHA-256 of its bit string. As long as that of RFC 5280, and free of SHA-1, which hardened systems do not
 * compute; verifiers only compare it.
 */
export function keyIdentifier(spki: Uint8Array): Uint8Array {
  const { subjectPublicKey } = AsnConvert.parse(spki, SubjectPublicKeyInfo)
  return createHash('sha256').update(new Uint8Array(subjectPublicKey)).digest().subarray(0, 20)
}
