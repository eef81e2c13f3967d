import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { annotations, type CertificateSpec, type CertificateStatus, secretLabel } from '#api'
import { day, hour, minute, second, terminal, toRfc3339 } from '#base'
import { backdateMs } from '#pki'
import {
  authorityView,
  certificate,
  certificateWorld,
  heldCertificate,
  heldSecret,
  noon,
  secretMetadata,
} from '#test/make'
import { authorityKeyOf, type CertificatePlan, type IssuePlan, planCertificate, renewAt, secretNameOf } from './plan.ts'
import type { CertificateWorld, SecretView } from './world.ts'

type Change = Partial<CertificateWorld>

const absent: SecretView = { state: 'absent' }
const foreign: SecretView = { state: 'foreign', why: 'Secret web belongs to Certificate other' }
const damaged: SecretView = { state: 'damaged', metadata: secretMetadata(), why: 'tls.key is missing' }
const invalid = terminal('InvalidNames', '"a b" is not a DNS name')
const expired = { notBefore: noon - 90 * day, notAfter: noon }
const due = { notBefore: noon - 80 * day, notAfter: noon + 10 * day }

const plan = (change: Change = {}, now = noon): CertificatePlan => planCertificate(certificateWorld(change), now)

function issuePlan(change: Change = {}, now = noon): IssuePlan {
  const made = plan(change, now)
  assert.equal(made.do, 'issue')
  return made as IssuePlan
}

test('what is asked for and there is kept', () => {
  assert.deepEqual(plan(), { do: 'keep', relabel: undefined })
})

suite('the first finding of the chain decides', () => {
  const causes: readonly [reason: string, message: RegExp, change: Change][] = [
    ['InvalidRequest', /^"a b" is not a DNS name$/, { request: invalid, secret: foreign }],
    ['SecretNotOurs', /belongs to Certificate other/, { secret: foreign }],
    ['SecretMissing', /^Secret web does not exist$/, { secret: absent }],
    ['SecretDamaged', /^Secret web is damaged: tls\.key is missing$/, { secret: damaged }],
    [
      'RequestChanged',
      /^the certificate does not satisfy the spec: it is short; it is old$/,
      { secret: heldSecret({ differences: ['it is short', 'it is old'], issuedBy: 'shop/old', ...expired }) },
    ],
    [
      'AuthorityChanged',
      /^the certificate was issued by shop\/old, not by shop\/ca$/,
      { secret: heldSecret({ issuedBy: 'shop/old', ...expired }) },
    ],
    ['Expired', /^the certificate expired at 2026-11-22T12:00:00Z$/, { secret: heldSecret(expired) }],
    ['RenewalDue', /^the certificate expires at 2026-12-02T12:00:00Z$/, { secret: heldSecret(due) }],
  ]
  for (const [reason, message, change] of causes) {
    test(reason, () => {
      const made = plan(change)
      assert.ok(made.do === 'issue' || made.do === 'refuse', made.do)
      assert.equal(made.cause.reason, reason)
      assert.match(made.cause.message, message)
    })
  }

  test('nothing of it is found a moment too early', () => {
    const almost = noon + second
    assert.equal(plan({ secret: heldSecret({ notBefore: noon - hour, notAfter: almost }) }).do, 'issue')
    const world = certificateWorld()
    const at = renewAt(world, heldCertificate())
    assert.equal(planCertificate(world, at - 1).do, 'keep')
    assert.equal(planCertificate(world, at).do, 'issue')
  })
})

