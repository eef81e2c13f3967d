import { createHash, type KeyObject, randomBytes } from 'node:crypto'
import { nothing, objectIdentifier, octetString, sequence } from '../der.ts'
import type { ParsedCertificate } from '../parsed-certificate.ts'
import { chainOf, type KeyStoreContent, type TrustStoreContent, trustedEntries } from './entries.ts'
import { checkedAlias, checkedPassword } from './text.ts'

/** How a JKS store is closed, and when its entries were made. */
export interface JksLock {
  /** 1 to 1024 characters: for the store and for the key in it. */
  readonly password: string
  /** Epoch milliseconds. */
  readonly createdAt: number
}

const magic = 0xfeedfeed
const formatVersion = 2
const entryTag = { key: 1, trusted: 2 }
const certificateType = 'X.509'
const digestPhrase = Buffer.from('Mighty Aphrodite')

/** Sun's key protector: a name for it stands in an EncryptedPrivateKeyInfo (RFC 5958 section 3). */
const keyProtector = sequence(objectIdentifier('1.3.6.1.4.1.42.2.17.1.1'), nothing)
const saltLength = 20

/**
 * Java's own format until Java 8, with one private key and its chain. Legacy: SHA-1 and nothing else protects the key,
 * and a guess at the password costs next to nothing. Every Java since 1.2 reads it.
 * @throws PkiError InvalidRequest for a password or an alias that a store cannot have
 */
export function encodeJksKeyStore(store: KeyStoreContent & JksLock): Uint8Array {
  const password = utf16(checkedPassword(store.password))
  const protectedKey = sequence(keyProtector, octetString(protect(store.key, password)))
  const chain = chainOf(store)
  const entry = [
    ...entryHead(entryTag.key, checkedAlias(store.alias), store.createdAt),
    ...sized(protectedKey),
    uint32(chain.length),
    ...chain.flatMap(certificateOf),
  ]
  return encodeStore([entry], password)
}

/**
 * The same format with trusted certificates alone.
 * @throws PkiError InvalidRequest for a password or an alias that a store cannot have
 */
export function encodeJksTrustStore(store: TrustStoreContent & JksLock): Uint8Array {
  const password = utf16(checkedPassword(store.password))
  const entries = trustedEntries(store).map(([alias, root]) => [
    ...entryHead(entryTag.trusted, alias, store.createdAt),
    ...certificateOf(root),
  ])
  return encodeStore(entries, password)
}

/** The entries between a head and a digest, which tells a wrong password and damage. */
function encodeStore(entries: readonly (readonly Uint8Array[])[], password: Buffer): Uint8Array {
  const content = Buffer.concat([uint32(magic), uint32(formatVersion), uint32(entries.length), ...entries.flat()])
  return Buffer.concat([content, sha1(password, digestPhrase, content)])
}

/** Java looks for entries by their names in lower case. */
function entryHead(tag: number, alias: string, createdAt: number): Uint8Array[] {
  const date = Buffer.alloc(8)
  date.writeBigInt64BE(BigInt(createdAt))
  return [uint32(tag), utf(alias.toLowerCase()), date]
}

const certificateOf = ({ der }: ParsedCertificate): Uint8Array[] => [utf(certificateType), ...sized(der)]

/** The salt, the PKCS #8 key under a stream of SHA-1 digests, and a digest of the key. */
function protect(key: KeyObject, password: Buffer): Buffer {
  const plain = key.export({ format: 'der', type: 'pkcs8' })
  const salt = randomBytes(saltLength)
  const masked = Buffer.alloc(plain.length)
  let mask: Buffer = salt
  for (const [place, octet] of plain.entries()) {
    const within = place % saltLength
    if (within === 0) mask = sha1(password, mask)
    masked.writeUInt8(octet ^ mask.readUInt8(within), place)
  }
  return Buffer.concat([salt, masked, sha1(password, plain)])
}

function sha1(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha1')
  for (const part of parts) hash.update(part)
  return hash.digest()
}

const utf16 = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16()

/** Java's modified UTF-8 (DataOutput.writeUTF), which is UTF-8 for the characters that an alias may have. */
function utf(text: string): Buffer {
  const octets = Buffer.from(text)
  const length = Buffer.alloc(2)
  length.writeUInt16BE(octets.length)
  return Buffer.concat([length, octets])
}

const sized = (octets: Uint8Array): Uint8Array[] => [uint32(octets.length), octets]

function uint32(value: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(value)
  return octets
}
