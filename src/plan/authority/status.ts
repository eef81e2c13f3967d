import { type AuthorityStatus, annotations, type NewCondition, withConditions } from '#api'
import { type Failure, fromRfc3339, type Instant, plainText, toRfc3339 } from '#base'
import { type Cause, condition, type Finding, nameMax } from '../condition.ts'
import { policyFlaws } from '../policy/index.ts'
import {
  activeFrom,
  activeOf,
  bundleText,
  caSpecHash,
  type Generation,
  generationsOf,
  trustedRoots,
} from './generations.ts'
import { caSecretName } from './names.ts'
import { inUseMessage } from './plan.ts'
import type { AuthorityWorld, CaWorld } from './world.ts'

/** Generations that a status tells of, the latest ones: the schema permits no more. */
const generationsMax = 64

/** Conditions that only Sifaka sets on an Authority. */
const managed = ['Ready', 'Reconciling', 'Stalled', 'InUse', 'Warning']

/**
 * The status that a visit leaves. `world` is as it is afterwards: a CA that was made is in it. Equal inputs give an
 * equal status, so that nothing is written when nothing changed.
 */
export function authorityStatus(world: AuthorityWorld, failure: Failure | undefined, now: Instant): AuthorityStatus {
  const { authority, ca } = world
  const before = authority.status ?? {}
  const observedGeneration = authority.metadata.generation ?? 0
  const generations = ca ? generationsOf(authority, ca, now) : []
  const active = activeOf(generations)
  const said = [
    // What goes wrong beside it does not keep the present CA from signing.
    ...readiness(world, active, active ? undefined : failure, observedGeneration),
    ...inUse(world, observedGeneration),
    ...warnings(world, generations, active ? failure : undefined, observedGeneration),
  ]
  return {
    ...before,
    observedGeneration,
    ...(ca && caFacts(world, ca, generations, before)),
    conditions: withConditions(before.conditions, managed, said, now),
  }
}

function readiness(
  { authority, ca }: AuthorityWorld,
  active: Generation | undefined,
  failure: Failure | undefined,
  generation: number,
): NewCondition[] {
  const { suspend } = authority.spec
  if (!failure && suspend) {
    const cause = { reason: 'Suspended', message: 'suspended: set spec.suspend to false to go on' } as const
    return [condition('Ready', 'False', cause, generation), condition('Stalled', 'True', cause, generation)]
  }
  if (!failure && (active || !ca)) {
    const message = active ? `signs as ${active.held.subject} until ${toRfc3339(active.held.notAfter)}` : 'signs'
    return [condition('Ready', 'True', { reason: 'CAReady', message }, generation)]
  }
  const cause: Cause = failure ?? { reason: 'CAKeyMissing', message: 'there is no CA key yet' }
  const isStalled = failure?.kind === 'Terminal'
  return [
    condition('Ready', 'False', cause, generation),
    condition(isStalled ? 'Stalled' : 'Reconciling', 'True', cause, generation),
  ]
}

function inUse({ authority, dependents }: AuthorityWorld, generation: number): NewCondition[] {
  if (authority.metadata.deletionTimestamp === undefined) return []
  return [condition('InUse', 'True', { reason: 'InUse', message: inUseMessage(dependents) }, generation)]
}

/** What a person should look at although the Authority works, in one condition. */
function warnings(
  world: AuthorityWorld,
  generations: readonly Generation[],
  failure: Failure | undefined,
  generation: number,
): NewCondition[] {
  const found: Cause[] = [
    ...(failure ? [failure] : []),
    ...specWarnings(world),
    ...world.crlFlaws,
    ...(world.ca ? caWarnings(world, world.ca, generations) : []),
  ]
  const [first] = found
  if (!first) return []
  const message = [...new Set(found.map((each) => each.message))].join('; ')
  return [condition('Warning', 'True', { reason: first.reason, message }, generation)]
}

