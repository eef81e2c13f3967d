import { createHash } from 'node:crypto'
import { AsnConvert } from '@peculiar/asn1-schema'
import {
  BasicConstraints,
  ExtendedKeyUsage,
  id_ad_caIssuers,
  id_ad_ocsp,
  id_ce_authorityKeyIdentifier,
  id_ce_basicConstraints,
  id_ce_cRLDistributionPoints,
  id_ce_extKeyUsage,
  id_ce_keyUsage,
  id_ce_subjectAltName,
  id_ce_subjectKeyIdentifier,
  id_kp_timeStamping,
  id_pe_authorityInfoAccess,
  KeyUsage,
  KeyUsageFlags,
} from '@peculiar/asn1-x509'
import {
  explicit,
  implicit,
  implicitSequence,
  integer,
  objectIdentifier,
  octetString,
  publicKeyBits,
  retagged,
  sequence,
  sequenceOf,
  utf8String,
  yes,
} from './der.ts'
import { ipOctets } from './ip-address.ts'
import type { IssuerLinks } from './issuer-links.ts'
import { normalizeNames, otherNameParts, type SubjectNames } from './names.ts'
import { extendedUsageIds, keyUsageBits, type Usage } from './usage.ts'

/** DER of an Extension (RFC 5280 section 4.1) with the DER of its value. */
export const extension = (id: string, critical: boolean, value: Uint8Array): Buffer =>
  sequence(objectIdentifier(id), ...(critical ? [yes] : []), octetString(value))

/** The same with a value of the library's. What is built so is kept: the library is thorough, not quick. */
const extensionOf = (id: string, critical: boolean, value: object): Buffer =>
  extension(id, critical, Buffer.from(AsnConvert.serialize(value)))

/** Tags of GeneralName (RFC 5280 section 4.2.1.6). */
export const generalName = { other: 0, email: 1, dns: 2, uri: 6, ip: 7, registered: 8 }

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

/** The key usages of every CA (RFC 5280 section 4.2.1.3). */
const caKeyUsages = KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign

/** Encoded usages by bits and purposes: most certificates of an issuer have the same, and there are 2048 at most. */
const encodedUsages = new Map<string, readonly Uint8Array[]>()

/**
 * Key usage (critical) and extended key usage, each only if it has a member. For a CA those of CAs are added. The
 * second is critical where time stamping is the only purpose, as RFC 3161 section 2.3 asks for, and only there.
 */
export function usageExtensions(usages: readonly Usage[], isCA = false): readonly Uint8Array[] {
  const bits = usages.reduce((all, usage) => all | (keyUsageBits.get(usage) ?? 0), isCA ? caKeyUsages : 0)
  const purposes = [...extendedUsageIds].filter(([usage]) => usages.includes(usage)).map(([, id]) => id)
  const isTimeStamper = purposes.length === 1 && purposes[0] === id_kp_timeStamping
  const key = `${bits} ${purposes.join(' ')}`
  const encoded = encodedUsages.get(key) ?? [
    ...(bits === 0 ? [] : [extensionOf(id_ce_keyUsage, true, new KeyUsage(bits))]),
    ...(purposes.length === 0 ? [] : [extensionOf(id_ce_extKeyUsage, isTimeStamper, new ExtendedKeyUsage(purposes))]),
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
    ...names.otherNames.map(otherName),
    ...names.registeredIDs.map((id) => retagged(generalName.registered, objectIdentifier(id))),
  ]
  return general.length === 0 ? [] : [extension(id_ce_subjectAltName, critical, sequence(...general))]
}

function otherName(name: string): Uint8Array {
  const { oid, text } = otherNameParts(name)
  return implicitSequence(generalName.other, [objectIdentifier(oid), explicit(0, utf8String(text))])
}

/** Encoded links by their texts: all certificates of an issuer have the same. */
const encodedLinks = new Map<string, readonly Uint8Array[]>()
const maxEncodedLinks = 256

/**
 * CRL distribution points and authority information access, neither critical, each only if it has a URL.
 * @throws PkiError InvalidNames when a URL is none
 */
export function linkExtensions(links: IssuerLinks | undefined): readonly Uint8Array[] {
  if (links === undefined) return []
  const { crlURLs = [], issuerURLs = [], ocspURLs = [] } = links
  const key = JSON.stringify([crlURLs, issuerURLs, ocspURLs])
  const known = encodedLinks.get(key)
  if (known !== undefined) return known
  const access = [
    ...ocspURLs.map((url) => sequence(objectIdentifier(id_ad_ocsp), uriName(url))),
    ...issuerURLs.map((url) => sequence(objectIdentifier(id_ad_caIssuers), uriName(url))),
  ]
  const points = crlURLs.map((url) => sequence(distributionPointName(url)))
  const encoded = [
    ...(points.length === 0 ? [] : [extension(id_ce_cRLDistributionPoints, false, sequenceOf(points))]),
    ...(access.length === 0 ? [] : [extension(id_pe_authorityInfoAccess, false, sequenceOf(access))]),
  ]
  if (encodedLinks.size >= maxEncodedLinks) encodedLinks.clear()
  encodedLinks.set(key, encoded)
  return encoded
}

/**
 * `[0] DistributionPointName` with the URL as its full name: what a certificate and its CRL must have alike (RFC 5280
 * sections 4.2.1.13 and 5.2.5).
 * @throws PkiError InvalidNames when it is none
 */
export const distributionPointName = (url: string): Uint8Array => explicit(0, explicit(0, uriName(url)))

function uriName(url: string): Uint8Array {
  normalizeNames({ uris: [url] })
  return implicit(generalName.uri, Buffer.from(url))
}

/** The extension for features of TLS (RFC 7633). */
export const tlsFeatures = '1.3.6.1.5.5.7.1.24'

/** The feature `status_request`: without a stapled OCSP answer, a client gives up. */
export const statusRequest = 5

/** What asks for stapling. */
export const mustStaple: Uint8Array = extension(tlsFeatures, false, sequence(integer(Uint8Array.of(statusRequest))))

/** RFC 5280 section 4.2.1.2. */
export const subjectKeyIdentifier = (id: Uint8Array): Uint8Array =>
  extension(id_ce_subjectKeyIdentifier, false, octetString(id))

/** RFC 5280 section 4.2.1.1, with the key identifier alone. */
export const authorityKeyIdentifier = (id: Uint8Array): Uint8Array =>
  extension(id_ce_authorityKeyIdentifier, false, sequence(implicit(0, id)))

/**
 * The identifier of a public key: the first 160 bits of the SHA-256 of its bits (method 1 of RFC 7093). As long as that
 * of RFC 5280, and free of SHA-1, which hardened systems do not compute; verifiers only compare it.
 * @param spki DER of the SubjectPublicKeyInfo
 */
export const keyIdentifier = (spki: Uint8Array): Uint8Array =>
  createHash('sha256').update(publicKeyBits(spki)).digest().subarray(0, 20)
