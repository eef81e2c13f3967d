import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { annotations, type CertificateSpec, type CertificateStatus, type Condition, secretLabel } from '#api'
import { day, hour, minute, retryable, second, terminal, toRfc3339 } from '#base'
import {
  authorityView,
  certificate,
  certificateWorld,
  checkConditions,
  heldCertificate,
  noon,
  secretMetadata,
} from '#test/make'
import { trustHash } from '../authority/generations.ts'
import { type IssuePlan, planCertificate } from './plan.ts'
import { type CertificateOutcome, certificateStatus } from './status.ts'
import type { AuthorityView, CertificateWorld, SecretView } from './world.ts'

/** Whether an authority signs, and how it fails if it does not. */
type Answer = 'signs' | 'fails' | 'refuses'

const denying = { rules: [{ names: { dns: ['*.internal'] } }] }

/** Whole seconds, as dates in certificates are. */
const moment = fc.integer({ min: -8_640_000, max: 8_640_000 }).map((seconds) => noon + seconds * second)
const text = (at: number): string => toRfc3339(at)

const spec: fc.Arbitrary<Partial<CertificateSpec>> = fc.record(
  {
    duration: fc.constantFrom('1m', '61s', '1h500ms', '24h', '2160h'),
    renewal: fc.constantFrom({ before: '30s' }, { before: '2000h' }, { beforePercent: 99 }, { beforePercent: 1 }),
  },
  { requiredKeys: [] },
)

const condition: fc.Arbitrary<Condition> = fc.record({
  type: fc.constantFrom('Ready', 'Issuing', 'Reconciling', 'Stalled', 'example.org/Checked'),
  status: fc.constantFrom('True', 'False', 'Unknown'),
  reason: fc.constantFrom('Issued', 'CertificateRejected'),
  message: fc.constantFrom('valid', 'the authority does not answer'),
  lastTransitionTime: moment.map(text),
})

const status: fc.Arbitrary<CertificateStatus> = fc.record(
  {
    observedGeneration: fc.constantFrom(1, 2),
    conditions: fc.uniqueArray(condition, { selector: ({ type }) => type }),
    revision: fc.integer({ min: 1, max: 5 }),
    fingerprint: fc.constantFrom('f1'.repeat(32), 'f2'.repeat(32)),
    attempts: fc.integer({ min: 1, max: 3 }),
    nextAttemptAt: moment.map(text),
    secret: fc.constantFrom({ name: 'web', resourceVersion: '200' }, { name: 'old', resourceVersion: '7' }),
  },
  { requiredKeys: [] },
)

const metadata = fc
  .record({ revision: fc.constantFrom('1', '3', 'x'), label: fc.constantFrom('certificate', 'none') })
  .map(({ revision, label }) =>
    secretMetadata({ labels: { [secretLabel]: label }, annotations: { [annotations.revision]: revision } }),
  )

const held = fc
  .record({
    end: moment,
    lifetime: fc.constantFrom(minute, hour, 90 * day),
    differences: fc.constantFrom([], [], ['it is old']),
    issuedBy: fc.constantFrom('shop/ca', 'shop/ca', 'shop/other'),
    issuedAt: moment,
    caGeneration: fc.constantFrom(undefined, 1, 2),
    trust: fc.constantFrom(undefined, trustHash('roots')),
  })
  .map(({ end, lifetime, ...parts }) =>
    heldCertificate({ ...parts, notBefore: end - lifetime - 5 * minute, notAfter: end }),
  )

const secret: fc.Arbitrary<SecretView> = fc.oneof(
  fc.constant<SecretView>({ state: 'absent' }),
  fc.constant<SecretView>({ state: 'foreign', why: 'it was not made for it' }),
  metadata.map((of): SecretView => ({ state: 'damaged', metadata: of, why: 'tls.key is missing' })),
  fc.tuple(metadata, held).map(([of, it]): SecretView => ({ state: 'held', metadata: of, held: it })),
)

const authority: fc.Arbitrary<AuthorityView | undefined> = fc.option(
  fc
    .record({
      notReady: fc.constantFrom(undefined, undefined, 'it is new'),
      notAfter: fc.option(moment, { nil: undefined }),
      isDenied: fc.constantFrom(false, false, true),
      activeFrom: moment,
      generations: fc.constantFrom(
        { generation: 1, distrusted: [] },
        { generation: 2, distrusted: [] },
        { generation: 2, distrusted: [1] },
        { generation: 3, distrusted: [1, 2] },
      ),
      reissueRequestedAt: fc.option(moment, { nil: undefined }),
      restoredUntil: fc.option(moment, { nil: undefined }),
      caBundle: fc.constantFrom(undefined, '', 'roots'),
    })
    .map(({ isDenied, generations, ...parts }) =>
      authorityView({ ...parts, ...generations, spec: { internal: {}, ...(isDenied && { policy: denying }) } }),
    ),
  { nil: undefined, freq: 8 },
)

const world: fc.Arbitrary<CertificateWorld> = fc
  .record({
    metadata: fc.record({ generation: fc.constantFrom(1, 2) }),
    spec,
    status: fc.option(status, { nil: undefined }),
    secret,
    authority,
    invalid: fc.constantFrom(false, false, false, true),
    isFrozen: fc.constantFrom(false, false, false, true),
    issuances: fc.constantFrom(0, 0, 29, 30),
  })
  .map(({ secret, authority, invalid, isFrozen, issuances, ...parts }) =>
    certificateWorld({
      certificate: certificate(parts),
      secret,
      authority,
      isFrozen,
      issuedLately: Array.from({ length: issuances }, (_, i) => noon - (issuances - i) * second),
      ...(invalid && { request: terminal('InvalidNames', 'no such name') }),
    }),
  )

