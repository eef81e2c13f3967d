import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { day, retryable, silentLogger } from '#base'
import { type Bundle, type BundleFiles, encodeBundle, generateKey, keySigner, verifyChain } from '#pki'
import { type IssuerCandidate, issuerContract } from '#test/contracts'
import { FakeClock, noon, testCa } from '#test/make'
import type { Issuer } from '../contract.ts'
import { internalIssuer } from './plugin.ts'

const missing = (name: string) => retryable('CAKeyMissing', `Secret ${name} of the authority does not exist`)

/** An internal issuer over one Secret, whose files can be changed, and how often they were read. */
function internal(whole: BundleFiles) {
  const secret = { files: { ...whole } as Record<string, string> | undefined, reads: 0 }
  const issuer = internalIssuer.create(
    { secretName: 'ca-ca-1' },
    {
      clock: new FakeClock(),
      logger: silentLogger,
      async readSecret(name) {
        secret.reads++
        assert.equal(name, 'ca-ca-1')
        return secret.files ?? assert.fail(missing(name))
      },
    },
  )
  return { issuer, secret }
}

async function candidate(ca: Bundle): Promise<IssuerCandidate> {
  const whole = encodeBundle(ca, 'PKCS8')
  const { issuer, secret } = internal(whole)
  return {
    issuer,
    now: noon,
    removeSecret: () => {
      secret.files = undefined
    },
    damageSecret: () => {
      secret.files = { ...whole, 'tls.key': 'canary' }
    },
    restoreSecret: () => {
      secret.files = { ...whole }
    },
  }
}

issuerContract({ name: 'internal, a root', make: async () => candidate(await testCa()), unsupported: [] })

issuerContract({
  name: 'internal, a subordinate with an RSA key',
  make: async () =>
    candidate(await testCa({ commonName: 'Sub', key: { algorithm: 'RSA', size: 2048 }, parent: await testCa() })),
  unsupported: [],
})

suite('internal', () => {
  let root: Bundle
  let files: BundleFiles
  before(async () => {
    root = await testCa()
    files = encodeBundle(root, 'PKCS8')
  })
  const never = new AbortController().signal
  const profile = {
    commonName: 'www.example.com',
    notBefore: noon,
    notAfter: noon + day,
    usages: ['serverAuth' as const],
  }
  const names = { dnsNames: ['www.example.com'], ipAddresses: [], uris: [], emailAddresses: [] }
  const issue = async (issuer: Issuer) =>
    issuer.issue(
      { profile: { ...profile, names }, publicKey: await generateKey({ algorithm: 'ECDSA', size: 256 }) },
      never,
    )

  test('the key is read once for any number of certificates', async () => {
    const { issuer, secret } = internal(files)
    await Promise.all([issue(issuer), issue(issuer)])
    await issue(issuer)
    assert.equal(secret.reads, 1)
  })

  test('what its subordinate signs verifies under the root', async () => {
    const { issuer } = internal(files)
    const key = await generateKey({ algorithm: 'ECDSA', size: 384 })
    const ca = { commonName: 'Sub', notBefore: noon, notAfter: noon + 2 * day }
    const signed = await issuer.signSubordinate?.({ profile: ca, publicKey: keySigner(key).publicKey }, never)
    assert.ok(signed)
    const below = internal(encodeBundle({ key, ...signed }, 'PKCS8'))
    const { certificate, intermediates, roots } = await issue(below.issuer)
    assert.deepEqual(
      intermediates.map(({ fingerprint }) => fingerprint),
      [signed.certificate.fingerprint],
    )
    assert.deepEqual(
      roots.map(({ fingerprint }) => fingerprint),
      [root.certificate.fingerprint],
    )
    assert.equal(verifyChain({ leaf: certificate, intermediates, roots, at: noon }).length, 3)
  })

  const damages: readonly [name: string, change: Record<string, string>, message: RegExp][] = [
    ['no key', { 'tls.key': '' }, /^Secret ca-ca-1 with the CA key cannot be used: tls\.key is missing\. Restore it/],
    ['a key that is none', { 'tls.key': 'canary' }, /cannot be used: the private key is not the PEM text/],
    ['no certificate', { 'tls.crt': '' }, /cannot be used: tls\.crt is missing\./],
  ]
  for (const [name, change, message] of damages) {
    test(`${name} is damage`, async () => {
      const { issuer } = internal({ ...files, ...change })
      await assert.rejects(issue(issuer), { kind: 'Retryable', reason: 'CAKeyDamaged', message })
    })
  }

  test('a missing Secret is told as the reader tells it', async () => {
    const { issuer, secret } = internal(files)
    secret.files = undefined
    await assert.rejects(issue(issuer), { kind: 'Retryable', reason: 'CAKeyMissing' })
  })

  test('a request that the CA cannot sign is refused for good', async () => {
    const { issuer } = internal(files)
    const publicKey = await generateKey({ algorithm: 'ECDSA', size: 256 })
    const tooLong = { ...profile, names, notAfter: root.certificate.notAfter + day }
    await assert.rejects(issuer.issue({ profile: tooLong, publicKey }, never), {
      kind: 'Terminal',
      reason: 'InvalidRequest',
    })
  })

  test('a bug of the reader stays one', async () => {
    const tools = { clock: new FakeClock(), logger: silentLogger }
    const readSecret = async () => Object.defineProperty({}, 'tls.key', { get: () => assert.fail('a bug') })
    const issuer = internalIssuer.create({ secretName: 'ca' }, { ...tools, readSecret })
    await assert.rejects(issue(issuer), /a bug/)
  })

  test('options without a Secret are refused', () => {
    assert.throws(() =>
      internalIssuer.create({}, { clock: new FakeClock(), logger: silentLogger, readSecret: async () => ({}) }),
    )
  })
})
