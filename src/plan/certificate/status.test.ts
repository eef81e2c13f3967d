import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { annotations, type Certificate, type CertificateStatus, type Condition } from '#api'
import { day, type Failure, hour, minute, retryable, terminal, toRfc3339, waiting } from '#base'
import {
  authorityView,
  certificate,
  certificateWorld,
  checkConditions,
  heldSecret,
  noon,
  secretMetadata,
} from '#test/make'
import { planCertificate } from './plan.ts'
import { refusalOf } from './retry.ts'
import { type CertificateOutcome, certificateStatus } from './status.ts'
import type { CertificateWorld, SecretView } from './world.ts'

const unchanged: CertificateOutcome = { result: 'unchanged' }
const issued: CertificateOutcome = { result: 'issued', remark: undefined, replaced: undefined }
const failed = (failure: Failure, nextAttemptAt?: number): CertificateOutcome => ({
  result: 'failed',
  failure,
  nextAttemptAt,
})
const caDown = retryable('CertificateRejected', 'the authority does not answer')
const ruled = (dns: string[]) => authorityView({ spec: { internal: {}, policy: { rules: [{ names: { dns } }] } } })
const denying = ruled(['x.com'])
const absent: SecretView = { state: 'absent' }
const due = { notBefore: noon - 80 * day, notAfter: noon + 10 * day }
const expired = { notBefore: noon - 90 * day, notAfter: noon - hour }

/** The status after a visit, as the API server keeps it, held against the rules for conditions. */
function statusOf(
  parts: Partial<CertificateWorld>,
  outcome: CertificateOutcome = unchanged,
  now = noon,
): CertificateStatus {
  const world = certificateWorld(parts)
  const status: CertificateStatus = JSON.parse(
    JSON.stringify(certificateStatus(world, planCertificate(world, now), outcome, now)),
  )
  checkConditions({ ...world.certificate, status })
  return status
}

/** What happens when the plan says that nothing can be done now. */
function refused(parts: Partial<CertificateWorld>): CertificateStatus {
  const plan = planCertificate(certificateWorld(parts), noon)
  assert.equal(plan.do, 'refuse')
  return statusOf(parts, failed(plan.failure))
}

const inShort = ({ conditions = [] }: CertificateStatus): Record<string, string> =>
  Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]))

suite('situation and conditions', () => {
  const retry = noon + minute
  const bug = 'InternalError'
  const situations: readonly [situation: string, conditions: Record<string, string>, () => CertificateStatus][] = [
    ['in order', { Ready: 'True Issued' }, () => statusOf({})],
    ['just issued', { Ready: 'True Issued' }, () => statusOf({}, issued)],
    [
      'renewal is due, the authority does not answer',
      { Ready: 'True Issued', Issuing: 'True CertificateRejected' },
      () => statusOf({ secret: heldSecret(due) }, failed(caDown, retry)),
    ],
    [
      'renewal is due, the policy denies it',
      { Ready: 'True Issued', Issuing: 'True PolicyDenied' },
      () =>
        refused({
          secret: heldSecret(due),
          authority: denying,
        }),
    ],
    [
      'renewal is due, the authority is gone',
      { Ready: 'True Issued', Issuing: 'True AuthorityNotFound' },
      () => refused({ secret: heldSecret(due), authority: undefined }),
    ],
    [
      'new, the authority is not ready',
      { Ready: 'False AuthorityNotReady', Reconciling: 'True AuthorityNotReady' },
      () => refused({ secret: absent, authority: authorityView({ notReady: 'it is new' }) }),
    ],
    [
      'new, the policy denies it',
      { Ready: 'False PolicyDenied', Stalled: 'True PolicyDenied' },
      () => refused({ secret: absent, authority: denying }),
    ],
    [
      'the request is none',
      { Ready: 'False InvalidRequest', Stalled: 'True InvalidRequest' },
      () => refused({ request: terminal('InvalidNames', '"a b" is not a DNS name') }),
    ],
    [
      "somebody else's Secret is in the way",
      { Ready: 'False SecretNotOurs', Stalled: 'True SecretNotOurs' },
      () => refused({ secret: { state: 'foreign', reason: 'SecretNotOurs', why: 'Secret web was not made for it' } }),
    ],
    [
      'new, the authority does not answer',
      { Ready: 'False CertificateRejected', Reconciling: 'True CertificateRejected' },
      () => statusOf({ secret: absent }, failed(caDown, retry)),
    ],
    [
      'new, a bug',
      { Ready: `False ${bug}`, Reconciling: `True ${bug}` },
      () => statusOf({ secret: absent }, failed(retryable(bug, 'x is undefined'), retry)),
    ],
    [
      'new, the CA says never',
      { Ready: 'False CertificateRejected', Stalled: 'True CertificateRejected' },
      () => statusOf({ secret: absent }, failed(terminal('CertificateRejected', 'no'))),
    ],
    [
      'expired, the CA asks to come back later',
      { Ready: 'False CertificateRejected', Reconciling: 'True CertificateRejected' },
      () =>
        statusOf({ secret: heldSecret(expired) }, failed(waiting('CertificateRejected', 'later', hour), noon + hour)),
    ],
    [
      'it ended while it was looked at',
      { Ready: 'False Expired', Reconciling: 'True Expired' },
      () => statusOf({ secret: heldSecret(expired) }),
    ],
  ]
  for (const [situation, conditions, visit] of situations) {
    test(situation, () => assert.deepEqual(inShort(visit()), conditions))
  }
})

