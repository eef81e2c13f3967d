import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { annotations, type CertificateSpec, secretLabel } from '#api'
import { day, hour, minute, second, terminal, toRfc3339 } from '#base'
import {
  authorityView,
  certificate,
  certificateWorld,
  heldSecret,
  noon,
  readSecret,
  secretMetadata,
  soleClaim,
} from '#test/make'
import {
  encodeJournal,
  isHandle,
  isPollDue,
  openOrder,
  orderedBy,
  orderedHash,
  orderSecretName,
  parseJournal,
  pollAtOf,
} from './order.ts'
import type { OrderJournal } from './order-journal.ts'
import { planCertificate } from './plan.ts'
import { certificateRequest } from './request.ts'
import { attemptedFor, refusalOf } from './retry.ts'
import { viewOfSecret } from './secret-view.ts'
import { certificateStatus } from './status.ts'
import type { CertificateWorld, OpenOrder } from './world.ts'

const spec = certificate().spec

/** The journal of an order for what the spec of `certificate()` asks for, made an hour ago. */
const journal = (parts: Partial<OrderJournal> = {}): OrderJournal => ({
  id: '0123456789ab',
  requestHash: orderedHash(certificateRequest(spec)),
  authorityKey: 'shop/ca',
  revision: 2,
  notBefore: noon - hour,
  notAfter: noon + 89 * day,
  createdAt: noon - hour,
  hasKeptKey: false,
  handle: 'order/7',
  pollAt: noon,
  ...parts,
})

const metadata = { namespace: 'shop', name: 'web-pending', uid: 'uid-order', resourceVersion: '300' }
const order = (parts: Partial<OrderJournal> = {}): OpenOrder => ({ metadata, journal: journal(parts) })

const due = heldSecret({ notBefore: noon - 80 * day, notAfter: noon + 10 * day })
const plan = (change: Partial<CertificateWorld>, now = noon) =>
  planCertificate(certificateWorld({ secret: due, order: order(), ...change }), now)

test('whatever an issuer is asked for tells one order from another', () => {
  const ca = { commonName: 'Shop CA', isCA: true }
  const custom = [{ oid: '1.2.3.4', value: 'BQA=' }]
  const asked: Partial<CertificateSpec>[] = [
    {},
    { extensions: { mustStaple: true } },
    { extensions: { custom } },
    { extensions: { custom: custom.map((each) => ({ ...each, critical: true })) } },
    { literalSubject: 'CN=web,DC=shop,DC=example' },
    { literalSubject: 'CN=web,DC=example,DC=shop' },
    { commonName: ca.commonName },
    ca,
    { ...ca, pathLength: 1 },
    { ...ca, nameConstraints: { permitted: { dnsDomains: ['example.com'] } } },
  ]
  const hashes = asked.map((parts) =>
    orderedHash(certificateRequest({ ...spec, usages: ['digitalSignature'], ...parts })),
  )
  assert.equal(new Set(hashes).size, asked.length)
})