function specWarnings({ authority, olderDefault, bundle }: AuthorityWorld): Finding[] {
  const found: Finding[] = policyFlaws(authority.spec, authority.metadata.namespace).map((message) => ({
    reason: 'RuleNeverMatches',
    message,
  }))
  if (olderDefault !== undefined) {
    const message = `Authority ${olderDefault} is the default and is older: this one is not used as such`
    found.push({ reason: 'AnotherIsDefault', message })
  }
  if (bundle.state === 'foreign') found.push({ reason: 'ConfigMapNotOurs', message: bundle.why })
  const asked = authority.metadata.annotations?.[annotations.reissueRequestedAt]
  if (asked !== undefined && fromRfc3339(asked) === undefined) {
    const message =
      `the annotation ${annotations.reissueRequestedAt} is no time such as 2027-01-31T12:00:00Z: ` +
      'nothing is issued anew because of it'
    found.push({ reason: 'InvalidRequest', message })
  }
  return found
}

function caWarnings(world: AuthorityWorld, ca: CaWorld, generations: readonly Generation[]): Finding[] {
  const { authority } = world
  const { internal = {} } = authority.spec
  const found: Finding[] = []
  const active = activeOf(generations)
  if (active?.secret.state === 'held' && active.caSpec !== caSpecHash(authority) && !internal.secretRef) {
    const message =
      `the spec says something else of the CA certificate than generation ${active.number} was made by: ` +
      'it applies to the next one; raise spec.internal.generation for it'
    found.push({ reason: 'CASpecDiffers', message })
  }
  if (ca.parent.state === 'none' && !internal.external && internal.nameConstraints) {
    const message = 'many clients do not hold name constraints of a root: put them on a subordinate'
    found.push({ reason: 'ConstraintsOnRoot', message })
  }
  const unsaved = generations.filter(({ state, backedUpAt }) => isInUse(state) && backedUpAt === undefined)
  if (active && ca.request.state === 'made' && ca.request.answer?.state !== 'accepted') {
    const message =
      `generation ${ca.request.generation} waits for its certificate: have status.request.csr signed, and put the ` +
      'chain into spec.internal.external.chain'
    found.push({ reason: 'CARequested', message })
  }
  const isRoot = active?.held.roots.some(({ fingerprint }) => fingerprint === active.held.fingerprint) === true
  if (isRoot && unsaved.length > 0) {
    const numbers = unsaved.map(({ number }) => number).join(', ')
    found.push({ reason: 'CANotBackedUp', message: `no backup of generation ${numbers}: run sifaka ca backup` })
  }
  for (const { number, secret } of ca.generations) {
    if (secret.state !== 'damaged' || number === active?.number) continue
    found.push({ reason: 'CAKeyDamaged', message: `Secret ${caSecretName(authority, number)}: ${secret.why}` })
  }
  return found
}

const isInUse = (state: Generation['state']): boolean => state === 'Active' || state === 'Next'

/** What is known of the CA; of one that is gone, what was known last. */
function caFacts(
  { authority }: AuthorityWorld,
  ca: CaWorld,
  generations: readonly Generation[],
  before: AuthorityStatus,
): AuthorityStatus {
  const active = activeOf(generations)
  const bundle = bundleText(trustedRoots(generations, ca))
  return {
    ca: active ? activeFacts(authority, active) : before.ca,
    generations: generations.slice(-generationsMax).map((each) => ({
      generation: each.number,
      state: each.state,
      fingerprint: each.held.fingerprint,
      notAfter: toRfc3339(each.held.notAfter),
      activeFrom: toRfc3339(activeFrom(authority, each)),
      backedUpAt: each.backedUpAt === undefined ? undefined : toRfc3339(each.backedUpAt),
    })),
    caBundle: bundle === '' ? before.caBundle : bundle,
    request:
      ca.request.state === 'made' && ca.request.answer?.state !== 'accepted'
        ? { generation: ca.request.generation, csr: ca.request.csr }
        : undefined,
  }
}

function activeFacts(authority: AuthorityWorld['authority'], { number, held, parentGeneration }: Generation) {
  return {
    generation: number,
    subject: plainText(held.subject, nameMax),
    serialNumber: held.serialNumber,
    fingerprint: held.fingerprint,
    notBefore: toRfc3339(held.notBefore),
    notAfter: toRfc3339(held.notAfter),
    secretName: caSecretName(authority, number),
    ...(parentGeneration !== undefined && { parentGeneration }),
  }
}
