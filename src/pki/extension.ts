import { createHash } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  BasicConstraints,
  ExtendedKeyUsage,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  KeyUsage,
  KeyUsageFlags,
} from '@peculiar/asn1-x509'
import { implicit, objectIdentifier, octetString, sequence, yes } from './der.ts'
import { ipOctets } from './ip-address.ts'
import type { SubjectNames } from './names.ts'
import { extendedUsageIds, keyUsageBits, type Usage } from './profile.ts'

/** DER of an Extension (RFC 5280 section 4.1) with the DER of its value. */
const extension = (id: string, critical: boolean, value: Uint8Array): Buffer =>
  sequence(objectIdentifier(id), ...(critical ? [yes] : []), octetString(value))

/** The same with a value of the library's. What is built so is kept: the library is thorough, not quick. */
const extensionOf = (id: string, critical: boolean, value: object): Buffer =>
  extension(id, critical, Buffer.from(AsnConvert.serialize(value)))

/** Tags of GeneralName (RFC 5280 section 4.2.1.6). */
const generalName = { email: 1, dns: 2, uri: 6, ip: 7 }

/**
 * `cA: false` (RFC 5280 section 4.2.1.9) is the empty sequence. It stands in every end-entity certificate, because
 * without it some verifiers guess from other extensions.
 */
export const endEntityConstraints: Uint8Array = extensionOf(id_ce_basicConstraints, true, new BasicConstraints())

/** RFC 5280 section 4.2.1.9. */
export const caConstraints = (pathLength: number | undefined): Uint8Array =>
  extensionOf(
    id_ce_basicConstraints,
    true,
    new BasicConstraints({ cA: true, ...(pathLength === undefined ? {} : { pathLenConstraint: pathLength }) }),
  )

/** RFC 5280 section 4.2.1.3. */
export const caKeyUsage: Uint8Array = extensionOf(
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
    ...(bits === 0 ? [] : [extensionOf(id_ce_keyUsage, true, new KeyUsage(bits))]),
    ...(purposes.length === 0 ? [] : [extensionOf(id_ce_extKeyUsage, false, new ExtendedKeyUsage(purposes))]),
  ]
  encodedUsages.set(key, encoded)
  return encoded
}

/** RFC 5280 section 4.2.1.6: critical if the subject is empty. Absent without names, which are in their normal form. */
export function subjectAltName(names: SubjectNames, critical: boolean): Uint8Array[] {
  const general = [
    ...names.dnsNames.map((name) => implicit(generalName.dns, Buffer.from(name))),
    ...names.ipAddresses.map((address) => implicit(generalName.ip, ipOctets(address))),
    ...names.uris.map((uri) => implicit(generalName.uri, Buffer.from(uri))),
    ...names.emailAddresses.map((address) => implicit(generalName.email, Buffer.from(address))),
  ]
  return general.length === 0 ? [] : [extension(id_ce_subjectAltName, critical, sequence(...general))]
}

/** RFC 5280 section 4.2.1.2. */
export const subjectKeyIdentifier = (id: Uint8Array): Uint8Array =>
  extension(id_ce_subjectKeyIdentifier, false, octetString(id))

/** RFC 5280 section 4.2.1.1, with the key identifier alone. */
export const authorityKeyIdentifier = (id: Uint8Array): Uint8Array =>
  extension(id_ce_authorityKeyIdentifier, false, sequence(implicit(0, id)))

/**
 * The identifier of a public key: the first 160 bits of the SHA-256 of its SubjectPublicKeyInfo (method 4 of RFC 7093,
 * cut to the length of its other methods). As long as that of RFC 5280, and free of SHA-1, which hardened systems do
 * not compute; verifiers only compare it.
 * @param spki DER of the SubjectPublicKeyInfo
 */
export const keyIdentifier = (spki: Uint8Array): Uint8Array =>
  createHash('sha256').update(spki).digest().subarray(0, 20)
