import { authorityKind, findCondition } from '#api'
import { hour, type Instant, keyOf, minute } from '#base'
import { resourceOf } from '#kube'
import { type AuthorityPlan, authorityStatus, type CaView } from '#plan'
import { type Settled, writeStatus } from '#runtime'
import type { Memory } from '../memory.ts'
import type { ControllerTools } from '../tools.ts'
import type { Report } from './act.ts'

const resource = resourceOf(authorityKind)
/** How soon to try again what may go away by itself, such as a parent that cannot sign. */
const retryMs = minute

/** Tells what a visit came to (one event, one status write, each only if there is news) and when to come back. */
export async function concludeAuthority(
  plan: AuthorityPlan,
  report: Report,
  tools: ControllerTools,
  memory: Memory<CaView>,
  signal: AbortSignal,
): Promise<Settled> {
  const now = tools.clock.now()
  const { authority } = report.world
  const status = authorityStatus(report.world, report.failure, now)
  const before = findCondition(authority.status?.conditions, 'Ready')
  const ready = findCondition(status.conditions, 'Ready')
  if (ready && (before?.reason !== ready.reason || before.message !== ready.message)) {
    tools.events.record({
      regarding: authority,
      type: report.failure && report.failure.kind !== 'Waiting' ? 'Warning' : 'Normal',
      reason: report.created ? 'CACreated' : ready.reason,
      action: report.created ? 'CreateCA' : 'CheckCA',
      note: ready.message,
    })
  }
  const written = await writeStatus(tools.client, resource, authority, status, signal)
  if (written) {
    const key = keyOf({ namespace: authority.metadata.namespace ?? '', name: authority.metadata.name })
    memory.objects.note(key, written.metadata.resourceVersion)
  }
  return { againInMs: againInMs(plan, report, now) }
}

/** Within the hour in any case, because timers do not see the wall clock jump. */
function againInMs(plan: AuthorityPlan, { failure }: Report, now: Instant): number {
  if (plan.do === 'keep') return Math.min(hour, plan.recheckAt - now)
  const defaultMs = failure?.kind === 'Retryable' ? retryMs : hour
  return Math.min(hour, failure?.retryAfterMs ?? defaultMs)
}
