import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AuthoritySpec } from '#api'
import { day, type Failure, hour, minute, second } from '#base'
import { backdateMs } from '#pki'
import { authority, caGeneration, caWorld, heldCa, noon } from '#test/make'
import { activatesAtOnce, type CaPlan, planCa } from './ca.ts'
import type { CaView, CaWorld, GenerationView, HeldCa, ParentView, RequestView, SourceView } from './world.ts'

type Options = NonNullable<AuthoritySpec['internal']>

const internal = (options: Options) => authority({ spec: { internal: options } })
const plan = (parts: Partial<CaWorld> = {}, options: Options = {}, now = noon): CaPlan =>
  planCa(internal(options), caWorld(parts), now)

/** What a plan does, to which generation. */
const inShort = (made: CaPlan): string => {
  const { generation } = { generation: undefined, ...made }
  const number = typeof generation === 'object' ? generation.number : generation
  const source = made.do === 'create' ? ` from ${made.source}` : ''
  return made.do === 'refuse' ? `refuse ${made.failure.reason}` : `${made.do}${number ? ` ${number}` : ''}${source}`
}

function failureOf(made: CaPlan): Failure {
  assert.equal(made.do, 'refuse')
  return (made as Extract<CaPlan, { do: 'refuse' }>).failure
}

const fresh: Partial<CaWorld> = { generations: [], lastActive: 0 }
const damaged: CaView = { state: 'damaged', why: 'tls.key is missing' }
const foreign: CaView = { state: 'foreign', why: 'not made for it' }
/** Made at noon, has not signed, and some bundles do not hold it. */
const unused = { activatedAt: undefined, trustedAt: undefined, lacking: 3 }
const next = (parts: Partial<GenerationView> = {}, held: Partial<HeldCa> = {}): GenerationView =>
  caGeneration({ number: 2, ...unused, ...parts }, held)
const ready = (parts: Partial<Extract<ParentView, { state: 'ready' }>> = {}): ParentView => ({
  state: 'ready',
  notAfter: noon + 9000 * day,
  generation: 1,
  distrusted: [],
  roots: [],
  ...parts,
})
const below: Options = { parentRef: { name: 'root' } }
/** A subordinate that the parent's generation 1 has signed. */
const signed = (parts: Partial<GenerationView> = {}, held: Partial<HeldCa> = {}): GenerationView =>
  caGeneration({ signedBy: 'shop/root', parentGeneration: 1, ...parts }, { notAfter: noon + 1825 * day, ...held })

type Cases = readonly [name: string, does: string, parts: Partial<CaWorld>, options?: Options, now?: number][]

function table(name: string, cases: Cases): void {
  suite(name, () => {
    for (const [situation, does, parts, options, now] of cases) {
      test(`${situation}: ${does}`, () => assert.equal(inShort(plan(parts, options, now)), does))
    }
  })
}

table('the first CA', [
  ['a root', 'create 1 from itself', fresh],
  ['a generation that the spec names', 'create 7 from itself', fresh, { generation: 7 }],
  ['a subordinate', 'create 1 from parent', { ...fresh, parent: ready() }, below],
  ['whose Secret was made and whose mark is missing', 'keep', { lastActive: 0 }],
  [
    "somebody else's Secret is in its place",
    'refuse SecretNotOurs',
    {
      generations: [caGeneration({ secret: foreign })],
      lastActive: 0,
    },
  ],
])

