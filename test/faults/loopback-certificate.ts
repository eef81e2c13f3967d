import 'reflect-metadata'
import { webcrypto } from 'node:crypto'
import {
  BasicConstraintsExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  type X509Certificate,
  X509CertificateGenerator,
} from '@peculiar/x509'

/** A server certificate for 127.0.0.1 and the CA that signed it, all PEM. */
export interface LoopbackCertificate {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const lifetimeMs = 24 * 60 * 60 * 1000

/** Makes a CA that signs one server certificate for 127.0.0.1 and is then forgotten. Both are valid for a day. */
export async function loopbackCertificate(): Promise<LoopbackCertificate> {
  const [caKeys, serverKeys] = await Promise.all([newKeys(), newKeys()])
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + lifetimeMs) }
  const ca = await X509CertificateGenerator.createSelfSigned({
    ...validity,
    name: 'CN=Fault proxy CA',
    keys: caKeys,
    signingAlgorithm: algorithm,
    extensions: [new BasicConstraintsExtension(true, 0, true)],
  })
  const server = await X509CertificateGenerator.create({
    ...validity,
    subject: 'CN=Fault proxy',
    issuer: ca.subject,
    publicKey: serverKeys.publicKey,
    signingKey: caKeys.privateKey,
    signingAlgorithm: algorithm,
    extensions: [new SubjectAlternativeNameExtension([{ type: 'ip', value: '127.0.0.1' }])],
  })
  return { ca: pem(ca), cert: pem(server), key: await privateKeyPem(serverKeys.privateKey) }
}

const newKeys = (): Promise<webcrypto.CryptoKeyPair> =>
  webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])

const pem = (certificate: X509Certificate): string => certificate.toString('pem')

async function privateKeyPem(key: webcrypto.CryptoKey): Promise<string> {
  return PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), PemConverter.PrivateKeyTag)
}
