import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type AuthoritySpec, type AuthorityStatus, annotations, findCondition, type ObjectMeta } from '#api'
import { day, type Failure, hour, minute, retryable, terminal } from '#base'
import { authority, authorityWorld, caGeneration, caWorld, checkConditions, heldCa, noon } from '#test/make'
import { planAuthority } from './plan.ts'
import { authorityStatus } from './status.ts'
import type { AuthorityWorld, CaWorld, GenerationView, ParentView, RequestView } from './world.ts'

const { metadata: marked } = authorityWorld().authority
type Options = NonNullable<AuthoritySpec['internal']>

/** An Authority that carries its marks. */
const saying = (spec: Partial<AuthoritySpec>, metadata: Partial<ObjectMeta> = {}, status?: AuthorityStatus) =>
  authority({ metadata: { ...marked, ...metadata }, spec, status })
const internal = (options: Options): Partial<AuthorityWorld> => ({ authority: saying({ internal: options }) })
const withCa = (parts: Partial<CaWorld>): Partial<AuthorityWorld> => ({ ca: caWorld(parts) })

/** The status after a visit, as the API server keeps it, held against the rules for conditions. */
function statusOf(parts: Partial<AuthorityWorld> = {}, failure?: Failure, now = noon): AuthorityStatus {
  const world = authorityWorld(parts)
  const status: AuthorityStatus = JSON.parse(JSON.stringify(authorityStatus(world, failure, now)))
  checkConditions({ ...world.authority, status })
  return status
}

/** What happens when the plan says that nothing can be done now. */
function refused(parts: Partial<AuthorityWorld>, now = noon): AuthorityStatus {
  const plan = planAuthority(authorityWorld(parts), now)
  assert.equal(plan.do, 'refuse')
  return statusOf(parts, plan.failure, now)
}

const inShort = ({ conditions = [] }: AuthorityStatus): Record<string, string> =>
  Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]))

const fresh: Partial<CaWorld> = { generations: [], lastActive: 0 }
const damaged = { state: 'damaged', why: 'tls.key is missing' } as const
/** Made at noon, has not signed. */
const next = (parts: Partial<GenerationView> = {}): GenerationView =>
  caGeneration({ number: 2, activatedAt: undefined, trustedAt: undefined, ...parts })
const newCa = (parent: ParentView): Partial<AuthorityWorld> => withCa({ ...fresh, parent })
const request = (answer: Extract<RequestView, { state: 'made' }>['answer'] = undefined): RequestView => ({
  state: 'made',
  metadata: { name: 'ca-ca-request', uid: 'u' },
  generation: 2,
  csr: 'PEM of a request',
  answer,
})

