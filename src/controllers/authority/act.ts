import { type Authority, annotations, authorityKind, finalizer } from '#api'
import { isFailure, keyOf, second, toRfc3339 } from '#base'
import { resourceOf } from '#kube'
import { type AuthorityPlan, type AuthorityWorld, type CaPlan, caSecretName } from '#plan'
import { belongsInStatus } from '../belongs-in-status.ts'
import { patchSecret } from '../own-secret.ts'
import { publishBundle } from './bundle.ts'
import { createGeneration } from './create.ts'
import { discardRequest, makeRequest } from './request.ts'
import type { ActTools, Report } from './visit.ts'

const resource = resourceOf(authorityKind)

/**
 * Carries out a plan. May end after any line: what is there then is enough for the next visit to go on from.
 * @throws what the runtime retries by itself, such as an ApiError of a server that does not answer
 */
export async function actOnAuthority(plan: AuthorityPlan, world: AuthorityWorld, on: ActTools): Promise<Report> {
  if (plan.do === 'refuse') return { failure: plan.failure, world }
  try {
    return { failure: plan.do === 'keep' ? plan.trouble : undefined, world: await changed(plan, world, on) }
  } catch (error) {
    if (!isFailure(error) || !belongsInStatus(error, on.signal)) throw error
    return { failure: error, world }
  }
}

async function changed(
  plan: Exclude<AuthorityPlan, { do: 'refuse' }>,
  world: AuthorityWorld,
  on: ActTools,
): Promise<AuthorityWorld> {
  const { authority, ca } = world
  switch (plan.do) {
    case 'keep':
      return world
    case 'create':
      return ca ? { ...world, ca: await createGeneration(plan, authority, ca, on) } : world
    case 'request':
      return ca ? { ...world, ca: { ...ca, request: await makeRequest(plan, authority, on) } } : world
    case 'discard':
      if (ca?.request.state === 'made') await discardRequest(ca.request, on)
      return ca ? { ...world, ca: { ...ca, request: { state: 'none' } } } : world
    case 'confirm':
    case 'activate':
    case 'retire':
      return note(plan, world, on)
    case 'mark':
      return { ...world, authority: await mark(authority, plan.metadata, on) }
    case 'release':
      await mark(authority, { finalizers: others(authority) }, on)
      return world
    case 'publish':
      return { ...world, bundle: await publishBundle(plan.text, world, on) }
  }
}

/** What is written on the Secret of a generation. */
const noted = { confirm: 'trustedAt', activate: 'activatedAt', retire: 'retiredAt' } as const

/** Finalizers of others, who may hold the object too. */
const others = ({ metadata }: Authority): string[] => (metadata.finalizers ?? []).filter((each) => each !== finalizer)

/** Writes on the Secret of a generation what has become of it, and when. */
async function note(
  plan: Extract<CaPlan, { do: keyof typeof noted }>,
  world: AuthorityWorld,
  { tools, memory, signal }: ActTools,
): Promise<AuthorityWorld> {
  const { authority, ca } = world
  const { number, metadata } = plan.generation
  const { namespace = '' } = authority.metadata
  const name = caSecretName(authority, number)
  // Kept in whole seconds: what has to last from then on begins with the next one.
  const now = Math.ceil(tools.clock.now() / second) * second
  const what = noted[plan.do]
  const said = { [annotations[what]]: toRfc3339(now) }
  const written = await patchSecret(tools.client, metadata, { annotations: said }, signal)
  memory.secrets.note(keyOf({ namespace, name }), written.metadata.resourceVersion)
  if (!ca) return world
  const generations = ca.generations.map((each) => (each.number === number ? { ...each, [what]: now } : each))
  return { ...world, ca: { ...ca, generations } }
}

async function mark(authority: Authority, metadata: object, { tools, memory, signal }: ActTools): Promise<Authority> {
  const { namespace = '', name, uid, resourceVersion } = authority.metadata
  const patch = { metadata: { uid, resourceVersion, ...metadata } }
  const written = await tools.client.mergePatch<Authority>(resource, { namespace, name }, patch, { signal })
  memory.objects.noteFinalizers(keyOf({ namespace, name }), written.metadata)
  return { ...authority, metadata: written.metadata }
}
