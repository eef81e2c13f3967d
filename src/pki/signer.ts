import { type KeyObject, sign, verify } from 'node:crypto'
import { promisify } from 'node:util'
import { PkiError } from './error.ts'
import { publicKeyOf, specOf } from './key.ts'
import { algorithmNames, traitsOf } from './key-algorithm.ts'
import type { SignatureAlgorithm } from './signature-algorithm.ts'

const signAsync = promisify(sign)

/** Whatever holds a CA's key: a key in memory, a cloud's key service, a hardware module. */
export interface Signer {
  readonly publicKey: KeyObject
  readonly algorithm: SignatureAlgorithm
  /** The signature over `tbs`, which the signer hashes itself; ECDSA signatures are DER (RFC 3279 section 2.2.3). */
  sign(tbs: Uint8Array): Promise<Uint8Array>
}

/**
 * Signs with a private key in memory, in Node's thread pool where that pays: ECDSA with the hash of the curve's
 * strength, RSA by PKCS #1 v1.5 with SHA-256, Ed25519 and ML-DSA in their pure forms.
 * @throws PkiError InvalidKey when the key cannot sign, or its public half does not belong to it
 */
export function keySigner(key: KeyObject): Signer {
  const spec = specOf(key)
  if (spec === undefined || key.type !== 'private') {
    throw new PkiError('InvalidKey', `signing takes a private key of ${algorithmNames.join(', ')}`)
  }
  const publicKey = publicKeyOf(key)
  const traits = traitsOf(spec.algorithm)
  const algorithm = traits.signature(spec.size)
  checkPair(key, publicKey, algorithm.hash)
  const isQuick = traits.isQuick(spec.size)
  return {
    publicKey,
    algorithm,
    sign: async (tbs) => (isQuick ? sign(algorithm.hash, tbs, key) : signAsync(algorithm.hash, tbs, key)),
  }
}

/** A damaged key can parse and yet make signatures that nobody can verify: found here, before anything is signed. */
function checkPair(key: KeyObject, publicKey: KeyObject, hash: SignatureAlgorithm['hash']): void {
  const probe = Buffer.from('proof of possession')
  try {
    if (verify(hash, probe, publicKey, sign(hash, probe, key))) return
  } catch {
    // OpenSSL refuses some damaged keys by itself; both ways end in the same answer.
  }
  throw new PkiError('InvalidKey', 'the private key is damaged: its two halves do not belong together')
}