suite('what stands in the way', () => {
  const denying = { rules: [{ names: { dns: ['*.internal'] } }] }
  const ten = 10 * minute
  const obstacles: readonly [reason: string, kind: string, againMs: number | undefined, message: RegExp, Change][] = [
    ['InvalidRequest', 'Terminal', undefined, /^"a b" is not a DNS name$/, { request: invalid }],
    ['SecretNotOurs', 'Terminal', undefined, /belongs to Certificate other/, { secret: foreign, authority: undefined }],
    [
      'AuthorityNotFound',
      'Waiting',
      ten,
      /^Authority shop\/ca does not exist or does not allow namespace shop$/,
      { authority: undefined },
    ],
    [
      'AuthorityNotReady',
      'Waiting',
      ten,
      /^Authority shop\/ca is not ready: it is new$/,
      { authority: authorityView({ notReady: 'it is new', policy: denying }) },
    ],
    [
      'AuthorityNotReady',
      'Waiting',
      ten,
      /^Authority shop\/ca is not ready: the CA certificate expired at 2026-11-22T12:00:00Z$/,
      { authority: authorityView({ notAfter: noon }) },
    ],
    [
      'PolicyDenied',
      'Terminal',
      undefined,
      /^the policy of Authority shop\/ca denies the request: DNS name www\.example\.com is not permitted \(permitted: /,
      { authority: authorityView({ policy: denying }) },
    ],
  ]
  for (const [reason, kind, againMs, message, change] of obstacles) {
    test(`${reason}: ${message.source}`, () => {
      const made = plan({ secret: absent, ...change })
      assert.equal(made.do, 'refuse')
      assert.deepEqual([made.failure.reason, made.failure.kind, made.failure.retryAfterMs], [reason, kind, againMs])
      assert.match(made.failure.message, message)
    })
  }

  test('matters only when a certificate is needed', () => {
    assert.equal(plan({ authority: undefined }).do, 'keep')
    assert.equal(plan({ authority: authorityView({ policy: denying }) }).do, 'keep')
  })

  test('a policy sees the namespace of the certificate', () => {
    const policy = { rules: [{ names: { dns: ['*.{namespace}.svc'] } }] }
    const wanted = certificate({ spec: { dnsNames: ['web.shop.svc'] } })
    const world = { secret: absent, authority: authorityView({ policy }) }
    assert.equal(plan({ ...world, certificate: wanted }).do, 'issue')
    const { namespace: _, ...metadata } = wanted.metadata
    assert.equal(plan({ ...world, certificate: { ...wanted, metadata } }).do, 'refuse')
  })
})

test('what a Certificate refers to', () => {
  assert.equal(authorityKeyOf(certificate()), 'shop/ca')
  assert.equal(authorityKeyOf(certificate({ spec: { authorityRef: { name: 'ca', namespace: 'pki' } } })), 'pki/ca')
  assert.equal(secretNameOf(certificate()), 'web')
  assert.equal(secretNameOf(certificate({ spec: { secretName: 'web-tls' } })), 'web-tls')
})

suite('after a failed attempt', () => {
  const failed = (status: CertificateStatus, metadata = {}): Change => ({
    secret: absent,
    certificate: certificate({ metadata, status: { observedGeneration: 1, attempts: 1, ...status } }),
  })
  const nextAttemptAt = toRfc3339(noon + minute)

  test('it waits until the next one is due', () => {
    const world = failed({ nextAttemptAt })
    assert.deepEqual(plan(world), { do: 'wait', until: noon + minute })
    assert.deepEqual(plan(world, noon + minute - 1), { do: 'wait', until: noon + minute })
    assert.equal(plan(world, noon + minute).do, 'issue')
  })

  test('another spec is tried at once', () => {
    assert.equal(plan(failed({ nextAttemptAt }, { generation: 2 })).do, 'issue')
  })

  test('without a time, or with one that is none, it is tried at once', () => {
    assert.equal(plan(failed({})).do, 'issue')
    assert.equal(plan(failed({ nextAttemptAt: 'soon' })).do, 'issue')
  })

  test('nothing is waited for when nothing is needed', () => {
    assert.equal(plan({ ...failed({ nextAttemptAt }), secret: heldSecret() }).do, 'keep')
  })
})

suite('a Secret of ours that has lost its label', () => {
  for (const labels of [{}, { [secretLabel]: 'other' }, undefined]) {
    test(`gets it back: ${JSON.stringify(labels)}`, () => {
      const metadata = { ...secretMetadata(), labels }
      const secret = { state: 'held', metadata, held: heldCertificate() } as SecretView
      assert.deepEqual(plan({ secret }), { do: 'keep', relabel: metadata })
    })
  }
})

suite('what is issued', () => {
  test('starts five minutes ago and lasts as long as asked for, in whole seconds', () => {
    const made = issuePlan({ secret: absent }, noon + 999)
    assert.deepEqual(
      { ...made, request: undefined, cause: made.cause.reason },
      {
        do: 'issue',
        cause: 'SecretMissing',
        request: undefined,
        notBefore: noon - backdateMs,
        notAfter: noon + 90 * day,
        shortened: undefined,
        revision: 1,
        id: undefined,
        replaces: undefined,
      },
    )
    assert.deepEqual(made.request.names.dnsNames, ['www.example.com'])
  })

  const ends: readonly [name: string, end: number | undefined, notAfter: number, shortened: string | undefined][] = [
    ['an authority without an end', undefined, noon + 90 * day, undefined],
    ['an authority that ends at the same time', noon + 90 * day, noon + 90 * day, undefined],
    [
      'an authority that ends before',
      noon + 36 * hour,
      noon + 36 * hour,
      'valid for 36h instead of 2160h, because the authority itself ends at 2026-11-24T00:00:00Z',
    ],
  ]
  for (const [name, end, notAfter, shortened] of ends) {
    test(name, () => {
      const made = issuePlan({ secret: absent, authority: authorityView({ notAfter: end }) })
      assert.deepEqual([made.notAfter, made.shortened], [notAfter, shortened])
    })
  }

  test('replaces our Secret, whole or damaged, and keeps its id', () => {
    for (const secret of [damaged, heldSecret(expired)]) {
      const made = issuePlan({ secret })
      assert.deepEqual(made.replaces, secretMetadata())
      assert.equal(made.id, 'id-1')
    }
    const metadata = { ...secretMetadata(), annotations: {} }
    assert.equal(issuePlan({ secret: { state: 'damaged', metadata, why: 'empty' } }).id, undefined)
  })

  const revisions: readonly [status: number | undefined, annotation: string | undefined, revision: number][] = [
    [undefined, undefined, 1],
    [3, undefined, 4],
    [undefined, '7', 8],
    [3, '7', 8],
    [9, '7', 10],
    [3, 'seven', 4],
    [undefined, '-7', 1],
    [undefined, '1.5', 1],
    [2, '1e300', 3],
  ]
  for (const [revision, annotation = '', expected] of revisions) {
    test(`after revision ${revision} in the status and "${annotation}" on the Secret comes ${expected}`, () => {
      const metadata = secretMetadata({ annotations: { [annotations.revision]: annotation } })
      const status = revision === undefined ? undefined : { revision }
      const secret: SecretView = { state: 'damaged', metadata, why: 'empty' }
      assert.equal(issuePlan({ certificate: certificate({ status }), secret }).revision, expected)
    })
  }
})

suite('the time of renewal', () => {
  const at = (renewal: CertificateSpec['renewal'], end?: number): number =>
    renewAt(
      certificateWorld({
        certificate: certificate({ spec: renewal ? { renewal } : {} }),
        authority: authorityView({ notAfter: end }),
      }),
      heldCertificate(),
    )
  const between = (time: number, from: number, to: number): void =>
    assert.ok(from <= time && time <= to, `${toRfc3339(time)} is not from ${toRfc3339(from)} to ${toRfc3339(to)}`)

  test('is with a third of the lifetime left, and up to a tenth of that before', () => {
    between(at(undefined), noon + 57 * day, noon + 60 * day)
  })
  test('is as asked for in a duration', () => between(at({ before: '240h' }), noon + 79 * day, noon + 80 * day))
  test('is as asked for in percent', () => between(at({ beforePercent: 50 }), noon + 40.5 * day, noon + 45 * day))

  test('is the end of a certificate that lives as long as its authority', () => {
    const end = noon + 90 * day
    assert.equal(at(undefined, end), end)
    assert.equal(at(undefined, end - 1), end)
    assert.notEqual(at(undefined, end + 1), end)
  })

  test('does not depend on an Authority that is gone', () => {
    const held = heldCertificate()
    assert.equal(renewAt(certificateWorld({ authority: undefined }), held), renewAt(certificateWorld(), held))
  })
})

test('near the end of its authority a certificate is not halved again and again', () => {
  const end = noon + 200 * day
  const authority = authorityView({ notAfter: end })
  const starts: number[] = []
  let secret: SecretView = absent
  for (let now = noon; now < end; ) {
    assert.ok(starts.length <= 3, starts.map(toRfc3339).join(', '))
    const world = certificateWorld({ authority, secret })
    const made = planCertificate(world, now)
    if (made.do === 'issue') {
      starts.push(now)
      const { notBefore, notAfter } = made
      secret = heldSecret({ notBefore, notAfter, fingerprint: String(starts.length).padStart(64, '0') })
    } else {
      assert.equal(made.do, 'keep')
      assert.ok(secret.state === 'held')
      now = renewAt(world, secret.held)
    }
  }
  // About every 60 days; the third one is the first that cannot last its 90 days, and lasts to the end.
  assert.equal(starts.length, 3)
  assert.deepEqual(planCertificate(certificateWorld({ authority, secret }), end).do, 'refuse')
})
