import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { annotations, type CertificateSpec, type CertificateStatus, type ObjectMeta, secretLabel } from '#api'
import { day, type Failure, hour, minute, terminal, toRfc3339 } from '#base'
import { type Bundle, type BundleFiles, createCsr, generateKey, keySigner, parseCertificates } from '#pki'
import {
  authority,
  authorityView,
  certificate,
  certificateWorld,
  issuedFiles,
  noon,
  readSecret,
  secretMetadata,
  soleClaim,
  testCa,
} from '#test/make'
import { trustHash } from '../authority/generations.ts'
import { planCertificate } from './plan.ts'
import { type CertificateRequest, certificateRequest, requestHash } from './request.ts'
import { viewOfSecret, viewWithoutReading } from './secret-view.ts'
import { certificateStatus } from './status.ts'
import type { SecretView } from './world.ts'

const wanted = certificate()
const request = certificateRequest(wanted.spec)
const hash = requestHash(request)

/** What a Secret is compared with. */
const asking = (asked: CertificateRequest | Failure) => ({
  request: asked,
  requestHash: asked instanceof Error ? '' : requestHash(asked),
  authorityKey: 'shop/ca',
  authority: authorityView(),
})

/** Whose it is stands in both: somebody has forged one of them. */
const caMarks = { [annotations.certificate]: 'web', [annotations.authority]: 'web' }

const strangers: readonly [name: string, parts: Partial<ObjectMeta>, why: RegExp][] = [
  [
    'of another Certificate',
    { annotations: { [annotations.certificate]: 'api' } },
    /^Secret web belongs to Certificate api, which does not use it\. Choose another secretName; or delete the Secret/,
  ],
  ['with a CA key', { labels: { [secretLabel]: 'ca' } }, /^Secret web holds a CA key\. Choose/],
  ['with a CA key and no label', { labels: {}, annotations: caMarks }, /^Secret web holds a CA key\. Choose/],
]
const notMade = { ...secretMetadata(), annotations: undefined } as unknown as ObjectMeta

