import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { day } from '#base'
import {
  generateKey,
  type IssuerIdentity,
  type KeySpec,
  keySigner,
  newSerialNumber,
  parseCertificate,
  signEndEntity,
  signRoot,
  signSubordinate,
} from '#pki'

const zlint = new URL('../../.cache/bin/zlint', import.meta.url).pathname
/** The rules of the RFCs; those of the CA/Browser Forum and of the root programs bind public CAs only. */
const sources = 'RFC5280,RFC5480,RFC5891'
const notBefore = Date.UTC(2026, 10, 22)
const keys: readonly KeySpec[] = [
  { algorithm: 'ECDSA', size: 256 },
  { algorithm: 'ECDSA', size: 384 },
  { algorithm: 'ECDSA', size: 521 },
  { algorithm: 'RSA', size: 2048 },
]

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sifaka-zlint-'))
})
after(() => rmSync(folder, { recursive: true }))

for (const spec of keys) {
  test(`zlint finds nothing in what an ${spec.algorithm} ${spec.size} hierarchy issues`, async () => {
    const root = await issueRoot(spec)
    const subordinate = await issueSubordinate(spec, root)
    const chain = { root: root.certificate.pem, subordinate: subordinate.certificate.pem }
    for (const [name, pem] of Object.entries({ ...chain, ...(await issueLeaves(spec, subordinate)) })) {
      assert.deepEqual(findings(pem), [], name)
    }
  })
}

test('zlint is really asked: it finds the missing identifier of a CA that openssl made without one', () => {
  const [key, certificate] = [join(folder, 'flawed.key'), join(folder, 'flawed.pem')]
  const flaws = ['-addext', 'subjectKeyIdentifier=none', '-addext', 'authorityKeyIdentifier=none']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=flawed']
  execFileSync('openssl', ['req', '-x509', ...kind, '-keyout', key, '-out', certificate, ...flaws], { stdio: 'ignore' })
  assert.ok(lint(certificate).includes('e_ext_subject_key_identifier_missing_ca: error'))
})

async function issueRoot(spec: KeySpec): Promise<IssuerIdentity> {
  const signer = keySigner(await generateKey(spec))
  const profile = { commonName: 'Root', notBefore, notAfter: notBefore + 3650 * day }
  return { signer, certificate: parseCertificate(await signRoot(profile, signer, newSerialNumber())) }
}

async function issueSubordinate(spec: KeySpec, root: IssuerIdentity): Promise<IssuerIdentity> {
  const key = await generateKey(spec)
  const profile = { commonName: 'Subordinate', notBefore, notAfter: notBefore + 1825 * day }
  const der = await signSubordinate(profile, key, root, newSerialNumber())
  return { signer: keySigner(key), certificate: parseCertificate(der) }
}

/** With and without a common name, and with every kind of name. */
async function issueLeaves(spec: KeySpec, issuer: IssuerIdentity): Promise<Record<string, string>> {
  const key = await generateKey(spec)
  const usages = ['serverAuth', 'clientAuth', 'digitalSignature'] as const
  const common = { notBefore, notAfter: notBefore + 90 * day, usages }
  const some = { dnsNames: ['a.example.com'], ipAddresses: [], uris: [], emailAddresses: [] }
  const every = {
    dnsNames: ['a.example.com', '*.example.com'],
    ipAddresses: ['192.0.2.1', '2001:db8::1'],
    uris: ['spiffe://example.com/a'],
    emailAddresses: ['a@example.com'],
  }
  const issue = async (commonName: string | undefined, names: typeof every): Promise<string> =>
    parseCertificate(await signEndEntity({ ...common, commonName, names }, key, issuer, newSerialNumber())).pem
  return { 'leaf with a subject': await issue('a.example.com', every), 'leaf without': await issue(undefined, some) }
}

function findings(pem: string): string[] {
  const file = join(folder, 'certificate.pem')
  writeFileSync(file, pem)
  return lint(file)
}

/** Names of the lints that failed, with how badly; zlint itself ends with 0 whatever it finds. */
function lint(file: string): string[] {
  const output = execFileSync(zlint, ['-includeSources', sources, file], { encoding: 'utf8' })
  const results = Object.entries<{ result: string }>(JSON.parse(output))
  assert.ok(results.some(([, { result }]) => result === 'pass'))
  return results
    .filter(([, { result }]) => ['warn', 'error', 'fatal'].includes(result))
    .map(([name, { result }]) => `${name}: ${result}`)
}