suite('situation and conditions', () => {
  const ready = { Ready: 'True CAReady' }
  const path = Array.from({ length: 500 }, (_, i) => `pki/ca-${i}`)
  const situations: readonly [situation: string, conditions: Record<string, string>, () => AuthorityStatus][] = [
    ['in order', ready, () => statusOf()],
    ['in order, without a CA of its own', ready, () => statusOf({ ca: undefined })],
    [
      'expired, and left to a person',
      { Ready: 'False CAExpired', Stalled: 'True CAExpired' },
      () =>
        refused({
          ...internal({ rotation: 'Manual' }),
          ...withCa({ generations: [caGeneration({}, { notAfter: noon })] }),
        }),
    ],
    [
      'the key is lost',
      { Ready: 'False CAKeyMissing', Stalled: 'True CAKeyMissing' },
      () => refused(withCa({ generations: [] })),
    ],
    [
      'the key is lost, an earlier one is there',
      { Ready: 'False CAKeyMissing', Stalled: 'True CAKeyMissing' },
      () => refused(withCa({ lastActive: 2 })),
    ],
    [
      'the key is damaged',
      { Ready: 'False CAKeyDamaged', Stalled: 'True CAKeyDamaged', Warning: 'True CAKeyDamaged' },
      () => refused(withCa({ generations: [caGeneration({ secret: damaged })] })),
    ],
    [
      "somebody else's Secret is in the way",
      { Ready: 'False SecretNotOurs', Stalled: 'True SecretNotOurs' },
      () => refused(withCa({ generations: [caGeneration({ secret: { state: 'foreign', why: 'not made for it' } })] })),
    ],
    [
      'the parent is not there',
      { Ready: 'False ParentNotFound', Reconciling: 'True ParentNotFound' },
      () => refused(newCa({ state: 'absent' })),
    ],
    [
      'the parent is not ready',
      { Ready: 'False ParentNotReady', Reconciling: 'True ParentNotReady' },
      () => refused(newCa({ state: 'notReady', why: 'it is new' })),
    ],
    [
      'the parents form a cycle',
      { Ready: 'False ParentCycle', Stalled: 'True ParentCycle' },
      () => refused(newCa({ state: 'cycle', path })),
    ],
    [
      'there are too many parents',
      { Ready: 'False ChainTooLong', Stalled: 'True ChainTooLong' },
      () => refused(newCa({ state: 'tooLong', path })),
    ],
    [
      'the parent does not answer',
      { Ready: 'False ParentNotReady', Reconciling: 'True ParentNotReady' },
      () => statusOf(withCa(fresh), retryable('ParentNotReady', 'no answer')),
    ],
    [
      'the CSR waits to be signed elsewhere',
      { Ready: 'False CARequested', Reconciling: 'True CARequested' },
      () => refused({ ...internal({ external: {} }), ...withCa({ ...fresh, request: request() }) }),
    ],
    [
      'nothing is there, and nobody says why',
      { Ready: 'False CAKeyMissing', Reconciling: 'True CAKeyMissing' },
      () => statusOf(withCa(fresh)),
    ],
    [
      'suspended',
      { Ready: 'False Suspended', Stalled: 'True Suspended' },
      () => statusOf({ authority: saying({ suspend: true }) }),
    ],
    [
      'frozen before the first CA is made',
      { Ready: 'False IssuanceFrozen', Reconciling: 'True IssuanceFrozen' },
      () => refused({ ...withCa(fresh), isFrozen: true }),
    ],
    [
      'there is no issuer',
      { Ready: 'False IssuerNotFound', Stalled: 'True IssuerNotFound' },
      () => refused({ ca: undefined, issuerProblem: terminal('IssuerNotFound', 'no such issuer') }),
    ],
    [
      'deleted while it is in use',
      { ...ready, InUse: 'True InUse' },
      () =>
        statusOf({
          authority: saying({}, { deletionTimestamp: '2026-11-22T11:00:00Z' }),
          dependents: { certificates: 1, authorities: 0 },
        }),
    ],
    [
      'the successor cannot be had',
      { ...ready, Warning: 'True ParentNotReady' },
      () => statusOf({}, retryable('ParentNotReady', 'no answer')),
    ],
    [
      'rotation is frozen',
      { ...ready, Warning: 'True IssuanceFrozen' },
      () => refused({ isFrozen: true }, noon + 3600 * day),
    ],
  ]
  for (const [situation, conditions, visit] of situations) {
    test(situation, () => assert.deepEqual(inShort(visit()), conditions))
  }
})

