import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import {
  annotations,
  type CertificateSpec,
  type CertificateStatus,
  finalizer,
  type ObjectMeta,
  secretLabel,
} from '#api'
import { day, Failure, hour, isFailure, minute, retryable, second, terminal, toRfc3339, waiting } from '#base'
import {
  authorityView,
  certificate,
  certificateWorld,
  checkConditions,
  heldCertificate,
  isLongRun,
  noon,
  runSeed,
  secretMetadata,
} from '#test/make'
import { type Answer, asStored, carryOut, type Visited } from '#test/simulation'
import { trustHash } from '../authority/generations.ts'
import { earlierRevision } from './earlier-revisions.ts'
import { encodeJournal, openOrder, orderedHash, orderSecretName } from './order.ts'
import { planCertificate } from './plan.ts'
import { certificateRequest, requestHash } from './request.ts'
import { attemptedFor, refusalOf } from './retry.ts'
import { certificateStatus } from './status.ts'
import type { AuthorityView, CertificateWorld, OpenOrder, RevocationView, SecretForm, SecretView } from './world.ts'

/**
 * What holds of plans in any world: worlds are made of every member that a world has, in every state that it can be in,
 * and mostly of such as no test thought of together. `--long` tries fifty times as many.
 */
const numRuns = isLongRun ? 50_000 : 1_000
const parameters = { numRuns, seed: Number(runSeed) }

/** Visits at one moment that may be needed until nothing is left to do. */
const stepsMax = 8

/** Whole seconds, as dates in certificates are; near now more often than far from it. */
const moment = fc.oneof(
  fc.integer({ min: -3600, max: 3600 }).map((seconds) => noon + seconds * second),
  fc.integer({ min: -8_640_000, max: 8_640_000 }).map((seconds) => noon + seconds * second),
)
const text = moment.map(toRfc3339)
/** Something in one of `times` cases, and else nothing. */
const maybe = <T>(of: fc.Arbitrary<T>, times = 3): fc.Arbitrary<T | undefined> =>
  fc.oneof({ weight: 1, arbitrary: of }, { weight: times - 1, arbitrary: fc.constant(undefined) })
const flag = maybe(fc.constant(true), 10).map((is) => is === true)

/** Each member in one of `times` cases: most worlds are near to being in order, or all would stop at the same flaws. */
function some<T extends object>(
  members: { [K in keyof T]: fc.Arbitrary<T[K]> },
  times: number,
): fc.Arbitrary<Partial<T>> {
  const all = Object.entries<fc.Arbitrary<unknown>>(members).map(([name, of]) =>
    maybe(of, times).map((it) => [name, it]),
  )
  return fc.tuple(...all).map((found) => Object.fromEntries(found.filter(([, it]) => it !== undefined)) as Partial<T>)
}

type Renewal = NonNullable<CertificateSpec['renewal']>

const windows = fc.constantFrom<NonNullable<Renewal['windows']>[]>(
  [{ schedule: '0 2 * * SAT', length: '4h', timeZone: 'Europe/Berlin' }],
  [{ schedule: '0 0 30 2 *', length: '1h' }],
  [
    { schedule: '0 12 * * *', length: '1m' },
    { schedule: '0 0 1 * *', length: '24h', timeZone: 'Nowhere/Land' },
  ],
)

const renewal: fc.Arbitrary<Renewal> = fc.record(
  {
    before: fc.constantFrom('30s', '720h', '2000h', '9999h'),
    beforePercent: fc.constantFrom(1, 33, 99),
    windows,
    policy: fc.constantFrom('Auto' as const, 'Manual' as const),
  },
  { requiredKeys: [] },
)

