import {
  type Cipheriv,
  constants,
  createCipheriv,
  createDecipheriv,
  createHash,
  createPublicKey,
  type Decipheriv,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
  privateDecrypt,
  publicEncrypt,
} from 'node:crypto'
import { AsnConvert, AsnProp, AsnPropTypes } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import {
  bitString,
  explicit,
  implicitSequence,
  integer,
  objectIdentifier,
  octetString,
  sequence,
  unsignedInteger,
} from './der.ts'
import { PkiError } from './error.ts'
import { encodePublicKey, isWeak, kindOf } from './key.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'

/** RSAES-OAEP (RFC 4055 section 4.1), and the only hash that is used with it. */
const rsaesOaep = '1.2.840.113549.1.1.7'
const oaepHash = 'sha256'
const sha256 = sequence(objectIdentifier('2.16.840.1.101.3.4.2.1'))
const mgf1 = sequence(objectIdentifier('1.2.840.113549.1.1.8'), sha256)
const oaepAlgorithm = sequence(objectIdentifier(rsaesOaep), sequence(explicit(0, sha256), explicit(1, mgf1)))

/** AES-256 key wrap (RFC 3394) as an AlgorithmIdentifier (RFC 3565), with the initial value of RFC 3394. */
const aesWrap = sequence(objectIdentifier('2.16.840.1.101.3.4.1.45'))
const wrapCipher = 'id-aes256-wrap'
const wrapStart = Buffer.alloc(8, 0xa6)

/** dhSinglePass-stdDH-sha256kdf-scheme (RFC 5753 section 7.1.4). */
const ecdhSha256 = '1.3.132.1.11.1'
const agreement = sequence(objectIdentifier(ecdhSha256), aesWrap)

/** P-256, P-384 and P-521, as Node calls them. */
const curves: ReadonlySet<string> = new Set(['prime256v1', 'secp384r1', 'secp521r1'])

const sequenceTag = 0x30
/** [1] in a RecipientInfo: a KeyAgreeRecipientInfo; [1] in an OriginatorIdentifierOrKey: an OriginatorPublicKey. */
const keyAgreementTag = 0xa1
const publicKeyTag = 0xa1
const any = { type: AsnPropTypes.Any }

/** A KeyTransRecipientInfo (RFC 5652 section 6.2.1). */
class KeyTransportSchema {
  version: unknown
  recipient: unknown
  algorithm = new AlgorithmIdentifier()
  encryptedKey = new ArrayBuffer(0)
}
AsnProp(any)(KeyTransportSchema.prototype, 'version')
AsnProp(any)(KeyTransportSchema.prototype, 'recipient')
AsnProp({ type: AlgorithmIdentifier })(KeyTransportSchema.prototype, 'algorithm')
AsnProp({ type: AsnPropTypes.OctetString })(KeyTransportSchema.prototype, 'encryptedKey')

/** A RecipientEncryptedKey (RFC 5652 section 6.2.2). */
class EncryptedKeySchema {
  recipient: unknown
  encryptedKey = new ArrayBuffer(0)
}
AsnProp(any)(EncryptedKeySchema.prototype, 'recipient')
AsnProp({ type: AsnPropTypes.OctetString })(EncryptedKeySchema.prototype, 'encryptedKey')

/** A KeyAgreeRecipientInfo (RFC 5652 section 6.2.2). */
class KeyAgreementSchema {
  version: unknown
  originator = new ArrayBuffer(0)
  userKeyingMaterial: unknown
  algorithm = new ArrayBuffer(0)
  encryptedKeys: EncryptedKeySchema[] = []
}
AsnProp(any)(KeyAgreementSchema.prototype, 'version')
AsnProp({ ...any, context: 0 })(KeyAgreementSchema.prototype, 'originator')
AsnProp({ ...any, context: 1, optional: true })(KeyAgreementSchema.prototype, 'userKeyingMaterial')
AsnProp(any)(KeyAgreementSchema.prototype, 'algorithm')
AsnProp({ type: EncryptedKeySchema, repeated: 'sequence' })(KeyAgreementSchema.prototype, 'encryptedKeys')

/** An OriginatorPublicKey (RFC 5652 section 6.2.2): a SubjectPublicKeyInfo that may leave its curve out. */
class OriginatorSchema {
  algorithm = new ArrayBuffer(0)
  publicKey = new ArrayBuffer(0)
}
AsnProp(any)(OriginatorSchema.prototype, 'algorithm')
AsnProp({ type: AsnPropTypes.BitString })(OriginatorSchema.prototype, 'publicKey')

/**
 * DER of the RecipientInfo (RFC 5652 section 6.2) through which the holder of the certificate's key gets the key of the
 * content: RSAES-OAEP with SHA-256, or ephemeral-static ECDH on the key's own curve.
 * @throws PkiError InvalidCertificate for a key that is weak or cannot receive: neither RSA nor EC on a common curve
 */
