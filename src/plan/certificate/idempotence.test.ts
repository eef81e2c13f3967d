import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  annotations,
  type Certificate,
  type CertificateSpec,
  type CertificateStatus,
  type Condition,
  type ObjectMeta,
  secretLabel,
} from '#api'
import { day, Failure, hour, minute, retryable, second, terminal, toRfc3339, waiting } from '#base'
import {
  authorityView,
  certificate,
  certificateWorld,
  checkConditions,
  heldCertificate,
  noon,
  secretMetadata,
} from '#test/make'
import { encodeApplied } from '../applied.ts'
import { trustHash } from '../authority/generations.ts'
import type { AdoptPlan } from './adoption.ts'
import type { IssuePlan } from './issue-plan.ts'
import { areOutputsRight, outputsHash } from './outputs.ts'
import { type CertificatePlan, planCertificate } from './plan.ts'
import { attemptedFor } from './retry.ts'
import type { RefreshPlan } from './secret-content.ts'
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
    secretTemplate: fc.constantFrom({}, { labels: { team: 'shop' } }, { annotations: { note: 'n' } }),
    outputs: fc.constantFrom({}, { der: {} }, { pkcs12: {} }, { jks: { passwordSecretRef: { name: 'secret' } } }),
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
    attemptedFor: fc.constantFrom('something else', attemptedFor(certificateWorld())),
    secret: fc.constantFrom({ name: 'web', resourceVersion: '200' }, { name: 'old', resourceVersion: '7' }),
  },
  { requiredKeys: [] },
)

const metadata = fc
  .record({
    revision: fc.constantFrom('1', '3', 'x'),
    label: fc.constantFrom('certificate', 'none'),
    applied: fc.constantFrom('', 'label:team', 'annotation:note,data:tls.crt,label:gone'),
  })
  .map(({ revision, label, applied }) =>
    secretMetadata({
      labels: { [secretLabel]: label },
      annotations: { [annotations.revision]: revision, [annotations.applied]: applied },
    }),
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
    outputs: fc.constantFrom(undefined, undefined, '', 'of something else'),
  })
  .map(({ end, lifetime, ...parts }) =>
    heldCertificate({ ...parts, notBefore: end - lifetime - 5 * minute, notAfter: end }),
  )

const form = fc.constantFrom(
  {},
  {},
  { form: { type: 'kubernetes.io/tls', isImmutable: false } },
  { form: { type: 'kubernetes.io/tls', isImmutable: true } },
  { form: { type: 'Opaque', isImmutable: false } },
)

const passwords: fc.Arbitrary<CertificateWorld['passwords']> = fc.constantFrom(
  {},
  { jks: 'u/1/password' },
  undefined,
  waiting('PasswordNotFound', 'Secret secret does not exist', 10 * minute),
)

const secret: fc.Arbitrary<SecretView> = fc.oneof(
  fc.constant<SecretView>({ state: 'absent' }),
  fc.constant<SecretView>({ state: 'foreign', reason: 'SecretNotOurs', why: 'it was not made for it' }),
  fc.tuple(metadata, form).map(([of, as]): SecretView => ({ state: 'damaged', metadata: of, why: 'no key', ...as })),
  fc.tuple(metadata, held, form).map(([of, it, as]): SecretView => ({ state: 'held', metadata: of, held: it, ...as })),
  fc
    .tuple(metadata, fc.oneof(held, fc.constant('tls.key is missing')), form)
    .map(([of, it, as]): SecretView => ({ state: 'offered', metadata: of, held: it, ...as })),
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
    passwords,
    authority,
    invalid: fc.constantFrom(false, false, false, true),
    isFrozen: fc.constantFrom(false, false, false, true),
    issuances: fc.constantFrom(0, 0, 29, 30),
  })
  .map(({ secret, passwords, authority, invalid, isFrozen, issuances, ...parts }) =>
    certificateWorld({
      certificate: certificate(parts),
      secret,
      passwords,
      authority,
      isFrozen,
      issuedLately: Array.from({ length: issuances }, (_, i) => noon - (issuances - i) * second),
      ...(invalid && { request: terminal('InvalidNames', 'no such name') }),
    }),
  )