const anySpec = some<Omit<CertificateSpec, 'authorityRef'>>(
  {
    duration: fc.constantFrom('1m', '61s', '1h500ms', '144h', '2160h', '87600h'),
    notAfter: text,
    renewal,
    suspend: fc.constantFrom(true, false),
    adopt: fc.constant(true),
    owner: fc.constant('web@example.com'),
    isCA: fc.boolean(),
    commonName: fc.constantFrom('www.example.com', 'Some CA'),
    privateKey: fc.constantFrom({ rotation: 'Never' as const }, { algorithm: 'RSA' as const, size: 8192 }),
    secretTemplate: fc.constantFrom({}, { labels: { team: 'shop' } }, { annotations: { 'example.com/team': 'x' } }),
    outputs: fc.constantFrom(
      {},
      { der: {} },
      { combinedPEM: {}, jks: {} },
      { pkcs12: { passwordSecretRef: { name: 'password' } } },
    ),
    revocation: fc.oneof(
      fc.record({ issuedBefore: text, replace: fc.constantFrom('First' as const, 'Never' as const) }),
      fc.record({
        serials: fc.constantFrom<string[][]>(['4a01'], ['4a01', '4a02'], ['ff']),
        reason: fc.constant('superseded' as const),
      }),
    ),
    deletionPolicy: fc.record(
      { revoke: fc.boolean(), secret: fc.constantFrom('Retain' as const, 'Delete' as const) },
      { requiredKeys: [] },
    ),
  },
  5,
)

/** What the API server lets through: with a fixed end there is neither duration nor renewal. */
const spec = anySpec.map(({ duration, renewal: wanted, ...said }): Partial<CertificateSpec> => {
  if (said.notAfter !== undefined) return said
  return { ...said, ...(duration !== undefined && { duration }), ...(wanted && { renewal: wanted }) }
})

const metadata = fc
  .record({
    generation: fc.constantFrom(1, 2),
    finalizers: maybe(
      fc.constantFrom<string[][]>([finalizer], ['example.com/other'], [finalizer, 'example.com/other']),
    ),
    asked: maybe(fc.oneof(text, fc.constantFrom('soon', '9999-12-31T23:59:59Z')), 4),
    deletionTimestamp: maybe(text, 10),
  })
  .map(({ generation, finalizers, asked, deletionTimestamp }): Partial<ObjectMeta> => {
    // Nothing that is being deleted is seen without our finalizer: it is gone.
    const held = deletionTimestamp === undefined ? finalizers : [...new Set([...(finalizers ?? []), finalizer])]
    return {
      generation,
      ...(held && { finalizers: held }),
      ...(asked !== undefined && { annotations: { [annotations.reissueRequestedAt]: asked } }),
      ...(deletionTimestamp !== undefined && { deletionTimestamp }),
    }
  })

const authority: fc.Arbitrary<AuthorityView | undefined> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(undefined) },
  {
    weight: 9,
    arbitrary: fc
      .record({
        notReady: maybe(fc.constant('it is new'), 8),
        notAfter: maybe(moment),
        generations: fc.constantFrom(
          { generation: 1, distrusted: [], caFingerprints: ['ca'.repeat(8)] },
          { generation: 2, distrusted: [], caFingerprints: ['cb'.repeat(8), 'ca'.repeat(8)] },
          { generation: 2, distrusted: [1], caFingerprints: ['cb'.repeat(8)] },
          { generation: undefined, distrusted: [], caFingerprints: [] },
        ),
        activeFrom: maybe(moment),
        reissueRequestedAt: maybe(moment, 5),
        restoredUntil: maybe(moment, 8),
        caBundle: fc.constantFrom(undefined, 'roots', 'other roots'),
        spec: some<AuthorityView['spec']>(
          {
            publicTrust: fc.constant(true),
            weekendExpiry: fc.constantFrom('Keep', 'MoveEarlier'),
            intake: fc.constantFrom('RenewalsOnly', 'RenewalsOnly', 'Closed'),
            suspend: fc.constant(true),
            reissueWithin: fc.constantFrom('1s', '720h'),
            retry: fc.constantFrom({ initial: '1s', max: '1s' }, { max: '24h' }),
            defaults: renewal.map((each) => ({ renewal: each })),
            policy: fc.constantFrom(
              { rules: [{ names: { dns: ['*.internal'] } }] },
              { rules: [{ names: { dns: ['**.example.com'] } }], auditRules: [{ names: { dns: ['x.example'] } }] },
            ),
            allowedSubordinates: fc.constant({ from: 'Same' }),
          },
          6,
        ),
      })
      .map(({ generations, spec: said, ...parts }) =>
        authorityView({ ...parts, ...generations, spec: { internal: {}, ...said } }),
      ),
  },
)

