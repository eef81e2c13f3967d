import { type AuthorityStatus, authorityKind, findCondition } from '#api'
import { hour, type Instant, keyOf, minute } from '#base'
import { resourceOf } from '#kube'
import { type AuthorityPlan, authorityStatus, type CaView } from '#plan'
import { type Settled, writeStatus } from '#runtime'
import type { Memory } from '../memory.ts'
import type { ControllerTools } from '../tools.ts'
import type { Report } from './visit.ts'

const resource = resourceOf(authorityKind)
/** How soon to try again what may go away by itself, such as a parent that cannot sign. */
const retryMs = minute

/** Tells what a visit came to (events, one status write, each only if there is news) and when to come back. */
export async function concludeAuthority(
  plan: AuthorityPlan,
  report: Report,
  tools: ControllerTools,
  memory: Memory<CaView>,
  signal: AbortSignal,
): Promise<Settled> {
  if (plan.do === 'release' && !report.failure) return { againInMs: undefined }
  const now = tools.clock.now()
  const { authority } = report.world
  const status = authorityStatus(report.world, report.failure, now)
  tell(plan, report, status, tools)
  const written = await writeStatus(tools.client, resource, authority, status, signal)
  if (written) {
    const key = keyOf({ namespace: authority.metadata.namespace ?? '', name: authority.metadata.name })
    memory.objects.note(key, written.metadata.resourceVersion)
  }
  return { againInMs: againInMs(plan, report, now) }
}

function tell(plan: AuthorityPlan, { failure, world }: Report, status: AuthorityStatus, tools: ControllerTools): void {
  const { authority } = world
  const done = failure ? undefined : deedOf(plan)
  if (done) tools.events.record({ regarding: authority, type: 'Normal', action: 'RotateCA', ...done })
  for (const type of ['Ready', 'Warning'] as const) {
    const before = findCondition(authority.status?.conditions, type)
    const said = findCondition(status.conditions, type)
    if (!said || (before?.reason === said.reason && before.message === said.message)) continue
    if (done && type === 'Ready' && said.status === 'True') continue
    // Applied together, a parent is ready a moment later: nothing has happened yet, and the condition says so.
    if (said.reason === 'ParentNotReady' && !status.ca) continue
    const isNormal = type === 'Ready' && (!failure || failure.kind === 'Waiting')
    tools.events.record({
      regarding: authority,
      type: isNormal ? 'Normal' : 'Warning',
      reason: said.reason,
      action: 'CheckCA',
      note: said.message,
    })
  }
}

/** What an action did to a generation, for people. */
function deedOf(plan: AuthorityPlan): { readonly reason: string; readonly note: string } | undefined {
  switch (plan.do) {
    case 'create':
      return { reason: 'CACreated', note: `generation ${plan.generation} of the CA is made` }
    case 'request':
      return { reason: 'CARequested', note: `generation ${plan.generation} waits: have status.request.csr signed` }
    case 'activate':
      return { reason: 'CAActivated', note: `generation ${plan.generation.number} signs from now on` }
    case 'retire':
      return { reason: 'CARetired', note: `generation ${plan.generation.number} has left the bundles` }
    default:
      return undefined
  }
}

/** Within the hour in any case, because timers do not see the wall clock jump. */
function againInMs(plan: AuthorityPlan, { failure }: Report, now: Instant): number {
  if (plan.do === 'keep') return Math.min(hour, plan.recheckAt - now)
  if (failure) return Math.min(hour, failure.retryAfterMs ?? (failure.kind === 'Retryable' ? retryMs : hour))
  return 0
}
