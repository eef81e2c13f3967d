import assert from 'node:assert/strict'
import type { Certificate } from '#api'
import { day, hour, type Instant, minute, second, toRfc3339 } from '#base'
import {
  type CertificateWorld,
  type planAuthority,
  planCertificate,
  type Root,
  trustHash,
  viewWithoutReading,
} from '#plan'
import { type Chance, certificateWorld, chance, soleClaim } from '#test/make'
import { Agenda } from './agenda.ts'
import type { AuthorityModel } from './authority-model.ts'
import { makeAuthorities, makeSubject, type Subject } from './cluster.ts'
import { Oracle } from './oracle.ts'
import { type Signing, stubSigning, verifyEveryMs } from './signing.ts'
import { asStored, carryOut, nextVisitAt, type Visited } from './visit.ts'

/** What is simulated. */
export interface SimulationOptions {
  readonly start: Instant
  readonly days: number
  readonly certificates: number
  readonly seed: string
  /** Stubbed unless told. */
  readonly signing?: Signing
  /** Decides in place of the planner, in tests of the simulation. */
  readonly plan?: typeof planCertificate
  readonly planAuthority?: typeof planAuthority
  /** Changes the status that a visit leaves, in tests of the simulation. */
  readonly spoil?: (certificate: Certificate, now: Instant) => Certificate
}

const visitsAtOneMomentMax = 20

/**
 * Years of an operator with its Authorities and Certificates, by a clock that jumps from one thing to do to the next.
 * The operator is the planner and a model of what it does; what happens to it is chance. Times are of a clock that
 * never jumps, and `now` is what the wall clock says then. The oracle is asked after each step.
 */
export class Simulation {
  readonly oracle = new Oracle()
  visits = 0
  verified = 0
  expiries = 0
  readonly #options: SimulationOptions
  readonly #chance: Chance
  readonly #signing: Signing
  readonly #agenda = new Agenda()
  readonly authorities: readonly AuthorityModel[]
  readonly subjects: readonly Subject[]
  readonly #bundles = new Map<string, string>()
  /** Of a clock that never jumps. */
  time: Instant
  #offset = 0
  #jumpedAt = 0
  readonly #timers: { readonly at: Instant; readonly run: () => void }[] = []
  /** Until then the operator is down. */
  #downUntil = 0
  #frozenUntil = 0
  /** Until then an Authority fails whoever asks it. */
  readonly #failingUntil = new Map<AuthorityModel, Instant>()
  /** Since when nothing has stood in the way of all, and of those of an Authority. */
  #quietFrom: Instant
  readonly #quietFromOf = new Map<AuthorityModel, Instant>()

  constructor(options: SimulationOptions) {
    this.#options = options
    this.#chance = chance(options.seed)
    this.#signing = options.signing ?? stubSigning()
    this.time = options.start
    this.#quietFrom = options.start
    this.authorities = makeAuthorities(this.#signing, options.planAuthority)
    this.subjects = Array.from({ length: options.certificates }, (_, index) => makeSubject(index, this.authorities))
    for (const { index } of this.subjects) this.#agenda.set(index, this.time + this.#chance.below(hour))
    for (const [index, model] of this.authorities.entries()) {
      this.#agenda.set(this.#keyOf(index), this.time)
      model.lackingOf = (roots) => this.#lacking(model, roots)
    }
    this.#verifyLater()
  }

  /** What the wall clock says. */
  get now(): Instant {
    return this.time + this.#offset
  }

  /** Runs to the end. @throws AssertionError with the first thing that is wrong */
  async run(): Promise<void> {
    const { start, days } = this.#options
    const end = start + days * day
    for (;;) {
      const timer = this.#timers[0]
      const next = Math.min(this.#agenda.next ?? end, timer?.at ?? end)
      if (next >= end) return
      this.time = Math.max(this.time, next)
      if (timer?.at === next) {
        this.#timers.shift()
        timer.run()
      } else await this.#visitNext()
    }
  }

  readonly #keyOf = (authority: number): number => this.#options.certificates + authority

  async #visitNext(): Promise<void> {
    const key = this.#agenda.take()
    if (key === undefined) return
    if (this.time < this.#downUntil) {
      this.#agenda.set(key, this.#downUntil + this.#chance.below(5 * minute))
      return
    }
    const subject = this.subjects[key]
    if (subject) return this.#visit(subject)
    const authority = this.authorities[key - this.#options.certificates]
    if (authority) await this.#visitAuthority(authority, key)
  }

  async #visitAuthority(authority: AuthorityModel, key: number): Promise<void> {
    const [before, bundle] = [authority.view(), authority.caBundle]
    const nextAt = await authority.visit(this.now)
    this.#agenda.set(key, this.time + nextAt - this.now)
    this.#bundles.set(trustHash(authority.caBundle), authority.caBundle)
    if (authority.view() !== before) this.#wakeBelow(authority)
    if (authority.caBundle !== bundle) this.#checkTrusted(authority)
  }

  /** An event of the Authority wakes those who refer to it. */
  #wakeBelow(authority: AuthorityModel): void {
    for (const each of this.subjects) if (each.authority === authority) this.#wake(each.index, minute)
    for (const [index, each] of this.authorities.entries())
      if (each.parent === authority) this.#wake(this.#keyOf(index), second)
  }

