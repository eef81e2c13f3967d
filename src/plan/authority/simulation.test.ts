import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AuthoritySpec } from '#api'
import { day, hour, type Instant, minute, second } from '#base'
import { authority, caGeneration, caWorld, heldCa, isLongRun, noon, runSeed } from '#test/make'
import { activatesAtOnce, type CaPlan, type CreateCaPlan, planCa } from './ca.ts'
import { activeOf, generationsOf, trustedRoots, trustPropagationMs } from './generations.ts'
import type { CaWorld, GenerationView, ParentView, Root } from './world.ts'

type Options = NonNullable<AuthoritySpec['internal']>
type ReadyParent = Extract<ParentView, { state: 'ready' }>

/** An Authority with its Secrets, and what uses it. */
interface Model {
  now: Instant
  options: Options
  generations: GenerationView[]
  /** Secrets that were deleted, of which there is a backup. */
  lost: GenerationView[]
  lastActive: number
  parent: ReadyParent | undefined
  isParentReady: boolean
  /** Fingerprints of roots that each bundle below holds. */
  bundles: ReadonlySet<string>[]
  certificates: { readonly generation: number; readonly notAfter: Instant }[]
  /** How many keys have been made. */
  keys: number
  /** Numbers of generations that have signed. */
  readonly signed: Set<number>
}

const rootOf = (name: string): Root => ({ fingerprint: name.padStart(64, '0'), pem: `PEM of ${name}\n` })

function newModel(isSubordinate: boolean): Model {
  const parent: ReadyParent = {
    state: 'ready',
    notAfter: noon + 9000 * day,
    generation: 1,
    distrusted: [],
    roots: [rootOf('f1')],
  }
  return {
    now: noon,
    options: isSubordinate ? { parentRef: { name: 'root' } } : {},
    generations: [],
    lost: [],
    lastActive: 0,
    parent: isSubordinate ? parent : undefined,
    isParentReady: true,
    bundles: [new Set(), new Set(), new Set()],
    certificates: [],
    keys: 0,
    signed: new Set(),
  }
}

const authorityOf = ({ options }: Model) => authority({ spec: { internal: options } })

/** How many bundles do not hold the roots yet. */
const lackingOf = ({ bundles }: Model, roots: readonly Root[]): number =>
  bundles.filter((bundle) => roots.some(({ fingerprint }) => !bundle.has(fingerprint))).length

/** What would be observed of the model. */
function worldOf(model: Model): CaWorld {
  const { generations, lastActive, parent, isParentReady, now } = model
  const live = (number: number): Instant[] =>
    model.certificates.filter((each) => each.generation === number && each.notAfter > now).map((each) => each.notAfter)
  return caWorld({
    parent: !parent ? { state: 'none' } : isParentReady ? parent : { state: 'notReady', why: 'it is new' },
    generations: generations.map((each) => ({
      ...each,
      liveUntil: live(each.number)
        .sort((a, b) => a - b)
        .at(-1),
      lacking:
        each.activatedAt === undefined && each.secret.state === 'held' ? lackingOf(model, each.secret.held.roots) : 0,
    })),
    lastActive,
  })
}

const activeNumber = (model: Model): number | undefined =>
  activeOf(generationsOf(authorityOf(model), worldOf(model), model.now))?.number

/** Carries out one plan. */
function execute(model: Model, plan: CaPlan): void {
  switch (plan.do) {
    case 'create':
      create(model, plan)
      break
    case 'confirm':
      change(model, plan.generation.number, { trustedAt: model.now })
      break
    case 'activate':
      checkTrust(model, plan.generation)
      change(model, plan.generation.number, { activatedAt: model.now })
      noteSigning(model, plan.generation.number)
      break
    case 'retire':
      change(model, plan.generation.number, { retiredAt: model.now })
      break
    default:
      assert.fail(`a plan to ${plan.do}`)
  }
}

