import type { Authority, InternalSpec } from '#api'
import { day, Failure, type Instant, minute, parseDuration, second, terminal, toRfc3339, waiting } from '#base'
import { backdateMs, type CaProfile, defaultKeySize, type KeySpec } from '#pki'
import {
  activeFrom,
  activeOf,
  caSpecHash,
  type Generation,
  generationsOf,
  lastActiveOf,
  retireAt,
  rotateAt,
  trustPropagationMs,
} from './generations.ts'
import { caRequestSecretName, caSecretName, parentKeyOf, sourceKeyOf } from './names.ts'
import type { CaWorld, Root } from './world.ts'

/** What to do about a CA that Sifaka runs itself. */
export type CaPlan =
  /** It is as it should be, or as it can be: `trouble` says what cannot be had. Look again then. */
  | { readonly do: 'keep'; readonly recheckAt: Instant; readonly trouble?: Failure }
  | CreateCaPlan
  /** Make a key whose certificate is signed elsewhere. */
  | { readonly do: 'request'; readonly generation: number; readonly key: KeySpec; readonly profile: CaProfile }
  /** Remove the key that waited for its certificate: it is a generation's now. */
  | { readonly do: 'discard' }
  /** Write down that every bundle holds the roots of a generation, that it signs from now on, or that it is over. */
  | { readonly do: 'confirm' | 'activate' | 'retire'; readonly generation: Generation }
  | { readonly do: 'refuse'; readonly failure: Failure }

/** Makes the next generation, in a Secret of its own. */
export interface CreateCaPlan {
  readonly do: 'create'
  readonly generation: number
  readonly key: KeySpec
  readonly profile: CaProfile
  /** Where its certificate comes from. */
  readonly source: 'itself' | 'parent' | 'secret' | 'external'
  readonly caSpec: string
}

const rootDurationMs = 3650 * day
export const subordinateDurationMs = 1825 * day
/** How long to wait for a parent or a Secret if no event comes. */
const recheckMs = 10 * minute
/** A bundle that nobody can write holds a new root up for so many times the time that trust takes to spread. */
const waitForBundlesMax = 6
/** How soon to look again at what nothing tells of, at the soonest: whether the register is loaded. */
const soonMs = 5 * second
/** Of the time that trust takes to spread, the part after which to count again the bundles that lack a new root. */
const spreadRecheckPart = 1 / 20

/** Decides what to do about a CA. Pure: the same world and time give the same plan. */
export function planCa(authority: Authority, ca: CaWorld, now: Instant): CaPlan {
  const generations = generationsOf(authority, ca, now)
  const active = activeOf(generations)
  const next = generations.find(({ state }) => state === 'Next')
  const lost = active || next ? undefined : lostKey(authority, ca, now)
  if (lost) return { do: 'refuse', failure: lost }
  if (isAnswered(ca)) return { do: 'discard' }
  if (next && mayActivate(authority, next, active, now)) return { do: 'activate', generation: next }
  if (next && next.trustedAt === undefined && next.lacking === 0) return { do: 'confirm', generation: next }
  const over = active && generations.find((each) => each.state === 'Retiring' && isDone(each, active, ca, now))
  if (over) return { do: 'retire', generation: over }
  const needed = next ? undefined : neededGeneration(authority, ca, active, now)
  const made = needed === undefined ? undefined : create(authority, ca, needed, now)
  if (made && (made.do !== 'refuse' || !active)) return made
  if (!active) return { do: 'refuse', failure: adoptedInVain(authority) }
  // What signs goes on signing while its successor cannot be had.
  const trouble = made?.do === 'refuse' ? made.failure : troubleAbove(authority, ca, now)
  const at = recheckAt(authority, ca, { generations, active, next }, now)
  return { do: 'keep', recheckAt: at, ...(trouble && { trouble }) }
}

