import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto'
import { PkiError, type PkiReason } from './error.ts'
import { algorithmNames, type KeyAlgorithm, type KeyEncoding, traitsOf } from './key-algorithm.ts'

/**
 * Algorithm and size of a key pair: ECDSA 256, 384 or 521 bits; RSA 2048, 3072, 4096 or 8192; Ed25519 255; ML-DSA 44,
 * 65 or 87, which are parameter sets.
 */
export interface KeySpec {
  readonly algorithm: KeyAlgorithm
  readonly size: number
}

/** A PKCS #8 key of RSA-8192 has about 6.5 KiB; of ML-DSA-87 10 KiB where its public half is in it too. */
const maxPrivateKeyText = 16 * 1024

/** The work of a signature check grows with the square of the modulus: beyond this no foreign key is used. */
const maxModulusBits = 8192

const minModulusBits = 2048

/**
 * A new private key. Generated in Node's thread pool; RSA takes it tens of milliseconds to seconds, so the caller
 * bounds how many are under way.
 * @throws PkiError InvalidKey when `spec` names a size that the algorithm does not have
 */
export async function generateKey(spec: KeySpec): Promise<KeyObject> {
  const { sizes, generate } = traitsOf(spec.algorithm)
  if (!sizes.includes(spec.size)) {
    throw new PkiError('InvalidKey', `${spec.algorithm} has no keys of size ${spec.size}: use ${sizes.join(', ')}`)
  }
  return (await generate(spec.size)).privateKey
}

/**
 * PEM of a private key, unencrypted: `PRIVATE KEY` (RFC 5958) or `RSA PRIVATE KEY` (RFC 8017 A.1.2).
 * @throws PkiError InvalidKey when keys of this algorithm have no such encoding
 */
export function encodePrivateKey(key: KeyObject, encoding: KeyEncoding): string {
  const { algorithm } = specOf(key) ?? {}
  if (algorithm === undefined || !traitsOf(algorithm).encodings.includes(encoding)) {
    throw new PkiError('InvalidKey', `${algorithm ?? 'this'} keys cannot be written as ${encoding}: use PKCS8`)
  }
  return key.export({ format: 'pem', type: encoding === 'PKCS1' ? 'pkcs1' : 'pkcs8' }).toString()
}

/**
 * The private key of a PEM text of at most 16 KiB: PKCS #8, PKCS #1 or SEC 1, unencrypted.
 * @throws PkiError InvalidKey for anything else, and for a key of an algorithm or size that is not supported
 */
export function parsePrivateKey(pem: string): KeyObject {
  if (pem.length > maxPrivateKeyText) {
    throw new PkiError('InvalidKey', `the private key is larger than ${maxPrivateKeyText} characters`)
  }
  if (pem.includes('ENCRYPTED')) {
    throw new PkiError('InvalidKey', 'the private key is encrypted: store it without a passphrase')
  }
  const key = readPrivateKey(pem)
  checkPublicKey(key, 'InvalidKey')
  if (specOf(key) === undefined) {
    throw new PkiError('InvalidKey', `the private key is of a kind (${kindOf(key)}) that is not supported`)
  }
  if (isWeak(key)) throw new PkiError('InvalidKey', `the RSA key has fewer than ${minModulusBits} bits`)
  return key
}

/** OpenSSL's own message is left out: it says nothing to a user, and nothing of a key may get into a message. */
function readPrivateKey(pem: string): KeyObject {
  try {
    const key = createPrivateKey(pem)
    // An EC key that is no number below the order of its curve is read, and cannot be written.
    key.export({ format: 'der', type: 'pkcs8' })
    return key
  } catch {
    throw new PkiError('InvalidKey', 'the private key is not the PEM text of a PKCS #8, PKCS #1 or SEC 1 key')
  }
}

/** Whether `key`, private or public, is of this algorithm and size. */
export function keySatisfies(key: KeyObject, spec: KeySpec): boolean {
  return traitsOf(spec.algorithm).sizeOf(key) === spec.size
}

/** Whether both, private or public, belong to the same key pair. */
export function sameKey(a: KeyObject, b: KeyObject): boolean {
  return publicKeyOf(a).equals(publicKeyOf(b))
}

/** The public half of a key; a public key is its own. */
export function publicKeyOf(key: KeyObject): KeyObject {
  return key.type === 'private' ? createPublicKey(key) : key
}

/** DER of the SubjectPublicKeyInfo (RFC 5280 section 4.1) of a key or of its public half. */
export const encodePublicKey = (key: KeyObject): Uint8Array => publicKeyOf(key).export({ format: 'der', type: 'spki' })

/** Algorithm and size of a key, or undefined when it is of an algorithm that is not supported. */
export function specOf(key: KeyObject): KeySpec | undefined {
  for (const algorithm of algorithmNames) {
    const size = traitsOf(algorithm).sizeOf(key)
    if (size !== undefined) return { algorithm, size }
  }
  return undefined
}

/**
 * Refuses keys that cost too much to use, that hide which curve they are on, or that are no keys: with an RSA exponent
 * of 1 every text is its own signature (NIST SP 800-89 section 5.3.3). A certificate whose key carries its own
 * curve parameters can be made to fit any issuer's public key (CVE-2020-0601).
 * @throws PkiError with `reason`
 */
export function checkPublicKey(key: KeyObject, reason: PkiReason): void {
  const { modulusLength = 0, publicExponent = 3n, namedCurve } = key.asymmetricKeyDetails ?? {}
  if (modulusLength > maxModulusBits) {
    throw new PkiError(reason, `the RSA key has ${modulusLength} bits: at most ${maxModulusBits} are accepted`)
  }
  if (publicExponent < 3n || publicExponent % 2n === 0n) {
    throw new PkiError(reason, 'the public exponent of the RSA key is not an odd number from 3')
  }
  if (key.asymmetricKeyType === 'ec' && namedCurve === undefined) {
    throw new PkiError(reason, 'the EC key is not on a named curve')
  }
}

/** Whether the key can be broken with means that exist: RSA below 2048 bits (NIST SP 800-131A). */
export const isWeak = (key: KeyObject): boolean =>
  (key.asymmetricKeyDetails?.modulusLength ?? minModulusBits) < minModulusBits

/** What Node calls the key's curve or algorithm. */
export const kindOf = (key: KeyObject): string =>
  key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyType ?? 'unknown'