suite('an order that is under way', () => {
  const ends: readonly [why: string, change: Partial<CertificateWorld>, end: object][] = [
    ['its certificate is in the Secret', { order: order({ revision: 1 }) }, { as: 'fulfilled' }],
    [
      'its certificate is in the status',
      { secret: { state: 'absent' }, certificate: certificate({ status: { revision: 2 } }) },
      { as: 'fulfilled' },
    ],
    [
      'its journal cannot be read',
      { order: { metadata, journal: undefined } },
      { as: 'givenUp', why: 'the journal in Secret web-pending cannot be read' },
    ],
    [
      'the Certificate is suspended',
      { certificate: certificate({ spec: { suspend: true } }) },
      { as: 'givenUp', why: 'the Certificate is suspended' },
    ],
    [
      'the request cannot be used',
      { request: terminal('InvalidNames', 'no name') },
      { as: 'givenUp', why: 'the request is not valid any more' },
    ],
    [
      'the request has changed',
      { request: certificateRequest({ ...spec, dnsNames: ['other.example.com'] }) },
      { as: 'givenUp', why: 'the request has changed' },
    ],
    [
      "the Authority's defaults ask for something else",
      { request: certificateRequest(spec, { usages: ['clientAuth'] }) },
      { as: 'givenUp', why: 'the request has changed' },
    ],
    [
      'another Authority is in charge',
      { authorityKey: 'shop/other' },
      { as: 'givenUp', why: 'the certificate is to come from shop/other now' },
    ],
  ]
  for (const [why, change, end] of ends) {
    test(`ends when ${why}`, () => {
      const { order: ended = order() } = change
      assert.deepEqual(plan(change), { do: 'endOrder', order: ended, end })
    })
  }

  test('ends when the authority refuses it for good', () => {
    const before = certificateWorld({ secret: due })
    const refused = certificate({ status: { observedGeneration: 1, refused: refusalOf(before) } })
    assert.equal(refused.metadata.generation, 1)
    assert.deepEqual(plan({ certificate: refused }), { do: 'endOrder', order: order(), end: { as: 'refused' } })
  })

  test('goes on in every other case, even when the certificate in use would do for longer', () => {
    const goesOn: readonly [change: Partial<CertificateWorld>, cause: string][] = [
      [{}, 'RenewalDue'],
      [{ secret: heldSecret() }, 'OrderPending'],
      [{ secret: { state: 'absent' }, order: order({ revision: 1 }) }, 'SecretMissing'],
      [{ order: order({ handle: undefined, pollAt: undefined }) }, 'RenewalDue'],
    ]
    for (const [change, cause] of goesOn) {
      const made = plan(change)
      assert.ok(made.do === 'issue', made.do)
      assert.equal(made.cause.reason, cause)
    }
  })

  test('waits for its next attempt, and while the Authority is not ready', () => {
    const attempt = { attempts: 1, attemptedFor: attemptedFor(certificateWorld()) }
    const failed = certificate({ status: { ...attempt, nextAttemptAt: toRfc3339(noon + minute) } })
    assert.deepEqual(plan({ certificate: failed }), { do: 'wait', until: noon + minute })
    assert.equal(plan({ authority: authorityView({ notReady: 'it is ill' }) }).do, 'refuse')
  })

  test('does not keep the certificate in use from getting the roots of today', () => {
    const made = plan({ authority: authorityView({ caBundle: 'a new root' }) })
    assert.equal(made.do, 'refresh')
  })
})

test('a pending order shows beside a certificate that is in use, and says the same with every look', () => {
  const world = certificateWorld({ secret: due, order: order() })
  const pending = { result: 'pending', of: 'shop/ca', since: noon - hour, pollAt: noon + minute } as const
  const first = certificateStatus(world, planCertificate(world, noon), pending, noon)
  const issuing = first.conditions?.find(({ type }) => type === 'Issuing')
  assert.partialDeepStrictEqual(issuing, {
    status: 'True',
    reason: 'OrderPending',
    message: `ordered from Authority shop/ca at ${toRfc3339(noon - hour)}, which has not issued it yet`,
  })
  assert.equal(first.conditions?.find(({ type }) => type === 'Ready')?.status, 'True')
  const later = { ...world, certificate: { ...world.certificate, status: first } }
  const again = certificateStatus(
    later,
    planCertificate(later, noon),
    { ...pending, pollAt: noon + hour },
    noon + second,
  )
  assert.deepEqual(again, first)
})

test('failures are counted until there is a certificate', () => {
  const status = { observedGeneration: 1, attempts: 3, nextAttemptAt: toRfc3339(noon) }
  const world = certificateWorld({ secret: due, order: order(), certificate: certificate({ status }) })
  const pending = { result: 'pending', of: 'shop/ca', since: noon, pollAt: noon } as const
  const { attempts, nextAttemptAt } = certificateStatus(world, planCertificate(world, noon), pending, noon)
  assert.deepEqual([attempts, nextAttemptAt], [3, undefined])
})