suite('without reading', () => {
  const status: CertificateStatus = {
    revision: 1,
    serialNumber: '4a01',
    fingerprint: 'f1'.repeat(32),
    issuer: 'CN=ca',
    notBefore: toRfc3339(noon - 5 * minute),
    notAfter: toRfc3339(noon + 90 * day),
    secret: { name: 'web', resourceVersion: '200' },
  }
  const said = {
    [annotations.requestHash]: hash,
    [annotations.issuedAt]: toRfc3339(noon + minute),
    [annotations.serialNumber]: '4a02',
    [annotations.fingerprint]: 'f2'.repeat(32),
    [annotations.issuer]: 'CN=other',
    [annotations.notBefore]: toRfc3339(noon - 4 * minute),
    [annotations.notAfter]: toRfc3339(noon + 80 * day),
    [annotations.caGeneration]: '3',
    [annotations.trust]: 'abc',
  }
  const cached = secretMetadata({ annotations: said })
  const view = (said: CertificateStatus | undefined, metadata: ObjectMeta | undefined): SecretView | undefined =>
    viewWithoutReading(soleClaim(certificate({ status: said })), metadata, hash)

  test('a Certificate that was never issued has no Secret', () => {
    assert.deepEqual(view(undefined, undefined), { state: 'absent' })
    assert.deepEqual(view({ attempts: 3 }, undefined), { state: 'absent' })
  })

  test('one that was issued may have a Secret that has lost its label', () => {
    assert.equal(view(status, undefined), undefined)
  })

  test("somebody else's Secret that was in the way may still be there", () => {
    const inTheWay = certificateStatus(
      certificateWorld({ secret: { state: 'foreign', reason: 'SecretNotOurs', why: 'not ours' } }),
      { do: 'keep' },
      { result: 'unchanged' },
      noon,
    )
    assert.equal(view(inTheWay, undefined), undefined)
  })

  test('its annotations say what the Secret holds; dates in the status count for nothing', () => {
    const expected = {
      state: 'held',
      metadata: cached,
      held: {
        serialNumber: '4a02',
        fingerprint: 'f2'.repeat(32),
        issuer: 'CN=other',
        notBefore: noon - 4 * minute,
        notAfter: noon + 80 * day,
        issuedBy: 'shop/ca',
        issuedAt: noon + minute,
        caGeneration: 3,
        caFingerprint: undefined,
        trust: 'abc',
        outputs: undefined,
        differences: [],
      },
    }
    assert.deepEqual(view(status, cached), expected)
    const tampered = { ...status, notAfter: toRfc3339(noon + 9000 * day), notBefore: 'then', serialNumber: '1' }
    assert.deepEqual(view(tampered, cached), expected)
  })

  const origins: readonly [name: string, Record<string, string>, expected: object][] = [
    ['no time of issuance', { [annotations.issuedAt]: '' }, { issuedAt: noon + minute }],
    ['a generation that is none', { [annotations.caGeneration]: '0' }, { caGeneration: undefined }],
    ['a generation that is no number', { [annotations.caGeneration]: 'x' }, { caGeneration: undefined }],
    ['an issuer without a name', { [annotations.issuer]: '' }, { issuer: '' }],
  ]
  for (const [name, change, expected] of origins) {
    test(`${name} is no reason to read`, () => {
      const seen = view(status, secretMetadata({ annotations: { ...said, ...change } }))
      assert.equal(seen?.state, 'held')
      assert.partialDeepStrictEqual(seen.held, expected)
    })
  }

  const unknown: readonly [name: string, change: Partial<CertificateStatus>, metadata?: Partial<ObjectMeta>][] = [
    ['of another version', {}, { resourceVersion: '201' }],
    ['of another name', { secret: { name: 'old', resourceVersion: '200' } }],
    ['that the status does not name', { secret: undefined }],
    ['for another request', {}, { annotations: { [annotations.requestHash]: 'other' } }],
    ['without its serial number', {}, { annotations: { [annotations.serialNumber]: '' } }],
    ['without its fingerprint', {}, { annotations: { [annotations.fingerprint]: '' } }],
    ['without a start', {}, { annotations: { [annotations.notBefore]: 'then' } }],
    ['without an end', {}, { annotations: { [annotations.notAfter]: '' } }],
  ]
  for (const [name, change, parts] of unknown) {
    test(`a Secret ${name} must be read`, () => {
      const metadata = { ...cached, ...parts, annotations: { ...cached.annotations, ...parts?.annotations } }
      assert.equal(view({ ...status, ...change }, metadata), undefined)
    })
  }

  test('a Secret without the annotation of its issuer must be read', () => {
    const { [annotations.issuer]: _, ...rest } = cached.annotations ?? {}
    assert.equal(view(status, { ...cached, annotations: rest }), undefined)
  })

  test('a Secret without a status must be read', () => assert.equal(view(undefined, cached), undefined))

  for (const [name, parts, why] of strangers.slice(1)) {
    test(`a Secret ${name} is foreign`, () => {
      const found = view(status, secretMetadata(parts))
      assert.equal(found?.state, 'foreign')
      assert.match(found.why, why)
    })
  }

  test('a Secret of a Certificate that does not use it must be read: its type decides about the advice', () => {
    assert.equal(view(status, secretMetadata(strangers[0]?.[1])), undefined)
  })

  test('a Secret that is to hold a CA key one day may be there', () => {
    const claims = { ...soleClaim(certificate({ spec: { secretName: 'ca-ca-2' } })), authorities: [authority()] }
    assert.equal(viewWithoutReading(claims, undefined, hash), undefined)
    const view = viewOfSecret(claims, asking(request), undefined)
    assert.deepEqual([view.state, 'reason' in view && view.reason], ['foreign', 'SecretTaken'])
  })
})

