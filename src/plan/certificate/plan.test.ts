import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { annotations, type CertificateStatus, secretLabel } from '#api'
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
import { trustHash } from '../authority/generations.ts'
import { renewAt } from './due.ts'
import type { IssuePlan } from './issue-plan.ts'
import { type CertificatePlan, planCertificate } from './plan.ts'
import { certificateRequest, requestHash } from './request.ts'
import { attemptedFor, refusalOf } from './retry.ts'
import type { CertificateWorld, SecretView } from './world.ts'

type Change = Partial<CertificateWorld>

const internal = { internal: {} }
const absent: SecretView = { state: 'absent' }
const foreign: SecretView = {
  state: 'foreign',
  reason: 'SecretNotOurs',
  why: 'Secret web belongs to Certificate other',
}
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
  assert.deepEqual(plan(), { do: 'keep' })
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
    [
      'CARotated',
      /^generation 1 of the CA is trusted no longer$/,
      { secret: heldSecret(), authority: authorityView({ generation: 2, distrusted: [1] }) },
    ],
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
    const at = renewAt(world, heldCertificate(), noon) ?? Number.NaN
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
      { authority: authorityView({ notReady: 'it is new', spec: { ...internal, policy: denying } }) },
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
      { authority: authorityView({ spec: { ...internal, policy: denying } }) },
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
    assert.equal(plan({ authority: authorityView({ spec: { ...internal, policy: denying } }) }).do, 'keep')
  })

  test('a policy sees the namespace of the certificate', () => {
    const policy = { rules: [{ names: { dns: ['*.{namespace}.svc'] } }] }
    const wanted = certificate({ spec: { dnsNames: ['web.shop.svc'] } })
    const world = { secret: absent, authority: authorityView({ spec: { ...internal, policy } }) }
    assert.equal(plan({ ...world, certificate: wanted }).do, 'issue')
    const { namespace: _, ...metadata } = wanted.metadata
    assert.equal(plan({ ...world, certificate: { ...wanted, metadata } }).do, 'refuse')
  })
})