/** What acting on a plan comes to: the outcome, and the world with it. */
function act(before: CertificateWorld, plan: IssuePlan, answer: Answer, now: number) {
  if (answer === 'signs') {
    const outcome: CertificateOutcome = { result: 'issued', shortened: plan.shortened, replaced: undefined }
    const revision = { [annotations.revision]: String(plan.revision) }
    const { notBefore, notAfter } = plan
    const { caBundle, generation: caGeneration } = before.authority ?? {}
    const trust = caBundle && trustHash(caBundle)
    const parts = { notBefore, notAfter, issuedAt: now, caGeneration, trust, fingerprint: 'f3'.repeat(32) }
    const issued = heldCertificate(parts)
    const written: SecretView = { state: 'held', metadata: secretMetadata({ annotations: revision }), held: issued }
    return { outcome, world: { ...before, secret: written, issuedLately: [...before.issuedLately, now] } }
  }
  const outcome: CertificateOutcome =
    answer === 'fails'
      ? { result: 'failed', failure: retryable('CertificateRejected', 'no answer'), nextAttemptAt: now + 5 * second }
      : { result: 'failed', failure: terminal('CertificateRejected', 'never'), nextAttemptAt: undefined }
  return { outcome, world: before }
}

/** The world once the roots beside the certificate are those. */
function trusting(before: CertificateWorld, caBundle: string): CertificateWorld {
  const { secret } = before
  assert.ok(secret.state === 'held')
  return { ...before, secret: { ...secret, held: { ...secret.held, trust: trustHash(caBundle) } } }
}

/** One visit: the world that it leaves, with the status as the API server keeps it. */
function visit(before: CertificateWorld, answer: Answer, now: number): CertificateWorld {
  const plan = planCertificate(before, now)
  const { outcome, world: after } =
    plan.do === 'issue'
      ? act(before, plan, answer, now)
      : {
          outcome: (plan.do === 'refuse'
            ? { result: 'failed', failure: plan.failure, nextAttemptAt: undefined }
            : { result: 'unchanged' }) satisfies CertificateOutcome as CertificateOutcome,
          world: plan.do === 'trust' ? trusting(before, plan.caBundle) : before,
        }
  const said: CertificateStatus = JSON.parse(JSON.stringify(certificateStatus(after, plan, outcome, now)))
  const visited = { ...before.certificate, status: said }
  checkConditions(visited)
  return { ...after, certificate: visited }
}

const answer = fc.constantFrom<Answer>('signs', 'fails', 'refuses')

test('a second visit at the same time changes nothing', () => {
  fc.assert(
    fc.property(world, answer, (start, how) => {
      const first = visit(start, how, noon)
      // New roots beside the certificate take a visit of their own, before or after.
      const isTrust = [start, first].some((each) => planCertificate(each, noon).do === 'trust')
      const once = isTrust ? visit(first, how, noon) : first
      const twice = visit(once, how, noon)
      assert.deepEqual(twice.certificate.status, once.certificate.status)
      assert.deepEqual(twice.secret, once.secret)
    }),
    { numRuns: 2000 },
  )
})

test('a Secret that holds what is asked for is kept, and nothing is written', () => {
  const start = certificateWorld()
  const once = visit(start, 'signs', noon)
  assert.deepEqual(planCertificate(once, noon), { do: 'keep', relabel: undefined })
  assert.deepEqual(visit(once, 'signs', noon + hour), once)
})

test('whatever is wrong, after two visits there is nothing more to do', () => {
  fc.assert(
    fc.property(world, (start) => {
      // The roots come after the certificate, if they are not those of its issuance.
      const settled = visit(visit(start, 'signs', noon), 'signs', noon)
      const plan = planCertificate(settled, noon)
      assert.ok(['keep', 'refuse', 'wait'].includes(plan.do), plan.do)
      assert.deepEqual(visit(settled, 'signs', noon), settled)
    }),
    { numRuns: 1000 },
  )
})

test('what was just issued is never issued again at once', () => {
  fc.assert(
    fc.property(world, (start) => {
      const plan = planCertificate(start, noon)
      fc.pre(plan.do === 'issue')
      assert.equal(planCertificate(visit(start, 'signs', noon), noon).do, 'keep')
    }),
    { numRuns: 500 },
  )
})

test('a plan is the same for the same world and time', () => {
  fc.assert(fc.property(world, (start) => assert.deepEqual(planCertificate(start, noon), planCertificate(start, noon))))
})

test('Ready is True exactly while the Secret holds what is asked for', () => {
  fc.assert(
    fc.property(world, answer, (start, how) => {
      const { certificate: visited, request, secret: left, authority: of } = visit(start, how, noon)
      const isDistrusted = (number?: number): boolean =>
        number !== undefined && of?.distrusted.includes(number) === true
      const isKept =
        !(request instanceof Error) &&
        left.state === 'held' &&
        left.held.differences.length === 0 &&
        left.held.issuedBy === 'shop/ca' &&
        !isDistrusted(left.held.caGeneration) &&
        left.held.notAfter > noon
      const ready = visited.status?.conditions?.find(({ type }) => type === 'Ready')
      assert.equal(ready?.status, isKept ? 'True' : 'False')
    }),
    { numRuns: 500 },
  )
})