suite('from the files', () => {
  let ca: Bundle
  let subordinate: Bundle
  let files: BundleFiles
  before(async () => {
    ca = await testCa()
    subordinate = await testCa({ commonName: 'Test Subordinate', notAfter: noon + 30 * day, parent: ca })
    files = await issuedFiles(ca, { request })
  })

  const view = (given: Readonly<Record<string, string>>, spec: Partial<CertificateSpec> = {}): SecretView => {
    const asked = certificate({ spec })
    return viewOfSecret(soleClaim(asked), asking(certificateRequest(asked.spec)), readSecret(given))
  }
  const differences = (given: BundleFiles, spec: Partial<CertificateSpec> = {}): readonly string[] => {
    const seen = view({ ...given }, spec)
    assert.equal(seen.state, 'held')
    return seen.held.differences
  }

  test('there is none', () =>
    assert.deepEqual(viewOfSecret(soleClaim(wanted), asking(request), undefined), { state: 'absent' }))

  for (const [name, parts, why] of strangers) {
    test(`of a Secret ${name} nothing is read`, () => {
      const read = readSecret({ 'tls.key': 'x' }, { metadata: secretMetadata(parts) })
      const seen = viewOfSecret(soleClaim(wanted), asking(request), read)
      assert.equal(seen.state, 'foreign')
      assert.match(seen.why, why)
    })
  }

  test('a Secret without annotations was made by somebody else', () => {
    const seen = viewOfSecret(soleClaim(wanted), asking(request), readSecret({ ...files }, { metadata: notMade }))
    assert.equal(seen.state, 'foreign')
    assert.match(seen.why, /^Secret web was not made for it\./)
  })

  test('what satisfies the request has no differences', () => {
    const [leaf] = parseCertificates(files['tls.crt'])
    assert.ok(leaf)
    assert.deepEqual(view({ ...files }), {
      state: 'held',
      metadata: secretMetadata(),
      form: { type: 'kubernetes.io/tls', isImmutable: false },
      held: {
        serialNumber: leaf.serialNumber,
        fingerprint: leaf.fingerprint,
        issuer: 'CN=Test CA',
        notBefore: noon - 5 * minute,
        notAfter: noon + 90 * day,
        issuedBy: 'shop/ca',
        issuedAt: noon,
        caGeneration: undefined,
        caFingerprint: undefined,
        trust: trustHash(files['ca.crt']),
        outputs: undefined,
        differences: [],
      },
    })
  })

  test('who issued it is unknown when the annotation is lost', () => {
    const metadata = { ...secretMetadata(), annotations: { [annotations.certificate]: 'web' } }
    const seen = viewOfSecret(soleClaim(wanted), asking(request), readSecret({ ...files }, { metadata }))
    assert.ok(seen.state === 'held' && seen.held.issuedBy === '')
  })

  test('a request that is none is compared with nothing', () => {
    const failure = terminal('InvalidNames', 'no name')
    const seen = viewOfSecret(soleClaim(wanted), asking(failure), readSecret({ ...files }))
    assert.ok(seen.state === 'held' && seen.held.differences.length === 0)
  })

  const specs: readonly [difference: RegExp, spec: Partial<CertificateSpec>][] = [
    [/^its names lack DNS:b\.example\.com$/, { dnsNames: ['www.example.com', 'b.example.com'] }],
    [/^its common name is absent, not "Web Server"$/, { commonName: 'Web Server' }],
    [/^its usages lack clientAuth and add/, { usages: ['clientAuth'] }],
    [/^the key is not ECDSA 384$/, { privateKey: { size: 384 } }],
    [/^it was issued for another duration$/, { duration: '24h' }],
    [/^it was issued for another duration$/, { duration: '2161h' }],
    [/^it was issued for another end$/, { notAfter: '2027-02-20T12:00:01Z' }],
    [/^it was issued for another end$/, { notAfter: '2027-02-20T11:59:59Z' }],
  ]
  for (const [difference, spec] of specs) {
    test(`another spec: ${difference.source}`, () => {
      const found = differences(files, spec)
      assert.equal(found.length, 1)
      assert.match(found[0] ?? '', difference)
    })
  }

  test('the encoding of a key counts', async () => {
    const rsa = { privateKey: { algorithm: 'RSA' as const } }
    const asked = certificateRequest(certificate({ spec: rsa }).spec)
    const [pkcs8, pkcs1] = [
      await issuedFiles(ca, { request: asked }),
      await issuedFiles(ca, { request: asked, encoding: 'PKCS1' }),
    ]
    const inPkcs1 = { privateKey: { ...rsa.privateKey, encoding: 'PKCS1' as const } }
    assert.deepEqual(differences(pkcs8, rsa), [])
    assert.deepEqual(differences(pkcs1, rsa), ['the key is not written as PKCS8'])
    assert.deepEqual(differences(pkcs8, inPkcs1), ['the key is not written as PKCS1'])
    assert.deepEqual(differences(pkcs1, inPkcs1), [])
  })

  test('a fixed end is held to the second', () => {
    assert.deepEqual(differences(files, { notAfter: '2027-02-20T12:00:00Z' }), [])
    assert.deepEqual(differences(files, { notAfter: '2027-02-20T13:00:00+01:00' }), [])
  })

  test('one that was cut short by the end of its authority is as long as it can be', async () => {
    const end = noon + 30 * day
    assert.deepEqual(differences(await issuedFiles(subordinate, { request, notAfter: end })), [])
    assert.deepEqual(differences(await issuedFiles(subordinate, { request, notAfter: end - hour })), [
      'it was issued for another duration',
    ])
    const fixed = { notAfter: '2028-01-01T00:00:00Z' }
    assert.deepEqual(differences(await issuedFiles(subordinate, { request, notAfter: end }), fixed), [])
    assert.deepEqual(differences(await issuedFiles(subordinate, { request, notAfter: end - hour }), fixed), [
      'it was issued for another end',
    ])
  })

  const damages: readonly [name: string, why: RegExp, change: (whole: BundleFiles) => Record<string, string>][] = [
    ['empty', /^tls\.key is missing$/, () => ({})],
    ['without a certificate', /^tls\.crt is missing$/, (whole) => ({ ...whole, 'tls.crt': '' })],
    ['with a key that is none', /PEM text of a PKCS #8/, (whole) => ({ ...whole, 'tls.key': 'canary' })],
    ['without its root', /^ca\.crt is missing$/, (whole) => ({ ...whole, 'ca.crt': '' })],
  ]
  for (const [name, why, change] of damages) {
    test(`a Secret ${name} is damaged`, () => {
      const seen = view(change(files))
      assert.equal(seen.state, 'damaged')
      assert.deepEqual(seen.metadata, secretMetadata())
      assert.match(seen.why, why)
    })
  }

  test('a key of another certificate is damage', async () => {
    const other = await issuedFiles(ca, { request })
    const seen = view({ ...files, 'tls.key': other['tls.key'] })
    assert.ok(seen.state === 'damaged' && /not the key of the certificate/.test(seen.why))
  })

  test('a certificate with roots of its own is damage, if those of the Authority do not verify it', async () => {
    const other = await issuedFiles(await testCa(), { request })
    const authority = authorityView({ caBundle: files['ca.crt'] })
    const stateOf = (given: BundleFiles, key: string) =>
      viewOfSecret(soleClaim(wanted), { ...asking(request), authorityKey: key, authority }, readSecret({ ...given }))
        .state
    assert.equal(stateOf(files, 'shop/ca'), 'held')
    assert.equal(stateOf(other, 'shop/ca'), 'damaged')
    assert.equal(stateOf(other, 'shop/next'), 'held', 'of the Authority before nothing is known any more')
  })

  test('the very certificate that was issued for the spec has no differences, whatever defaults are now', () => {
    const [leaf] = parseCertificates(files['tls.crt'])
    const asked = asking(certificateRequest(wanted.spec, { duration: '24h', privateKey: { algorithm: 'RSA' } }))
    const differencesBy = (said: Record<string, string>): number => {
      const metadata = secretMetadata({ annotations: said })
      const seen = viewOfSecret(soleClaim(wanted), asked, readSecret({ ...files }, { metadata }))
      return seen.state === 'held' ? seen.held.differences.length : assert.fail(seen.state)
    }
    const marks = { [annotations.requestHash]: hash, [annotations.fingerprint]: leaf?.fingerprint ?? '' }
    assert.equal(differencesBy(marks), 0)
    assert.equal(differencesBy({ ...marks, [annotations.requestHash]: 'another wish' }), 3)
    assert.equal(differencesBy({ ...marks, [annotations.fingerprint]: 'f1'.repeat(32) }), 3)
  })

  suite('when ca.crt is tampered with', () => {
    const planFor = (caCrt: string) => {
      const secret = view({ ...files, 'ca.crt': caCrt })
      const authority = authorityView({ caBundle: files['ca.crt'] })
      return planCertificate(certificateWorld({ secret, authority }), noon)
    }
    test('what was published is kept', () => assert.equal(planFor(files['ca.crt']).do, 'keep'))

    test('another root beside ours goes again', async () => {
      const other = await testCa({ commonName: 'Stranger' })
      const made = planFor(`${files['ca.crt']}${other.certificate.pem}`)
      assert.deepEqual(made, {
        do: 'refresh',
        metadata: secretMetadata(),
        caBundle: files['ca.crt'],
        outputs: { as: 'kept' },
      })
    })

    test('without our root the Secret is damaged', async () => {
      const other = await testCa({ commonName: 'Stranger' })
      const made = planFor(other.certificate.pem)
      assert.ok(made.do === 'issue' && made.cause.reason === 'SecretDamaged')
    })
  })

  suite('whose key is kept elsewhere', () => {
    let csr: string
    let held: Record<string, string>
    before(async () => {
      const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
      const names = { dnsNames: ['www.example.com'] }
      csr = await createCsr({ subject: {}, names }, keySigner(key))
      const { 'tls.key': _, ...rest } = await issuedFiles(ca, { request: certificateRequest({ csr }), privateKey: key })
      held = rest
    })
    const viewFor = (given: Record<string, string>): SecretView =>
      viewOfSecret(soleClaim(wanted), asking(certificateRequest({ csr })), readSecret(given))

    test('needs no tls.key', () => {
      const seen = viewFor(held)
      assert.ok(seen.state === 'held', seen.state)
      assert.deepEqual(seen.held.differences, [])
    })

    test('must hold the certificate of that key', () => {
      const seen = viewFor({ ...files })
      assert.ok(seen.state === 'held', seen.state)
      assert.match(seen.held.differences.join(), /key/)
    })

    test('is damaged without a certificate', () => assert.equal(viewFor({ ...held, 'tls.crt': '' }).state, 'damaged'))

    test('is damaged for a Certificate whose key Sifaka makes', () => {
      const seen = view(held)
      assert.ok(seen.state === 'damaged' && seen.why === 'tls.key is missing')
    })
  })

  test('a bug is not taken for damage', () => {
    const broken = new Proxy({}, { get: () => assert.fail('a bug') })
    assert.throws(() => view(broken), /a bug/)
  })
})