suite('while the next attempt is waited for', () => {
  const ending = { ...due, notAfter: noon + 3 * hour }
  const status = statusOf({ secret: heldSecret(ending) }, failed(caDown, noon + 8 * hour))
  const later = (secret: SecretView, now: number, before = status) =>
    statusOf({ secret, certificate: certificate({ status: before }) }, unchanged, now)

  test('nothing changes by itself', () => {
    assert.deepEqual(later(heldSecret(ending), noon + hour), status)
  })

  test('a certificate that ends is not ready any more, and the reason stays', () => {
    const after = later(heldSecret(ending), noon + 3 * hour)
    assert.deepEqual(inShort(after), { Ready: 'False CertificateRejected', Reconciling: 'True CertificateRejected' })
    assert.equal(after.conditions?.[0]?.message, 'the authority does not answer')
    assert.deepEqual([after.attempts, after.nextAttemptAt], [1, status.nextAttemptAt])
    assert.deepEqual(later(heldSecret(ending), noon + 4 * hour, after), after)
  })

  test('a certificate that is restored is ready again', () => {
    const lost = later(absent, noon + hour)
    assert.equal(inShort(lost).Ready, 'False CertificateRejected')
    assert.deepEqual(inShort(later(heldSecret(ending), noon + 2 * hour, lost)), {
      Ready: 'True Issued',
      Issuing: 'True CertificateRejected',
    })
  })

  test('a status that has lost its conditions gets them back', () => {
    const { conditions: _, ...bare } = status
    assert.deepEqual(inShort(later(absent, noon, bare)), {
      Ready: 'False SecretMissing',
      Reconciling: 'True SecretMissing',
    })
  })
})

