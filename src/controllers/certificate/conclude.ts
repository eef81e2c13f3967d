import { type Certificate, type CertificateStatus, certificateKind, findCondition } from '#api'
import { fromRfc3339, hour, type Instant, keyOf, toRfc3339 } from '#base'
import { resourceOf } from '#kube'
import { authorityKeyOf, type CertificatePlan, certificateStatus, type SecretView, secretNameOf } from '#plan'
import { type Settled, writeStatus } from '#runtime'
import type { Memory } from '../memory.ts'
import type { ControllerTools } from '../tools.ts'
import type { Report } from './act.ts'

const resource = resourceOf(certificateKind)

/** Tells what a visit came to (one event, one status write, each only if there is news) and when to come back. */
export async function concludeCertificate(
  plan: CertificatePlan,
  report: Report,
  tools: ControllerTools,
  memory: Memory<SecretView>,
  signal: AbortSignal,
): Promise<Settled> {
  const now = tools.clock.now()
  const { certificate } = report.world
  const status = certificateStatus(report.world, plan, report.outcome, now)
  tell(plan, report, status, tools)
  const written = await writeStatus(tools.client, resource, certificate, status, signal)
  if (written) {
    const key = keyOf({ namespace: certificate.metadata.namespace ?? '', name: certificate.metadata.name })
    memory.objects.note(key, written.metadata.resourceVersion)
  }
  return { againInMs: againInMs(plan, report, status, now) }
}

/**
 * The earliest of: renewal, end of validity (Ready changes), the next attempt, the next look at an obstacle. Within the
 * hour in any case, because timers do not see the wall clock jump. Times that have passed have had their effect on the
 * plan, but for a renewal that was not due yet when the plan was made.
 */
function againInMs(plan: CertificatePlan, { world, outcome }: Report, status: CertificateStatus, now: Instant): number {
  const renewAt = fromRfc3339(status.renewAt)
  if (plan.do === 'keep' && renewAt !== undefined && renewAt <= now) return 0
  const times: (Instant | undefined)[] = [now + hour]
  if (world.secret.state === 'held') times.push(world.secret.held.notAfter)
  if (plan.do === 'wait') times.push(plan.until)
  if (outcome.result === 'failed') {
    const { failure, nextAttemptAt } = outcome
    times.push(nextAttemptAt ?? (failure.retryAfterMs === undefined ? undefined : now + failure.retryAfterMs))
  } else {
    times.push(renewAt)
  }
  const ahead = times.filter((time) => time !== undefined && time > now) as Instant[]
  return Math.min(...ahead) - now
}

function tell(plan: CertificatePlan, { outcome, world }: Report, status: CertificateStatus, tools: ControllerTools) {
  const { certificate } = world
  if (outcome.result === 'issued' && plan.do === 'issue' && world.secret.state === 'held') {
    const { serialNumber, notAfter } = world.secret.held
    const note =
      `Issued certificate ${plan.revision} (serial ${serialNumber}) by ${authorityKeyOf(certificate)} into Secret ` +
      `${secretNameOf(certificate)}, valid until ${toRfc3339(notAfter)}, because ${plan.cause.message}`
    tools.events.record({ regarding: certificate, type: 'Normal', reason: 'Issued', action: 'Issue', note })
  }
  if (outcome.result !== 'failed' || !isNews(certificate, status)) return
  const { kind, reason, message } = outcome.failure
  const type = kind === 'Waiting' ? 'Normal' : 'Warning'
  tools.events.record({ regarding: certificate, type, reason, action: 'Issue', note: message })
  if (reason === 'PolicyDenied') denied(certificate, message, tools)
}

/** Whether the conditions say something of the failure that they did not say before. */
function isNews({ status: before }: Certificate, after: CertificateStatus): boolean {
  return ['Ready', 'Issuing'].some((type) => {
    const [old, said] = [findCondition(before?.conditions, type), findCondition(after.conditions, type)]
    return said !== undefined && (old?.reason !== said.reason || old.message !== said.message)
  })
}

function denied(certificate: Certificate, cause: string, { audit }: ControllerTools): void {
  const { namespace = '', name, uid = '' } = certificate.metadata
  const { dnsNames = [], ipAddresses = [], uris = [], emailAddresses = [] } = certificate.spec
  audit.append({
    event: 'PolicyDenied',
    object: { kind: 'Certificate', namespace, name, uid },
    authority: authorityKeyOf(certificate),
    names: [...dnsNames, ...ipAddresses, ...uris, ...emailAddresses],
    cause,
  })
}