/** A parent that is gone is missed before it has to sign. */
function troubleAbove(authority: Authority, ca: CaWorld, now: Instant): Failure | undefined {
  if (ca.parent.state === 'ready' || ca.parent.state === 'notReady') return undefined
  const found = endOfParent(authority, ca, now)
  return found instanceof Failure ? found : undefined
}

/**
 * Why there is no key although there was one. A new CA in its place would make all certificates worthless without
 * anybody having decided it: only a person raises the generation.
 */
function lostKey(authority: Authority, ca: CaWorld, now: Instant): Failure | undefined {
  const { generations } = ca
  const lastActive = lastActiveOf(ca)
  const foreign = generations.find(({ number, secret }) => number >= lastActive && secret.state === 'foreign')
  if (foreign?.secret.state === 'foreign') return terminal('SecretNotOurs', foreign.secret.why)
  const last = lastActive === 0 ? generations.at(-1) : generations.find(({ number }) => number === lastActive)
  const latest = Math.max(lastActive, last?.number ?? 0)
  if ((authority.spec.internal?.generation ?? 1) > latest) return undefined
  if (last?.secret.state === 'held') return expiredByHand(authority, last.secret.held.notAfter, now)
  const name = caSecretName(authority, latest || 1)
  const advice = 'Restore it from a backup (sifaka ca restore), or raise spec.internal.generation to start a new CA'
  if (last?.secret.state === 'damaged') {
    return terminal('CAKeyDamaged', `Secret ${name} cannot be used: ${last.secret.why}. ${advice}`)
  }
  return lastActive === 0 ? undefined : terminal('CAKeyMissing', `Secret ${name} with the CA key is missing. ${advice}`)
}

/** A CA that ended is replaced by itself only where rotation is left to Sifaka. */
function expiredByHand(authority: Authority, notAfter: Instant, now: Instant): Failure | undefined {
  if (notAfter > now || authority.spec.internal?.rotation !== 'Manual') return undefined
  const message = `the CA certificate expired at ${toRfc3339(notAfter)}. Raise spec.internal.generation to replace it`
  return terminal('CAExpired', message)
}

/** The request's key has become a generation, and is safe there. */
const isAnswered = ({ request, generations }: CaWorld): boolean =>
  request.state === 'made' &&
  generations.some(({ number, secret }) => number === request.generation && secret.state === 'held')

/**
 * Every bundle has held its roots for long enough. A bundle that nobody can write holds it up only so long, and with
 * nothing else to sign there is nothing to wait for.
 */
function mayActivate(authority: Authority, next: Generation, active: Generation | undefined, now: Instant): boolean {
  const isTrusted = isSpread(next) && activeFrom(authority, next) <= now
  const madeAt = next.madeAt ?? next.held.notBefore
  return !active || isTrusted || madeAt + (1 + waitForBundlesMax) * trustPropagationMs(authority) <= now
}

const isDone = (retiring: Generation, active: Generation, ca: CaWorld, now: Instant): boolean =>
  ca.isRegisterLoaded && retireAt(retiring, active) <= now

/** The number of the generation that is to be made now, if one is. */
function neededGeneration(
  authority: Authority,
  ca: CaWorld,
  active: Generation | undefined,
  now: Instant,
): number | undefined {
  const spec = authority.spec.internal ?? {}
  const own = ca.generations.findLast(({ secret }) => secret.state !== 'foreign')
  const latest = Math.max(lastActiveOf(ca), own?.number ?? 0)
  // A number that a stranger has taken is passed over.
  const following = Math.max(latest + 1, (ca.generations.at(-1)?.number ?? 0) + 1, spec.generation ?? 1)
  if (spec.secretRef) return isKnownSource(ca) ? undefined : following
  if (!active || (spec.generation ?? 1) > latest) return following
  if (spec.rotation === 'Manual') return undefined
  const isOfOldParent = ca.parent.state === 'ready' && ca.parent.generation !== active.parentGeneration
  if (isOfOldParent && active.signedBy === parentKeyOf(authority)) return following
  // One that ends with its parent is not replaced before that: the rest would be halved again and again.
  if (ca.parent.state === 'ready' && ca.parent.notAfter <= active.held.notAfter) return undefined
  return rotateAt(authority, active, ca.longestIssuedMs) <= now ? following : undefined
}

