import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'
import { annotations, type Certificate, findCondition, type Secret, secretLabel } from '#api'
import { second } from '#base'
import { messageOf, type SeenEvent, textOf, trueConditions } from '../controllers/namespace.ts'
import type { Openssl } from '../controllers/openssl.ts'
import { expectedOf } from './expected.ts'
import type { IssuerUnderTest } from './issuers.ts'
import { assertOutputs, outputKeys } from './outputs.ts'
import { type ReadCertificate, readCertificate } from './read-certificate.ts'

/** A Certificate that is ready, with all that can be seen of it. */
interface Ready {
  readonly certificate: Certificate
  readonly secret: Secret
  readonly events: readonly SeenEvent[]
}

/**
 * What holds for every certificate of every issuer.
 * @returns the certificate as openssl reads it
 */
export async function assertConforms(
  ready: Ready,
  issuer: IssuerUnderTest,
  openssl: Openssl,
): Promise<ReadCertificate> {
  const { certificate, secret } = ready
  const file = `${secret.metadata.uid}-${secret.metadata.resourceVersion}`
  await openssl.write(`${file}.crt`, textOf(secret, 'tls.crt'))
  await openssl.write(`${file}.ca`, textOf(secret, 'ca.crt'))
  const read = await readCertificate(openssl, `${file}.crt`)
  assertContent(certificate, read, issuer)
  const key = assertKey(certificate, secret)
  await assertChain(secret, issuer, openssl, file)
  assertStatus(certificate, read)
  assertSecret(ready, read)
  await assertOutputs(certificate, secret, openssl, file)
  assertTold(ready)
  assertNoKey([certificate, ready.events], key)
  return read
}

/** Names, subject, basic constraints, usages and duration are those of the spec, but for what the issuer decides. */
function assertContent(certificate: Certificate, read: ReadCertificate, { decides }: IssuerUnderTest): void {
  const { keyUsage, purposes, validityMs, ...expected } = expectedOf(certificate)
  const { subject, constraints, names } = read
  assert.deepEqual({ subject, constraints, names }, expected)
  if (!decides.includes('usages')) {
    assert.deepEqual({ keyUsage: read.keyUsage, purposes: read.purposes }, { keyUsage, purposes })
  }
  if (!decides.includes('notAfter')) {
    const off = read.notAfter - read.notBefore - validityMs
    assert.ok(Math.abs(off) <= second, `valid ${off} ms longer than asked for`)
  }
}

const defaultSizes: Readonly<Record<string, number>> = { ECDSA: 256, RSA: 2048 }
const curves: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521 }

/** The key is the certificate's, of the kind, size and encoding of the spec. */
function assertKey({ spec }: Certificate, secret: Secret): KeyObject {
  const { algorithm = 'ECDSA', size = defaultSizes[algorithm], encoding = 'PKCS8' } = spec.privateKey ?? {}
  const text = textOf(secret, 'tls.key')
  assert.match(text, encoding === 'PKCS1' ? /^-----BEGIN RSA PRIVATE KEY-----\n/ : /^-----BEGIN PRIVATE KEY-----\n/)
  const key = createPrivateKey(text)
  const { modulusLength, namedCurve = '' } = key.asymmetricKeyDetails ?? {}
  const kinds: Readonly<Record<string, string>> = {
    ECDSA: 'ec',
    RSA: 'rsa',
    Ed25519: 'ed25519',
    'ML-DSA': `ml-dsa-${size}`,
  }
  assert.equal(key.asymmetricKeyType, kinds[algorithm])
  if (algorithm === 'RSA' || algorithm === 'ECDSA') assert.equal(modulusLength ?? curves[namedCurve], size)
  assert.ok(new X509Certificate(textOf(secret, 'tls.crt')).checkPrivateKey(key), 'the key is not the certificate’s')
  return key
}

/** Each certificate is signed by the next one, the last by a root in ca.crt, which has nothing else; openssl agrees. */
async function assertChain(secret: Secret, issuer: IssuerUnderTest, openssl: Openssl, file: string): Promise<void> {
  const chain = certificatesIn(textOf(secret, 'tls.crt'))
  const roots = certificatesIn(textOf(secret, 'ca.crt'))
  assert.equal(chain.length, issuer.chainLength)
  for (const root of roots) assert.ok(root.ca && isSignedBy(root, root), `${root.subject} in ca.crt is no root`)
  for (const [at, each] of chain.entries()) {
    const signers = at + 1 < chain.length ? chain.slice(at + 1, at + 2) : roots
    assert.ok(
      signers.some((signer) => isSignedBy(each, signer)),
      `${each.subject} is not signed by what follows`,
    )
  }
  // OpenSSL knows ML-DSA only since 3.5; every signature has been verified above.
  if (createPublicKey(textOf(secret, 'tls.key')).asymmetricKeyType?.startsWith('ml-dsa')) return
  const from = ['-no-CApath', '-CAfile', `${file}.ca`, '-untrusted', `${file}.crt`]
  assert.equal(await openssl.run('verify', ...from, `${file}.crt`), `${file}.crt: OK\n`)
}