const held = fc
  .record({
    end: moment,
    lifetime: fc.constantFrom(minute, hour, 6 * day, 90 * day, 3650 * day),
    differences: fc.constantFrom([], [], [], [], [], ['it is old']),
    issuedBy: fc.constantFrom('shop/ca', 'shop/ca', 'shop/ca', 'shop/other'),
    issuedAt: moment,
    caGeneration: fc.constantFrom(undefined, 1, 2),
    caFingerprint: fc.constantFrom(undefined, 'ca'.repeat(8), 'cc'.repeat(8)),
    trust: fc.constantFrom(undefined, trustHash('roots')),
    outputs: fc.constantFrom(undefined, '', 'ab'.repeat(8)),
    fingerprint: fc.constantFrom('f1'.repeat(32), 'f2'.repeat(32)),
    serialNumber: fc.constantFrom('4a01', '4a02'),
  })
  .map(({ end, lifetime, ...parts }) =>
    heldCertificate({ ...parts, notBefore: end - lifetime - 5 * minute, notAfter: end }),
  )

const form: fc.Arbitrary<SecretForm | undefined> = fc.constantFrom(
  undefined,
  undefined,
  undefined,
  { type: 'kubernetes.io/tls', isImmutable: false },
  { type: 'kubernetes.io/tls', isImmutable: true },
  { type: 'Opaque', isImmutable: false },
)

const secretMeta = fc
  .record({
    revision: fc.constantFrom('1', '3', 'x'),
    label: fc.constantFrom('certificate', 'none'),
    applied: maybe(fc.constantFrom('data:tls.crt,label:team', 'label:old,annotation:example.com/old')),
  })
  .map(({ revision, label, applied }) =>
    secretMetadata({
      labels: { [secretLabel]: label, team: 'shop', old: 'x' },
      annotations: { [annotations.revision]: revision, ...(applied && { [annotations.applied]: applied }) },
    }),
  )

const secret: fc.Arbitrary<SecretView> = fc
  .record({ meta: secretMeta, of: form, it: held, state: fc.integer({ min: 0, max: 12 }) })
  .map(({ meta, of, it, state }): SecretView => {
    const shape = { metadata: meta, ...(of && { form: of }) }
    if (state === 0) return { state: 'absent' }
    if (state === 1) return { state: 'foreign', reason: 'SecretNotOurs', why: 'it was not made for it' }
    if (state === 2) return { state: 'foreign', reason: 'SecretTaken', why: 'it is of another one' }
    if (state === 3) return { state: 'damaged', why: 'tls.key is missing', ...shape }
    if (state === 4) return { state: 'offered', held: 'it holds no key', ...shape }
    if (state === 5) return { state: 'offered', held: it, ...shape }
    return { state: 'held', held: it, ...shape }
  })

const revocationView: fc.Arbitrary<RevocationView> = fc.record({
  certificates: fc.oneof(
    { weight: 1, arbitrary: fc.constant(waiting('RegisterNotLoaded', 'the register is being read', second)) },
    {
      weight: 5,
      arbitrary: fc.uniqueArray(
        fc.record({
          authorityKey: fc.constantFrom('shop/ca', 'shop/other'),
          generation: fc.constantFrom(undefined, 1),
          serialNumber: fc.constantFrom('4a01', '4a02', '4a03'),
          fingerprint: fc.constant('f1'.repeat(32)),
          issuedAt: moment,
          notAfter: moment,
          revoked: maybe(fc.record({ at: moment, reason: fc.constant('superseded' as const) })),
          isReachable: fc.constantFrom(true, true, false),
          refused: maybe(fc.constant(terminal('NotRevocable', 'it never revokes')), 5),
        }),
        { selector: ({ serialNumber }) => serialNumber, maxLength: 3 },
      ),
    },
  ),
  lastFailure: maybe(
    fc.record({
      failure: fc.constant(terminal('RevocationFailed', 'no answer')),
      attempts: fc.integer({ min: 1, max: 12 }),
      nextAttemptAt: moment,
    }),
    5,
  ),
})

