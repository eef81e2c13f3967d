import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, suite, test } from 'node:test'
import { day, retryable, silentLogger } from '#base'
import {
  type Bundle,
  type BundleFiles,
  type CertificateProfile,
  encodeBundle,
  encodeCertificates,
  generateKey,
  type IssuerLinks,
  keySigner,
  type NameConstraints,
  newSerialNumber,
  normalizeNames,
  parseCa,
  parseCertificate,
  signRoot,
  verifyChain,
} from '#pki'
import { FakeClock, noon, testCa } from '#test/make'
import type { Issuer } from '../contract.ts'
import { endEntityRequest, readCertificates } from '../request.ts'
import { internalIssuer } from './plugin.ts'

const missing = (name: string) => retryable('CAKeyMissing', `Secret ${name} of the authority does not exist`)

const tools = { clock: new FakeClock(), logger: silentLogger, readCertificates }

/** An internal issuer over one Secret, whose files can be changed, and how often they were read. */
function internal(whole: BundleFiles, links?: IssuerLinks) {
  const secret = { files: { ...whole } as Record<string, string> | undefined, reads: 0 }
  const issuer = internalIssuer.create(
    { secretName: 'ca-ca-1', links },
    {
      ...tools,
      async readSecret(name) {
        secret.reads++
        assert.equal(name, 'ca-ca-1')
        return secret.files ?? assert.fail(missing(name))
      },
    },
  )
  return { issuer, secret }
}

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
  const names = normalizeNames({ dnsNames: ['www.example.com'] })
  const request = async (change: Partial<CertificateProfile> = {}) =>
    endEntityRequest('id-1', { ...profile, names, ...change }, await generateKey({ algorithm: 'ECDSA', size: 256 }))
  const issue = async (issuer: Issuer, change: Partial<CertificateProfile> = {}) => {
    const answer = await issuer.issue(await request(change), never)
    return answer.state === 'issued' ? answer : assert.fail('it is pending')
  }

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
    const tooLong = { notAfter: root.certificate.notAfter + day }
    await assert.rejects(issue(issuer, tooLong), { kind: 'Terminal', reason: 'InvalidRequest' })
  })

  test('a bug of the reader stays one', async () => {
    const readSecret = async () => Object.defineProperty({}, 'tls.key', { get: () => assert.fail('a bug') })
    const issuer = internalIssuer.create({ secretName: 'ca' }, { ...tools, readSecret })
    await assert.rejects(issue(issuer), /a bug/)
  })

  test('options without a Secret are refused, and the message names what is wrong', () => {
    assert.throws(() => internalIssuer.create({}, { ...tools, readSecret: async () => ({}) }), {
      kind: 'Terminal',
      reason: 'InvalidOptions',
      message: /secretName/,
    })
  })

  test('the links of the authority are in each certificate that it signs', async () => {
    const links = { crlURLs: ['http://pki.example.com/1.crl'], issuerURLs: ['http://pki.example.com/ca.crt'] }
    const { issuer } = internal(files, links)
    const leaf = (await issue(issuer)).certificate
    const ca = { commonName: 'Sub', notBefore: noon, notAfter: noon + day }
    const publicKey = await generateKey({ algorithm: 'ECDSA', size: 256 })
    const sub = await issuer.signSubordinate?.({ profile: ca, publicKey }, never)
    for (const certificate of [leaf, sub?.certificate]) {
      for (const url of [...links.crlURLs, ...links.issuerURLs]) {
        assert.ok(Buffer.from(certificate?.der ?? []).includes(url), url)
      }
    }
  })
})