const certificatesIn = (pem: string): X509Certificate[] =>
  [...pem.matchAll(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/g)].map(
    ([each]) => new X509Certificate(each),
  )

const isSignedBy = (certificate: X509Certificate, signer: X509Certificate): boolean =>
  certificate.checkIssued(signer) && certificate.verify(signer.publicKey)

/** The status speaks of the present spec and of this very certificate. */
function assertStatus({ metadata, status = {} }: Certificate, read: ReadCertificate): void {
  assert.deepEqual(trueConditions({ status } as Certificate), ['Ready'])
  const ready = findCondition(status.conditions, 'Ready')
  assert.deepEqual([status.observedGeneration, ready?.observedGeneration], [metadata.generation, metadata.generation])
  const { serialNumber = '', fingerprint, issuer, notBefore = '', notAfter = '', renewAt = '' } = status
  assert.deepEqual(
    {
      serial: withoutZeros(serialNumber),
      fingerprint,
      issuer,
      notBefore: Date.parse(notBefore),
      notAfter: Date.parse(notAfter),
    },
    {
      serial: withoutZeros(read.serial),
      fingerprint: read.fingerprint,
      issuer: read.issuer,
      notBefore: read.notBefore,
      notAfter: read.notAfter,
    },
  )
  const renewal = Date.parse(renewAt)
  assert.ok(read.notBefore < renewal && renewal < read.notAfter, `it is renewed at ${renewAt}`)
  assert.equal(status.attempts ?? 0, 0)
}

const withoutZeros = (serial: string): string => serial.replace(/^0+/, '')

/** Type, entries, label and annotations of the Secret; what the annotations say is what the certificate says. */
function assertSecret({ certificate, secret }: Ready, read: ReadCertificate): void {
  const { metadata, status = {}, spec } = certificate
  const entries = ['ca.crt', 'tls.crt', 'tls.key', ...outputKeys(spec)].sort()
  for (const entry of entries) assert.ok(secret.data?.[entry], `${entry} is missing`)
  assert.equal(secret.type, 'kubernetes.io/tls')
  assert.equal(secret.metadata.labels?.[secretLabel], 'certificate')
  assert.equal(Object(secret.metadata).ownerReferences, undefined)
  const said = secret.metadata.annotations ?? {}
  const of = (...names: (keyof typeof annotations)[]) => names.map((name) => said[annotations[name]])
  assert.deepEqual(of('certificate', 'revision', 'issuedBy', 'serialNumber', 'fingerprint', 'issuer', 'notAfter'), [
    ...[metadata.name, String(status.revision), `${metadata.namespace}/ca`, status.serialNumber],
    ...[status.fingerprint, read.issuer, status.notAfter],
  ])
  for (const mark of of('id', 'requestHash', 'issuedAt', 'trust')) assert.ok(mark)
  const applied = (said[annotations.applied] ?? '').split(',').filter((each) => each.startsWith('data:'))
  assert.deepEqual(
    applied,
    entries.map((entry) => `data:${entry}`),
  )
  assert.deepEqual(status.authority, `${metadata.namespace}/ca`)
  assert.equal(status.secret?.name, secret.metadata.name)
}

/** One event for each certificate that was issued, and none that warns. */
function assertTold({ certificate, events }: Ready): void {
  const told = events.filter(({ regarding }) => regarding.name === certificate.metadata.name)
  assert.deepEqual(
    told.filter(({ type }) => type !== 'Normal').map(({ reason, note }) => `${reason}: ${note}`),
    [],
  )
  const issued = told.filter(({ reason }) => reason === 'Issued')
  assert.equal(issued.length, certificate.status?.revision)
  assert.ok(issued.some(({ note }) => note.includes(certificate.status?.serialNumber ?? 'no serial number')))
}

/** No line of the key stands anywhere in what is said of it. */
function assertNoKey(said: unknown, key: KeyObject): void {
  const text = JSON.stringify(said)
  for (const line of keyLines(key)) assert.ok(!text.includes(line), 'a line of the private key is shown')
}

/** The lines of the key's PEM that are long enough to be nothing else, and its DER in hexadecimal. */
export function keyLines(key: KeyObject): string[] {
  const lines = String(key.export({ type: 'pkcs8', format: 'pem' })).split('\n')
  const der = key.export({ type: 'pkcs8', format: 'der' }).toString('hex')
  return [...lines.filter((line) => line.length >= 32 && !line.startsWith('-----')), der.slice(-64)]
}

/** What cannot be had is refused with its reason before anything is signed or ordered; there is no Secret. */
export function assertUnsupported(certificate: Certificate, reason: string, secret: Secret | undefined): void {
  const ready = findCondition(certificate.status?.conditions, 'Ready')
  assert.deepEqual([ready?.status, ready?.reason], ['False', 'Unsupported'], messageOf(certificate))
  assert.ok(messageOf(certificate).includes(reason), messageOf(certificate))
  assert.deepEqual(trueConditions(certificate), ['Stalled'])
  assert.equal(ready?.observedGeneration, certificate.metadata.generation)
  assert.equal(certificate.status?.revision, undefined)
  assert.equal(secret, undefined)
}