const expired: Partial<HeldCa> = { notAfter: noon }
table('a lost key', [
  ['its Secret is missing', 'refuse CAKeyMissing', { generations: [], lastActive: 1 }],
  ['its Secret is damaged', 'refuse CAKeyDamaged', { generations: [caGeneration({ secret: damaged })] }],
  [
    'damaged, and nothing is remembered',
    'refuse CAKeyDamaged',
    {
      generations: [caGeneration({ secret: damaged, activatedAt: undefined })],
      lastActive: 0,
    },
  ],
  [
    "somebody else's Secret is in its place",
    'refuse SecretNotOurs',
    {
      generations: [caGeneration({ secret: foreign })],
    },
  ],
  ['an earlier generation does not take over', 'refuse CAKeyMissing', { lastActive: 2 }],
  [
    'nor one that is retired',
    'refuse CAKeyMissing',
    {
      generations: [caGeneration({ retiredAt: noon })],
      lastActive: 2,
    },
  ],
  [
    'nor one beside a damaged one',
    'refuse CAKeyDamaged',
    {
      generations: [caGeneration(), caGeneration({ number: 2, secret: damaged })],
      lastActive: 2,
    },
  ],
  ['it is not made anew when its time has come', 'refuse CAKeyMissing', { lastActive: 2 }, {}, noon + 3600 * day],
  [
    'the generation in the spec is not higher',
    'refuse CAKeyMissing',
    { generations: [], lastActive: 3 },
    { generation: 3 },
  ],
  ['a person raises the generation', 'create 2 from itself', { generations: [], lastActive: 1 }, { generation: 2 }],
  ['a person raises it by far', 'create 9 from itself', { lastActive: 4 }, { generation: 9 }],
  [
    'a person raises it above a damaged one',
    'create 2 from itself',
    {
      generations: [caGeneration({ secret: damaged })],
    },
    { generation: 2 },
  ],
  ['its successor is there already', 'activate 2', { generations: [next()] }],
  ['it is restored', 'keep', { lastActive: 1 }],
])

suite('a lost key tells a person what to do', () => {
  const advice =
    'Restore it from a backup \\(sifaka ca restore\\), or raise spec\\.internal\\.generation to start a new CA'
  const cases: readonly [RegExp, Partial<CaWorld>][] = [
    [new RegExp(`^Secret ca-ca-3 with the CA key is missing\\. ${advice}$`), { lastActive: 3 }],
    [
      new RegExp(`^Secret ca-ca-1 cannot be used: tls\\.key is missing\\. ${advice}$`),
      { generations: [caGeneration({ secret: damaged })] },
    ],
    [/^not made for it$/, { generations: [caGeneration({ secret: foreign })] }],
  ]
  for (const [message, parts] of cases) {
    test(message.source, () => {
      const failure = failureOf(plan(parts))
      assert.match(failure.message, message)
      assert.deepEqual([failure.kind, failure.retryAfterMs], ['Terminal', undefined])
    })
  }
})

table('a CA that has expired', [
  ['is replaced at once', 'create 2 from itself', { generations: [caGeneration({}, expired)] }],
  [
    'is not yet',
    'keep',
    { generations: [caGeneration({}, { notBefore: noon - hour, notAfter: noon + 1 })] },
    { rotation: 'Manual' },
  ],
  ['waits for a person', 'refuse CAExpired', { generations: [caGeneration({}, expired)] }, { rotation: 'Manual' }],
  [
    'is replaced when that person raises the generation',
    'create 2 from itself',
    {
      generations: [caGeneration({}, expired)],
    },
    { rotation: 'Manual', generation: 2 },
  ],
  ['is followed by the next one at once', 'activate 2', { generations: [caGeneration({}, expired), next()] }],
  [
    'no earlier one signs in its place',
    'refuse CAExpired',
    {
      generations: [caGeneration(), caGeneration({ number: 2 }, expired)],
      lastActive: 2,
    },
    { rotation: 'Manual' },
  ],
])

