import { createCipheriv, createDecipheriv, type KeyObject, randomBytes } from 'node:crypto'
import { AsnConvert, AsnProp, AsnPropTypes } from '@peculiar/asn1-schema'
import { AlgorithmIdentifier } from '@peculiar/asn1-x509'
import { openRecipientInfo, recipientInfo } from './cms-recipient.ts'
import { explicit, implicit, integer, objectIdentifier, octetString, sequence, setOf } from './der.ts'
import { PkiError } from './error.ts'
import type { ParsedCertificate } from './parsed-certificate.ts'
import { decodeOnlyPem, encodePem } from './pem.ts'

/** id-ct-authEnvelopedData (RFC 5083 section 2.1) and id-data (RFC 5652 section 4). */
const authEnvelopedData = '1.2.840.113549.1.9.16.1.23'
const data = '1.2.840.113549.1.7.1'

/** AES-256 in GCM (RFC 5084 section 3.2); lengths in octets, of the nonce as recommended there, of the tag in full. */
const aesGcm = '2.16.840.1.101.3.4.1.46'
const cipher = 'aes-256-gcm'
const keyLength = 32
const nonceLength = 12
const tagLength = 16

const pemLabel = 'CMS'
const maxText = 16 * 1024 * 1024
/** As PEM it is a third longer; what is written can be read again. */
const maxContent = 8 * 1024 * 1024
const maxRecipients = 100

const any = { type: AsnPropTypes.Any }
const octets = { type: AsnPropTypes.OctetString }

/** GCMParameters (RFC 5084 section 3.2). */
class GcmSchema {
  nonce = new ArrayBuffer(0)
  tagLength = 12
}
AsnProp(octets)(GcmSchema.prototype, 'nonce')
AsnProp({ type: AsnPropTypes.Integer, defaultValue: 12 })(GcmSchema.prototype, 'tagLength')

/** EncryptedContentInfo (RFC 5652 section 6.1). */
class ContentSchema {
  type = ''
  algorithm = new AlgorithmIdentifier()
  encrypted = new ArrayBuffer(0)
}
AsnProp({ type: AsnPropTypes.ObjectIdentifier })(ContentSchema.prototype, 'type')
AsnProp({ type: AlgorithmIdentifier })(ContentSchema.prototype, 'algorithm')
AsnProp({ ...octets, context: 0, implicit: true })(ContentSchema.prototype, 'encrypted')

/** AuthEnvelopedData (RFC 5083 section 2.1) without what nobody here needs: originatorInfo and attributes. */
class EnvelopeSchema {
  version: unknown
  recipients: ArrayBuffer[] = []
  content = new ContentSchema()
  tag = new ArrayBuffer(0)
}
AsnProp(any)(EnvelopeSchema.prototype, 'version')
AsnProp({ ...any, repeated: 'set' })(EnvelopeSchema.prototype, 'recipients')
AsnProp({ type: ContentSchema })(EnvelopeSchema.prototype, 'content')
AsnProp(octets)(EnvelopeSchema.prototype, 'tag')

/** ContentInfo (RFC 5652 section 3). */
class MessageSchema {
  type = ''
  content = new ArrayBuffer(0)
}
AsnProp({ type: AsnPropTypes.ObjectIdentifier })(MessageSchema.prototype, 'type')
AsnProp({ ...any, context: 0 })(MessageSchema.prototype, 'content')

/**
 * Encrypts at most 8 MiB so that the holder of any recipient's private key can read it, and sees whether it was
 * altered: CMS AuthEnvelopedData (RFC 5083) with AES-256-GCM, as the PEM text that `openssl cms -decrypt -inform PEM`
 * reads. It does not say who encrypted it: a recipient's certificate is public.
 * @throws PkiError InvalidCertificate for a recipient whose key is weak, or neither RSA nor EC on a common curve;
 *   InvalidCms when there is no recipient, or too many, or the content is too large
 */