/** The CA that the Secret of `secretRef` holds is a generation already. */
function isKnownSource({ source, generations }: CaWorld): boolean {
  if (source.state !== 'held') return false
  const { fingerprint } = source.held
  return generations.some(({ secret }) => secret.state === 'held' && secret.held.fingerprint === fingerprint)
}

function create(authority: Authority, ca: CaWorld, generation: number, now: Instant): CaPlan {
  const { internal = {} } = authority.spec
  const key = keySpecOf(internal)
  if (internal.secretRef) return adopt(authority, ca, generation, key, now)
  if (internal.external) return external(authority, ca, generation, key, now)
  const notAfter = ca.parent.state === 'none' ? undefined : endOfParent(authority, ca, now)
  if (notAfter instanceof Failure) return { do: 'refuse', failure: notAfter }
  const source = ca.parent.state === 'none' ? 'itself' : 'parent'
  const profile = profileOf(authority, now, notAfter)
  return { do: 'create', generation, key, profile, source, caSpec: caSpecHash(authority) }
}

function adopt(authority: Authority, ca: CaWorld, generation: number, key: KeySpec, now: Instant): CaPlan {
  const name = sourceKeyOf(authority)
  const failure = (why: string): CaPlan => ({ do: 'refuse', failure: waiting('CASourceMissing', why, recheckMs) })
  switch (ca.source.state) {
    case 'none':
    case 'absent':
      return failure(`Secret ${name} does not exist: create it with tls.key, tls.crt and ca.crt`)
    case 'invalid':
      return { do: 'refuse', failure: terminal('CAInvalid', `Secret ${name} cannot be used: ${ca.source.why}`) }
    case 'held': {
      const profile = profileOf(authority, now, undefined)
      return { do: 'create', generation, key, profile, source: 'secret', caSpec: caSpecHash(authority) }
    }
  }
}

function external(authority: Authority, ca: CaWorld, generation: number, key: KeySpec, now: Instant): CaPlan {
  const { request } = ca
  const profile = profileOf(authority, now, undefined)
  const name = caRequestSecretName(authority)
  switch (request.state) {
    case 'none':
      return { do: 'request', generation, key, profile }
    case 'foreign':
      return { do: 'refuse', failure: terminal('SecretNotOurs', request.why) }
    case 'damaged': {
      const message = `Secret ${name} cannot be used: ${request.why}. Restore it, or delete it for a new request`
      return { do: 'refuse', failure: terminal('CAKeyDamaged', message) }
    }
    case 'made': {
      if (request.answer?.state === 'accepted') {
        const number = request.generation
        return { do: 'create', generation: number, key, profile, source: 'external', caSpec: caSpecHash(authority) }
      }
      const failure = request.answer
        ? terminal('CAInvalid', `spec.internal.external.chain is not accepted: ${request.answer.why}`)
        : waiting('CARequested', requestedMessage(request.generation), day)
      return { do: 'refuse', failure }
    }
  }
}

const requestedMessage = (generation: number): string =>
  `generation ${generation} waits for its certificate: have status.request.csr signed, and put the chain into ` +
  'spec.internal.external.chain'

/** End of the parent's own certificate, or why it cannot sign. */
function endOfParent(authority: Authority, { parent }: CaWorld, now: Instant): Instant | Failure | undefined {
  const name = parentKeyOf(authority)
  switch (parent.state) {
    case 'none':
      return undefined
    case 'absent': {
      const message = `Authority ${name} does not exist, or its allowedSubordinates do not permit this one`
      return waiting('ParentNotFound', message, recheckMs)
    }
    case 'cycle':
      return terminal('ParentCycle', `the parents form a cycle and never end in a root: ${parent.path.join(' -> ')}`)
    case 'tooLong':
      return terminal('ChainTooLong', `more than ${parent.path.length - 1} parents: ${parent.path.join(' -> ')}`)
    case 'notReady':
      return waiting('ParentNotReady', `Authority ${name} is not ready: ${parent.why}`, recheckMs)
    case 'ready': {
      // The parent's own status may be late.
      if (parent.notAfter > now) return parent.notAfter
      const message = `Authority ${name} is not ready: its CA certificate expired at ${toRfc3339(parent.notAfter)}`
      return waiting('ParentNotReady', message, recheckMs)
    }
  }
}