const order = fc.record({
  isReadable: fc.constantFrom(true, true, false),
  isForThis: fc.constantFrom(true, true, false),
  revision: fc.constantFrom(1, 2, 4),
  createdAt: moment,
  hasKeptKey: fc.boolean(),
  handle: maybe(fc.constant('order'), 2),
  pollAt: maybe(moment),
})

const status: fc.Arbitrary<CertificateStatus> = fc.record(
  {
    observedGeneration: fc.constantFrom(1, 2),
    conditions: fc.uniqueArray(
      fc.record({
        type: fc.constantFrom('Ready', 'Issuing', 'Reconciling', 'Stalled', 'Warning', 'example.org/Checked'),
        status: fc.constantFrom('True' as const, 'False' as const, 'Unknown' as const),
        reason: fc.constantFrom('Issued', 'CertificateRejected', 'RenewalManual'),
        message: fc.constantFrom('valid', 'the authority does not answer'),
        lastTransitionTime: text,
      }),
      { selector: ({ type }) => type },
    ),
    revision: fc.integer({ min: 1, max: 5 }),
    serialNumber: fc.constantFrom('4a01', '4a02'),
    fingerprint: fc.constantFrom('f1'.repeat(32), 'f2'.repeat(32)),
    notBefore: text,
    notAfter: text,
    renewAt: text,
    authority: fc.constant('shop/ca'),
    attempts: fc.integer({ min: 1, max: 30 }),
    nextAttemptAt: text,
    attemptedFor: fc.constantFrom('something else', 'this'),
    refused: fc.constantFrom('something else', 'this'),
    revocations: fc.constantFrom([{ serialNumber: '4a01', revokedAt: toRfc3339(noon), reason: 'superseded' as const }]),
    secret: fc.constantFrom({ name: 'web', resourceVersion: '200' }, { name: 'old', resourceVersion: '7' }),
  },
  { requiredKeys: [] },
)

const overtaken = fc
  .record({ revision: fc.constantFrom(1, 2, 4), it: held })
  .map(({ revision, it }) => earlierRevision(revision, it))

const parts = fc.record({
  metadata,
  spec,
  status: maybe(status),
  secret,
  authority,
  hasAuthority: fc.constantFrom(...Array<boolean>(9).fill(true), false),
  isInvalid: maybe(fc.constant(true), 15),
  passwords: fc.constantFrom<CertificateWorld['passwords']>(
    {},
    {},
    {},
    waiting('PasswordNotFound', 'Secret password does not exist', minute),
  ),
  order: maybe(order, 6),
  revocation: revocationView,
  namespaceLabels: fc.constantFrom({}, { team: 'shop' }, undefined),
  issuances: fc.constantFrom(0, 0, 0, 0, 0, 29, 30),
  refreshes: fc.constantFrom(0, 0, 0, 29, 40),
  refreshRefused: fc.constantFrom(undefined, undefined, 'KubernetesRefused', 'KubernetesUnavailable'),
  isRevoked: flag,
  overtaken: maybe(overtaken),
  isFrozen: flag,
  isNamespaceTerminating: flag,
})

type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never

const lately = (count: number): number[] => Array.from({ length: count }, (_, i) => noon - (count - i) * second)

function requestOf(asked: CertificateSpec, view: AuthorityView | undefined): CertificateWorld['request'] {
  try {
    return certificateRequest(asked, view?.spec.defaults)
  } catch (error) {
    if (isFailure(error)) return error
    throw error
  }
}

/** A world as it would be observed: what is not asked for is not looked at. */
function worldOf({ metadata: meta, spec: said, status: before, order: placed, ...given }: Parts): CertificateWorld {
  const { authority: view, hasAuthority, isInvalid, issuances, refreshes, refreshRefused, revocation, ...rest } = given
  const asked = certificate({ metadata: meta, spec: said, status: before })
  const request = isInvalid ? terminal('InvalidNames', 'no such name') : requestOf(asked.spec, view)
  const isRevocation = asked.spec.revocation !== undefined || meta.deletionTimestamp !== undefined
  const world: CertificateWorld = {
    ...certificateWorld(),
    ...rest,
    certificate: asked,
    request,
    requestHash: request instanceof Failure ? '' : requestHash(request),
    authority: hasAuthority ? view : undefined,
    authorityKey: hasAuthority ? 'shop/ca' : undefined,
    revocation: isRevocation ? revocation : undefined,
    issuedLately: lately(issuances),
    refreshedLately: lately(refreshes),
    refreshFailure: refreshRefused && {
      failure: retryable(refreshRefused, 'no'),
      attempts: 1,
      nextAttemptAt: noon + minute,
    },
  }
  return withMarks({ ...world, order: placed && orderOf(placed, world) })
}