const rotation = noon + 3559 * day - backdateMs
table('rotation', [
  ['is not due', 'keep', {}, {}, rotation - minute],
  ['is due', 'create 2 from itself', {}, {}, noon + 3559 * day],
  ['is not due while certificates are short', 'keep', { longestIssuedMs: hour }, {}, noon + 3559 * day],
  ['is left to a person', 'keep', {}, { rotation: 'Manual' }, noon + 3600 * day],
  ['a person raises the generation', 'create 2 from itself', {}, { generation: 2 }],
  ['a person raises it by far', 'create 5 from itself', {}, { generation: 5 }],
  ['a person raises it, and rotation is Manual', 'create 2 from itself', {}, { generation: 2, rotation: 'Manual' }],
  [
    'the spec names the generation that signs',
    'keep',
    { generations: [caGeneration({ number: 2 })], lastActive: 2 },
    { generation: 2 },
  ],
  ['the next one is there already', 'keep', { generations: [caGeneration(), next()] }, {}, noon + hour],
  [
    'a number that a stranger has taken is passed over',
    'create 3 from itself',
    {
      generations: [caGeneration(), caGeneration({ number: 2, secret: foreign })],
    },
    {},
    noon + 3560 * day,
  ],
  [
    'a number that was lost is passed over',
    'create 6 from itself',
    {
      generations: [caGeneration({ number: 5 })],
      lastActive: 5,
    },
    {},
    noon + 3560 * day,
  ],
])

const waits: Options = { trustPropagation: '2h' }
const trusted = { lacking: 0, trustedAt: noon + hour }
const withNext = (parts: Partial<GenerationView> = {}): Partial<CaWorld> => ({
  generations: [caGeneration(), next(parts)],
})
table('the next generation', [
  ['waits for bundles', 'keep', withNext(), waits, noon + 3 * hour],
  ['all bundles hold it: that is written down', 'confirm 2', withNext({ lacking: 0 }), waits, noon + hour],
  ['waits for trust to spread from then on', 'keep', withNext(trusted), waits, noon + 3 * hour - 1],
  ['signs', 'activate 2', withNext(trusted), waits, noon + 3 * hour],
  ['waits for a bundle that has lost it', 'keep', withNext({ ...trusted, lacking: 1 }), waits, noon + 3 * hour],
  ['is held up only so long', 'keep', withNext(), waits, noon + 14 * hour - 1],
  ['goes after six further times', 'activate 2', withNext(), waits, noon + 14 * hour],
  [
    'so long is counted from its beginning, where nobody knows more',
    'keep',
    withNext({ madeAt: undefined }),
    waits,
    noon + 2 * hour,
  ],
  ['signs at once when nothing else does', 'activate 1', { generations: [next({ number: 1 })], lastActive: 0 }, waits],
  [
    'signs at once when the one before is distrusted',
    'activate 2',
    withNext(),
    { ...waits, distrustedGenerations: [1] },
  ],
  [
    'is not used when it is distrusted',
    'create 3 from itself',
    withNext(),
    { generation: 3, distrustedGenerations: [2] },
  ],
])

const retiring = (parts: Partial<GenerationView> = {}): Partial<CaWorld> => ({
  generations: [caGeneration(parts), caGeneration({ number: 2 })],
  lastActive: 2,
})
table('the one before', [
  ['is kept while its certificates live', 'keep', retiring({ liveUntil: noon + day }), {}, noon + day - 1],
  ['leaves with the last of them', 'retire 1', retiring({ liveUntil: noon + day }), {}, noon + day],
  ['leaves a minute after its successor began', 'retire 1', retiring(), {}, noon + minute],
  ['is kept for that minute', 'keep', retiring(), {}, noon + minute - 1],
  ['is kept until the register is known', 'keep', { ...retiring(), isRegisterLoaded: false }, {}, noon + day],
  ['is kept while its successor is lost', 'refuse CAKeyMissing', { lastActive: 2 }, {}, noon + day],
  ['that has left does not leave again', 'keep', retiring({ retiredAt: noon }), {}, noon + day],
  ['that is distrusted does not leave', 'keep', retiring(), { distrustedGenerations: [1] }, noon + day],
])