function keySpecOf({ privateKey = {} }: InternalSpec): KeySpec {
  const algorithm = privateKey.algorithm ?? 'ECDSA'
  return { algorithm, size: privateKey.size ?? defaultKeySize(algorithm) }
}

function profileOf({ spec, metadata }: Authority, now: Instant, parentNotAfter: Instant | undefined): CaProfile {
  const { commonName = metadata.name, subject, duration, pathLength, nameConstraints } = spec.internal ?? {}
  const defaultMs = parentNotAfter === undefined ? rootDurationMs : subordinateDurationMs
  const start = Math.floor(now / second) * second
  const lifetime = duration === undefined ? defaultMs : parseDuration(duration)
  const wanted = start + Math.floor(lifetime / second) * second
  const notAfter = Math.min(wanted, parentNotAfter ?? wanted)
  return { commonName, subject, pathLength, nameConstraints, notBefore: start - backdateMs, notAfter }
}

/** The CA in the Secret is a generation already, and one that signs no more. */
function adoptedInVain(authority: Authority): Failure {
  const name = sourceKeyOf(authority)
  const message = `Secret ${name} holds a CA that has ended or is trusted no longer: put another one into it`
  return terminal('CAInvalid', message)
}

const isSpread = ({ trustedAt, lacking }: Generation): boolean => trustedAt !== undefined && lacking === 0

/** Counting reads all leaves below: often while bundles are filling, not where something has held one up for long. */
function spreadRecheckMs(authority: Authority, { madeAt = 0 }: Generation, now: Instant): number {
  if (now < madeAt + recheckMs) return soonMs
  return Math.min(minute, Math.max(soonMs, trustPropagationMs(authority) * spreadRecheckPart))
}

interface Generations {
  readonly generations: readonly Generation[]
  readonly active: Generation
  readonly next: Generation | undefined
}

/** The next moment at which the clock alone changes the plan. */
function recheckAt(
  authority: Authority,
  ca: CaWorld,
  { generations, active, next }: Generations,
  now: Instant,
): Instant {
  const times = [active.held.notAfter, now + recheckMs]
  if (next) times.push(isSpread(next) ? activeFrom(authority, next) : now + spreadRecheckMs(authority, next, now))
  else if (authority.spec.internal?.rotation !== 'Manual') times.push(rotateAt(authority, active, ca.longestIssuedMs))
  for (const each of generations.filter(({ state }) => state === 'Retiring')) {
    times.push(Math.max(retireAt(each, active), ca.isRegisterLoaded ? 0 : now + soonMs))
  }
  return Math.min(...times.filter((time) => time > now))
}

/**
 * Whether a generation may sign as soon as it is there: it is under the same root; or under another one that its parent
 * has had trusted by everybody below before it signed with it; or there is nothing else that signs.
 * @param lacking how many bundles below do not hold the roots
 */
export function activatesAtOnce(
  authority: Authority,
  ca: CaWorld,
  { roots, lacking }: { readonly roots: readonly Root[]; readonly lacking: number },
  now: Instant,
): boolean {
  const active = activeOf(generationsOf(authority, ca, now))
  if (!active) return true
  const known = new Set(active.held.roots.map(({ fingerprint }) => fingerprint))
  const isOfSameParent = active.signedBy === parentKeyOf(authority)
  return roots.every(({ fingerprint }) => known.has(fingerprint)) || (isOfSameParent && lacking === 0)
}
