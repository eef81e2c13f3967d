import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { promisify } from 'node:util'
import fc from 'fast-check'
import { day } from '#base'
import { verifyChain } from './chain.ts'
import { PkiError } from './error.ts'
import { generateKey } from './key.ts'
import { nameConstraintViolations } from './name-constraint-violations.ts'
import { type NameConstraints, nameConstraintsExtension, readNameConstraints } from './name-constraints.ts'
import { isDnsName, normalizeNames, type SubjectNames } from './names.ts'
import { type ParsedCertificate, parseCertificate } from './parsed-certificate.ts'
import { type IssuerIdentity, newSerialNumber, signCertificate, signRoot, signSubordinate } from './sign.ts'
import { keySigner, type Signer } from './signer.ts'

const run = promisify(execFile)
const now = Date.parse('2026-11-22T12:00:00Z')
const validity = { notBefore: now, notAfter: now + 90 * day }
let signer: Signer
let leafKey: Signer['publicKey']
before(async () => {
  signer = keySigner(await generateKey({ algorithm: 'ECDSA', size: 256 }))
  leafKey = keySigner(await generateKey({ algorithm: 'ECDSA', size: 256 })).publicKey
})

async function makeRoot(nameConstraints?: NameConstraints): Promise<IssuerIdentity> {
  const profile = { ...validity, commonName: 'Root', nameConstraints }
  return { signer, certificate: parseCertificate(await signRoot(profile, signer, newSerialNumber())) }
}

async function makeSubordinate(
  parent: IssuerIdentity,
  nameConstraints?: NameConstraints,
  commonName = 'Subordinate',
): Promise<IssuerIdentity> {
  const own = keySigner(await generateKey({ algorithm: 'ECDSA', size: 256 }))
  const profile = { ...validity, commonName, nameConstraints }
  const der = await signSubordinate(profile, own.publicKey, parent, newSerialNumber())
  return { signer: own, certificate: parseCertificate(der) }
}

async function makeLeaf(issuer: IssuerIdentity, names: Partial<SubjectNames>, commonName?: string) {
  const profile = { ...validity, commonName, names: normalizeNames(names), usages: ['serverAuth' as const] }
  return parseCertificate(await signCertificate(profile, leafKey, issuer, newSerialNumber()))
}

const permitted = (dnsDomains: string[]): NameConstraints => ({ permitted: { dnsDomains } })
const excluded = (dnsDomains: string[]): NameConstraints => ({ excluded: { dnsDomains } })
const dns = (name: string) => ({ dnsNames: [name] })
const ip = (name: string) => ({ ipAddresses: [name] })
const email = (name: string) => ({ emailAddresses: [name] })
const uri = (name: string) => ({ uris: [name] })
const ranges = (...ipRanges: string[]) => ({ ipRanges })
const mail = (...emailDomains: string[]) => ({ emailDomains })
const hosts = (...uriDomains: string[]) => ({ uriDomains })

