import type { KeyObject } from 'node:crypto'
import {
  bmpString,
  explicit,
  implicit,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  sequenceOf,
  setOf,
} from '../der.ts'
import type { ParsedCertificate } from '../parsed-certificate.ts'
import { chainOf, type KeyStoreContent, type TrustStoreContent, trustedEntries } from './entries.ts'
import { type Pkcs12Profile, type Protection, protectionOf } from './pkcs12-profile.ts'
import { checkedAlias, checkedPassword } from './text.ts'

/** How a store is closed. */
export interface Pkcs12Lock {
  /**
   * 1 to 1024 characters, in ASCII for Java 17. Undefined for a store that anybody opens: its certificates are not
   * encrypted, it has no MAC, and the profile makes no difference.
   */
  readonly password: string | undefined
  readonly profile: Pkcs12Profile
}

const data = objectIdentifier('1.2.840.113549.1.7.1')
const encryptedData = objectIdentifier('1.2.840.113549.1.7.6')

/** Bags and their contents (RFC 7292 section 4.2). */
const shroudedKeyBag = objectIdentifier('1.2.840.113549.1.12.10.1.2')
const certificateBag = objectIdentifier('1.2.840.113549.1.12.10.1.3')
const x509Certificate = objectIdentifier('1.2.840.113549.1.9.22.1')

/** Java passes over keys that are not encrypted at all, and every reader takes the empty password for none. */
const withoutPassword = protectionOf('Modern', '')

/** Attributes of bags. */
const friendlyName = objectIdentifier('1.2.840.113549.1.9.20')
const localKeyId = objectIdentifier('1.2.840.113549.1.9.21')
const trustedKeyUsage = objectIdentifier('2.16.840.1.113894.746875.1.1')
const anyUsage = objectIdentifier('2.5.29.37.0')

const version = (number: number): Buffer => integer(Uint8Array.of(number))

/**
 * A PKCS #12 store (RFC 7292) with one private key and its chain. No two are alike, for salts are random.
 * @throws PkiError InvalidRequest for a password or an alias that a store cannot have
 */
export async function encodePkcs12KeyStore(store: KeyStoreContent & Pkcs12Lock): Promise<Uint8Array> {
  const protection = protectionBy(store)
  const { key, certificate } = store
  const attributes = [
    attribute(friendlyName, bmpString(checkedAlias(store.alias))),
    // What the key and its certificate have in common; any octets do.
    attribute(localKeyId, octetString(Buffer.from(certificate.fingerprint, 'hex'))),
  ]
  const [, ...issuers] = chainOf(store)
  const certificates = [
    bagOfCertificate(certificate, attributes),
    ...issuers.map((issuer) => bagOfCertificate(issuer, [])),
  ]
  const keyContents = sequence(await bagOfKey(key, attributes, protection))
  return encodePfx([await safeOf(certificates, protection), plainSafe(keyContents)], protection)
}

/**
 * A PKCS #12 store with trusted certificates alone, each an entry for Java.
 * @throws PkiError InvalidRequest for a password or an alias that a store cannot have
 */
export async function encodePkcs12TrustStore(store: TrustStoreContent & Pkcs12Lock): Promise<Uint8Array> {
  const protection = protectionBy(store)
  const certificates = trustedEntries(store).map(([alias, root]) =>
    // Without the second attribute Java takes the certificate for part of somebody's chain, and trusts nobody.
    bagOfCertificate(root, [attribute(friendlyName, bmpString(alias)), attribute(trustedKeyUsage, anyUsage)]),
  )
  return encodePfx([await safeOf(certificates, protection)], protection)
}

const protectionBy = ({ password, profile }: Pkcs12Lock): Protection | undefined =>
  password === undefined ? undefined : protectionOf(profile, checkedPassword(password))

/** A PFX (RFC 7292 section 4) with these ContentInfos. */
async function encodePfx(safes: readonly Uint8Array[], protection: Protection | undefined): Promise<Uint8Array> {
  const contents = sequenceOf(safes)
  const mac = protection === undefined ? [] : [await protection.authenticate(contents)]
  return sequence(version(3), plainSafe(contents), ...mac)
}

/** ContentInfo of the type data. */
const plainSafe = (contents: Uint8Array): Buffer => sequence(data, explicit(0, octetString(contents)))

/** ContentInfo with bags: of the type encryptedData (RFC 5652 section 8) where there is a protection. */
async function safeOf(bags: readonly Uint8Array[], protection: Protection | undefined): Promise<Uint8Array> {
  const contents = sequenceOf(bags)
  if (protection === undefined) return plainSafe(contents)
  const { algorithm, encrypted } = await protection.encrypt(contents)
  return sequence(encryptedData, explicit(0, sequence(version(0), sequence(data, algorithm, implicit(0, encrypted)))))
}

/** PKCS8ShroudedKeyBag (RFC 7292 section 4.2.2). */
async function bagOfKey(
  key: KeyObject,
  attributes: readonly Uint8Array[],
  protection: Protection = withoutPassword,
): Promise<Uint8Array> {
  const { algorithm, encrypted } = await protection.encrypt(key.export({ format: 'der', type: 'pkcs8' }))
  return bag(shroudedKeyBag, sequence(algorithm, octetString(encrypted)), attributes)
}

const bagOfCertificate = ({ der }: ParsedCertificate, attributes: readonly Uint8Array[]): Uint8Array =>
  bag(certificateBag, sequence(x509Certificate, explicit(0, octetString(der))), attributes)

/** SafeBag (RFC 7292 section 4.2). */
const bag = (type: Uint8Array, value: Uint8Array, attributes: readonly Uint8Array[]): Uint8Array =>
  sequence(type, explicit(0, value), ...(attributes.length === 0 ? [] : [setOf(...attributes)]))

const attribute = (type: Uint8Array, value: Uint8Array): Uint8Array => sequence(type, setOf(value))