suite('after a failed attempt', () => {
  const failed = (status: CertificateStatus, metadata = {}): Change => ({
    secret: absent,
    certificate: certificate({
      metadata,
      status: { observedGeneration: 1, attempts: 1, attemptedFor: attemptedFor(certificateWorld()), ...status },
    }),
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
      assert.deepEqual(plan({ secret }), { do: 'refresh', metadata, caBundle: undefined, outputs: { as: 'kept' } })
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
        authorityKey: 'shop/ca',
        shortened: undefined,
        isSeverelyShortened: false,
        needsNewKey: false,
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
      'valid for 1 day 12 hours instead of 90 days, because the authority itself ends at 2026-11-24T00:00:00Z',
    ],
  ]
  for (const [name, end, notAfter, shortened] of ends) {
    test(name, () => {
      const made = issuePlan({ secret: absent, authority: authorityView({ notAfter: end }) })
      assert.deepEqual([made.notAfter, made.shortened], [notAfter, shortened])
    })
  }

  const rules: readonly [name: string, parts: Parameters<typeof authorityView>[0], days: number, isSevere: boolean][] =
    [
      ['public trust', { spec: { ...internal, publicTrust: true } }, 199, false],
      ['an end that comes soon', { notAfter: noon + 20 * day }, 20, true],
      // 2027-12-27 is a Monday; 400 days after noon. One day less is a Sunday.
      ['no weekend', { spec: { ...internal, weekendExpiry: 'MoveEarlier' } }, 397, false],
    ]
  for (const [name, parts, days, isSevere] of rules) {
    test(`${name} shortens it, and says so`, () => {
      const wanted = certificate({ spec: { duration: '9576h' } })
      const made = issuePlan({ secret: absent, certificate: wanted, authority: authorityView(parts) })
      assert.deepEqual([made.notAfter, made.isSeverelyShortened], [noon + days * day, isSevere])
      assert.match(made.shortened ?? '', /^valid for \d+ days instead of 399 days, because /)
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

suite('the roots beside the certificate', () => {
  const caBundle = 'PEM of the root'
  const authority = authorityView({ caBundle })
  const trusting = heldSecret({ trust: trustHash(caBundle) })

  test('are replaced when the Authority wants others to be trusted', () => {
    const expected = { do: 'refresh', metadata: secretMetadata(), caBundle, outputs: { as: 'kept' } }
    assert.deepEqual(plan({ authority }), expected)
    assert.deepEqual(plan({ authority, secret: heldSecret({ trust: trustHash('PEM of another') }) }), expected)
  })

  const stay: readonly [name: string, change: Change][] = [
    ['when they are the same', { authority, secret: trusting }],
    ['of an Authority that says nothing', { authority: authorityView({ caBundle: '' }) }],
    ['of an Authority that is gone', { authority: undefined }],
  ]
  for (const [name, change] of stay) {
    test(`stay ${name}`, () => assert.deepEqual(plan(change), { do: 'keep' }))
  }

  test('come with the new one when a certificate is needed anyway', () => {
    assert.equal(plan({ authority, secret: heldSecret(expired) }).do, 'issue')
  })

  test('are replaced although no certificate is signed now', () => {
    assert.equal(plan({ authority: authorityView({ caBundle, notReady: 'it is new' }) }).do, 'refresh')
    assert.equal(plan({ authority, isFrozen: true }).do, 'refresh')
  })
})

suite('what people have stopped', () => {
  const spec = { suspend: true }
  const closed = (intake: 'Closed' | 'RenewalsOnly' | 'Open') => authorityView({ spec: { ...internal, intake } })
  const ten = 10 * minute
  const cases: readonly [name: string, reason: string | undefined, againMs: number | undefined, change: Change][] = [
    ['a new one, suspended', 'Suspended', undefined, { secret: absent, certificate: certificate({ spec }) }],
    ['a renewal, suspended', 'Suspended', undefined, { secret: heldSecret(due), certificate: certificate({ spec }) }],
    ['suspended and in order', undefined, undefined, { certificate: certificate({ spec }) }],
    ['a new one, frozen', 'IssuanceFrozen', ten, { secret: absent, isFrozen: true }],
    ['a renewal, frozen', 'IssuanceFrozen', ten, { secret: heldSecret(due), isFrozen: true }],
    ['frozen and in order', undefined, undefined, { isFrozen: true }],
    ['frozen and invalid', 'InvalidRequest', undefined, { request: invalid, isFrozen: true }],
    ['a new one, closed', 'IntakeClosed', undefined, { secret: absent, authority: closed('Closed') }],
    ['a renewal, closed', 'IntakeClosed', undefined, { secret: heldSecret(due), authority: closed('Closed') }],
    ['a new one, renewals only', 'IntakeClosed', undefined, { secret: absent, authority: closed('RenewalsOnly') }],
    ['a renewal, renewals only', undefined, undefined, { secret: heldSecret(due), authority: closed('RenewalsOnly') }],
    ['a new one, open', undefined, undefined, { secret: absent, authority: closed('Open') }],
    [
      'a suspended Authority',
      'AuthorityNotReady',
      ten,
      { secret: absent, authority: authorityView({ spec: { ...internal, suspend: true } }) },
    ],
    ['no Authority at all', 'NoAuthority', ten, { secret: absent, authorityKey: undefined, authority: undefined }],
    ['no Authority, and in order', undefined, undefined, { authorityKey: undefined, authority: undefined }],
  ]
  for (const [name, reason, againMs, change] of cases) {
    test(`${name}: ${reason ?? 'goes on'}`, () => {
      const made = plan(change)
      const failure = made.do === 'refuse' ? made.failure : undefined
      assert.deepEqual([failure?.reason, failure?.retryAfterMs], [reason, againMs])
    })
  }
})

suite('after the restore of an Authority', () => {
  const authority = authorityView({ restoredUntil: noon + minute })

  test('a Secret that is missing is waited for', () => {
    const made = plan({ secret: absent, authority })
    assert.ok(made.do === 'refuse')
    assert.deepEqual([made.failure.reason, made.failure.retryAfterMs], ['AuthorityRestored', minute])
    assert.equal(plan({ secret: absent, authority }, noon + minute - 1).do, 'refuse')
    assert.equal(plan({ secret: absent, authority }, noon + minute).do, 'issue')
  })

  test('nothing else is', () => {
    for (const secret of [damaged, heldSecret(expired), heldSecret(due)]) {
      assert.equal(plan({ secret, authority }).do, 'issue')
    }
  })
})

test('one that the authority has revoked is replaced, with another key', () => {
  const found = plan({ isRevoked: true })
  assert.ok(found.do === 'issue')
  assert.deepEqual([found.cause.reason, found.needsNewKey], ['Revoked', true])
})

suite('the brake', () => {
  const issued = (times: number, everyMs = second): number[] =>
    Array.from({ length: times }, (_, i) => noon - (times - i) * everyMs)

  const braked = (parts: Partial<CertificateWorld>, now = noon): unknown[] => {
    const found = plan(parts, now)
    assert.equal(found.do, 'refuse')
    return found.do === 'refuse' ? [found.failure.reason, found.failure.retryAfterMs] : []
  }

  test('lets thirty certificates pass within ten minutes', () => {
    assert.equal(plan({ secret: absent, issuedLately: issued(29) }).do, 'issue')
  })

  test('makes the next one wait, and then go on', () => {
    const change = { secret: absent, issuedLately: issued(30) }
    const until = noon - 30 * second + 10 * minute
    assert.deepEqual(braked(change), ['IssuedTooOften', until - noon])
    assert.deepEqual(braked(change, until - 1), ['IssuedTooOften', 1])
    assert.equal(plan(change, until).do, 'issue')
  })

  test('counts from the thirtieth before', () => {
    const lately = issued(32)
    const [, againInMs] = braked({ secret: absent, issuedLately: lately })
    assert.equal(againInMs, (lately[2] ?? 0) + 10 * minute - noon)
  })

  test('is for what happened lately', () => {
    assert.equal(plan({ secret: absent, issuedLately: issued(32, 30 * second) }).do, 'issue')
  })

  test('does not touch what is in order', () => assert.equal(plan({ issuedLately: issued(32) }).do, 'keep'))
})

suite('what the authority has refused for good', () => {
  const world = certificateWorld({ secret: absent })
  const status: CertificateStatus = { observedGeneration: 1, refused: refusalOf(world) }
  const refusedBefore = (change: Change = {}, metadata = {}): Change => ({
    secret: absent,
    certificate: certificate({ metadata, status }),
    ...change,
  })

  test('is not asked for again by itself', () => {
    assert.deepEqual(plan(refusedBefore()), { do: 'wait', until: undefined })
    assert.deepEqual(plan(refusedBefore(), noon + 365 * day), { do: 'wait', until: undefined })
  })

  const changes: readonly [name: string, change: Change][] = [
    ['another request', refusedBefore({ requestHash: 'another' })],
    ['another spec or CA of the Authority', refusedBefore({ authority: authorityView({ version: 'uid-ca/2/ca' }) })],
    ['another spec', refusedBefore({}, { generation: 2 })],
  ]
  for (const [name, change] of changes) {
    test(`${name} is tried at once`, () => assert.equal(plan(change).do, 'issue'))
  }

  test('says nothing about what is in order', () =>
    assert.equal(plan(refusedBefore({ secret: heldSecret() })).do, 'keep'))
})

test('other defaults of the Authority act at the next renewal only', () => {
  const defaults = { duration: '24h', privateKey: { algorithm: 'RSA' as const }, usages: ['clientAuth' as const] }
  const wanted = certificate()
  const request = certificateRequest(wanted.spec, defaults)
  const world = certificateWorld({ authority: authorityView({ spec: { ...internal, defaults } }), request })
  assert.equal(requestHash(request), world.requestHash)
  assert.equal(planCertificate({ ...world, requestHash: requestHash(request) }, noon).do, 'keep')
  const later = planCertificate({ ...world, secret: heldSecret(due) }, noon)
  assert.ok(later.do === 'issue')
  assert.deepEqual([later.notAfter, later.request.key], [noon + day, { algorithm: 'RSA', size: 2048 }])
})