suite('a warning', () => {
  const metadata = { [annotations.reissueRequestedAt]: 'tomorrow' }
  const constraints: Options = { nameConstraints: { permitted: { dnsDomains: ['example.com'] } } }
  const subordinate = { ...heldCa(), roots: heldCa({ fingerprint: 'dd'.repeat(32) }).roots }
  const ready: ParentView = { state: 'ready', notAfter: noon + day, generation: 1, distrusted: [], roots: [] }
  const cases: readonly [reason: string, message: RegExp, parts: Partial<AuthorityWorld>][] = [
    [
      'RuleNeverMatches',
      /^.*rules/,
      { authority: saying({ policy: { rules: [{ names: { dns: ['a.com'] }, namespaces: ['bank'] }] } }) },
    ],
    ['AnotherIsDefault', /^Authority shop\/old is the default and is older/, { olderDefault: 'shop/old' }],
    ['ConfigMapNotOurs', /^not made for it$/, { bundle: { state: 'foreign', why: 'not made for it' } }],
    ['InvalidRequest', /^the annotation .* is no time such as /, { authority: saying({}, { annotations: metadata }) }],
    [
      'CASpecDiffers',
      /^the spec says something else of the CA certificate than generation 1 was made by: /,
      internal({ duration: '24h' }),
    ],
    [
      'CANotBackedUp',
      /^no backup of generation 1, 2: run sifaka ca backup$/,
      withCa({ generations: [caGeneration({ backedUpAt: undefined }), next({ backedUpAt: undefined })] }),
    ],
    [
      'CAKeyDamaged',
      /^Secret ca-ca-1: tls\.key is missing$/,
      withCa({ generations: [caGeneration({ secret: damaged }), caGeneration({ number: 2 })], lastActive: 2 }),
    ],
    [
      'CARequested',
      /^generation 2 waits for its certificate: have status\.request\.csr signed/,
      withCa({ request: request() }),
    ],
  ]
  for (const [reason, message, parts] of cases) {
    test(`${reason} is given, and it is Ready`, () => {
      const { conditions } = statusOf(parts)
      assert.equal(findCondition(conditions, 'Ready')?.status, 'True')
      const warning = findCondition(conditions, 'Warning')
      assert.equal(warning?.reason, reason)
      assert.match(warning.message, message)
    })
  }

  test('names the first reason, and says all of them', () => {
    const { conditions } = statusOf({ ...internal(constraints), olderDefault: 'shop/old' })
    const warning = findCondition(conditions, 'Warning')
    assert.equal(warning?.reason, 'AnotherIsDefault')
    assert.match(warning.message, /is older.*; the spec says something else.*; many clients do not hold/)
  })

  const silent: readonly [name: string, parts: Partial<AuthorityWorld>][] = [
    [
      'a subordinate without a backup',
      withCa({ generations: [caGeneration({ backedUpAt: undefined, secret: { state: 'held', held: subordinate } })] }),
    ],
    [
      'a root before this one without a backup',
      withCa({ generations: [caGeneration({ backedUpAt: undefined }), caGeneration({ number: 2 })], lastActive: 2 }),
    ],
    ['an accepted request', withCa({ request: request({ state: 'accepted' }) })],
    ['a spec that says nothing of an adopted CA', internal({ secretRef: { name: 'x' } })],
    ['a CA that is not backed up because there is none', withCa(fresh)],
  ]
  for (const [name, parts] of silent) {
    test(`is not given for ${name}`, () =>
      assert.equal(findCondition(statusOf(parts).conditions, 'Warning'), undefined))
  }

  const elsewhere: readonly [name: string, options: Options, parent: ParentView][] = [
    ['of a subordinate', { ...constraints, parentRef: { name: 'root' } }, ready],
    ['of a CA that is signed elsewhere', { ...constraints, external: {} }, { state: 'none' }],
  ]
  for (const [name, options, parent] of elsewhere) {
    test(`is not given for name constraints ${name}`, () => {
      const { message = '' } =
        findCondition(statusOf({ ...internal(options), ...withCa({ parent }) }).conditions, 'Warning') ?? {}
      assert.doesNotMatch(message, /name constraints/)
    })
  }

  test('goes when its cause goes', () => {
    const status = statusOf({ olderDefault: 'shop/old' })
    assert.deepEqual(inShort(statusOf({ authority: saying({}, {}, status) })), { Ready: 'True CAReady' })
  })
})

