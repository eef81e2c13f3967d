import { createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto'
import { element, pem } from './der.ts'

/** What a certification request of a test consists of. */
interface Parts {
  readonly commonName?: string
  /** DER of each GeneralName (RFC 5280 section 4.2.1.6). */
  readonly names?: readonly Uint8Array[]
  /** DER of further Extensions. */
  readonly extensions?: readonly Uint8Array[]
  readonly key?: KeyObject
  /** DER of a public key in place of the key's own. */
  readonly publicKey?: Uint8Array
  /** DER of the signature algorithm, and its digest. */
  readonly signedWith?: { readonly identifier: Uint8Array; readonly digest: string }
}

const hex = (text: string): Buffer => Buffer.from(text, 'hex')
const ecdsaWithSha256 = { identifier: hex('300a06082a8648ce3d040302'), digest: 'sha256' }
const rsaWithSha256 = { identifier: hex('300d06092a864886f70d01010b0500'), digest: 'sha256' }
const rsaWithMd5 = { identifier: hex('300d06092a864886f70d0101040500'), digest: 'md5' }
const [commonNameId, subjectAltNameId, basicConstraintsId] = [hex('0603550403'), hex('0603551d11'), hex('0603551d13')]
const extensionRequestId = hex('06092a864886f70d01090e')

const extension = (id: Uint8Array, value: Uint8Array): Buffer => element(0x30, id, element(0x04, value))
const dnsName = (text: string): Buffer => element(0x82, Buffer.from(text))
const rsa = (modulusLength: number): KeyObject => generateKeyPairSync('rsa', { modulusLength }).privateKey
const { privateKey: ownKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })

/** A request that is right in form and signed, whatever it asks for. */
function request(parts: Parts = {}): Buffer {
  const { commonName, names = [dnsName('csr.example.com')], key = ownKey, signedWith = ecdsaWithSha256 } = parts
  const named = names.length === 0 ? [] : [extension(subjectAltNameId, element(0x30, ...names))]
  const extensions = element(0x30, ...named, ...(parts.extensions ?? []))
  const subject =
    commonName === undefined
      ? element(0x30)
      : element(0x30, element(0x31, element(0x30, commonNameId, element(0x0c, Buffer.from(commonName)))))
  const info = element(
    0x30,
    hex('020100'),
    subject,
    parts.publicKey ?? createPublicKey(key).export({ format: 'der', type: 'spki' }),
    element(0xa0, element(0x30, extensionRequestId, element(0x31, extensions))),
  )
  const signature = sign(signedWith.digest, info, key)
  return element(0x30, info, signedWith.identifier, element(0x03, Uint8Array.of(0), signature))
}

const pemOf = (der: Uint8Array): string => pem(der, 'CERTIFICATE REQUEST')

/** An RSA public key of this size; to make its private half too would take minutes. */
function rsaPublicKey(bits: number): Buffer {
  const modulus = randomBytes(bits / 8)
  modulus[0] = 0xff
  modulus[modulus.length - 1] = 0xff
  const jwk = { kty: 'RSA', n: modulus.toString('base64url'), e: 'AQAB' }
  return createPublicKey({ key: jwk, format: 'jwk' }).export({ format: 'der', type: 'spki' })
}

/** The same with its last bit turned: that of the signature. */
function altered(der: Uint8Array): Buffer {
  const copy = Buffer.from(der)
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1
  return copy
}

/** Names of two octets, so that ten thousand of them pass the API server's limit on the text of a request. */
const shortNames = Array.from({ length: 10_000 }, (_, index) => dnsName(((index % 676) + 360).toString(36)))

export const goodCsr = (): string => pemOf(request())

/** Requests that an Authority without a policy refuses, and what of them is said. */
export function hostileCsrs(): readonly [string, string, RegExp][] {
  return [
    ['wrong-signature', pemOf(altered(request())), /its signature was not made with its own key/],
    ['rsa-1024', pemOf(request({ key: rsa(1024), signedWith: rsaWithSha256 })), /fewer than 2048 bits/],
    ['rsa-16384', pemOf(request({ publicKey: rsaPublicKey(16_384) })), /16384 bits: at most 8192/],
    ['md5', pemOf(request({ key: rsa(2048), signedWith: rsaWithMd5 })), /sign it with SHA-256/],
    ['ten-thousand-names', pemOf(request({ names: shortNames })), /has thousands of names/],
    ['names-1001', pemOf(request({ names: shortNames.slice(0, 1001) })), /1001 names are too many/],
    ['trailing-garbage', pemOf(Buffer.concat([request(), Buffer.from('garbage')])), /not well-formed DER/],
    ['two-blocks', pemOf(request()) + pemOf(request()), /more than one PEM block/],
    ['no-base64', '-----BEGIN CERTIFICATE REQUEST-----\n!!!\n-----END CERTIFICATE REQUEST-----\n', /is not base64/],
    ['no-der', pemOf(Buffer.from('hello')), /not well-formed DER/],
    ['nameless', pemOf(request({ names: [] })), /has no name/],
    ['line-break', pemOf(request({ commonName: 'a\nForged: line' })), /has a control character/],
    ['nul-in-name', pemOf(request({ names: [dnsName('good.example\0.evil.example')] })), /is not a DNS name/],
    ['wildcard-inside', pemOf(request({ names: [dnsName('www.*.com')] })), /"www\.\*\.com" is not a DNS name/],
    ['not-ascii', pemOf(request({ names: [dnsName('bücher.example')] })), /is not a DNS name/],
    ['directory-name', pemOf(request({ names: [element(0xa4, element(0x30))] })), /directoryName/],
    ['five-octets', pemOf(request({ names: [element(0x87, Buffer.alloc(5))] })), /refused/],
    ['for-a-ca', pemOf(request({ extensions: [extension(basicConstraintsId, hex('30030101ff'))] })), /set isCA: true/],
  ]
}

/** A request for a name of somebody else. */
export const csrFor = (name: string): string => pemOf(request({ names: [dnsName(name)] }))
