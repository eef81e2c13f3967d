import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import type { Certificate, CertificateSpec, Secret } from '#api'
import { textOf } from '../controllers/namespace.ts'
import type { Openssl } from '../controllers/openssl.ts'

/** Keys of the Secret that outputs are under. */
export const outputKeys = ({ outputs = {} }: CertificateSpec): string[] => [
  ...(outputs.der ? ['key.der', 'tls.der'] : []),
  ...(outputs.combinedPEM ? ['tls-combined.pem'] : []),
  ...(outputs.pkcs12 ? ['keystore.p12', 'truststore.p12'] : []),
  ...(outputs.jks ? ['keystore.jks', 'truststore.jks'] : []),
  ...(outputs.pkcs12 || outputs.jks ? ['keystore-password'] : []),
]

const octets = ({ data = {} }: Secret, key: string): Buffer => Buffer.from(data[key] ?? '', 'base64')

/** Every output holds the key and the certificate that are in the Secret beside it. */
export async function assertOutputs(
  { spec: { outputs = {} } }: Certificate,
  secret: Secret,
  openssl: Openssl,
  file: string,
): Promise<void> {
  const key = createPrivateKey(textOf(secret, 'tls.key'))
  const { raw } = new X509Certificate(textOf(secret, 'tls.crt'))
  if (outputs.der) {
    assert.deepEqual(octets(secret, 'key.der'), key.export({ type: 'pkcs8', format: 'der' }))
    assert.deepEqual(octets(secret, 'tls.der'), raw)
  }
  if (outputs.combinedPEM) {
    assert.equal(textOf(secret, 'tls-combined.pem'), textOf(secret, 'tls.key') + textOf(secret, 'tls.crt'))
  }
  // What Java finds in it, the tests of outputs show; here: a store with its magic number, of this certificate.
  if (outputs.jks) {
    const store = octets(secret, 'keystore.jks')
    assert.equal(store.readUInt32BE(0), 0xfeedfeed)
    assert.ok(store.includes(raw))
  }
  if (outputs.pkcs12) {
    await openssl.write(`${file}.base64`, `${secret.data?.['keystore.p12']}\n`)
    await openssl.run('base64', '-d', '-A', '-in', `${file}.base64`, '-out', `${file}.p12`)
    const password = `pass:${textOf(secret, 'keystore-password')}`
    const opened = await openssl.run('pkcs12', '-in', `${file}.p12`, '-nodes', '-passin', password)
    assert.ok(createPrivateKey(opened).equals(key))
    assert.deepEqual(new X509Certificate(opened).raw, raw)
  }
}
