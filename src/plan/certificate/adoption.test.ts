import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { annotations, type CertificateSpec, type ObjectMeta } from '#api'
import { day, hour } from '#base'
import type { Bundle, BundleFiles } from '#pki'
import {
  authorityView,
  certificate,
  certificateWorld,
  issuedFiles,
  noon,
  readSecret,
  soleClaim,
  testCa,
} from '#test/make'
import { planCertificate } from './plan.ts'
import { certificateRequest, requestHash } from './request.ts'
import { viewOfSecret } from './secret-view.ts'
import type { AuthorityView, CertificateWorld } from './world.ts'

const request = certificateRequest(certificate().spec)
const offered: ObjectMeta = {
  namespace: 'shop',
  name: 'web',
  uid: 'uid-theirs',
  resourceVersion: '7',
  annotations: { [annotations.adoptBy]: 'web', [annotations.revision]: '9', [annotations.id]: 'theirs' },
}

let ca: Bundle
let files: BundleFiles
let authority: AuthorityView

before(async () => {
  ca = await testCa()
  files = await issuedFiles(ca, { request })
  const caFingerprints = [ca.certificate.fingerprint.slice(0, 16)]
  authority = authorityView({ caBundle: files['ca.crt'], caFingerprints })
})

interface Given {
  readonly files?: Readonly<Record<string, string>> | BundleFiles
  readonly spec?: Partial<CertificateSpec>
  readonly authority?: AuthorityView | undefined
  readonly world?: Partial<CertificateWorld>
  readonly now?: number
}

/** The plan for a Secret that is offered with these files. */
function planFor(given: Given = {}) {
  const wanted = certificate({ spec: { adopt: true, ...given.spec } })
  const asked = certificateRequest(wanted.spec)
  const of = 'authority' in given ? given.authority : authority
  const read = readSecret({ ...(given.files ?? files) }, { metadata: offered })
  const question = { request: asked, requestHash: requestHash(asked), authorityKey: 'shop/ca', authority: of }
  const secret = viewOfSecret(soleClaim(wanted), question, read)
  assert.equal(secret.state, 'offered')
  return planCertificate(
    certificateWorld({ certificate: wanted, secret, authority: of, ...given.world }),
    given.now ?? noon,
  )
}

suite('what an offered Secret holds is kept', () => {
  test('when it is what the spec asks for, by the CA that signs now', () => {
    const made = planFor()
    assert.ok(made.do === 'adopt', made.do)
    const { held, revision, metadata, caBundle } = made
    assert.deepEqual([revision, metadata, caBundle], [1, offered, files['ca.crt']])
    assert.deepEqual([held.issuedBy, held.issuedAt, held.caGeneration], ['shop/ca', noon, 1])
    assert.equal(held.caFingerprint, ca.certificate.fingerprint.slice(0, 16))
  })

  test('without roots beside it', () => assert.equal(planFor({ files: { ...files, 'ca.crt': '' } }).do, 'adopt'))

  test('by an earlier generation, of which nothing more is said', () => {
    const caFingerprints = ['0'.repeat(16), ca.certificate.fingerprint.slice(0, 16)]
    const made = planFor({ authority: authorityView({ ...authority, caFingerprints, generation: 2 }) })
    assert.ok(made.do === 'adopt' && made.held.caGeneration === undefined)
  })

  test('although its dates are a little off', async () => {
    const off = await issuedFiles(ca, { request, notAfter: noon + 90 * day - hour })
    assert.equal(planFor({ files: off }).do, 'adopt')
  })

  test('however its key is written', async () => {
    const spec = { privateKey: { algorithm: 'RSA' as const } }
    const asked = certificateRequest(certificate({ spec }).spec)
    assert.equal(planFor({ files: await issuedFiles(ca, { request: asked, encoding: 'PKCS1' }), spec }).do, 'adopt')
  })
})

suite('otherwise a certificate is issued into it, the first of this Certificate', () => {
  const cases: readonly [name: string, given: () => Given | Promise<Given>, why: RegExp][] = [
    ['other names', () => ({ spec: { dnsNames: ['b.example.com'] } }), /does not satisfy the spec: its names lack/],
    ['no key', () => ({ files: { ...files, 'tls.key': '' } }), /tls\.key is missing/],
    ['expired', () => ({ now: noon + 91 * day }), /expired at/],
    ['another duration', () => ({ spec: { duration: '24h' } }), /for another duration/],
    ['revoked', () => ({ world: { isRevoked: true } }), /is revoked/],
    [
      'of a CA that is lost',
      () => ({ authority: authorityView({ ...authority, caFingerprints: ['none'] }) }),
      /is not one of Authority shop\/ca/,
    ],
    [
      'signed by a stranger',
      async () => ({ files: await issuedFiles(await testCa({ commonName: 'Stranger' }), { request }) }),
      /./,
    ],
    ['an Authority that publishes no roots', () => ({ authority: authorityView() }), /publishes no roots/],
  ]
  for (const [name, given, why] of cases) {
    test(name, async () => {
      const made = planFor(await given())
      assert.ok(made.do === 'issue', made.do)
      assert.equal(made.cause.reason, 'Adopted')
      assert.match(made.cause.message, /^what it holds will not do: /)
      assert.match(made.cause.message, why)
      assert.deepEqual([made.revision, made.id, made.replaces], [1, undefined, offered])
    })
  }
})

suite('nothing is done', () => {
  test('while the Certificate is suspended', () => {
    const made = planFor({ spec: { suspend: true } })
    assert.ok(made.do === 'refuse' && made.failure.reason === 'Suspended')
  })

  test('while the Authority is not known', () => {
    const made = planFor({ authority: undefined })
    assert.ok(made.do === 'refuse' && made.failure.reason === 'AuthorityNotFound')
  })

  test('while the Authority takes renewals only', async () => {
    const closed = authorityView({ ...authority, spec: { internal: {}, intake: 'RenewalsOnly' } })
    assert.equal(planFor({ authority: closed }).do, 'adopt')
    const made = planFor({ authority: closed, spec: { duration: '24h' } })
    assert.ok(made.do === 'refuse' && made.failure.reason === 'IntakeClosed')
  })
})