const byParent2 = (parts: Partial<Extract<ParentView, { state: 'ready' }>> = {}) => ready({ generation: 2, ...parts })
table('a subordinate', [
  ['of the same generation of its parent', 'keep', { generations: [signed()], parent: ready() }, below],
  ['of an earlier one is signed anew', 'create 2 from parent', { generations: [signed()], parent: byParent2() }, below],
  [
    'that was signed anew',
    'keep',
    {
      generations: [signed(), signed({ number: 2, parentGeneration: 2 })],
      lastActive: 2,
      parent: byParent2(),
    },
    below,
  ],
  ['is left to a person', 'keep', { generations: [signed()], parent: byParent2() }, { ...below, rotation: 'Manual' }],
  [
    'of another parent than the spec names',
    'keep',
    {
      generations: [signed({ signedBy: 'shop/old' })],
      parent: byParent2(),
    },
    below,
  ],
  [
    'signs while its parent is not ready',
    'keep',
    {
      generations: [signed()],
      parent: { state: 'notReady', why: 'it is new' },
    },
    below,
    noon + 1800 * day,
  ],
  [
    'signs while its parent is gone',
    'keep',
    { generations: [signed()], parent: { state: 'absent' } },
    below,
    noon + 1800 * day,
  ],
  [
    'signs while its parents go in a circle',
    'keep',
    {
      generations: [signed()],
      parent: { state: 'cycle', path: ['shop/ca', 'shop/ca'] },
    },
    { ...below, generation: 2 },
  ],
  [
    'is rotated in time',
    'create 2 from parent',
    { generations: [signed()], parent: ready() },
    below,
    noon + 1734 * day,
  ],
  [
    'that ends with its parent is not halved again and again',
    'keep',
    {
      generations: [signed({}, { notAfter: noon + 100 * day })],
      parent: ready({ notAfter: noon + 100 * day }),
    },
    below,
    noon + 99 * day,
  ],
  [
    'whose generation of the parent is distrusted',
    'create 2 from parent',
    {
      generations: [signed()],
      parent: byParent2({ distrusted: [1] }),
    },
    { ...below, rotation: 'Manual' },
  ],
])

suite('a parent that cannot sign', () => {
  const ten = 10 * minute
  const path = Array.from({ length: 12 }, (_, i) => `shop/ca-${i}`)
  const cases: readonly [reason: string, kind: string, againMs: number | undefined, RegExp, ParentView][] = [
    [
      'ParentNotFound',
      'Waiting',
      ten,
      /^Authority shop\/root does not exist, or its allowedSubordinates do not permit this one$/,
      { state: 'absent' },
    ],
    [
      'ParentCycle',
      'Terminal',
      undefined,
      /^the parents form a cycle and never end in a root: shop\/ca -> shop\/root -> shop\/ca$/,
      { state: 'cycle', path: ['shop/ca', 'shop/root', 'shop/ca'] },
    ],
    [
      'ChainTooLong',
      'Terminal',
      undefined,
      /^more than 11 parents: shop\/ca-0 -> .* -> shop\/ca-11$/,
      { state: 'tooLong', path },
    ],
    [
      'ParentNotReady',
      'Waiting',
      ten,
      /^Authority shop\/root is not ready: it is new$/,
      { state: 'notReady', why: 'it is new' },
    ],
    [
      'ParentNotReady',
      'Waiting',
      ten,
      /^Authority shop\/root is not ready: its CA certificate expired at 2026-11-22T12:00:00Z$/,
      ready({ notAfter: noon }),
    ],
  ]
  for (const [reason, kind, againMs, message, parent] of cases) {
    test(`${reason}: ${message.source}`, () => {
      const failure = failureOf(plan({ ...fresh, parent }, below))
      assert.deepEqual([failure.reason, failure.kind, failure.retryAfterMs], [reason, kind, againMs])
      assert.match(failure.message, message)
    })
  }
})

