import { createHash } from 'node:crypto'
import type { Authority, AuthoritySpec, CaGenerationState } from '#api'
import { canonicalJson, day, hour, type Instant, minute, parseDuration } from '#base'
import { parentKeyOf } from './names.ts'
import type { CaWorld, GenerationView, HeldCa, Root } from './world.ts'

const defaultTrustPropagationMs = day
const defaultReissueWithinMs = hour
/** How long a generation is kept in bundles after its last certificate has been issued anew or has ended. */
const retiringAtLeastMs = minute

/** A generation that can be used, and what it is at the moment. */
export interface Generation extends GenerationView {
  readonly held: HeldCa
  readonly state: CaGenerationState
}

/** The generations whose Secret is whole, each with its state, in the order of their numbers. */
export function generationsOf(authority: Authority, ca: CaWorld, now: Instant): readonly Generation[] {
  const held = ca.generations.flatMap((each) =>
    each.secret.state === 'held' ? [{ ...each, held: each.secret.held }] : [],
  )
  const distrusted = held.filter((each) => isDistrusted(each, authority, ca))
  const last = lastActiveOf(ca)
  return held.map((each) => {
    if (distrusted.includes(each)) return { ...each, state: 'Distrusted' }
    return { ...each, state: isOver(each, last, now) ? 'Retired' : stateBeside(last, each) }
  })
}

/** The generation that signed last, by whatever remembers it; 0: none ever did. */
export const lastActiveOf = ({ generations, lastActive }: Pick<CaWorld, 'generations' | 'lastActive'>): number =>
  Math.max(lastActive, ...generations.filter(hasSigned).map(({ number }) => number))

/** What a stranger's Secret says of it counts for nothing. */
const hasSigned = ({ secret, activatedAt }: GenerationView): boolean =>
  secret.state !== 'foreign' && activatedAt !== undefined

/** Where the one that signed last is gone, an earlier one does not sign again in its place. */
function stateBeside(last: number, { number, activatedAt }: GenerationView): CaGenerationState {
  if (activatedAt !== undefined) return number === last ? 'Active' : 'Retiring'
  // One that was overtaken before it ever signed has nothing to retire from.
  return number < last ? 'Retired' : 'Next'
}

/** A person said so, of it or of the generation of the parent that signed it. */
function isDistrusted({ number, signedBy, parentGeneration }: GenerationView, authority: Authority, ca: CaWorld) {
  if (authority.spec.internal?.distrustedGenerations?.includes(number)) return true
  if (!('distrusted' in ca.parent) || parentGeneration === undefined) return false
  return signedBy === parentKeyOf(authority) && ca.parent.distrusted?.includes(parentGeneration) === true
}

/** The one that signed last is not over because an annotation says so. */
const isOver = ({ number, retiredAt, held }: GenerationView & { held: HeldCa }, last: number, now: Instant): boolean =>
  (retiredAt !== undefined && number < last) || held.notAfter <= now

/** The one that signs. */
export const activeOf = (generations: readonly Generation[]): Generation | undefined =>
  generations.find(({ state }) => state === 'Active')

/** Milliseconds that a new root is in all bundles before it signs. */
export const trustPropagationMs = ({ spec }: Authority): number =>
  parseOr(spec.internal?.trustPropagation, defaultTrustPropagationMs)

/** Milliseconds over which certificates are issued anew. */
export const reissueWithinMs = ({ reissueWithin }: AuthoritySpec): number =>
  parseOr(reissueWithin, defaultReissueWithinMs)

const parseOr = (duration: string | undefined, defaultMs: number): number =>
  duration === undefined ? defaultMs : parseDuration(duration)

/** The roots that verify what the Authority has issued and will issue. */
export function trustedRoots(generations: readonly Generation[], { parent }: CaWorld): readonly Root[] {
  const live = generations.filter(({ state }) => state === 'Next' || state === 'Active' || state === 'Retiring')
  const roots = [...live.flatMap(({ held }) => held.roots), ...('roots' in parent ? (parent.roots ?? []) : [])]
  const byFingerprint = new Map(roots.map((root) => [root.fingerprint, root]))
  return [...byFingerprint.values()].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1))
}

/** PEM of the roots. */
export const bundleText = (roots: readonly Root[]): string => roots.map(({ pem }) => pem).join('')

/** Hash of a bundle: equal ones trust the same roots. */
export const trustHash = (bundle: string): string => createHash('sha256').update(bundle).digest('hex').slice(0, 16)

/**
 * When the next generation is to be made, so that it can be trusted and take over before certificates would have to be
 * cut short: the end of the CA, less the longest validity asked for, less the time that trust takes to spread. Not in
 * the first half of its life: a CA shorter than its certificates would be replaced without end.
 */
export function rotateAt(authority: Authority, { held }: Generation, longestIssuedMs: number): Instant {
  const { notBefore, notAfter } = held
  return Math.max(notAfter - longestIssuedMs - trustPropagationMs(authority), (notBefore + notAfter) / 2)
}

/**
 * When a generation that has not signed yet may begin to: trust takes its time from when the last bundle holds its
 * roots. Until that is so, the earliest that it can be.
 */
export const activeFrom = (authority: Authority, { activatedAt, trustedAt, madeAt, held }: Generation): Instant =>
  activatedAt ?? (trustedAt ?? madeAt ?? held.notBefore) + trustPropagationMs(authority)

/**
 * When a generation that signs no more leaves the bundles: once the last of its certificates that may be in use has
 * ended.
 */
export function retireAt({ liveUntil, held }: Generation, successor: Generation): Instant {
  const earliest = (successor.activatedAt ?? held.notAfter) + retiringAtLeastMs
  return Math.min(held.notAfter, Math.max(earliest, liveUntil ?? 0))
}

/** Hash of what the spec says of the CA certificate: another one differs from what a generation was made by. */
export function caSpecHash({ spec, metadata }: Authority): string {
  const { commonName, subject, parentRef, secretRef, external, ...rest } = spec.internal ?? {}
  const { privateKey, duration, pathLength, nameConstraints } = rest
  const said = {
    commonName: commonName ?? metadata.name,
    ...{ subject, parentRef, privateKey, duration, pathLength, nameConstraints },
    source: secretRef ? 'secret' : external ? 'external' : 'own',
  }
  return createHash('sha256').update(canonicalJson(said)).digest('hex').slice(0, 16)
}