suite('facts', () => {
  test('are those of the certificate in the Secret', () => {
    const { conditions, renewAt, ...facts } = statusOf({}, issued)
    assert.deepEqual(facts, {
      observedGeneration: 1,
      authority: 'shop/ca',
      revision: 1,
      serialNumber: '4a01',
      fingerprint: 'f1'.repeat(32),
      caGeneration: 1,
      issuer: 'CN=ca',
      notBefore: '2026-11-22T11:55:00Z',
      notAfter: '2027-02-20T12:00:00Z',
      secret: { name: 'web', resourceVersion: '200' },
    })
    assert.match(renewAt ?? '', /^2027-01-\d\dT\d\d:\d\d:\d\dZ$/)
    assert.equal(conditions?.length, 1)
  })

  test('of a certificate that is gone stay, but for the time of renewal', () => {
    const before = statusOf({}, issued)
    const after = refused({ secret: absent, authority: undefined, certificate: certificate({ status: before }) })
    assert.equal(after.serialNumber, before.serialNumber)
    assert.deepEqual(after.secret, before.secret)
    assert.equal(after.renewAt, undefined)
  })

  test("somebody else's change to the Secret is not worth a write", () => {
    const status = statusOf({}, issued)
    const touched = statusOf({
      certificate: certificate({ status }),
      secret: heldSecret({}, { resourceVersion: '999' }),
    })
    assert.deepEqual(touched, status)
  })

  test('a change of ours is, lest every process to come reads the Secret', () => {
    const status = statusOf({}, issued)
    const world = certificateWorld({
      certificate: certificate({ status }),
      secret: heldSecret({}, { resourceVersion: '999' }),
    })
    const plan = { do: 'refresh', metadata: secretMetadata(), caBundle: undefined, outputs: { as: 'kept' } } as const
    const after = (outcome: CertificateOutcome) => certificateStatus(world, plan, outcome, noon).secret
    assert.deepEqual(after(unchanged), { name: 'web', resourceVersion: '999' })
    assert.deepEqual(after(failed(caDown)), { name: 'web', resourceVersion: '200' })
  })

  test('a change of ours ends what has held it up, and nothing else', () => {
    const plan = { do: 'refresh', metadata: secretMetadata(), caBundle: undefined, outputs: { as: 'kept' } } as const
    const after = (trouble: Failure, passwords: CertificateWorld['passwords'] = {}) => {
      const before = certificate({ status: statusOf({ secret: heldSecret(due) }, failed(trouble)) })
      const world = certificateWorld({ certificate: before, passwords })
      return inShort(certificateStatus(world, plan, unchanged, noon)).Issuing
    }
    const noPassword = waiting('PasswordNotFound', 'Secret p does not exist', minute)
    assert.equal(after(noPassword), undefined)
    assert.equal(after(noPassword, noPassword), 'True PasswordNotFound')
    assert.equal(after(waiting('SecretContested', 'somebody else changes it', minute)), undefined)
    assert.equal(after(caDown), 'True CertificateRejected')
  })

  test('another certificate in the Secret is', () => {
    const status = statusOf({}, issued)
    const secret = heldSecret({ fingerprint: 'f2'.repeat(32) }, { resourceVersion: '999' })
    assert.deepEqual(statusOf({ certificate: certificate({ status }), secret }).secret, {
      name: 'web',
      resourceVersion: '999',
    })
  })

  test('a Secret without a version is noted without one', () => {
    const { resourceVersion: _, ...metadata } = secretMetadata()
    const secret = { ...heldSecret(), metadata } as SecretView
    assert.deepEqual(statusOf({ secret }).secret, { name: 'web', resourceVersion: '' })
  })

  const revisions: readonly [annotation: string, status: number | undefined, revision: number][] = [
    ['4', undefined, 4],
    ['4', 2, 4],
    ['4', 6, 6],
    ['four', 6, 6],
    ['four', undefined, 1],
  ]
  for (const [annotation, revision, expected] of revisions) {
    test(`revision "${annotation}" on the Secret and ${revision} in the status are ${expected}`, () => {
      const secret = heldSecret({}, { annotations: { [annotations.revision]: annotation } })
      const status = revision === undefined ? undefined : { revision }
      assert.equal(statusOf({ certificate: certificate({ status }), secret }).revision, expected)
    })
  }

  test('a status before the first generation', () => {
    const { generation: _, ...metadata } = certificate().metadata
    const world = certificateWorld({ certificate: { ...certificate(), metadata } })
    assert.equal(certificateStatus(world, { do: 'keep' }, unchanged, noon).observedGeneration, 0)
  })
})

test('attempts are counted until one succeeds', () => {
  const facts = ({ attempts, nextAttemptAt }: CertificateStatus) => [attempts, nextAttemptAt]
  const world = (status?: CertificateStatus) => ({ secret: absent, certificate: certificate({ status }) })
  const first = statusOf(world(), failed(caDown, noon + minute))
  assert.deepEqual(facts(first), [1, toRfc3339(noon + minute)])
  const second = statusOf(world(first), failed(caDown, noon + hour), noon + minute)
  assert.deepEqual(facts(second), [2, toRfc3339(noon + hour)])
  const hindered = statusOf(world(second), failed(waiting('AuthorityNotFound', 'gone', minute)), noon + hour)
  assert.deepEqual(facts(hindered), [2, undefined])
  assert.deepEqual(facts(statusOf({ certificate: certificate({ status: hindered }) }, issued)), [undefined, undefined])
  assert.deepEqual(facts(statusOf({ certificate: certificate({ status: second }) })), [undefined, undefined])
})

suite('the message of Ready', () => {
  const message = ({ conditions = [] }: CertificateStatus): string | undefined => conditions[0]?.message
  const because = 'valid for 1h, because the authority ends'
  const shortened: CertificateOutcome = { result: 'issued', remark: because, replaced: undefined }
  const status = statusOf({}, shortened)
  const after = (before: CertificateStatus, parts: Partial<CertificateWorld> = {}) =>
    message(statusOf({ certificate: certificate({ status: before }), ...parts }))

  test('says until when', () => assert.equal(message(statusOf({})), 'valid until 2027-02-20T12:00:00Z'))
  test('says why the certificate is shorter than asked for, as long as it is in use', () => {
    const text = 'valid until 2027-02-20T12:00:00Z: valid for 1h, because the authority ends'
    assert.equal(message(status), text)
    assert.equal(after(status), text)
  })
  test('is new for another certificate', () => {
    assert.equal(after(status, { secret: heldSecret({ fingerprint: 'f2'.repeat(32) }) }), message(statusOf({})))
  })
  test('is new after a time without one', () => {
    const lost: CertificateStatus = { ...status, conditions: [{ ...readyOf(status), status: 'False' }] }
    assert.equal(after(lost), message(statusOf({})))
  })
})

const readyOf = ({ conditions = [] }: CertificateStatus): Condition =>
  conditions.find(({ type }) => type === 'Ready') ?? assert.fail('no Ready')