/** Constraints, names, whether they are allowed, and whether OpenSSL, which is laxer with some, finds the same. */
const table: [NameConstraints, Partial<SubjectNames>, boolean, 'alike' | 'otherwise'][] = [
  [permitted(['example.com']), dns('example.com'), true, 'alike'],
  [permitted(['Example.com']), dns('a.b.EXAMPLE.com'), true, 'alike'],
  [permitted(['example.com']), dns('badexample.com'), false, 'alike'],
  [permitted(['example.com']), dns('example.com.evil.org'), false, 'alike'],
  [permitted(['example.com', 'example.org']), dns('www.example.org'), true, 'alike'],
  [permitted(['example.com']), dns('*.example.com'), true, 'alike'],
  [permitted(['www.example.com']), dns('*.example.com'), false, 'alike'],
  [permitted(['.example.com']), dns('a.example.com'), true, 'alike'],
  [permitted(['.example.com']), dns('*.example.com'), true, 'alike'],
  [permitted(['.example.com']), dns('example.com'), false, 'alike'],
  [permitted(['']), dns('a.example.com'), true, 'alike'],
  [permitted(['example.com']), ip('10.0.0.1'), true, 'alike'],
  [excluded(['example.com']), dns('www.example.com'), false, 'alike'],
  [excluded(['example.com']), dns('www.example.org'), true, 'alike'],
  [excluded(['.example.com']), dns('example.com'), true, 'alike'],
  [excluded(['']), dns('localhost'), false, 'alike'],
  [excluded(['www.example.com']), dns('*.example.com'), false, 'otherwise'],
  [excluded(['a.www.example.com']), dns('*.example.com'), true, 'alike'],
  [excluded(['example.com']), dns('*.com'), false, 'otherwise'],
  [{ ...permitted(['example.com']), ...excluded(['a.example.com']) }, dns('a.example.com'), false, 'alike'],
  [{ permitted: ranges('10.0.0.0/8') }, ip('10.255.0.1'), true, 'alike'],
  [{ permitted: ranges('10.0.0.0/9') }, ip('10.255.0.1'), false, 'alike'],
  [{ permitted: ranges('10.0.0.0/8') }, ip('2001:db8::1'), false, 'alike'],
  [{ permitted: ranges('10.0.0.0/8', '2001:db8::/33') }, ip('2001:db8:7fff::1'), true, 'alike'],
  [{ permitted: ranges('2001:db8::/33') }, ip('2001:db8:8000::1'), false, 'alike'],
  [{ excluded: ranges('0.0.0.0/0') }, ip('192.0.2.1'), false, 'alike'],
  [{ excluded: ranges('192.0.2.1/32') }, ip('192.0.2.1'), false, 'alike'],
  [{ excluded: ranges('::/0') }, ip('192.0.2.1'), true, 'alike'],
  [{ permitted: mail('example.com') }, email('jo@EXAMPLE.com'), true, 'alike'],
  [{ permitted: mail('example.com') }, email('jo@mail.example.com'), false, 'alike'],
  [{ permitted: mail('.example.com') }, email('jo@mail.example.com'), true, 'alike'],
  [{ permitted: mail('.example.com') }, email('jo@example.com'), false, 'alike'],
  [{ permitted: mail('jo@example.com') }, email('jo@example.com'), true, 'alike'],
  [{ permitted: mail('jo@example.com') }, email('al@example.com'), false, 'alike'],
  [{ excluded: mail('example.com') }, email('jo@example.com'), false, 'alike'],
  [{ permitted: hosts('example.com') }, uri('spiffe://example.com/a'), true, 'alike'],
  [{ permitted: hosts('example.com') }, uri('https://www.example.com:8443/a'), false, 'alike'],
  [{ permitted: hosts('.example.com') }, uri('https://www.Example.com:8443/a'), true, 'alike'],
  [{ excluded: hosts('example.com') }, uri('https://example.com/'), false, 'alike'],
  [{ excluded: hosts('example.com') }, uri('https://example.com@good.org/'), true, 'otherwise'],
  [{ excluded: hosts('example.com') }, uri('https://example.com\\@good.org/'), false, 'otherwise'],
  [{ permitted: hosts('example.com') }, uri('urn:example:com'), false, 'alike'],
  [{ excluded: hosts('example.com') }, uri('https://10.0.0.1/'), false, 'otherwise'],
]

test('names are held against constraints as RFC 5280 says, and as OpenSSL does', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'pki-'))
  try {
    for (const [index, [constraints, names, allowed, judge]] of table.entries()) {
      const what = JSON.stringify([constraints, names])
      const root = await makeRoot(constraints)
      const leaf = await makeLeaf(root, names)
      const violations = nameConstraintViolations(leaf.names, undefined, [root.certificate])
      assert.equal(violations.length === 0, allowed, `${what}: ${violations}`)
      const verdict = await askOpenssl(folder, index, root.certificate, leaf)
      if (judge === 'alike') assert.equal(verdict, allowed, what)
    }
  } finally {
    await rm(folder, { recursive: true })
  }
})

async function askOpenssl(folder: string, index: number, root: ParsedCertificate, leaf: ParsedCertificate) {
  const file = (name: string): string => join(folder, `${index}-${name}.pem`)
  await writeFile(file('root'), root.pem)
  await writeFile(file('leaf'), leaf.pem)
  const args = ['verify', '-x509_strict', '-attime', String(now / 1000 + 60), '-CAfile', file('root'), file('leaf')]
  try {
    await run('openssl', args)
    return true
  } catch (error) {
    assert.match(String(error), /subtree violation|unsupported or invalid name/)
    return false
  }
}

test('a violation names the name and the CA; a common name counts, and every CA of the chain', async () => {
  const root = await makeRoot(excluded(['internal.example.com']))
  const subordinate = await makeSubordinate(root, permitted(['example.com']))
  const chain = [subordinate.certificate, root.certificate]
  const none = normalizeNames({})
  assert.deepEqual(nameConstraintViolations(none, 'www.example.org', chain), [
    'DNS:www.example.org is not permitted by the name constraints of CN=Subordinate',
  ])
  assert.deepEqual(nameConstraintViolations(none, '10.0.0.1', chain), [])
  assert.deepEqual(nameConstraintViolations(none, 'A person', chain), [])
  assert.deepEqual(nameConstraintViolations({ ...none, ...dns('a.internal.example.com') }, undefined, chain), [
    'DNS:a.internal.example.com is excluded (internal.example.com) by the name constraints of CN=Root',
  ])
})

