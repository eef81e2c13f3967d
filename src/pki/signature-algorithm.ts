import { constants, type KeyObject, verify } from 'node:crypto'
import { explicit, integer, objectIdentifier, sequence } from './der.ts'

type Hash = 'sha256' | 'sha384' | 'sha512'

type ParameterSet = 44 | 65 | 87

/** How octets are signed. */
export interface SignatureAlgorithm {
  /** DER of the AlgorithmIdentifier, as it stands in a certificate. */
  readonly identifier: Uint8Array
  /** What the octets to be signed are hashed with; undefined for an algorithm that takes them as they are. */
  readonly hash: Hash | undefined
}

/** How a signature is checked. */
interface Verification extends SignatureAlgorithm {
  /** The kind of key that makes such signatures, as Node calls it. */
  readonly keyType: string
  /** Node's options for RSASSA-PSS. */
  readonly options?: { readonly padding: number; readonly saltLength: number }
}

const identifierOf = (id: string, ...parameters: readonly Uint8Array[]): Uint8Array =>
  sequence(objectIdentifier(id), ...parameters)

const nothing = Uint8Array.of(0x05, 0x00)

/** Each hash with the octets that it makes, and its identifiers: alone, in ECDSA, in RSA by PKCS #1 v1.5. */
const hashes: Readonly<Record<Hash, { octets: number; id: string; ecdsa: string; rsa: string }>> = {
  sha256: {
    octets: 32,
    id: '2.16.840.1.101.3.4.2.1',
    ecdsa: '1.2.840.10045.4.3.2',
    rsa: '1.2.840.113549.1.1.11',
  },
  sha384: {
    octets: 48,
    id: '2.16.840.1.101.3.4.2.2',
    ecdsa: '1.2.840.10045.4.3.3',
    rsa: '1.2.840.113549.1.1.12',
  },
  sha512: {
    octets: 64,
    id: '2.16.840.1.101.3.4.2.3',
    ecdsa: '1.2.840.10045.4.3.4',
    rsa: '1.2.840.113549.1.1.13',
  },
}

/** ECDSA without parameters (RFC 5758 section 3.2). */
export const ecdsa = (hash: Hash): Verification => ({
  keyType: 'ec',
  hash,
  identifier: identifierOf(hashes[hash].ecdsa),
})

/** RSA by PKCS #1 v1.5, with NULL as parameters (RFC 4055 section 5). */
export const rsa = (hash: Hash): Verification => ({
  keyType: 'rsa',
  hash,
  identifier: identifierOf(hashes[hash].rsa, nothing),
})

/** Ed25519 without parameters (RFC 8410 section 3). */
export const ed25519: Verification = {
  keyType: 'ed25519',
  hash: undefined,
  identifier: identifierOf('1.3.101.112'),
}

const mlDsaIds: Readonly<Record<ParameterSet, string>> = {
  44: '2.16.840.1.101.3.4.3.17',
  65: '2.16.840.1.101.3.4.3.18',
  87: '2.16.840.1.101.3.4.3.19',
}

/** ML-DSA (FIPS 204) in its pure form, without parameters (RFC 9881 section 2). */
export const mlDsa = (set: ParameterSet): Verification => ({
  keyType: `ml-dsa-${set}`,
  hash: undefined,
  identifier: identifierOf(mlDsaIds[set]),
})

/** RSASSA-PSS with one hash throughout and a salt of its length (RFC 4055 section 3.1). */
function rsaPss(hash: Hash): Verification {
  const { id, octets } = hashes[hash]
  const digest = identifierOf(id, nothing)
  const mask = identifierOf('1.2.840.113549.1.1.8', digest)
  const salt = integer(Uint8Array.of(octets))
  const parameters = sequence(explicit(0, digest), explicit(1, mask), explicit(2, salt))
  return {
    keyType: 'rsa',
    hash,
    identifier: identifierOf('1.2.840.113549.1.1.10', parameters),
    options: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: octets },
  }
}

const octetsOf = (identifier: Uint8Array): string => Buffer.from(identifier).toString('latin1')

/** Every algorithm whose signatures count, by the octets of its identifier. MD5 and SHA-1 are not among them. */
const accepted: ReadonlyMap<string, Verification> = new Map(
  [
    ...(['sha256', 'sha384', 'sha512'] as const).flatMap((hash) => [ecdsa(hash), rsa(hash), rsaPss(hash)]),
    ed25519,
    ...([44, 65, 87] as const).map(mlDsa),
  ].map((each) => [octetsOf(each.identifier), each]),
)

/** A signature, and what it was made over. */
export interface Signature {
  /** DER of the AlgorithmIdentifier. */
  readonly identifier: Uint8Array
  readonly value: Uint8Array
  readonly signed: Uint8Array
}

/** Whether signatures by the algorithm of this AlgorithmIdentifier are accepted; one by SHA-1 or MD5 can be forged. */
export const isAcceptedAlgorithm = (identifier: Uint8Array): boolean => accepted.has(octetsOf(identifier))

/** Whether the signature was made by an accepted algorithm and with the private half of `key`. */
export function isSignedWith(key: KeyObject, { identifier, value, signed }: Signature): boolean {
  const verification = accepted.get(octetsOf(identifier))
  if (verification === undefined || verification.keyType !== key.asymmetricKeyType) return false
  try {
    return verify(verification.hash, signed, { key, ...verification.options }, value)
  } catch {
    return false
  }
}
