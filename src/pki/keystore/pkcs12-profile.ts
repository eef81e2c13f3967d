import { createCipheriv, createHmac, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { nothing, objectIdentifier, octetString, sequence, unsignedInteger } from '../der.ts'
import { derive, purpose } from './pkcs12-derivation.ts'

/**
 * How a PKCS #12 store is protected. `Modern`: AES-256 and a MAC with SHA-256, as Java writes it since 17 and OpenSSL
 * since 3. `ModernPBMAC1`: the same with a MAC that FIPS allows (RFC 9579). `Legacy3DES`: for readers from before 2021.
 */
export type Pkcs12Profile = 'Modern' | 'ModernPBMAC1' | 'Legacy3DES'

/** What a password does to a store. */
export interface Protection {
  /** The AlgorithmIdentifier of the encryption, and the encrypted content. */
  encrypt(content: Uint8Array): Promise<{ algorithm: Uint8Array; encrypted: Uint8Array }>
  /** DER of the MacData (RFC 7292 section 4) over the content. */
  authenticate(content: Uint8Array): Promise<Uint8Array>
}

type Encrypt = (password: string, content: Uint8Array) => ReturnType<Protection['encrypt']>
type Authenticate = (password: string, content: Uint8Array) => Promise<Uint8Array>

const pbkdf2Async = promisify(pbkdf2)

/**
 * Java's default since 17; OpenSSL's is 2048. More would be paid by every program each time that it starts, and the
 * store is no safer than the same key in `tls.key` beside it.
 */
const iterations = 10_000

/** OpenSSL's default: this derivation has no thread of its own, and is three times as much work. */
const legacyIterations = 2048

const saltLength = 16
const sha256Length = 32

const hmacSha256 = sequence(objectIdentifier('1.2.840.113549.2.9'), nothing)
const sha256 = sequence(objectIdentifier('2.16.840.1.101.3.4.2.1'), nothing)
const sha1 = sequence(objectIdentifier('1.3.14.3.2.26'), nothing)

/** DER of an INTEGER from 0 to 2^32 - 1. */
function number(value: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(value)
  return unsignedInteger(octets)
}

/** A key by PBKDF2 with HMAC-SHA-256 from the password's UTF-8, and how it was derived (RFC 8018 appendix A.2). */
async function deriveByPbkdf2(password: string): Promise<{ key: Buffer; derivation: Uint8Array }> {
  const salt = randomBytes(saltLength)
  const key = await pbkdf2Async(password, salt, iterations, sha256Length, 'sha256')
  const parameters = sequence(octetString(salt), number(iterations), number(sha256Length), hmacSha256)
  return { key, derivation: sequence(objectIdentifier('1.2.840.113549.1.5.12'), parameters) }
}

/** PBES2 (RFC 8018 section 6.2) with AES-256-CBC. */
const encryptByPbes2: Encrypt = async (password, content) => {
  const { key, derivation } = await deriveByPbkdf2(password)
  const iv = randomBytes(16)
  const aes = sequence(objectIdentifier('2.16.840.1.101.3.4.1.42'), octetString(iv))
  return {
    algorithm: sequence(objectIdentifier('1.2.840.113549.1.5.13'), sequence(derivation, aes)),
    encrypted: encrypted('aes-256-cbc', key, iv, content),
  }
}

/** PBMAC1 (RFC 8018 section 7.1). MacData's own salt and iterations mean nothing then (RFC 9579 section 4). */
const authenticateByPbmac1: Authenticate = async (password, content) => {
  const { key, derivation } = await deriveByPbkdf2(password)
  const algorithm = sequence(objectIdentifier('1.2.840.113549.1.5.14'), sequence(derivation, hmacSha256))
  const digest = createHmac('sha256', key).update(content).digest()
  return sequence(sequence(algorithm, octetString(digest)), octetString(Buffer.from('NOT USED')))
}

/** pbeWithSHAAnd3-KeyTripleDES-CBC (RFC 7292 appendix C). */
const encryptByTripleDes: Encrypt = async (password, content) => {
  const salt = randomBytes(saltLength)
  const input = { hash: 'sha1', password, salt, iterations: legacyIterations } as const
  const key = derive({ ...input, purpose: purpose.key, length: 24 })
  const iv = derive({ ...input, purpose: purpose.iv, length: 8 })
  const parameters = sequence(octetString(salt), number(legacyIterations))
  return {
    algorithm: sequence(objectIdentifier('1.2.840.113549.1.12.1.3'), parameters),
    encrypted: encrypted('des-ede3-cbc', key, iv, content),
  }
}

/** The HMAC of RFC 7292 section 5.1 step 5. */
const authenticateBy =
  (name: 'sha1' | 'sha256', algorithm: Uint8Array, length: number, rounds: number): Authenticate =>
  async (password, content) => {
    const salt = randomBytes(saltLength)
    const key = derive({ hash: name, password, salt, iterations: rounds, purpose: purpose.mac, length })
    const digest = createHmac(name, key).update(content).digest()
    return sequence(sequence(algorithm, octetString(digest)), octetString(salt), number(rounds))
  }

function encrypted(cipher: string, key: Uint8Array, iv: Uint8Array, content: Uint8Array): Buffer {
  const encryption = createCipheriv(cipher, key, iv)
  return Buffer.concat([encryption.update(content), encryption.final()])
}

const profiles: Readonly<Record<Pkcs12Profile, { encrypt: Encrypt; authenticate: Authenticate }>> = {
  Modern: {
    encrypt: encryptByPbes2,
    authenticate: authenticateBy('sha256', sha256, sha256Length, iterations),
  },
  ModernPBMAC1: { encrypt: encryptByPbes2, authenticate: authenticateByPbmac1 },
  Legacy3DES: {
    encrypt: encryptByTripleDes,
    authenticate: authenticateBy('sha1', sha1, 20, legacyIterations),
  },
}

/** How the profile protects a store with a password whose characters the caller has checked. */
export function protectionOf(profile: Pkcs12Profile, password: string): Protection {
  const { encrypt, authenticate } = profiles[profile]
  return {
    encrypt: (content) => encrypt(password, content),
    authenticate: (content) => authenticate(password, content),
  }
}