export function recipientInfo(certificate: ParsedCertificate, contentKey: Uint8Array): Uint8Array {
  const { publicKey, issuerDer, serialNumber, subject } = certificate
  const recipient = sequence(Buffer.from(issuerDer), unsignedInteger(Buffer.from(serialNumber, 'hex')))
  if (publicKey.asymmetricKeyType === 'rsa' && !isWeak(publicKey)) return transport(recipient, publicKey, contentKey)
  if (isOnCommonCurve(publicKey)) return agree(recipient, publicKey, contentKey)
  const bits = publicKey.asymmetricKeyDetails?.modulusLength
  const kind = bits === undefined ? kindOf(publicKey) : `${kindOf(publicKey)} with ${bits} bits`
  const advice = 'use RSA with at least 2048 bits, or EC on P-256, P-384 or P-521'
  const message = `nothing can be encrypted to the key of ${subject || 'the recipient'} (${kind}): ${advice}`
  throw new PkiError('InvalidCertificate', message)
}

function transport(recipient: Uint8Array, key: KeyObject, contentKey: Uint8Array): Uint8Array {
  const encrypted = publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, contentKey)
  return sequence(version(0), recipient, oaepAlgorithm, octetString(encrypted))
}

function agree(recipient: Uint8Array, key: KeyObject, contentKey: Uint8Array): Uint8Array {
  const ephemeral = generateKeyPairSync('ec', { namedCurve: kindOf(key) })
  const wrapping = wrappingKey(ephemeral.privateKey, key)
  const wrapped = throughCipher(createCipheriv(wrapCipher, wrapping, wrapStart), contentKey)
  const originator = explicit(0, retagged(encodePublicKey(ephemeral.publicKey), publicKeyTag))
  const encryptedKeys = sequence(sequence(recipient, octetString(wrapped)))
  return implicitSequence(1, [version(3), originator, agreement, encryptedKeys])
}

/**
 * The key of the content, when this RecipientInfo has it for `key`, a private key; otherwise undefined. Whom it names
 * is not looked at: only the right key opens it.
 */
export function openRecipientInfo(der: Uint8Array, key: KeyObject): Uint8Array | undefined {
  try {
    if (der[0] === sequenceTag && key.asymmetricKeyType === 'rsa') return transported(der, key)
    if (der[0] === keyAgreementTag && isOnCommonCurve(key)) return agreedUpon(der, key)
  } catch {
    // It is malformed, or for another key: the next one may be the right one.
  }
  return undefined
}

function transported(der: Uint8Array, key: KeyObject): Uint8Array | undefined {
  const { algorithm, encryptedKey } = AsnConvert.parse(der, KeyTransportSchema)
  if (algorithm.algorithm !== rsaesOaep) return undefined
  return privateDecrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash }, Buffer.from(encryptedKey))
}

function agreedUpon(der: Uint8Array, key: KeyObject): Uint8Array | undefined {
  const info = AsnConvert.parse(retagged(der, sequenceTag), KeyAgreementSchema)
  if (info.userKeyingMaterial !== undefined || !agreement.equals(Buffer.from(info.algorithm))) return undefined
  const wrapping = wrappingKey(key, originatorOf(info, key))
  const [only] = info.encryptedKeys
  return only && throughCipher(createDecipheriv(wrapCipher, wrapping, wrapStart), Buffer.from(only.encryptedKey))
}

/** The sender's key: on the curve of the recipient's, which is the only one that the two can agree on. */
function originatorOf({ originator }: KeyAgreementSchema, key: KeyObject): KeyObject {
  const { publicKey } = AsnConvert.parse(retagged(Buffer.from(originator), sequenceTag), OriginatorSchema)
  const { algorithm } = AsnConvert.parse(encodePublicKey(key), OriginatorSchema)
  const spki = sequence(Buffer.from(algorithm), bitString(Buffer.from(publicKey)))
  return createPublicKey({ key: spki, format: 'der', type: 'spki' })
}

/** One round of X9.63's key derivation over the agreed secret and ECC-CMS-SharedInfo (RFC 5753 section 7.2). */
function wrappingKey(privateKey: KeyObject, publicKey: KeyObject): Buffer {
  const bits = explicit(2, octetString(counter(256)))
  const hash = createHash('sha256').update(diffieHellman({ privateKey, publicKey }))
  return hash.update(counter(1)).update(sequence(aesWrap, bits)).digest()
}

const isOnCommonCurve = (key: KeyObject): boolean => key.asymmetricKeyType === 'ec' && curves.has(kindOf(key))

const throughCipher = (cipher: Cipheriv | Decipheriv, input: Uint8Array): Buffer =>
  Buffer.concat([cipher.update(input), cipher.final()])

const version = (number: number): Buffer => integer(Uint8Array.of(number))

/** Four octets, big-endian. */
function counter(value: number): Buffer {
  const octets = Buffer.alloc(4)
  octets.writeUInt32BE(value)
  return octets
}

/** The same value as another IMPLICIT type: only its first octet differs. */
const retagged = (der: Uint8Array, tag: number): Buffer => Buffer.concat([Uint8Array.of(tag), der.subarray(1)])