test('a chain is refused for a name below any CA, also that of an intermediate', async () => {
  const root = await makeRoot(permitted(['example.com']))
  const subordinate = await makeSubordinate(root)
  const verify = (leaf: ParsedCertificate) =>
    verifyChain({ leaf, intermediates: [subordinate.certificate], roots: [root.certificate], at: now })
  assert.equal(verify(await makeLeaf(subordinate, dns('a.example.com'), 'a.example.com')).length, 3)
  const refused = (error: unknown) =>
    error instanceof PkiError && /CN=www\.example\.org has a name .* not permitted by .* CN=Root/.test(error.message)
  const other = await makeLeaf(subordinate, dns('a.example.com'), 'www.example.org')
  assert.throws(() => verify(other), refused)
  const intermediate = { ...subordinate.certificate, names: normalizeNames(dns('www.example.org')) }
  const leaf = await makeLeaf(subordinate, dns('a.example.com'))
  const input = { leaf, intermediates: [intermediate], roots: [root.certificate], at: now }
  assert.throws(() => verifyChain(input), /CN=Subordinate has a name that is not allowed/)
  const rolled = await makeSubordinate(root, undefined, 'Root')
  const selfIssued = { ...rolled.certificate, names: intermediate.names }
  const below = { leaf: await makeLeaf(rolled, dns('a.example.com')), intermediates: [selfIssued] }
  assert.equal(verifyChain({ ...input, ...below }).length, 3)
})

test('constraints of a kind that is not supported allow nothing', async () => {
  const unsupported: [string, string][] = [
    ['directoryName', '3019a0173015a4133011310f300d06035504030c06706572736f6e'],
    ['iPAddress', '300ea00c300a87080a000000ff00ff00'],
    ['dNSName', '3010a00e300c82076578616d706c65800101'],
    ['registeredID', '3008a006300488022a03'],
  ]
  for (const [kind, hex] of unsupported) {
    const octets = Uint8Array.from(Buffer.from(hex, 'hex')).buffer
    const read = readNameConstraints(octets)
    assert.deepEqual(read.unknownConstraints, [kind])
    const ca = { ...(await makeRoot()).certificate, ...read }
    const [violation] = nameConstraintViolations(normalizeNames({}), undefined, [ca])
    assert.equal(violation, `CN=Root constrains names in a way that is not supported: ${kind}`)
  }
})

test('what is no subtree is not written', () => {
  const wrong: NameConstraints[] = [
    {},
    { permitted: {}, excluded: { dnsDomains: [] } },
    permitted(['*.example.com']),
    permitted(['..example.com']),
    { permitted: ranges('10.0.0.1/8') },
    { permitted: ranges('10.0.0.0') },
    { permitted: mail('@example.com') },
    { permitted: mail('jo@.example.com') },
    { permitted: hosts('https://example.com') },
    { permitted: hosts('') },
  ]
  for (const each of wrong) {
    assert.throws(() => nameConstraintsExtension(each), { reason: 'InvalidNames' }, JSON.stringify(each))
  }
})

const domain = fc
  .tuple(fc.constantFrom('', '.'), fc.domain().filter(isDnsName))
  .map(([dot, name]) => `${dot}${name.toLowerCase()}`)
const subtrees = fc.record(
  {
    dnsDomains: fc.array(domain, { minLength: 1, maxLength: 4 }),
    ipRanges: fc.array(fc.constantFrom('10.0.0.0/8', '0.0.0.0/0', '192.0.2.128/25', '2001:db8::/33', '::/0'), {
      minLength: 1,
      maxLength: 3,
    }),
    emailDomains: fc.array(domain, { minLength: 1, maxLength: 4 }),
    uriDomains: fc.array(domain, { minLength: 1, maxLength: 4 }),
  },
  { noNullPrototype: true },
)

test('constraints are read as they were written', async () => {
  await fc.assert(
    fc.asyncProperty(subtrees, fc.option(subtrees, { nil: undefined }), async (some, others) => {
      const constraints = { permitted: some, excluded: others }
      const { nameConstraints, unknownConstraints } = (await makeRoot(constraints)).certificate
      assert.deepEqual(nameConstraints, constraints)
      assert.deepEqual(unknownConstraints, [])
    }),
    { numRuns: 50 },
  )
})

test('a name in a permitted domain of its own never violates', async () => {
  const { certificate } = await makeRoot()
  fc.assert(
    fc.property(fc.domain().filter(isDnsName), fc.constantFrom('', 'a.', '*.', 'a.b.'), (name, below) => {
      const nameConstraints = { permitted: { dnsDomains: [name.toLowerCase()] } }
      const names = normalizeNames(dns(`${below}${name}`))
      assert.deepEqual(nameConstraintViolations(names, name, [{ ...certificate, nameConstraints }]), [])
    }),
  )
})

test('whatever octets a certificate has for constraints, it is read or refused', async () => {
  const constraints = { permitted: { dnsDomains: ['example.com'], ...ranges('10.0.0.0/8') }, excluded: mail('a.com') }
  const der = Buffer.from((await makeRoot(constraints)).certificate.der)
  const start = der.indexOf(Buffer.from([0x55, 0x1d, 0x1e]))
  assert.ok(start > 0)
  fc.assert(
    fc.property(fc.nat(60), fc.integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Buffer.from(der)
      changed[start + at] = (der[start + at] ?? 0) ^ change
      try {
        parseCertificate(changed)
      } catch (error) {
        assert.ok(error instanceof PkiError, String(error))
      }
    }),
    { numRuns: 500 },
  )
})