suite('a CA that somebody else keeps', () => {
  const never = new AbortController().signal
  const ecdsa = { algorithm: 'ECDSA', size: 256 } as const
  const wanted: CertificateProfile = {
    commonName: 'Team CA',
    names: normalizeNames({}),
    notBefore: noon,
    notAfter: noon + 30 * day,
    usages: [],
    ca: { pathLength: 0, nameConstraints: { permitted: { dnsDomains: ['example.com'] } } },
  }
  const issue = async (ca: Bundle, profile: CertificateProfile) => {
    const key = await generateKey(ecdsa)
    const { issuer } = internal(encodeBundle(ca, 'PKCS8'))
    const answer = await issuer.issue(endEntityRequest('id-1', profile, key), never)
    return answer.state === 'issued' ? { key, ...answer } : assert.fail('it is pending')
  }

  test('signs, once an Authority has taken it over, what OpenSSL verifies', async () => {
    const made = await issue(await testCa(), wanted)
    const team = parseCa({ ...encodeBundle(made, 'PKCS8') }, noon)
    const leaf = { ...wanted, commonName: undefined, notAfter: noon + day, ca: undefined }
    const issued = await issue(team, { ...leaf, names: normalizeNames({ dnsNames: ['a.example.com'] }) })
    const folder = mkdtempSync(join(tmpdir(), 'team-ca-'))
    try {
      const files = { ca: issued.roots, between: issued.intermediates, leaf: [issued.certificate] }
      for (const [name, content] of Object.entries(files))
        writeFileSync(join(folder, name), encodeCertificates(content))
      const at = String(noon / 1000 + 60)
      const args = ['verify', '-x509_strict', '-attime', at, '-CAfile', 'ca', '-untrusted', 'between', 'leaf']
      assert.equal(execFileSync('openssl', args, { cwd: folder, encoding: 'utf8' }), 'leaf: OK\n')
    } finally {
      rmSync(folder, { recursive: true })
    }
    const outside = { ...leaf, names: normalizeNames({ dnsNames: ['a.example.org'] }) }
    await assert.rejects(issue(team, outside), { kind: 'Terminal', reason: 'NameConstraintsViolated' })
    await assert.rejects(issue(team, { ...wanted, notAfter: noon + day }), {
      kind: 'Terminal',
      message: /path length is 0/,
    })
  })

  test('fits below the path length of its issuer, or is refused', async () => {
    const key = await generateKey(ecdsa)
    const profile = { commonName: 'Root', notBefore: noon, notAfter: noon + 40 * day, pathLength: 1 }
    const certificate = parseCertificate(await signRoot(profile, keySigner(key), newSerialNumber()))
    const root = { key, certificate, intermediates: [], roots: [certificate] }
    assert.equal((await issue(root, wanted)).certificate.pathLength, 0)
    const message = /a path length of 1 does not fit below an issuer's of 1/
    await assert.rejects(issue(root, { ...wanted, ca: { pathLength: 1 } }), { reason: 'InvalidRequest', message })
  })
})

suite('name constraints', () => {
  const never = new AbortController().signal
  const profile = { notBefore: noon, notAfter: noon + day }
  const constrained = async (nameConstraints: NameConstraints) => {
    const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
    const ca = { commonName: 'Root', notBefore: noon, notAfter: noon + 10 * day, nameConstraints }
    const certificate = parseCertificate(await signRoot(ca, keySigner(key), newSerialNumber()))
    return internal(encodeBundle({ key, certificate, intermediates: [], roots: [certificate] }, 'PKCS8')).issuer
  }
  const key = generateKey({ algorithm: 'ECDSA', size: 256 })
  const issue = async (issuer: Issuer, dnsNames: readonly string[]) => {
    const wanted = { ...profile, commonName: undefined, names: normalizeNames({ dnsNames }), usages: [] }
    return issuer.issue(endEntityRequest('id-1', wanted, await key), never)
  }

  test('names beside them are refused, each of them, and others are not', async () => {
    const issuer = await constrained({ permitted: { dnsDomains: ['example.com'] } })
    assert.equal((await issue(issuer, ['www.example.com'])).state, 'issued')
    await assert.rejects(
      issue(issuer, ['www.example.com', 'a.example.org', 'b.example.org']),
      ({ message, ...error }) => {
        assert.partialDeepStrictEqual(error, { kind: 'Terminal', reason: 'NameConstraintsViolated' })
        assert.match(message, /a\.example\.org .*; .*b\.example\.org /)
        assert.doesNotMatch(message, /www/)
        return true
      },
    )
  })

  test('names of a CA are held against them, its common name is not', async () => {
    const issuer = await constrained({ permitted: { dnsDomains: ['example.com'] } })
    const ca = { ...profile, commonName: 'ca.example.org', usages: [], ca: { pathLength: 0 } }
    const issueCa = async (dnsNames: readonly string[]) =>
      issuer.issue(endEntityRequest('id-1', { ...ca, names: normalizeNames({ dnsNames }) }, await key), never)
    assert.equal((await issueCa([])).state, 'issued')
    await assert.rejects(issueCa(['a.example.org']), { reason: 'NameConstraintsViolated' })
  })

  test('those of the root bind its subordinate, whose own name they do not concern', async () => {
    const root = await constrained({ excluded: { dnsDomains: ['bank.example.com'] } })
    const signed = await root.signSubordinate?.(
      { profile: { ...profile, commonName: 'Sub' }, publicKey: keySigner(await key).publicKey },
      never,
    )
    assert.ok(signed)
    const sub = internal(encodeBundle({ key: await key, ...signed }, 'PKCS8')).issuer
    assert.equal((await issue(sub, ['shop.example.com'])).state, 'issued')
    await assert.rejects(issue(sub, ['a.bank.example.com']), { reason: 'NameConstraintsViolated' })
  })
})
