import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { annotations, type CertificateSpec, type CertificateStatus, type ObjectMeta, secretLabel } from '#api'
import { day, hour, minute, terminal, toRfc3339 } from '#base'
import { type Bundle, type BundleFiles, parseCertificates } from '#pki'
import { certificate, certificateWorld, issuedFiles, noon, secretMetadata, testCa } from '#test/make'
import { certificateRequest, requestHash } from './request.ts'
import { viewOfSecret, viewWithoutReading } from './secret-view.ts'
import { certificateStatus } from './status.ts'
import type { SecretView } from './world.ts'

const wanted = certificate()
const request = certificateRequest(wanted.spec)
const hash = requestHash(request)

/** Whose it is stands in both: somebody has forged one of them. */
const caMarks = { [annotations.certificate]: 'web', [annotations.authority]: 'web' }

const strangers: readonly [name: string, parts: Partial<ObjectMeta>, why: RegExp][] = [
  [
    'of another Certificate',
    { annotations: { [annotations.certificate]: 'api' } },
    /^Secret web belongs to Certificate api\. Choose another secretName, or delete the Secret if nobody needs it$/,
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
  const cached = secretMetadata({ annotations: { [annotations.requestHash]: hash } })
  const view = (said: CertificateStatus | undefined, metadata: ObjectMeta | undefined): SecretView | undefined =>
    viewWithoutReading(certificate({ status: said }), metadata, hash)

  test('a Certificate that was never issued has no Secret', () => {
    assert.deepEqual(view(undefined, undefined), { state: 'absent' })
    assert.deepEqual(view({ attempts: 3 }, undefined), { state: 'absent' })
  })

  test('one that was issued may have a Secret that has lost its label', () => {
    assert.equal(view(status, undefined), undefined)
  })

  test("somebody else's Secret that was in the way may still be there", () => {
    const inTheWay = certificateStatus(
      certificateWorld({ secret: { state: 'foreign', why: 'not ours' } }),
      { do: 'keep', relabel: undefined },
      { result: 'unchanged' },
      noon,
    )
    assert.equal(view(inTheWay, undefined), undefined)
  })

  test('the status knows what the Secret holds', () => {
    assert.deepEqual(view(status, cached), {
      state: 'held',
      metadata: cached,
      held: {
        serialNumber: '4a01',
        fingerprint: 'f1'.repeat(32),
        issuer: 'CN=ca',
        notBefore: noon - 5 * minute,
        notAfter: noon + 90 * day,
        issuedBy: 'shop/ca',
        differences: [],
      },
    })
    assert.equal(view({ ...status, issuer: '' }, cached)?.state, 'held')
  })

  const unknown: readonly [name: string, change: Partial<CertificateStatus>, metadata?: Partial<ObjectMeta>][] = [
    ['of another version', {}, { resourceVersion: '201' }],
    ['of another name', { secret: { name: 'old', resourceVersion: '200' } }],
    ['that the status does not name', { secret: undefined }],
    ['for another request', {}, { annotations: { [annotations.requestHash]: 'other' } }],
    ['whose serial number is not in the status', { serialNumber: undefined }],
    ['whose fingerprint is not in the status', { fingerprint: undefined }],
    ['whose issuer is not in the status', { issuer: undefined }],
    ['whose start is not in the status', { notBefore: 'then' }],
    ['whose end is not in the status', { notAfter: undefined }],
  ]
  for (const [name, change, parts] of unknown) {
    test(`a Secret ${name} must be read`, () => {
      const metadata = { ...cached, ...parts, annotations: { ...cached.annotations, ...parts?.annotations } }
      assert.equal(view({ ...status, ...change }, metadata), undefined)
    })
  }

  test('a Secret without a status must be read', () => assert.equal(view(undefined, cached), undefined))

  for (const [name, parts, why] of strangers) {
    test(`a Secret ${name} is foreign`, () => {
      const found = view(status, secretMetadata(parts))
      assert.equal(found?.state, 'foreign')
      assert.match(found.why, why)
    })
  }
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
    return viewOfSecret(asked, certificateRequest(asked.spec), { metadata: secretMetadata(), files: given })
  }
  const differences = (given: BundleFiles, spec: Partial<CertificateSpec> = {}): readonly string[] => {
    const seen = view({ ...given }, spec)
    assert.equal(seen.state, 'held')
    return seen.held.differences
  }

  test('there is none', () => assert.deepEqual(viewOfSecret(wanted, request, undefined), { state: 'absent' }))

  for (const [name, parts, why] of strangers) {
    test(`of a Secret ${name} nothing is read`, () => {
      const seen = viewOfSecret(wanted, request, { metadata: secretMetadata(parts), files: { 'tls.key': 'x' } })
      assert.equal(seen.state, 'foreign')
      assert.match(seen.why, why)
    })
  }

  test('a Secret without annotations was made by somebody else', () => {
    const seen = viewOfSecret(wanted, request, { metadata: notMade, files: { ...files } })
    assert.equal(seen.state, 'foreign')
    assert.match(seen.why, /^Secret web was not made for it\./)
  })

  test('what satisfies the request has no differences', () => {
    const [leaf] = parseCertificates(files['tls.crt'])
    assert.ok(leaf)
    assert.deepEqual(view({ ...files }), {
      state: 'held',
      metadata: secretMetadata(),
      held: {
        serialNumber: leaf.serialNumber,
        fingerprint: leaf.fingerprint,
        issuer: 'CN=Test CA',
        notBefore: noon - 5 * minute,
        notAfter: noon + 90 * day,
        issuedBy: 'shop/ca',
        differences: [],
      },
    })
  })

  test('who issued it is unknown when the annotation is lost', () => {
    const metadata = { ...secretMetadata(), annotations: { [annotations.certificate]: 'web' } }
    const seen = viewOfSecret(wanted, request, { metadata, files: { ...files } })
    assert.ok(seen.state === 'held' && seen.held.issuedBy === '')
  })

  test('a request that is none is compared with nothing', () => {
    const failure = terminal('InvalidNames', 'no name')
    const seen = viewOfSecret(wanted, failure, { metadata: secretMetadata(), files: { ...files } })
    assert.ok(seen.state === 'held' && seen.held.differences.length === 0)
  })

  const specs: readonly [difference: RegExp, spec: Partial<CertificateSpec>][] = [
    [/^its names lack DNS:b\.example\.com$/, { dnsNames: ['www.example.com', 'b.example.com'] }],
    [/^its common name is absent, not "Web Server"$/, { commonName: 'Web Server' }],
    [/^its usages lack clientAuth and add/, { usages: ['clientAuth'] }],
    [/^the key is not ECDSA 384$/, { privateKey: { size: 384 } }],
    [/^it was issued for another duration$/, { duration: '24h' }],
    [/^it was issued for another duration$/, { duration: '2161h' }],
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

  test('one that was cut short by the end of its authority is as long as it can be', async () => {
    const end = noon + 30 * day
    assert.deepEqual(differences(await issuedFiles(subordinate, { request, notAfter: end })), [])
    assert.deepEqual(differences(await issuedFiles(subordinate, { request, notAfter: end - hour })), [
      'it was issued for another duration',
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

  test('a bug is not taken for damage', () => {
    const broken = new Proxy({}, { get: () => assert.fail('a bug') })
    assert.throws(() => view(broken), /a bug/)
  })
})
