import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { day, isFailure, minute } from '#base'
import type { EndEntityRequest, IssuedCertificate, Issuer } from '#issuers'
import { accept, type CertificateProfile, generateKey, type KeySpec, normalizeNames, sameKey, verifyChain } from '#pki'

/** What an issuer may lack. */
export type IssuerFeature = 'exactDates' | 'exactUsages' | 'ipAddresses' | 'uris' | 'emailAddresses' | 'subordinates'

/** An issuer that is to prove itself, with a CA of its own, and ways to break what it needs. */
export interface IssuerCandidate {
  readonly issuer: Issuer
  /** When the tests take place; its CA is valid then, and for at least a year more. */
  readonly now: number
  /** Takes away the Secret with the authority's key or credentials. */
  removeSecret(): void
  /** Damages it. */
  damageSecret(): void
  /** Puts it right again. */
  restoreSecret(): void
}

export interface IssuerContract {
  readonly name: string
  readonly make: () => Promise<IssuerCandidate>
  readonly unsupported: readonly { readonly feature: IssuerFeature; readonly why: string }[]
}

const ecdsa: KeySpec = { algorithm: 'ECDSA', size: 256 }
const never = new AbortController().signal

/** Proves that an issuer does what the rest of Sifaka relies on. To be called at the top of its test file. */
export function issuerContract({ name, make, unsupported }: IssuerContract): void {
  /** A test of a feature; it is left out, with the reason, where the issuer lacks it. */
  const testOf = (feature: IssuerFeature, title: string, run: (candidate: IssuerCandidate) => Promise<void>): void => {
    const skip = unsupported.find((each) => each.feature === feature)?.why ?? false
    test(title, { skip }, async () => run(await make()))
  }
  suite(`the issuer ${name}`, () => {
    issuance(make)
    names(make, testOf)
    subordinates(testOf)
    trouble(make)
  })
}

type TestOf = (feature: IssuerFeature, title: string, run: (candidate: IssuerCandidate) => Promise<void>) => void

function profileAt(now: number, change: Partial<CertificateProfile> = {}): CertificateProfile {
  return {
    commonName: undefined,
    names: normalizeNames({ dnsNames: ['www.example.com'] }),
    notBefore: now - 5 * minute,
    notAfter: now + 90 * day,
    usages: ['serverAuth', 'digitalSignature'],
    ...change,
  }
}

interface Issuance {
  readonly request: EndEntityRequest
  readonly issued: IssuedCertificate
}

async function issue(
  { issuer, now }: IssuerCandidate,
  change: Partial<CertificateProfile> = {},
  key: KeySpec = ecdsa,
): Promise<Issuance> {
  const { publicKey } = await newKey(key)
  const request = { profile: profileAt(now, change), publicKey }
  return { request, issued: await issuer.issue(request, never) }
}

/** A key; it stands for its public half, too. */
async function newKey(spec: KeySpec) {
  const publicKey = await generateKey(spec)
  return { publicKey }
}

/** What the operator itself demands of a certificate before it uses it. */
function acceptAll({ request, issued }: Issuance, at: number, decides: readonly ('usages' | 'notAfter')[] = []): void {
  const { certificate, intermediates, roots } = issued
  accept({ ...request, intermediates, roots, at, issuerDecides: decides }, certificate)
}

function issuance(make: IssuerContract['make']): void {
  const keys: readonly KeySpec[] = [ecdsa, { algorithm: 'ECDSA', size: 384 }, { algorithm: 'RSA', size: 2048 }]
  for (const key of keys) {
    test(`issues for a key of ${key.algorithm} ${key.size}, and for that key`, async () => {
      const candidate = await make()
      const issuance = await issue(candidate, {}, key)
      assert.ok(sameKey(issuance.issued.certificate.publicKey, issuance.request.publicKey))
      acceptAll(issuance, candidate.now, ['usages', 'notAfter'])
    })
  }

  test('the chain leads to a root, and has no root in it', async () => {
    const candidate = await make()
    const { certificate, intermediates, roots } = (await issue(candidate)).issued
    const path = verifyChain({ leaf: certificate, intermediates, roots, at: candidate.now })
    assert.equal(path.length, intermediates.length + 2)
    for (const each of intermediates) assert.ok(!roots.some(({ fingerprint }) => fingerprint === each.fingerprint))
  })

  test('each certificate has a serial number of its own', async () => {
    const candidate = await make()
    const key = await newKey(ecdsa)
    const request = { profile: profileAt(candidate.now), ...key }
    const issued = await Promise.all(Array.from({ length: 20 }, () => candidate.issuer.issue(request, never)))
    assert.equal(new Set(issued.map(({ certificate }) => certificate.serialNumber)).size, 20)
  })
}