const adopts: Options = { secretRef: { name: 'made-elsewhere' } }
const source = (fingerprint: string): SourceView => ({
  state: 'held',
  held: heldCa({ fingerprint: fingerprint.repeat(32) }),
})
table('an adopted CA', [
  ['the Secret is not there', 'refuse CASourceMissing', { ...fresh, source: { state: 'absent' } }, adopts],
  ['the Secret cannot be used', 'refuse CAInvalid', { ...fresh, source: { state: 'invalid', why: 'no CA' } }, adopts],
  ['the Secret is there', 'create 1 from secret', { ...fresh, source: source('ca') }, adopts],
  ['it was adopted already', 'keep', { source: source('ca') }, adopts],
  ['another one is there', 'create 2 from secret', { source: source('dd') }, adopts],
  ['the Secret is gone', 'keep', { source: { state: 'absent' } }, adopts],
  ['the Secret is spoiled', 'keep', { source: { state: 'invalid', why: 'no CA' } }, adopts],
  ['time alone makes no other', 'keep', { source: source('ca') }, adopts, noon + 3649 * day],
  ['while another one waits', 'keep', { ...withNext(), source: source('dd') }, adopts, noon + hour],
  ['it is trusted no longer', 'refuse CAInvalid', { source: source('ca') }, { ...adopts, distrustedGenerations: [1] }],
  [
    'it is trusted no longer, and another one is there',
    'create 2 from secret',
    { source: source('dd') },
    { ...adopts, distrustedGenerations: [1] },
  ],
  ['its generation is lost', 'refuse CAKeyMissing', { generations: [], source: source('ca') }, adopts],
])

const elsewhere: Options = { external: {} }
const made = (parts: Partial<Extract<RequestView, { state: 'made' }>> = {}): RequestView => ({
  state: 'made',
  metadata: { name: 'ca-ca-request', uid: 'u' },
  generation: 1,
  csr: 'PEM of a request',
  answer: undefined,
  ...parts,
})
const accepted = { answer: { state: 'accepted' } } as const
const refused = { answer: { state: 'refused', why: 'it is for another key' } } as const
table('a CA that is signed elsewhere', [
  ['a key is made', 'request 1', fresh, elsewhere],
  ['the request waits', 'refuse CARequested', { ...fresh, request: made() }, elsewhere],
  ['the chain is refused', 'refuse CAInvalid', { ...fresh, request: made(refused) }, elsewhere],
  ['the chain is accepted', 'create 1 from external', { ...fresh, request: made(accepted) }, elsewhere],
  [
    'the number is that of the request',
    'create 3 from external',
    { ...fresh, request: made({ generation: 3, ...accepted }) },
    elsewhere,
  ],
  ['the request is answered', 'discard', { request: made(accepted) }, elsewhere],
  ['and then all is well', 'keep', {}, elsewhere],
  ["somebody else's Secret is in its place", 'refuse SecretNotOurs', { ...fresh, request: foreign }, elsewhere],
  ['its Secret is damaged', 'refuse CAKeyDamaged', { ...fresh, request: damaged }, elsewhere],
  ['rotation is due', 'request 2', {}, elsewhere, noon + 3560 * day],
  ['signs while the next request waits', 'keep', { request: made({ generation: 2 }) }, elsewhere, noon + 3560 * day],
  [
    'signs while the chain is the old one',
    'keep',
    { request: made({ generation: 2, ...refused }) },
    elsewhere,
    noon + 3560 * day,
  ],
  [
    'the next chain is accepted',
    'create 2 from external',
    { request: made({ generation: 2, ...accepted }) },
    elsewhere,
    noon + 3560 * day,
  ],
  [
    'the key is kept until its generation is safe',
    'create 2 from external',
    {
      generations: [caGeneration(), caGeneration({ number: 2, secret: foreign })],
      request: made({ generation: 2, ...accepted }),
    },
    elsewhere,
    noon + 3560 * day,
  ],
  ['it is not asked for before it is needed', 'keep', {}, elsewhere, noon + 100 * day],
])

table('distrust of the one that signs', [
  ['makes a new one at once', 'create 2 from itself', {}, { distrustedGenerations: [1] }],
  ['also where rotation is Manual', 'create 2 from itself', {}, { distrustedGenerations: [1], rotation: 'Manual' }],
  ['an earlier one does not sign again', 'create 3 from itself', retiring(), { distrustedGenerations: [2] }],
])