/** Hashes of this very world, where the status is to know it. */
function withMarks(world: CertificateWorld): CertificateWorld {
  const { status: before } = world.certificate
  const said = {
    ...before,
    ...(before?.attemptedFor === 'this' && { attemptedFor: attemptedFor(world) }),
    ...(before?.refused === 'this' && { refused: refusalOf(world) }),
  }
  return before ? { ...world, certificate: { ...world.certificate, status: said } } : world
}

function orderOf(placed: Parts['order'] & object, { request }: CertificateWorld): OpenOrder | undefined {
  const { isReadable, isForThis, ...journal } = placed
  const hash = isForThis && !(request instanceof Failure) ? orderedHash(request) : 'another'
  const noted = encodeJournal({
    ...journal,
    ...{ id: 'order-1', authorityKey: 'shop/ca', requestHash: hash, notBefore: noon, notAfter: noon + day },
  })
  return openOrder('web', {
    name: orderSecretName('web'),
    labels: { [secretLabel]: 'order' },
    annotations: { [annotations.certificate]: 'web', [annotations.order]: isReadable ? noted : '{' },
  })
}

const world = parts.map(worldOf)

const answers = fc.constantFrom(
  'signs' as const,
  'signs' as const,
  'fails' as const,
  'refuses' as const,
  'pends' as const,
)

/** One visit. What is signed lives as long as was planned. */
function visit(before: CertificateWorld, how: Exclude<Answer, object> | 'signs', count = 0): Visited {
  const plan = planCertificate(before, noon)
  const dates = plan.do === 'issue' ? plan : { notBefore: noon, notAfter: noon }
  const fingerprint = `e${count}`.repeat(32)
  const { notBefore, notAfter } = dates
  const issued = { serialNumber: `4b0${count}`, fingerprint, issuer: 'CN=ca', notBefore, notAfter }
  const visited = carryOut(plan, before, how === 'signs' ? { signs: issued } : how, noon)
  const after = visited.world
  return after ? { ...visited, world: { ...after, certificate: asStored(after.certificate) } } : visited
}