/** What acting on a plan comes to: the outcome, and the world with it. */
function act(before: CertificateWorld, plan: IssuePlan, answer: Answer, now: number) {
  if (answer === 'signs') {
    const outcome: CertificateOutcome = { result: 'issued', remark: plan.shortened, replaced: undefined }
    const revision = { [annotations.revision]: String(plan.revision) }
    const { notBefore, notAfter } = plan
    const { caBundle, generation: caGeneration } = before.authority ?? {}
    const trust = caBundle && trustHash(caBundle)
    const fingerprint = 'f3'.repeat(32)
    const outputs = outputsHash(before, { fingerprint, trust })
    assert.ok(!(outputs instanceof Failure), 'nothing is issued without its outputs')
    const parts = { notBefore, notAfter, issuedAt: now, caGeneration, trust, fingerprint, outputs }
    const issued = heldCertificate(parts)
    const made = secretMetadata({ annotations: revision })
    const written: SecretView = { state: 'held', metadata: marked(made, before.certificate), held: issued }
    return { outcome, world: { ...before, secret: written, issuedLately: [...before.issuedLately, now] } }
  }
  const outcome: CertificateOutcome =
    answer === 'fails'
      ? { result: 'failed', failure: retryable('CertificateRejected', 'no answer'), nextAttemptAt: now + 5 * second }
      : { result: 'failed', failure: terminal('CertificateRejected', 'never'), nextAttemptAt: undefined }
  return { outcome, world: before }
}

/** Metadata with our label and all that the template has. */
function marked(of: ObjectMeta, { spec }: Certificate): ObjectMeta {
  const { labels = {}, annotations: said = {} } = spec.secretTemplate ?? {}
  const applied = encodeApplied({ data: [], labels: Object.keys(labels), annotations: Object.keys(said) })
  return {
    ...of,
    labels: { ...of.labels, ...labels, [secretLabel]: 'certificate' },
    annotations: { ...of.annotations, ...said, [annotations.applied]: applied },
  }
}

/** The world once all beside the certificate is in line. */
function refreshed(before: CertificateWorld, { caBundle, outputs }: RefreshPlan): CertificateWorld {
  const { secret, certificate: of } = before
  assert.ok(secret.state === 'held')
  const trust = caBundle === undefined ? secret.held.trust : trustHash(caBundle)
  const made = outputs.as === 'rendered' ? outputs.hash : undefined
  const after = { ...secret.held, trust, outputs: outputs.as === 'kept' ? secret.held.outputs : made }
  return { ...before, secret: { ...secret, metadata: marked(secret.metadata, of), held: after } }
}

/** The world once a Secret that is offered is ours, with all the outputs that can be had. */
function adopted(before: CertificateWorld, { metadata: of, held: it, caBundle }: AdoptPlan): CertificateWorld {
  const trust = trustHash(caBundle)
  const hash = outputsHash(before, { ...it, trust })
  const after = { ...it, trust, outputs: hash instanceof Failure ? undefined : hash }
  return { ...before, secret: { state: 'held', metadata: marked(of, before.certificate), held: after } }
}

function afterwards(before: CertificateWorld, plan: CertificatePlan): CertificateWorld {
  if (plan.do === 'refresh') return refreshed(before, plan)
  return plan.do === 'adopt' ? adopted(before, plan) : before
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
          world: afterwards(before, plan),
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
      // What is beside the certificate takes a visit of its own, before or after, and so does taking over.
      const isMore = (each: CertificateWorld): boolean => ['refresh', 'adopt'].includes(planCertificate(each, noon).do)
      const next = isMore(start) || isMore(first) ? visit(first, how, noon) : first
      const once = isMore(next) || isMore(first) ? visit(next, how, noon) : next
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
  assert.deepEqual(planCertificate(once, noon), { do: 'keep' })
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
      const { certificate: visited, request, secret: left, authority: of, passwords } = visit(start, how, noon)
      const isDistrusted = (number?: number): boolean =>
        number !== undefined && of?.distrusted.includes(number) === true
      const isKept =
        !(request instanceof Error) &&
        left.state === 'held' &&
        left.held.differences.length === 0 &&
        left.held.issuedBy === 'shop/ca' &&
        !isDistrusted(left.held.caGeneration) &&
        left.held.notAfter > noon &&
        areOutputsRight({ certificate: visited, passwords }, left.held)
      const ready = visited.status?.conditions?.find(({ type }) => type === 'Ready')
      assert.equal(ready?.status, isKept ? 'True' : 'False')
    }),
    { numRuns: 500 },
  )
})