suite('facts', () => {
  test('are those of the CA in use, and stay when it is lost', () => {
    const status = statusOf()
    assert.deepEqual(status.ca, {
      generation: 1,
      subject: 'CN=ca',
      serialNumber: '4a00',
      fingerprint: 'ca'.repeat(32),
      notBefore: '2026-11-22T11:55:00Z',
      notAfter: '2036-11-19T12:00:00Z',
      secretName: 'ca-ca-1',
    })
    assert.equal(status.caBundle, 'PEM of caca\n')
    assert.equal(status.conditions?.[0]?.message, 'signs as CN=ca until 2036-11-19T12:00:00Z')
    const lost = refused({ ...withCa({ generations: [] }), authority: saying({}, {}, status) })
    assert.deepEqual([lost.ca, lost.caBundle, lost.generations], [status.ca, status.caBundle, []])
  })

  test('of all generations are told, and of the one of the parent', () => {
    const generations = [
      caGeneration({ backedUpAt: undefined, activatedAt: noon - hour }),
      caGeneration({ number: 2, parentGeneration: 3 }),
      next({ number: 3, madeAt: noon + minute }),
    ]
    const status = statusOf(withCa({ generations, lastActive: 2 }))
    assert.deepEqual(
      status.generations?.map(({ generation, state, activeFrom, backedUpAt }) => [
        generation,
        state,
        activeFrom,
        backedUpAt,
      ]),
      [
        [1, 'Retiring', '2026-11-22T11:00:00Z', undefined],
        [2, 'Active', '2026-11-22T12:00:00Z', '2026-11-22T12:00:00Z'],
        [3, 'Next', '2026-11-23T12:01:00Z', '2026-11-22T12:00:00Z'],
      ],
    )
    assert.deepEqual([status.ca?.generation, status.ca?.parentGeneration], [2, 3])
    assert.equal(status.caBundle, 'PEM of 0202\nPEM of 0303\nPEM of caca\n')
  })

  test('of more generations than a status can hold are those of the latest', () => {
    const generations = Array.from({ length: 70 }, (_, i) =>
      caGeneration({ number: i + 1, retiredAt: i < 69 ? noon : undefined }),
    )
    const status = statusOf(withCa({ generations, lastActive: 70 }))
    assert.deepEqual([status.generations?.length, status.generations?.at(-1)?.state], [64, 'Active'])
  })

  test('of a request are told until it is answered', () => {
    const ofRequest = (answer?: Extract<RequestView, { state: 'made' }>['answer']) =>
      statusOf(withCa({ request: request(answer) })).request
    const waiting = { generation: 2, csr: 'PEM of a request' }
    assert.deepEqual(ofRequest(), waiting)
    assert.deepEqual(ofRequest({ state: 'refused', why: 'another key' }), waiting)
    assert.equal(ofRequest({ state: 'accepted' }), undefined)
    const before = statusOf(withCa({ request: request() }))
    assert.equal(statusOf({ authority: saying({}, {}, before) }).request, undefined)
  })
})

test('a second visit changes nothing', () => {
  const worlds: readonly Partial<AuthorityWorld>[] = [
    {},
    { ca: undefined },
    { olderDefault: 'shop/old' },
    withCa({ generations: [] }),
    withCa({ generations: [caGeneration(), next({ lacking: 2 })] }),
    newCa({ state: 'absent' }),
  ]
  for (const parts of worlds) {
    const visit = (status: AuthorityStatus | undefined, now: number): AuthorityStatus => {
      const world = { ...parts, authority: saying({}, {}, status) }
      return planAuthority(authorityWorld(world), now).do === 'refuse'
        ? refused(world, now)
        : statusOf(world, undefined, now)
    }
    const first = visit(undefined, noon)
    assert.deepEqual(visit(first, noon + hour), first)
  }
})

test('a status before the first generation', () => {
  const { generation: _, ...metadata } = authority().metadata
  const world = authorityWorld({ authority: { ...authority(), metadata } })
  assert.equal(authorityStatus(world, undefined, noon).observedGeneration, 0)
})