suite('in any world', () => {
  test('there is a plan, the same each time, and a status that fits it', () => {
    fc.assert(
      fc.property(world, (start) => {
        const copy = structuredClone(start)
        const plan = planCertificate(start, noon)
        assert.deepEqual(planCertificate(start, noon), plan)
        assert.deepEqual(structuredClone(start), copy, 'planning has changed the world')
        const visited = visit(start, 'fails')
        const isTold = plan.do !== 'mark' && plan.do !== 'release' && visited.outcome.result !== 'underway'
        if (visited.world && isTold) checkConditions(visited.world.certificate)
      }),
      parameters,
    )
  })

  test('after a few visits at one moment nothing is left to do, and at most one certificate has been issued', () => {
    fc.assert(
      fc.property(world, answers, (start, how) => {
        let current: CertificateWorld | undefined = start
        let issued = 0
        for (let steps = 0; current; steps++) {
          const visited: Visited = visit(current, how, steps)
          if (visited.outcome.result === 'issued') issued += 1
          assert.ok(issued <= 1, 'two certificates are issued at one moment')
          if (isDeepStrictEqual(visited.world, current)) return
          assert.ok(steps < stepsMax, `${steps} visits, and still something to do: ${visited.plan.do}`)
          current = visited.world
        }
      }),
      parameters,
    )
  })

  test('where nothing is left to do, nothing is written: the status is the one that is there', () => {
    fc.assert(
      fc.property(world, answers, (start, how) => {
        const settled = settle(start, how)
        if (!settled) return
        const plan = planCertificate(settled, noon)
        assert.ok(plan.do !== 'refresh' && plan.do !== 'adopt' && plan.do !== 'mark' && plan.do !== 'endOrder', plan.do)
        if (plan.do !== 'keep') return
        const again = certificateStatus(settled, plan, { result: 'unchanged' }, noon)
        assert.deepEqual(JSON.parse(JSON.stringify(again)), settled.certificate.status)
        assert.deepEqual(plan, { do: 'keep' })
      }),
      parameters,
    )
  })

  test('what is not said in a plan is not changed: stranger finalizers, labels and annotations stay', () => {
    fc.assert(
      fc.property(world, (start) => {
        const plan = planCertificate(start, noon)
        if (plan.do !== 'mark' && plan.do !== 'release') return
        const others = (start.certificate.metadata.finalizers ?? []).filter((each) => each !== finalizer)
        assert.deepEqual(
          plan.finalizers.filter((each) => each !== finalizer),
          others,
        )
      }),
      parameters,
    )
  })

  test('nothing is issued for what is suspended, frozen, denied, invalid, foreign or being deleted', () => {
    fc.assert(
      fc.property(world, (start) => {
        const plan = planCertificate(start, noon)
        if (plan.do !== 'issue') return
        const { certificate: of, authority: by, secret: into, request } = start
        assert.ok(!of.spec.suspend && !start.isFrozen && of.metadata.deletionTimestamp === undefined)
        assert.ok(by && by.notReady === undefined && !by.spec.suspend && by.spec.intake !== 'Closed')
        assert.ok(into.state !== 'foreign' && !(request instanceof Failure))
        assert.ok(!('form' in into) || (into.form?.type === 'kubernetes.io/tls' && !into.form.isImmutable))
        assert.notDeepEqual(by.spec.policy?.rules[0]?.names?.dns, ['*.internal'])
        assert.ok(plan.notAfter > noon && plan.notBefore < plan.notAfter)
        assert.ok(by.notAfter === undefined || plan.notAfter <= by.notAfter)
      }),
      parameters,
    )
  })
})

test('a satisfied world has no plan, and satisfied it stays until its renewal', () => {
  fc.assert(
    fc.property(world, fc.double({ min: 0, max: 1, noNaN: true }), (start, share) => {
      const settled = settle(start, 'signs')
      if (settled?.secret.state !== 'held' || planCertificate(settled, noon).do !== 'keep') return
      const { renewAt, notAfter } = settled.certificate.status ?? {}
      const end = Math.min(...[renewAt, notAfter].map((each) => (each === undefined ? Infinity : Date.parse(each))))
      if (settled.certificate.spec.renewal?.windows || settled.authority?.spec.defaults?.renewal?.windows) return
      const ahead = futureOf(settled)
      const until = Math.min(end, ahead) - 1
      if (until < noon) return
      assert.deepEqual(planCertificate(settled, Math.floor(noon + (until - noon) * share)), { do: 'keep' })
    }),
    parameters,
  )
})

/** The first moment ahead at which a wish of a person begins to count. */
function futureOf({ certificate: { spec: said, metadata: meta }, revocation }: CertificateWorld): number {
  const asked = meta.annotations?.[annotations.reissueRequestedAt]
  const own = revocation && !(revocation.certificates instanceof Failure) ? revocation.certificates : []
  const times = [said.revocation?.issuedBefore, asked].map((each) =>
    each === undefined ? Number.NaN : Date.parse(each),
  )
  const retryAt = revocation?.lastFailure?.nextAttemptAt ?? Number.NaN
  const ends = own.map(({ notAfter }) => notAfter)
  return Math.min(...[...times, retryAt, ...ends].filter((at) => at > noon), Infinity)
}

/** The world in which nothing is left to do; undefined where the object is gone. */
function settle(start: CertificateWorld, how: Exclude<Answer, object> | 'signs'): CertificateWorld | undefined {
  let current = start
  for (let steps = 0; ; steps++) {
    const after = visit(current, how, steps).world
    if (!after || isDeepStrictEqual(after, current)) return after
    assert.ok(steps < stepsMax, 'there is always something left to do')
    current = after
  }
}
