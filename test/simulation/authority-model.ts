import assert from 'node:assert/strict'
import { type Authority, type AuthoritySpec, annotations, finalizer } from '#api'
import { day, fromRfc3339, hour, type Instant, minute } from '#base'
import {
  type AuthorityPlan,
  type AuthorityView,
  type AuthorityWorld,
  activatesAtOnce,
  authorityStatus,
  type CreateCaPlan,
  caSpecHash,
  type GenerationView,
  type HeldCa,
  lastActiveOf,
  type ParentView,
  planAuthority,
  type Root,
  whyNotReady,
} from '#plan'
import { authority as authorityOf, authorityWorld, caWorld } from '#test/make'

/** What makes the certificates of CAs. */
export type MakeCa = (plan: CreateCaPlan, owner: AuthorityModel, parent: AuthorityModel | undefined) => Promise<HeldCa>

interface Parts {
  readonly name: string
  readonly spec: AuthoritySpec
  readonly parent?: AuthorityModel
  readonly makeCa: MakeCa
  /** Milliseconds: the longest validity that its Certificates ask for. */
  readonly longestIssuedMs: number
  /** Decides in place of the planner, in tests of the simulation. */
  readonly plan?: typeof planAuthority
}

/** More steps than any visit needs at one moment. */
const stepsMax = 20

/** An Authority with a CA of its own: its object and the Secrets of its generations, as the planner makes them. */
export class AuthorityModel {
  readonly key: string
  readonly #parts: Parts
  #authority: Authority
  #generations: GenerationView[] = []
  #bundle = ''
  #view: AuthorityView | undefined
  /** Why it signs nothing, for a while. */
  #outage: string | undefined
  /** End of the last certificate that each generation has signed. */
  readonly #liveUntil = new Map<number, Instant>()
  /** How many `ca.crt` below do not hold roots: those who ask know. */
  lackingOf: (roots: readonly Root[]) => number = () => 0