function create(model: Model, { generation, profile, source }: CreateCaPlan): void {
  const { options, generations, lastActive, now, parent } = model
  assert.ok(!model.signed.has(generation), `generation ${generation} has signed already`)
  assert.ok(
    generations.every(({ number }) => number < generation),
    `generation ${generation} is not the highest`,
  )
  const isKeyThere = generations.some((each) => each.number === lastActive && each.secret.state === 'held')
  const isRaised = (options.generation ?? 1) > lastActive
  assert.ok(lastActive === 0 || isKeyThere || isRaised, `generation ${generation} takes the place of a lost key`)
  model.keys += 1
  const { notBefore, notAfter } = profile
  const own = rootOf(model.keys.toString(16))
  const roots = source === 'parent' ? (parent?.roots ?? []).slice(-1) : [own]
  const held = heldCa({ fingerprint: own.fingerprint, notBefore, notAfter, roots })
  const signing = generationsOf(authorityOf(model), worldOf(model), now).find(({ state }) => state === 'Active')
  const isSameRoot = roots.every((root) => signing?.held.roots.includes(root))
  const atOnce = activatesAtOnce(authorityOf(model), worldOf(model), { roots, lacking: lackingOf(model, roots) }, now)
  const made = caGeneration({
    number: generation,
    secret: { state: 'held', held },
    madeAt: now,
    trustedAt: undefined,
    activatedAt: atOnce ? now : undefined,
    ...(source === 'parent' && { signedBy: 'shop/root', parentGeneration: parent?.generation }),
  })
  model.generations = [...generations, made]
  if (!atOnce) return
  const isTrusted = source === 'parent' && lackingOf(model, roots) === 0
  assert.ok(isTrusted || isSameRoot || signing === undefined, `generation ${generation} signs too early`)
  noteSigning(model, generation)
}

function noteSigning(model: Model, number: number): void {
  model.signed.add(number)
  model.lastActive = Math.max(model.lastActive, number)
}

function change(model: Model, number: number, parts: Partial<GenerationView>): void {
  model.generations = model.generations.map((each) => (each.number === number ? { ...each, ...parts } : each))
}

/** A new root signs when all bundles have held it for long enough, or were waited for far too long, or in need. */
function checkTrust(model: Model, { number, trustedAt, madeAt = model.now }: GenerationView): void {
  const propagationMs = trustPropagationMs(authorityOf(model))
  const { lacking } = worldOf(model).generations.find((each) => each.number === number) ?? assert.fail()
  const isTrusted = lacking === 0 && trustedAt !== undefined && trustedAt + propagationMs <= model.now
  const isOverdue = madeAt + 7 * propagationMs <= model.now
  assert.ok(isTrusted || isOverdue || activeNumber(model) === undefined, `generation ${number} signs too early`)
}

const stepsMax = 20

/** Visits until there is nothing to do. */
function settle(model: Model): void {
  for (let steps = 0; steps < stepsMax; steps += 1) {
    const ca = worldOf(model)
    const plan = planCa(authorityOf(model), ca, model.now)
    assert.deepEqual(planCa(authorityOf(model), ca, model.now), plan)
    if (plan.do === 'keep' || plan.do === 'refuse') {
      checkSettled(model, plan)
      return
    }
    execute(model, plan)
    const active = generationsOf(authorityOf(model), worldOf(model), model.now).filter(
      (each) => each.state === 'Active',
    )
    assert.ok(active.length <= 1, 'more than one signs')
  }
  assert.fail(`not settled after ${stepsMax} steps`)
}

function checkSettled(model: Model, plan: CaPlan): void {
  const active = activeNumber(model)
  if (plan.do !== 'keep') return
  assert.ok(plan.recheckAt > model.now, 'it is looked at again in the past')
  assert.ok(active !== undefined, 'all is well although nothing signs')
  assert.equal(active, Math.max(...model.signed), 'an earlier generation signs again')
}

/** What happens between two visits. */
interface Happening {
  readonly name: string
  readonly happens: (model: Model) => void
}

const happening = (name: string, happens: (model: Model) => void): Happening => ({ name, happens })

const passing = (ms: number): Happening =>
  happening(`${ms / hour} h pass`, (model) => {
    const generation = activeNumber(model)
    if (generation !== undefined) model.certificates.push({ generation, notAfter: model.now + 90 * day })
    model.now += ms
    // The clock may go back by a day.
    model.certificates = model.certificates.filter(({ notAfter }) => notAfter > model.now - 2 * day)
  })