suite('it is looked at again', () => {
  const recheckAt = (parts: Partial<CaWorld>, options: Options = {}, now = noon): number => {
    const made = plan(parts, options, now)
    assert.equal(made.do, 'keep')
    return (made as Extract<CaPlan, { do: 'keep' }>).recheckAt
  }
  const end = noon + 3650 * day
  const cases: readonly [name: string, afterMs: number, parts: Partial<CaWorld>, options: Options, now: number][] = [
    ['every ten minutes', 10 * minute, {}, {}, noon],
    ['when it ends', second, {}, { rotation: 'Manual' }, end - second],
    ['when rotation is due', 4 * minute, {}, {}, noon + 3559 * day - backdateMs - 4 * minute + backdateMs],
    ['not then where that is left to a person', 10 * minute, {}, { rotation: 'Manual' }, noon + 3559 * day - minute],
    ['every minute while bundles are waited for', minute, withNext(), waits, noon + 2 * hour],
    ['sooner where trust takes less time', 15 * second, withNext(), { trustPropagation: '5m' }, noon + 20 * minute],
    ['every five seconds while they are filling', 5 * second, withNext(), waits, noon + minute],
    ['every five seconds where it takes none', 5 * second, withNext(), { trustPropagation: '1s' }, noon + second],
    ['when trust has spread', minute, withNext(trusted), waits, noon + 3 * hour - minute],
    ['when the one before leaves', minute, retiring({ liveUntil: noon + day }), {}, noon + day - minute],
    [
      'in ten minutes when a parent holds up what is due',
      10 * minute,
      { generations: [signed()], parent: { state: 'absent' } },
      below,
      noon + 1800 * day,
    ],
    [
      'in five seconds when the register does',
      5 * second,
      { ...retiring({ liveUntil: noon + day }), isRegisterLoaded: false },
      {},
      noon + 2 * day,
    ],
  ]
  for (const [name, afterMs, parts, options, now] of cases) {
    test(name, () => assert.equal(recheckAt(parts, options, now), now + afterMs))
  }
})

suite('a generation signs as soon as it is there', () => {
  const { roots } = heldCa()
  const other = heldCa({ fingerprint: 'dd'.repeat(32) }).roots
  const parent = ready({ roots: other })
  const below = { parentRef: { name: 'root' } }
  const ofParent = { parent, generations: [caGeneration({ signedBy: 'shop/root' })] }
  const cases: readonly [
    at: boolean,
    name: string,
    parts: Partial<CaWorld>,
    roots: typeof other,
    options?: Options,
    lacking?: number,
  ][] = [
    [true, 'under the same root', {}, roots],
    [false, 'under another root', {}, other],
    [false, 'under the same root and another', {}, [...roots, ...other]],
    [true, 'under a root that its parent has had trusted', ofParent, other, below],
    [false, 'under a root of its parent that a bundle lacks', ofParent, other, below, 1],
    [false, 'under a root of another parent', { parent }, other, below],
    [true, 'under the same root, whatever a bundle lacks', {}, roots, {}, 1],
    [true, 'when there is nothing else', fresh, other],
    [true, 'when the one before is lost', { lastActive: 2 }, other],
    [true, 'when the one before has expired', { generations: [caGeneration({}, expired)] }, other],
    [true, 'when the one before is distrusted', {}, other, { distrustedGenerations: [1] }],
    [
      false,
      'not under a root that is over',
      { generations: [caGeneration({ retiredAt: noon }), caGeneration({ number: 2 })] },
      roots,
    ],
  ]
  for (const [at, name, parts, its, options = {}, lacking = 0] of cases) {
    test(`${name}: ${at}`, () =>
      assert.equal(activatesAtOnce(internal(options), caWorld(parts), { roots: its, lacking }, noon), at))
  }
})
