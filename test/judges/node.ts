import { createPublicKey, verify, X509Certificate } from 'node:crypto'
import { once } from 'node:events'
import { isIP } from 'node:net'
import { duplexPair } from 'node:stream'
import { type ConnectionOptions, connect, createServer, type SecureContextOptions } from 'node:tls'
import { encodePrivateKey } from '#pki'
import { readByNode } from './keystores.ts'
import { type Judge, pemOf, type Specimen } from './specimen.ts'

/**
 * The OpenSSL in Node: signatures and names of certificates, and TLS handshakes for those that are made for TLS; of
 * CRLs and requests the signature, by algorithms that hash by themselves; PKCS #12 stores.
 */
export const node: Judge = async (specimens) => {
  const found = await Promise.all(specimens.map(flawsOf))
  return found.flatMap((flaws, index) =>
    flaws.map(([code, message]) => ({ cell: specimens[index]?.cell ?? '', code, level: 'error', message })),
  )
}

type Flaw = readonly [code: string, message: string]

async function flawsOf(each: Specimen): Promise<readonly Flaw[]> {
  switch (each.kind) {
    case 'certificate':
      return [...certificateFlaws(each), ...(await handshakeFlaws(each))]
    case 'keystore':
      return readByNode(each).map((message) => ['keystore', message])
    default:
      return isSigned(each) ? [] : [['signature', 'it is not by the key that it should be by']]
  }
}

async function handshakeFlaws(each: Specimen): Promise<Flaw[]> {
  const found: Flaw[] = []
  for (const side of ['server', 'client'] as const) {
    if (!each.key || !each.purposes.includes(`${side}Auth`)) continue
    const flaw = await handshakeFlaw(each, side)
    if (flaw !== undefined) found.push([`${side}-handshake`, flaw])
  }
  return found
}

function certificateFlaws({ der, issuers, names }: Specimen): Flaw[] {
  const certificate = new X509Certificate(der)
  const issuer = new X509Certificate(issuers[0] ?? der)
  return [
    ...(certificate.verify(issuer.publicKey) ? [] : ['its signature is not by its issuer']),
    ...(certificate.checkIssued(issuer) ? [] : ['its issuer is another']),
    ...names.dnsNames.filter((name) => !certificate.checkHost(hostOf(name))).map(isNot),
    ...names.ipAddresses.filter((address) => !certificate.checkIP(address)).map(isNot),
    ...names.emailAddresses.filter((address) => !certificate.checkEmail(address)).map(isNot),
  ].map((message) => ['certificate', message])
}

/** Whether a CRL is signed by its issuer, a request by its own key. Node reads neither, but what they consist of. */
function isSigned({ kind, der, issuers: [issuer] }: Specimen): boolean {
  const [signed, , signature] = membersOf(der)
  if (!signed || !signature) return false
  const [, , spki] = membersOf(signed)
  const key =
    kind === 'csr' && spki
      ? createPublicKey({ key: Buffer.from(spki), format: 'der', type: 'spki' })
      : new X509Certificate(issuer ?? der).publicKey
  // The first octet of a BIT STRING counts unused bits.
  return verify(null, signed, key, contentOf(signature).subarray(1))
}

/** DER of the members of a SEQUENCE. */
function membersOf(der: Uint8Array): Uint8Array[] {
  const members: Uint8Array[] = []
  for (let rest = contentOf(der); rest.length > 0; ) {
    const { start, length } = spanOf(rest)
    members.push(rest.subarray(0, start + length))
    rest = rest.subarray(start + length)
  }
  return members
}

const contentOf = (der: Uint8Array): Uint8Array => der.subarray(spanOf(der).start)

/** Where the content of a DER value begins, and how long it is (X.690 section 8.1.3). */
function spanOf(der: Uint8Array): { readonly start: number; readonly length: number } {
  const [, first = 0] = der
  if (first < 0x80) return { start: 2, length: first }
  const start = 2 + (first & 0x7f)
  return { start, length: der.subarray(2, start).reduce((length, octet) => length * 256 + octet, 0) }
}

const isNot = (name: string): string => `it is not for ${name}`

/** A host that goes by the name. */
const hostOf = (name: string): string => name.replace(/^\*/, 'any')

/**
 * A handshake in memory in which the other side verifies the certificate, and the names of a server's.
 * @returns what it has against it
 */
async function handshakeFlaw(each: Specimen, side: 'server' | 'client'): Promise<string | undefined> {
  const [near, far] = duplexPair()
  const server = createServer({ ...credentials(each), requestCert: side === 'client', rejectUnauthorized: false })
  const refused = once(server, 'tlsClientError').then(([error]) => Promise.reject(error))
  const accepted = once(server, 'secureConnection')
  server.emit('connection', far)
  const client = connect({ socket: near, ...credentials(each), ...addressed(each), rejectUnauthorized: false })
  try {
    const [[peer]] = await Promise.race([Promise.all([accepted, once(client, 'secureConnect')]), refused])
    const { authorized, authorizationError } = side === 'server' ? client : peer
    return authorized ? undefined : String(authorizationError)
  } catch (error) {
    return String(error)
  } finally {
    client.destroy()
    far.destroy()
  }
}

/** Both sides have the same. */
const credentials = ({ der, issuers, key }: Specimen): SecureContextOptions => ({
  cert: [der, ...issuers.slice(0, -1)].map((each) => pemOf(each, 'certificate')).join(''),
  ca: issuers.slice(-1).map((each) => pemOf(each, 'certificate')),
  ...(key && { key: encodePrivateKey(key, 'PKCS8') }),
})

/** One of its names; a certificate without names of hosts is held against none. */
function addressed({ names }: Specimen): ConnectionOptions {
  const [host] = [...names.dnsNames.map(hostOf), ...names.ipAddresses]
  if (host === undefined) return { checkServerIdentity: () => undefined }
  return isIP(host) ? { host } : { host, servername: host }
}