function names(make: IssuerContract['make'], testOf: TestOf): void {
  test('DNS names and wildcards, exactly as asked for', async () => {
    const candidate = await make()
    const wanted = normalizeNames({ dnsNames: ['*.example.com', 'example.com', 'a.b.example.org'] })
    const issuance = await issue(candidate, { names: wanted })
    assert.deepEqual(issuance.issued.certificate.names, wanted)
  })

  test('a common name', async () => {
    const candidate = await make()
    const { issued } = await issue(candidate, { commonName: 'www.example.com' })
    assert.equal(issued.certificate.commonName, 'www.example.com')
  })

  const kinds = [
    ['ipAddresses', ['192.0.2.1', '2001:db8::1']],
    ['uris', ['spiffe://example.org/web']],
    ['emailAddresses', ['web@example.com']],
  ] as const
  for (const [kind, texts] of kinds) {
    testOf(kind, `${kind}, exactly as asked for`, async (candidate) => {
      const wanted = normalizeNames({ [kind]: [...texts] })
      const issuance = await issue(candidate, { names: wanted })
      assert.deepEqual(issuance.issued.certificate.names, wanted)
      acceptAll(issuance, candidate.now)
    })
  }

  testOf('exactDates', 'the dates, to the second', async (candidate) => {
    const notAfter = candidate.now + 36_001_000
    const { request, issued } = await issue(candidate, { notAfter })
    assert.deepEqual([issued.certificate.notBefore, issued.certificate.notAfter], [request.profile.notBefore, notAfter])
  })

  testOf('exactUsages', 'the usages and no others', async (candidate) => {
    const { issued } = await issue(candidate, { usages: ['clientAuth', 'digitalSignature', 'keyAgreement'] })
    assert.deepEqual([...issued.certificate.usages].sort(), ['clientAuth', 'digitalSignature', 'keyAgreement'])
  })
}

function subordinates(testOf: TestOf): void {
  testOf('subordinates', 'a subordinate that verifies, and may sign', async (candidate) => {
    const { issuer, now } = candidate
    assert.ok(issuer.signSubordinate)
    const key = await newKey(ecdsa)
    const profile = { commonName: 'Subordinate', notBefore: now - 5 * minute, notAfter: now + 200 * day }
    const { certificate, intermediates, roots } = await issuer.signSubordinate({ profile, ...key }, never)
    assert.ok(certificate.isCA && certificate.mayCertSign && sameKey(certificate.publicKey, key.publicKey))
    assert.deepEqual([certificate.commonName, certificate.notAfter], ['Subordinate', profile.notAfter])
    verifyChain({ leaf: certificate, intermediates, roots, at: now })
  })

  testOf('subordinates', 'gives up when it is told to, before it signs a subordinate', async ({ issuer, now }) => {
    const reason = new Error('the operator is stopping')
    const profile = { commonName: 'Subordinate', notBefore: now, notAfter: now + day }
    const signed = issuer.signSubordinate?.({ profile, ...(await newKey(ecdsa)) }, AbortSignal.abort(reason))
    await assert.rejects(async () => signed, reason)
  })
}

function trouble(make: IssuerContract['make']): void {
  test('gives up when it is told to', async () => {
    const { issuer, now } = await make()
    const reason = new Error('the operator is stopping')
    const request = { profile: profileAt(now), ...(await newKey(ecdsa)) }
    await assert.rejects(issuer.issue(request, AbortSignal.abort(reason)), reason)
  })

  const breaks = [
    ['missing', (candidate: IssuerCandidate) => candidate.removeSecret()],
    ['damaged', (candidate: IssuerCandidate) => candidate.damageSecret()],
  ] as const
  for (const [what, breakIt] of breaks) {
    test(`a Secret that is ${what} is a failure that may pass, and says what to do`, async () => {
      const candidate = await make()
      breakIt(candidate)
      await assert.rejects(issue(candidate), (error) => {
        assert.ok(isFailure(error), String(error))
        assert.equal(error.kind, 'Retryable')
        assert.match(error.message, /Secret/)
        assert.doesNotMatch(error.message, /canary|PRIVATE KEY/)
        return true
      })
    })

    test(`once a Secret that was ${what} is right again, certificates are issued again`, async () => {
      const candidate = await make()
      breakIt(candidate)
      await assert.rejects(Promise.all([issue(candidate), issue(candidate)]))
      candidate.restoreSecret()
      acceptAll(await issue(candidate), candidate.now, ['usages', 'notAfter'])
    })
  }
}