  #wake(key: number, withinMs: number): void {
    this.#agenda.setEarlier(key, this.time + this.#chance.below(withinMs))
  }

  async #visit(subject: Subject): Promise<void> {
    for (let count = 0; ; count++) {
      assert.ok(count < visitsAtOneMomentMax, `${nameOf(subject)} is visited without end at ${toRfc3339(this.now)}`)
      const visited = await this.#visitOnce(subject)
      const { now } = this
      const nextAt = nextVisitAt(visited, now)
      if (nextAt <= now) continue
      // What is looked at again and again until an event comes is looked at a little more rarely here.
      const isWaiting = visited.outcome.result === 'failed' && visited.outcome.nextAttemptAt === undefined
      this.#agenda.set(subject.index, this.time + Math.max(nextAt - now, isWaiting ? 5 * hour : 0))
      return
    }
  }

  async #visitOnce(subject: Subject): Promise<Visited> {
    this.visits += 1
    const { now } = this
    const world = this.#worldOf(subject)
    this.#checkExpired(subject)
    const plan = (this.#options.plan ?? planCertificate)(world, now)
    const isFailing = this.time < (this.#failingUntil.get(subject.authority) ?? 0)
    const isSigned = plan.do === 'issue' && !isFailing
    const issued = isSigned ? await this.#signing.sign(plan, subject.authority) : undefined
    const visited = this.#spoilt(carryOut(plan, world, issued ? { signs: issued } : 'fails', now))
    const after = visited.world
    assert.ok(after, `${nameOf(subject)} is let go`)
    if (plan.do === 'issue' && visited.outcome.result === 'issued') {
      const before = world.secret.state === 'held' ? world.secret.held : undefined
      const view = subject.authority.view()
      const specGeneration = world.certificate.metadata.generation ?? 0
      const { wish } = subject
      const quietMs = this.#quietMsOf(subject)
      this.oracle.checkIssuance({ name: nameOf(subject), wish, plan, before, view, specGeneration, now, quietMs })
      subject.authority.noteIssued(subject.authority.generation, issued?.notAfter ?? 0)
    }
    this.#keep(subject, visited.plan.do === 'keep', after)
    return visited
  }

  #spoilt(visited: Visited): Visited {
    const { spoil } = this.#options
    const { world } = visited
    return spoil && world
      ? { ...visited, world: { ...world, certificate: spoil(world.certificate, this.now) } }
      : visited
  }

  #keep(subject: Subject, isKept: boolean, after: CertificateWorld): void {
    const before = subject.certificate.status
    const { certificate: left } = after
    const { status } = left
    const isSame = before?.fingerprint === status?.fingerprint && subject.view === subject.authority.view()
    subject.view = subject.authority.view()
    if (isKept && isSame && this.#quietMsOf(subject) > hour) {
      this.oracle.checkStable(nameOf(subject), [before?.renewAt, status?.renewAt], this.now)
    }
    // The API server gives back what it was given: that takes its time, and is done now and then.
    subject.certificate = this.#chance.happens(0.02) ? asStored(left) : left
    subject.secret = after.secret
    subject.issuedLately = after.issuedLately
    subject.refreshedLately = after.refreshedLately
  }

  /** What the operator would observe: the Secret by its metadata, as long as the status knows its version. */
  #worldOf(subject: Subject): CertificateWorld {
    const { certificate: asked, secret, request, requestHash, authority, issuedLately, refreshedLately } = subject
    const cached = 'metadata' in secret ? secret.metadata : undefined
    const seen = cached && viewWithoutReading(soleClaim(asked), cached, requestHash)
    return {
      ...emptyWorld,
      certificate: asked,
      request,
      requestHash,
      authorityKey: authority.key,
      authority: authority.view(),
      secret: seen ?? secret,
      issuedLately,
      refreshedLately,
      isFrozen: this.time < this.#frozenUntil,
    }
  }

  #checkExpired(subject: Subject): void {
    const { secret } = subject
    if (secret.state !== 'held' || secret.held.notAfter > this.now) return
    if (subject.expired === secret.held.fingerprint) return
    subject.expired = secret.held.fingerprint
    this.expiries += 1
    this.oracle.checkExpired(nameOf(subject), secret.held, this.#quietMsOf(subject), this.now)
  }

  /** Milliseconds since anything has stood in the way of issuing for it; negative while something does. */
  #quietMsOf({ authority, quietFrom }: Subject): number {
    return this.time - Math.max(this.#quietFrom, this.#quietFromOf.get(authority) ?? 0, quietFrom)
  }

  #checkOverdue(): void {
    for (const subject of this.subjects) {
      const { secret, wish } = subject
      if (secret.state !== 'held' || this.time <= this.#downUntil) continue
      this.oracle.checkOverdue(nameOf(subject), wish, secret.held, this.#quietMsOf(subject), this.now)
    }
  }

  /** A root that leaves a bundle is one that no living certificate in use needs. */
  #checkTrusted(authority: AuthorityModel): void {
    for (const subject of this.subjects) {
      const { secret } = subject
      if (subject.authority !== authority || secret.state !== 'held' || secret.held.notAfter <= this.now) continue
      const { roots } = authority.caOf(secret.held.caGeneration ?? 0)
      const isTrusted = roots.every(({ pem }) => authority.caBundle.includes(pem))
      assert.ok(isTrusted, `${nameOf(subject)} at ${toRfc3339(this.now)}: its root has left the bundle`)
    }
  }

  #verifyLater(): void {
    this.later(this.time + hour + this.#chance.below(2 * verifyEveryMs), () => {
      // What was made while the clock was ahead is not valid yet.
      if (this.#offset === 0 && this.time > this.#jumpedAt + 4 * day) this.#verifyAll()
      this.#checkOverdue()
      this.#verifyLater()
    })
  }

  /** Every certificate in use is verified by the `ca.crt` beside it. */
  #verifyAll(): void {
    for (const subject of this.subjects) {
      const { secret, authority } = subject
      if (secret.state !== 'held' || secret.held.notAfter <= this.now || secret.held.notBefore > this.now) continue
      const bundle = this.#bundles.get(secret.held.trust ?? '')
      assert.ok(bundle !== undefined, `${nameOf(subject)} has a ca.crt that no Authority has published`)
      const { roots } = authority.caOf(secret.held.caGeneration ?? 0)
      const isTrusted = roots.every(({ pem }) => bundle.includes(pem))
      assert.ok(isTrusted, `${nameOf(subject)} at ${toRfc3339(this.now)}: its own ca.crt does not verify it`)
      this.#signing.verify(secret.held, bundle, this.now)
      this.verified += 1
    }
  }

  /** How many `ca.crt` below an Authority do not hold roots. */
  #lacking(authority: AuthorityModel, roots: readonly Root[]): number {
    const trust = trustHash(authority.caBundle)
    const leaves = this.subjects.filter(
      ({ secret, authority: of }) => of === authority && secret.state === 'held' && secret.held.trust !== trust,
    )
    const below = this.authorities.filter(({ parent }) => parent === authority)
    const lacking = below.map((each) =>
      roots.every(({ pem }) => each.caBundle.includes(pem)) ? this.#lacking(each, roots) : 1,
    )
    return lacking.reduce((sum, each) => sum + each, leaves.length)
  }

  /** Something that a person or the world around does at a time. */
  later(at: Instant, run: () => void): void {
    this.#timers.push({ at, run })
    this.#timers.sort((a, b) => a.at - b.at)
  }

  /** Nothing can be issued from now until then: for anybody, or for those of an Authority. */
  disturb(until: Instant, authority?: AuthorityModel): void {
    this.#checkOverdue()
    if (!authority) this.#quietFrom = Math.max(until, this.#quietFrom)
    else this.#quietFromOf.set(authority, Math.max(until, this.#quietFromOf.get(authority) ?? 0))
  }

  stop(until: Instant): void {
    this.disturb(until)
    this.#downUntil = until
    this.restart(until)
  }

  /** A new process knows nothing but what is written, and looks at everything. */
  restart(at: Instant): void {
    for (const subject of this.subjects) {
      Object.assign(subject, { issuedLately: [], refreshedLately: [] })
      this.#agenda.setEarlier(subject.index, at + this.#chance.below(5 * minute))
    }
  }

  freeze(until: Instant): void {
    this.disturb(until)
    this.#frozenUntil = until
    this.restart(until)
  }

  fail(authority: AuthorityModel, until: Instant): void {
    this.disturb(until, authority)
    this.#failingUntil.set(authority, until)
  }

  /** Sets the wall clock. Timers do not see it, but everything is looked at within the hour. */
  jump(ms: number): void {
    this.disturb(this.time + hour)
    this.#offset += ms
    this.#jumpedAt = this.time
    this.oracle.noteJump()
    for (const { index } of this.subjects) this.#wake(index, hour)
    for (const index of this.authorities.keys()) this.#wake(this.#keyOf(index), hour)
  }

  /** A person edits a Certificate, which is visited. */
  edit({ index, certificate: { metadata, spec } }: Subject, parts: Partial<Certificate['spec']>): void {
    const subject = this.subjects[index]
    if (!subject) return
    const generation = (metadata.generation ?? 1) + 1
    const status = subject.certificate.status
    const edited = { ...subject.certificate, metadata: { ...metadata, generation }, spec: { ...spec, ...parts } }
    subject.certificate = status ? { ...edited, status } : edited
    this.#wake(index, minute)
  }

  /** The Secret of a Certificate is deleted. */
  lose(subject: Subject): void {
    subject.secret = { state: 'absent' }
    this.#wake(subject.index, minute)
  }

  /** Visits an Authority and those who refer to it. */
  wake(authority: AuthorityModel): void {
    this.#wake(this.#keyOf(this.authorities.indexOf(authority)), minute)
    this.#wakeBelow(authority)
  }
}

const nameOf = ({ certificate: { metadata } }: Subject): string => `${metadata.namespace}/${metadata.name}`
const emptyWorld = certificateWorld()
