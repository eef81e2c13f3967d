import assert from 'node:assert/strict'
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto'
import { annotations, type Secret, secretLabel } from '#api'
import { keyMatchesLeaf } from '#test/faults'
import { textOf } from '../controllers/namespace.ts'
import { oracle } from './oracle.ts'
import type { Stage, Workload } from './workload.ts'

/** Holds the versions of all Secrets that there ever were against what must be so in each of them. */
export async function judgeHistory({ keepsKey = false }: Workload, { secrets }: Stage): Promise<void> {
  const all = secrets.versions.filter(({ type }) => type !== 'DELETED').map(({ object }) => object as unknown as Secret)
  const certificates = all.filter((secret) => contentOf(secret) === 'certificate')
  const cas = all.filter((secret) => contentOf(secret) === 'ca')
  await oracle('a Secret is whole in every version', () => {
    for (const secret of [...certificates, ...cas]) assertWhole(secret)
  })
  await oracle('a CA has one key of each generation', () => {
    for (const versions of Map.groupBy(cas, ({ metadata }) => metadata.name).values()) {
      assert.equal(new Set(versions.map((secret) => textOf(secret, 'tls.key'))).size, 1, versions[0]?.metadata.name)
    }
  })
  for (const [name = '', versions] of Map.groupBy(certificates, holderOf)) {
    await oracle('one certificate is issued for each revision', () => assertOneForEach(name, versions))
    await oracle('an identity is minted once', () => assertOneIdentity(versions))
    await oracle('keys are rotated as the spec says', () => assertRotation(versions, keepsKey))
  }
}

const contentOf = ({ metadata }: Secret): string | undefined => metadata.labels?.[secretLabel]
const holderOf = ({ metadata }: Secret): string | undefined => metadata.annotations?.[annotations.certificate]
const saidOf = ({ metadata }: Secret, name: string): string => metadata.annotations?.[name] ?? ''

/** The fingerprint of the certificate in a Secret, as the Secret says and as it is. */
export const fingerprintOf = (secret: Secret): string =>
  new X509Certificate(textOf(secret, 'tls.crt')).fingerprint256.replaceAll(':', '').toLowerCase()

function assertWhole(secret: Secret): void {
  const which = `Secret ${secret.metadata.name}, version ${secret.metadata.resourceVersion}`
  const { data = {} } = secret
  if ('tls.key' in data) assert.ok(keyMatchesLeaf(secret), `${which}: its key is that of its certificate`)
  const leaf = new X509Certificate(textOf(secret, 'tls.crt'))
  assert.equal(fingerprintOf(secret), saidOf(secret, annotations.fingerprint), `${which}: it says what it holds`)
  const issuers = certificatesIn(textOf(secret, 'tls.crt'))
    .slice(1)
    .concat(certificatesIn(textOf(secret, 'ca.crt')))
  assert.ok(
    issuers.some((issuer) => leaf.verify(issuer.publicKey)),
    `${which}: its chain leads to a root`,
  )
  if (data['tls.der']) assert.deepEqual(Buffer.from(data['tls.der'], 'base64'), leaf.raw, `${which}: tls.der`)
  if (data['key.der']) {
    const key = { key: Buffer.from(data['key.der'], 'base64'), format: 'der', type: 'pkcs8' } as const
    assert.ok(createPublicKey(createPrivateKey(key)).equals(leaf.publicKey), `${which}: key.der`)
  }
  if (data['tls-combined.pem']) {
    assert.ok(textOf(secret, 'tls-combined.pem').includes(leaf.toString().trim()), `${which}: tls-combined.pem`)
  }
}

const certificatesIn = (text: string): X509Certificate[] =>
  (text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []).map(
    (pem) => new X509Certificate(pem),
  )

/** Revisions count up by one, from 1 unless it took the Secret over, and each is one certificate. */
function assertOneForEach(name: string, versions: readonly Secret[]): void {
  const pairs = versions.map((secret) => `${saidOf(secret, annotations.revision)} ${fingerprintOf(secret)}`)
  const issued = [...new Set(pairs)].map((pair) => Number(pair.split(' ')[0]))
  const expected = Array.from({ length: issued.length }, (_, i) => i + 1)
  assert.deepEqual(issued, expected, `the revisions of ${name}`)
}

function assertOneIdentity(versions: readonly Secret[]): void {
  const lives = Map.groupBy(versions, ({ metadata }) => metadata.uid)
  for (const secrets of lives.values()) {
    const ids = new Set(secrets.map((secret) => saidOf(secret, annotations.id)))
    assert.deepEqual([ids.size, ids.has('')], [1, false], [...ids].join(', '))
  }
}

function assertRotation(versions: readonly Secret[], keepsKey: boolean): void {
  const keys = new Set(versions.map((secret) => textOf(secret, 'tls.key')))
  const leaves = new Set(versions.map(fingerprintOf))
  if (versions.some(({ data = {} }) => 'tls.key' in data)) assert.equal(keys.size, keepsKey ? 1 : leaves.size)
}