suite('the Secret of an order', () => {
  const secret = secretMetadata({
    name: 'web-pending',
    labels: { [secretLabel]: 'order' },
    annotations: { [annotations.order]: encodeJournal(journal()) },
  })

  test('is found by name, label and Certificate', () => {
    assert.deepEqual(openOrder('web', secret), { metadata: secret, journal: journal() })
    assert.equal(openOrder('web', undefined), undefined)
    assert.equal(openOrder('other', secret), undefined)
    assert.equal(openOrder('web', { ...secret, labels: { [secretLabel]: 'certificate' } }), undefined)
  })

  test('tells whose it is, however long the name', () => {
    for (const name of ['web', 'w'.repeat(253)]) {
      const its = { ...secret, name: orderSecretName(name), annotations: { [annotations.certificate]: name } }
      assert.ok(its.name.length <= 253)
      assert.equal(orderedBy(its), name)
    }
    assert.equal(orderedBy({ ...secret, name: 'other-pending' }), undefined)
    assert.equal(orderedBy({ ...secret, labels: {} }), undefined)
  })

  test('is never taken for the one that the certificate goes into', () => {
    const named = certificate({ spec: { secretName: 'web-pending' } })
    const view = viewOfSecret(soleClaim(named), certificateWorld(), readSecret({}, { metadata: secret }))
    assert.equal(view.state, 'foreign')
  })
})

suite('a journal', () => {
  test('is read as it was written', () => {
    for (const each of [journal(), journal({ handle: undefined, pollAt: undefined, hasKeptKey: true })]) {
      assert.deepEqual(parseJournal(encodeJournal(each)), each)
    }
  })

  const written = JSON.parse(encodeJournal(journal()))
  const broken: readonly [name: string, member: object][] = [
    ['no id', { id: undefined }],
    ['an id that leads elsewhere', { id: '../7' }],
    ['no time', { createdAt: 'soon' }],
    ['a revision that is none', { revision: '2' }],
    ['a handle that is none', { handle: 7 }],
    ['a handle that is too long', { handle: 'x'.repeat(1025) }],
    ['no word on its key', { hasKeptKey: undefined }],
    ['no hash', { requestHash: null }],
    ['no Authority', { authorityKey: 1 }],
    ['more than it may have', { rest: 'x'.repeat(8192) }],
  ]
  for (const [name, member] of broken) {
    test(`with ${name} is none`, () => assert.equal(parseJournal(JSON.stringify({ ...written, ...member })), undefined))
  }

  test('is never guessed at, whatever is written in its place', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        assert.equal(parseJournal(text), undefined)
      }),
    )
    assert.equal(parseJournal(undefined), undefined)
  })

  test('with the longest handle can be read again', () => {
    const handle = '\u0001'.repeat(1024)
    assert.ok(isHandle(handle))
    assert.equal(parseJournal(encodeJournal(journal({ handle })))?.handle, handle)
  })
})

test('an issuer is asked within bounds, whatever it says', () => {
  const cases: readonly [afterMs: number, expectedMs: number][] = [
    [-1, second],
    [0, second],
    [minute, minute],
    [9 * hour, 8 * hour],
    [Number.POSITIVE_INFINITY, 8 * hour],
    [Number.NaN, 8 * hour],
  ]
  for (const [afterMs, expectedMs] of cases) assert.equal(pollAtOf(afterMs, noon) - noon, expectedMs)
})

test('it is time to ask at the time that was named, and when the clock was set back', () => {
  assert.deepEqual(
    [noon, noon + 1, noon + 8 * hour, noon + 8 * hour + 1].map((at) => isPollDue(at, noon)),
    [true, false, false, true],
  )
})