export function encryptCms(content: Uint8Array, recipients: readonly ParsedCertificate[]): string {
  if (content.length > maxContent) throw flaw(`more than ${maxContent / 1024 ** 2} MiB are not encrypted at once`)
  if (recipients.length === 0 || recipients.length > maxRecipients) {
    throw flaw(`there must be between 1 and ${maxRecipients} recipients, and there are ${recipients.length}`)
  }
  const key = randomBytes(keyLength)
  const nonce = randomBytes(nonceLength)
  const infos = recipients.map((certificate) => recipientInfo(certificate, key))
  const encryption = createCipheriv(cipher, key, nonce, { authTagLength: tagLength })
  const encrypted = Buffer.concat([encryption.update(content), encryption.final()])
  const parameters = sequence(octetString(nonce), integer(Uint8Array.of(tagLength)))
  const algorithm = sequence(objectIdentifier(aesGcm), parameters)
  const envelope = sequence(
    integer(Uint8Array.of(0)),
    // The members of a SET OF, in the order that DER gives them.
    setOf(Buffer.concat(infos.sort(Buffer.compare))),
    sequence(objectIdentifier(data), algorithm, implicit(0, encrypted)),
    octetString(encryption.getAuthTag()),
  )
  return encodePem(sequence(objectIdentifier(authEnvelopedData), explicit(0, envelope)), pemLabel)
}

/**
 * What `encryptCms` has encrypted, from a text of at most 16 MiB with one PEM block `CMS`.
 * @param key the private key of one of the recipients
 * @throws PkiError InvalidCms when it is malformed, of another type, not encrypted to this key, or altered
 */
export function decryptCms(pem: string, key: KeyObject): Buffer {
  if (pem.length > maxText) throw flaw(`it is larger than ${maxText / 1024 ** 2} MiB`)
  const { recipients, content, tag } = readEnvelope(decodeOnlyPem(pem, [pemLabel], 'InvalidCms'))
  const nonce = readNonce(content, tag)
  for (const recipient of recipients) {
    const contentKey = openRecipientInfo(Buffer.from(recipient), key)
    if (contentKey?.length === keyLength) return open(content, contentKey, nonce, tag)
  }
  throw flaw(`none of its ${recipients.length} recipients has this key`)
}

function readEnvelope(der: Uint8Array): EnvelopeSchema {
  const { type, content } = attempt(() => AsnConvert.parse(der, MessageSchema))
  if (type !== authEnvelopedData) throw flaw(`it is CMS of the type ${type}, and not AuthEnvelopedData (RFC 5083)`)
  const envelope = attempt(() => AsnConvert.parse(content, EnvelopeSchema))
  if (envelope.recipients.length > maxRecipients) throw flaw(`it has more than ${maxRecipients} recipients`)
  return envelope
}

/** A shorter tag would be easier to guess: the full length is demanded. */
function readNonce({ algorithm }: ContentSchema, tag: ArrayBuffer): Buffer {
  if (algorithm.algorithm !== aesGcm) throw flaw('it is not encrypted with AES-256-GCM')
  const { nonce, tagLength: said } = attempt(() =>
    AsnConvert.parse(algorithm.parameters ?? new ArrayBuffer(0), GcmSchema),
  )
  if (nonce.byteLength !== nonceLength || said !== tagLength || tag.byteLength !== tagLength) {
    throw flaw(`its nonce and tag are not of ${nonceLength} and ${tagLength} octets`)
  }
  return Buffer.from(nonce)
}

function open({ encrypted }: ContentSchema, key: Uint8Array, nonce: Uint8Array, tag: ArrayBuffer): Buffer {
  const decryption = createDecipheriv(cipher, key, nonce, { authTagLength: tagLength })
  decryption.setAuthTag(Buffer.from(tag))
  const content = decryption.update(Buffer.from(encrypted))
  try {
    return Buffer.concat([content, decryption.final()])
  } catch {
    throw flaw('it was altered after it was encrypted')
  }
}

/** The parser's own message is left out: it speaks of its insides. */
function attempt<T>(read: () => T): T {
  try {
    return read()
  } catch {
    throw flaw('it is not well-formed CMS (RFC 5083); it may be cut off')
  }
}

const flaw = (message: string): PkiError => new PkiError('InvalidCms', message)