const setting = (options: Options): Happening =>
  happening(`set ${JSON.stringify(options)}`, (model) => {
    model.options = { ...model.options, ...options }
  })

const publish = (count: number): Happening =>
  happening(`${count} bundles are published`, (model) => {
    const ca = worldOf(model)
    const roots = trustedRoots(generationsOf(authorityOf(model), ca, model.now), ca)
    const bundle = new Set(roots.map(({ fingerprint }) => fingerprint))
    model.bundles = model.bundles.map((each, i) => (i < count ? bundle : each))
  })

const lose = happening('the key is lost', (model) => {
  const last = model.generations.find(({ number }) => number === model.lastActive)
  model.lost = [...model.lost, ...(last?.secret.state === 'held' ? [last] : [])]
  model.generations = model.generations.filter((each) => each !== last)
})

const restore = happening('lost keys are restored', (model) => {
  const there = new Set(model.generations.map(({ number }) => number))
  const saved = new Map(model.lost.map((each) => [each.number, each])).values()
  const back = [...saved].filter(({ number }) => !there.has(number))
  model.generations = [...model.generations, ...back].sort((a, b) => a.number - b.number)
})

const raise = (by: number): Happening =>
  happening(`the generation is raised by ${by}`, (model) => {
    model.options = { ...model.options, generation: Math.max(model.options.generation ?? 1, model.lastActive) + by }
  })

const happenings: readonly Happening[] = [
  ...[5 * second, 10 * minute, hour, day, 8 * day, 60 * day, 400 * day, -day].map(passing),
  ...[1, 3, 3].map(publish),
  ...[1, 3].map(raise),
  setting({ rotation: 'Manual' }),
  setting({ rotation: 'Auto' }),
  setting({ trustPropagation: '1h' }),
  setting({ trustPropagation: '720h' }),
  setting({ duration: '24h' }),
  setting({ duration: '8760h' }),
  lose,
  restore,
  happening('the key is damaged', (model) =>
    change(model, model.lastActive, { secret: { state: 'damaged', why: 'tls.key is missing' } }),
  ),
  happening('the one that signs is distrusted', (model) => {
    model.options = { ...model.options, distrustedGenerations: [model.lastActive] }
  }),
  happening('the parent rotates', (model) => {
    if (!model.parent) return
    const generation = model.parent.generation + 1
    model.parent = { ...model.parent, generation, roots: [...model.parent.roots, rootOf(`f${generation}`)] }
  }),
  happening('the parent comes or goes', (model) => {
    model.isParentReady = !model.isParentReady
  }),
]

const story = fc.array(
  fc.constantFrom(...happenings).map((each) => Object.assign(each, { [fc.toStringMethod]: () => each.name })),
  { minLength: 10, maxLength: 60 },
)

for (const kind of ['root', 'subordinate']) {
  test(`whatever happens to a ${kind}, one generation signs at most, and none without having been trusted`, () => {
    fc.assert(
      fc.property(story, (happened) => {
        const model = newModel(kind === 'subordinate')
        settle(model)
        for (const { happens } of happened) {
          happens(model)
          settle(model)
        }
      }),
      { numRuns: isLongRun ? 20_000 : 300, seed: Number(runSeed) },
    )
  })
}

test('in ten years of which every day is looked at, a root of a year is followed in time each time', () => {
  const model = newModel(false)
  model.options = { duration: '8760h' }
  settle(model)
  for (const end = noon + 3650 * day; model.now < end; ) {
    passing(day).happens(model)
    settle(model)
    publish(3).happens(model)
    settle(model)
    const active = model.generations.find(({ number }) => number === activeNumber(model))
    assert.ok(active?.secret.state === 'held')
    assert.ok(active.secret.held.notAfter >= model.now + 90 * day, 'a certificate would have to be cut short')
  }
  // Each signs for a year less 90 days of its certificates, and is made a little before that.
  assert.equal(model.keys, Math.floor(3650 / (365 - 90 - 2)) + 1)
})
