import { generateKeyPair, generateKeyPairSync, type KeyObject } from 'node:crypto'
import { promisify } from 'node:util'
import { PkiError } from './error.ts'
import { ecdsa, ed25519, mlDsa, rsa, type SignatureAlgorithm } from './signature-algorithm.ts'

const generatePair = promisify(generateKeyPair)

export type KeyEncoding = 'PKCS8' | 'PKCS1'

/** All that differs between two algorithms of keys. */
interface AlgorithmTraits {
  /** Sizes that can be asked for: in bits, for ML-DSA the numbers of its parameter sets. */
  readonly sizes: readonly number[]
  /** The size of keys for which none is asked. */
  readonly defaultSize: number
  /** How private keys can be written. */
  readonly encodings: readonly KeyEncoding[]
  /**
   * Whether making a key of this size, or a signature with one, takes less than going to the thread pool and back
   * (P-256: 0.03 ms against 0.1 ms).
   */
  isQuick(size: number): boolean
  generate(size: number): Promise<{ privateKey: KeyObject }>
  /** The size of `key`, or undefined when it is a key of another algorithm. */
  sizeOf(key: KeyObject): number | undefined
  /** How a key of this size signs. */
  signature(size: number): SignatureAlgorithm
}

/** A size of an algorithm's keys: what Node calls it, and how such keys sign. */
interface Variant<Name extends string> {
  readonly name: Name
  readonly signature: SignatureAlgorithm
}

/** NIST curves. Each signs with the hash of its own strength (RFC 5758 section 3.2). */
const curves: ReadonlyMap<number, Variant<string>> = new Map([
  [256, { name: 'prime256v1', signature: ecdsa('sha256') }],
  [384, { name: 'secp384r1', signature: ecdsa('sha384') }],
  [521, { name: 'secp521r1', signature: ecdsa('sha512') }],
])

/** Parameter sets of ML-DSA (FIPS 204 section 4). */
const parameterSets: ReadonlyMap<number, Variant<'ml-dsa-44' | 'ml-dsa-65' | 'ml-dsa-87'>> = new Map([
  [44, { name: 'ml-dsa-44', signature: mlDsa(44) }],
  [65, { name: 'ml-dsa-65', signature: mlDsa(65) }],
  [87, { name: 'ml-dsa-87', signature: mlDsa(87) }],
])

function variantOf<Name extends string>(variants: ReadonlyMap<number, Variant<Name>>, size: number): Variant<Name> {
  const variant = variants.get(size)
  if (variant !== undefined) return variant
  throw new PkiError('InvalidKey', `there are no such keys of size ${size}: use ${[...variants.keys()].join(', ')}`)
}

function sizeNamed(variants: ReadonlyMap<number, Variant<string>>, name: string | undefined): number | undefined {
  for (const [size, variant] of variants) if (variant.name === name) return size
  return undefined
}

const rsaWithSha256 = rsa('sha256')

/** OpenSSL has machine code of its own for P-256. */
const quickCurve = 256

/** The algorithms that keys can have. One more entry is one more algorithm, everywhere. */
const keyAlgorithms = {
  ECDSA: {
    sizes: [...curves.keys()],
    defaultSize: 256,
    encodings: ['PKCS8'],
    isQuick: (size) => size === quickCurve,
    generate: async (size) => {
      const options = { namedCurve: variantOf(curves, size).name }
      return size === quickCurve ? generateKeyPairSync('ec', options) : generatePair('ec', options)
    },
    sizeOf: (key) => sizeNamed(curves, key.asymmetricKeyDetails?.namedCurve),
    signature: (size) => variantOf(curves, size).signature,
  },
  RSA: {
    sizes: [2048, 3072, 4096, 8192],
    defaultSize: 2048,
    encodings: ['PKCS8', 'PKCS1'],
    isQuick: () => false,
    generate: (modulusLength) => generatePair('rsa', { modulusLength }),
    sizeOf: (key) => (key.asymmetricKeyType === 'rsa' ? key.asymmetricKeyDetails?.modulusLength : undefined),
    signature: () => rsaWithSha256,
  },
  Ed25519: {
    sizes: [255],
    defaultSize: 255,
    encodings: ['PKCS8'],
    isQuick: () => true,
    generate: async () => generateKeyPairSync('ed25519'),
    sizeOf: (key) => (key.asymmetricKeyType === 'ed25519' ? 255 : undefined),
    signature: () => ed25519,
  },
  'ML-DSA': {
    sizes: [...parameterSets.keys()],
    defaultSize: 65,
    encodings: ['PKCS8'],
    isQuick: () => false,
    generate: (size) => generatePair(variantOf(parameterSets, size).name),
    sizeOf: (key) => sizeNamed(parameterSets, key.asymmetricKeyType),
    signature: (size) => variantOf(parameterSets, size).signature,
  },
} as const satisfies Record<string, AlgorithmTraits>

export type KeyAlgorithm = keyof typeof keyAlgorithms

export const algorithmNames = Object.keys(keyAlgorithms) as readonly KeyAlgorithm[]

/** The traits of an algorithm. */
export const traitsOf = (algorithm: KeyAlgorithm): AlgorithmTraits => keyAlgorithms[algorithm]

/** The size of a key for which only the algorithm is asked. */
export const defaultKeySize = (algorithm: KeyAlgorithm): number => traitsOf(algorithm).defaultSize