  constructor(parts: Parts) {
    this.#parts = parts
    this.key = `shop/${parts.name}`
    this.#authority = authorityOf({
      metadata: { name: parts.name, uid: `uid-${parts.name}`, finalizers: [finalizer] },
      spec: parts.spec,
    })
  }

  get parent(): AuthorityModel | undefined {
    return this.#parts.parent
  }

  /** The generation that signs, from 1. */
  get generation(): number {
    return this.#authority.status?.ca?.generation ?? 0
  }

  /** PEM of all roots to trust. */
  get caBundle(): string {
    return this.#authority.status?.caBundle ?? ''
  }

  /** The CA certificate of a generation. */
  caOf(generation: number): HeldCa {
    const found = this.#generations.find(({ number }) => number === generation)
    assert.ok(found?.secret.state === 'held', `generation ${generation} of ${this.key} is there`)
    return found.secret.held
  }

  noteIssued(generation: number, notAfter: Instant): void {
    this.#liveUntil.set(generation, Math.max(notAfter, this.#liveUntil.get(generation) ?? 0))
  }

  change(spec: Partial<NonNullable<AuthoritySpec['internal']>>): void {
    const { metadata, spec: before } = this.#authority
    const generation = (metadata.generation ?? 0) + 1
    this.#authority = {
      ...this.#authority,
      metadata: { ...metadata, generation },
      spec: { ...before, internal: { ...before.internal, ...spec } },
    }
  }

  askReissue(at: string): void {
    const said = { ...this.#authority.metadata.annotations, [annotations.reissueRequestedAt]: at }
    this.#authority = { ...this.#authority, metadata: { ...this.#authority.metadata, annotations: said } }
    this.#view = undefined
  }

  /** @param why undefined: it signs again */
  setOutage(why: string | undefined): void {
    this.#outage = why
    this.#view = undefined
  }

  /** What a Certificate sees of it: the same object as long as it is the same. */
  view(): AuthorityView {
    this.#view ??= this.#look()
    return this.#view
  }

  /** What a subordinate sees of it. */
  asParent(): ParentView {
    const { status } = this.#authority
    const { ca, generations = [] } = status ?? {}
    const why = whyNotReady(this.#authority)
    if (why !== undefined || !ca) return { state: 'notReady', why: why ?? 'it is new' }
    const held = this.#generations.flatMap(({ secret }) => (secret.state === 'held' ? secret.held.roots : []))
    return {
      state: 'ready',
      notAfter: fromRfc3339(ca.notAfter) ?? 0,
      generation: ca.generation,
      distrusted: generations.filter(({ state }) => state === 'Distrusted').map(({ generation }) => generation),
      roots: [...new Map(held.map((root) => [root.fingerprint, root])).values()].filter(({ pem }) =>
        this.caBundle.includes(pem),
      ),
    }
  }

  /** Visits until nothing is left to do. @returns when to come back */
  async visit(now: Instant): Promise<Instant> {
    const before = JSON.stringify(this.#authority.status)
    for (let steps = 0; steps < stepsMax; steps++) {
      const plan = (this.#parts.plan ?? planAuthority)(this.#world(now), now)
      const failure = plan.do === 'refuse' ? plan.failure : undefined
      const isSettled = plan.do === 'keep' || plan.do === 'refuse'
      if (!isSettled) await this.#carryOut(plan, now)
      const status = authorityStatus(this.#world(now), failure, now)
      this.#authority = { ...this.#authority, status: JSON.parse(JSON.stringify(status)) }
      if (!isSettled) continue
      if (JSON.stringify(this.#authority.status) !== before) this.#view = undefined
      // Rechecks come more often than the clock changes anything: one a day will do, and more while trust spreads.
      return now + (this.#generations.some(({ activatedAt }) => activatedAt === undefined) ? 20 * minute : day)
    }
    return assert.fail(`${this.key} is not settled after ${stepsMax} steps`)
  }

  #world(now: Instant): AuthorityWorld {
    const generations = this.#generations.map((each) => ({
      ...each,
      liveUntil: this.#unexpired(each.number, now),
      lacking:
        each.activatedAt === undefined && each.secret.state === 'held' ? this.#lacking(each.secret.held.roots) : 0,
    }))
    const ca = caWorld({
      parent: this.parent?.asParent() ?? { state: 'none' },
      generations,
      lastActive: this.#authority.status?.ca?.generation ?? 0,
      longestIssuedMs: this.#parts.longestIssuedMs,
    })
    const bundle = { state: 'held', metadata: { name: `${this.#parts.name}-ca` }, text: this.#bundle } as const
    return authorityWorld({ authority: this.#authority, ca, bundle })
  }

  #lacking(roots: readonly Root[]): number {
    const isPublished = roots.every(({ pem }) => this.caBundle.includes(pem) && this.#bundle.includes(pem))
    return isPublished ? this.lackingOf(roots) : 1
  }

  #unexpired(generation: number, now: Instant): Instant | undefined {
    const until = this.#liveUntil.get(generation)
    return until !== undefined && until > now ? until : undefined
  }

  async #carryOut(plan: AuthorityPlan, now: Instant): Promise<void> {
    switch (plan.do) {
      case 'create':
        return this.#create(plan, now)
      case 'confirm':
        return this.#note(plan.generation.number, { trustedAt: now })
      case 'activate':
        return this.#note(plan.generation.number, { activatedAt: now })
      case 'retire':
        return this.#note(plan.generation.number, { retiredAt: now })
      case 'publish':
        this.#bundle = plan.text
        return
      case 'mark': {
        const metadata = { ...this.#authority.metadata, ...plan.metadata }
        const said = { ...this.#authority.metadata.annotations, ...plan.metadata.annotations }
        this.#authority = { ...this.#authority, metadata: { ...metadata, annotations: said } }
        return
      }
      default:
        assert.fail(`${this.key}: a plan to ${plan.do}`)
    }
  }

  #note(number: number, parts: Partial<GenerationView>): void {
    this.#generations = this.#generations.map((each) => (each.number === number ? { ...each, ...parts } : each))
  }

  async #create(plan: CreateCaPlan, now: Instant): Promise<void> {
    const { parent } = this
    const held = await this.#parts.makeCa(plan, this, parent)
    const { ca } = this.#world(now)
    assert.ok(ca)
    assert.ok(plan.generation > lastActiveOf(ca), 'a generation has a number of its own')
    const atOnce = activatesAtOnce(this.#authority, ca, { roots: held.roots, lacking: this.#lacking(held.roots) }, now)
    this.#generations.push({
      number: plan.generation,
      secret: { state: 'held', held },
      metadata: { namespace: 'shop', name: `${this.#parts.name}-ca-${plan.generation}` },
      madeAt: now,
      trustedAt: undefined,
      activatedAt: atOnce ? now : undefined,
      retiredAt: undefined,
      backedUpAt: now,
      signedBy: parent?.key ?? this.key,
      parentGeneration: parent?.generation,
      caSpec: caSpecHash(this.#authority),
      liveUntil: undefined,
      lacking: 0,
    })
    parent?.noteIssued(parent.generation, held.notAfter)
  }

  /** As the directory of Authorities shows it. */
  #look(): AuthorityView {
    const { spec, status, metadata } = this.#authority
    const { ca, generations = [] } = status ?? {}
    const active = generations.find(({ generation }) => generation === ca?.generation)
    const fingerprints = [ca?.fingerprint, ...generations.map(({ fingerprint }) => fingerprint)]
    const digits = fingerprints.flatMap((each) => (each === undefined ? [] : [each.slice(0, 16)]))
    return {
      notReady: this.#outage ?? whyNotReady(this.#authority),
      notAfter: fromRfc3339(ca?.notAfter),
      spec,
      generation: ca?.generation,
      activeFrom: fromRfc3339(active?.activeFrom),
      caFingerprints: [...new Set(digits)],
      distrusted: generations.filter(({ state }) => state === 'Distrusted').map(({ generation }) => generation),
      reissueRequestedAt: fromRfc3339(metadata.annotations?.[annotations.reissueRequestedAt]),
      caBundle: status?.caBundle,
      restoredUntil: undefined,
      version: `${metadata.uid}/${metadata.generation}/${ca?.fingerprint}`,
    }
  }
}

/** How long CAs live in a simulation of years, so that each is replaced several times. */
export const caLifetimes = { root: `${(4 * 365 * day) / hour}h`, subordinate: `${(500 * day) / hour}h` }
