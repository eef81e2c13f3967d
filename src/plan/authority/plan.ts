import { type Authority, annotations, finalizer, type ObjectMeta } from '#api'
import { hour, type Instant, waiting } from '#base'
import { type CaPlan, planCa } from './ca.ts'
import { activeOf, bundleText, generationsOf, trustedRoots } from './generations.ts'
import type { AuthorityWorld } from './world.ts'

/** What to do about an Authority: one thing a visit. */
export type AuthorityPlan =
  | CaPlan
  /** Mark the object itself: it is in use, and its CA exists. */
  | { readonly do: 'mark'; readonly metadata: Pick<ObjectMeta, 'annotations' | 'finalizers'> }
  /** Publish the bundle. */
  | { readonly do: 'publish'; readonly text: string }
  /** Let go of an object that is being deleted. */
  | { readonly do: 'release' }

/** Decides what to do about an Authority. Pure: the same world and time give the same plan. */
export function planAuthority(world: AuthorityWorld, now: Instant): AuthorityPlan {
  const { authority, ca, issuerProblem } = world
  if (mayGo(world)) return { do: 'release' }
  if (authority.spec.suspend) return { do: 'keep', recheckAt: now + hour }
  if (issuerProblem) return { do: 'refuse', failure: issuerProblem }
  if (!ca) return markOf(authority, 0) ?? { do: 'keep', recheckAt: now + hour }
  const plan = frozen(world, planCa(authority, ca, now))
  const generations = generationsOf(authority, ca, now)
  const active = activeOf(generations)
  // What signs keeps its bundle although its successor is refused.
  const isSettled = plan.do === 'keep' || (plan.do === 'refuse' && active !== undefined)
  if (!isSettled) return plan
  const mark = markOf(authority, active?.number ?? 0)
  return mark ?? publishOf(world, bundleText(trustedRoots(generations, ca))) ?? plan
}

/** While all issuance is stopped no CA is made, and none begins to sign. */
function frozen({ isFrozen }: AuthorityWorld, plan: CaPlan): CaPlan {
  if (!isFrozen || !['create', 'request', 'activate'].includes(plan.do)) return plan
  return { do: 'refuse', failure: waiting('IssuanceFrozen', 'the operator was started with --freeze', hour) }
}

/** Whether an object that is being deleted is used by nobody, or a person or the end of its namespace lets it go. */
function mayGo({ authority, dependents, isNamespaceTerminating }: AuthorityWorld): boolean {
  const { deletionTimestamp, annotations: said = {} } = authority.metadata
  if (deletionTimestamp === undefined) return false
  const inUse = dependents.certificates + dependents.authorities > 0
  return !inUse || isNamespaceTerminating || said[annotations.forceDelete] === 'true'
}

/** What is missing on the object itself. Written after the CA's Secret, so that the mark never lies. */
function markOf({ metadata }: Authority, active: number): AuthorityPlan | undefined {
  if (metadata.deletionTimestamp !== undefined) return undefined
  const { finalizers = [], annotations: said = {} } = metadata
  const isMarked = finalizers.includes(finalizer) && (active === 0 || said[annotations.hasCA] === String(active))
  if (isMarked) return undefined
  return {
    do: 'mark',
    metadata: {
      finalizers: [...finalizers.filter((each) => each !== finalizer), finalizer],
      ...(active > 0 && { annotations: { [annotations.hasCA]: String(active) } }),
    },
  }
}

function publishOf({ bundle }: AuthorityWorld, text: string): AuthorityPlan | undefined {
  if (bundle.state === 'foreign' || (bundle.state === 'held' && bundle.text === text)) return undefined
  return { do: 'publish', text }
}

/** Why an object that is being deleted stays. */
export function inUseMessage({ certificates, authorities }: AuthorityWorld['dependents']): string {
  const users = [
    ...(certificates > 0 ? [`${certificates} Certificate${certificates > 1 ? 's' : ''}`] : []),
    ...(authorities > 0 ? [`${authorities} subordinate ${authorities > 1 ? 'Authorities' : 'Authority'}`] : []),
  ]
  const advice = `delete them first, or set the annotation ${annotations.forceDelete}: "true"`
  return `in use by ${users.join(' and ')}: ${advice}`
}