test('a time of transition moves only with the status, and a stranger keeps his condition', () => {
  const foreign: Condition = {
    type: 'example.org/Checked',
    status: 'True',
    reason: 'Fine',
    message: '',
    lastTransitionTime: '2020-01-01T00:00:00Z',
  }
  const first = statusOf({})
  const status = { ...first, conditions: [...(first.conditions ?? []), foreign] }
  const visit = (secret: SecretView): CertificateStatus =>
    statusOf({ certificate: certificate({ status }), secret }, unchanged, noon + hour)
  assert.deepEqual(visit(heldSecret()).conditions, status.conditions)
  const broken = visit(heldSecret({ differences: ['it is old'] }))
  assert.deepEqual(inShort(broken), {
    Ready: 'False RequestChanged',
    Reconciling: 'True RequestChanged',
    'example.org/Checked': 'True Fine',
  })
  assert.equal(readyOf(broken).lastTransitionTime, toRfc3339(noon + hour))
})

test('a message stays within its bounds, whatever names and policies say', () => {
  const dnsNames = Array.from({ length: 100 }, (_, i) => `${'x'.repeat(60)}.${i}.${'y'.repeat(60)}.example.com`)
  const dns = Array.from({ length: 64 }, (_, i) => `*.${i}.${'z'.repeat(60)}.example.org`)
  const wanted: Certificate = certificate({ spec: { dnsNames } })
  const { conditions } = refused({
    certificate: wanted,
    secret: absent,
    authority: ruled(dns),
  })
  assert.match(conditions?.[0]?.message ?? '', /95 more$|…$/)
  statusOf({ secret: heldSecret({ differences: [`its names lack URI:https://${'u'.repeat(9000)}`] }) })
  statusOf({ secret: absent }, failed(retryable('CertificateRejected', 'line 1\nline 2'), noon + minute))
})

suite('rules on trial', () => {
  const trial = (dns: string) =>
    authorityView({
      spec: { internal: {}, policy: { rules: [{ names: { dns: ['**'] } }], auditRules: [{ names: { dns: [dns] } }] } },
    })

  test('that would deny the request are told of, and it is Ready', () => {
    const status = statusOf({ authority: trial('*.internal') })
    assert.deepEqual(inShort(status), { Ready: 'True Issued', PolicyViolation: 'True PolicyViolated' })
    const { message } = status.conditions?.find(({ type }) => type === 'PolicyViolation') ?? assert.fail()
    assert.match(message, /^rules on trial would deny it: DNS name www\.example\.com is not permitted/)
  })

  test('that permit it say nothing any more', () => {
    const before = statusOf({ authority: trial('*.internal') })
    const after = statusOf({ authority: trial('*.example.com'), certificate: certificate({ status: before }) })
    assert.deepEqual(inShort(after), { Ready: 'True Issued' })
  })

  test('say nothing of a request that is none', () => {
    const status = refused({ authority: trial('*.internal'), request: terminal('InvalidNames', 'no name') })
    assert.equal(inShort(status).PolicyViolation, undefined)
  })
})

suite('what the authority refuses for good', () => {
  const refusal: CertificateOutcome = {
    result: 'failed',
    failure: retryable('CertificateRejected', 'this name is on a list'),
    nextAttemptAt: undefined,
    refused: 'hash of what was asked',
  }
  const status = statusOf({ secret: absent }, refusal)
  const later = (outcome: CertificateOutcome, parts: Partial<CertificateWorld> = {}): CertificateStatus =>
    statusOf({ secret: absent, certificate: certificate({ status }), ...parts }, outcome, noon + hour)

  test('is written down', () => assert.equal(status.refused, 'hash of what was asked'))
  test('is forgotten when something is issued', () => {
    assert.equal(later(issued, { secret: heldSecret() }).refused, undefined)
  })
  test('is forgotten when another attempt fails', () => {
    assert.equal(later(failed(caDown, noon + 2 * hour)).refused, undefined)
  })

  test('stalls the Certificate while it is waited for a change', () => {
    const world = certificateWorld({ secret: absent })
    const waits = { ...status, refused: refusalOf(world) }
    const after = statusOf({ secret: absent, certificate: certificate({ status: waits }) })
    assert.equal(after.refused, waits.refused)
    assert.deepEqual(inShort(after), { Ready: 'False CertificateRejected', Stalled: 'True CertificateRejected' })
  })
})

test('a date in the status that somebody has changed is put right', () => {
  const status = statusOf({})
  const tampered = { ...status, notAfter: '2099-01-01T00:00:00Z', notBefore: 'then', renewAt: '2098-01-01T00:00:00Z' }
  assert.deepEqual(statusOf({ certificate: certificate({ status: tampered }) }), status)
})
