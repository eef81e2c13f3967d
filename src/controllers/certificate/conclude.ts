import { type Certificate, type CertificateStatus, certificateKind, findCondition } from '#api'
import { fromRfc3339, hour, type Instant, keyOf, minute, toRfc3339 } from '#base'
import { resourceOf } from '#kube'
import {
  type AdoptPlan,
  type CertificateOutcome,
  type CertificatePlan,
  type CertificateWorld,
  certificateStatus,
  type HeldCertificate,
  type IssuePlan,
  planRefresh,
  reminderAt,
  revocationAt,
  type SecretView,
  secretNameOf,
} from '#plan'
import { type Settled, writeStatus } from '#runtime'
import type { Memory } from '../memory.ts'
import type { ControllerTools } from '../tools.ts'
import type { Report } from './visit.ts'

const resource = resourceOf(certificateKind)

/** Tells what a visit came to (one event, one status write, each only if there is news) and when to come back. */
export async function concludeCertificate(
  plan: CertificatePlan,
  report: Report,
  tools: ControllerTools,
  memory: Memory<SecretView>,
  signal: AbortSignal,
): Promise<Settled> {
  if (plan.do === 'mark') return { againInMs: 0 }
  if (plan.do === 'release' && report.outcome.result !== 'failed') return { againInMs: undefined }
  if (report.outcome.result === 'underway') return { againInMs: report.outcome.againInMs }
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
 * The earliest of: renewal or a reminder of it, end of validity (Ready changes), the next attempt, the next look at an
 * obstacle. Within the hour in any case, because timers do not see the wall clock jump. Times that have passed have had
 * their effect on the plan, but for those that were still to come when it was made.
 */
function againInMs(plan: CertificatePlan, { world, outcome }: Report, status: CertificateStatus, now: Instant): number {
  const revokeAt = revocationAt(world, now)
  if (isOver(revokeAt, now) || isNextNow(plan, { world, outcome }, status, now)) return 0
  const refreshAt = world.refreshFailure?.nextAttemptAt
  const times: (Instant | undefined)[] = [now + hour, revokeAt, reminderAt(world), refreshAt]
  if (world.secret.state === 'held') times.push(world.secret.held.notAfter)
  if (plan.do === 'wait') times.push(plan.until)
  times.push(timeNamedBy(outcome), fromRfc3339(status.renewAt))
  if (outcome.result === 'failed') {
    const laterMs = outcome.failure.retryAfterMs ?? (isChore(plan) ? choreRetryMs : undefined)
    if (outcome.nextAttemptAt === undefined && laterMs !== undefined) times.push(now + laterMs)
  }
  const ahead = times.filter((time) => time !== undefined && time > now) as Instant[]
  return Math.min(...ahead) - now
}

/** How soon to try a change to a Secret again that the API server refused; what issues counts its attempts. */
const choreRetryMs = 5 * minute
const isChore = ({ do: what }: CertificatePlan): boolean => what === 'adopt' || what === 'release'

/** The time that an outcome names for the next look. */
function timeNamedBy(outcome: Report['outcome']): Instant | undefined {
  if (outcome.result === 'pending') return outcome.pollAt
  return outcome.result === 'failed' ? outcome.nextAttemptAt : undefined
}

const isOver = (time: Instant | undefined, now: Instant): boolean => time !== undefined && time <= now

/** Whether the next thing is to be done at once. */
function isNextNow(
  plan: CertificatePlan,
  { world, outcome }: Report,
  status: CertificateStatus,
  now: Instant,
): boolean {
  // Whatever is next, the deletion of the object among it.
  if (outcome.result === 'revoked' && !outcome.failure) return true
  if (isOrderNext(world, outcome)) return true
  // A visit may take longer than the other side wanted to be left alone.
  if (isOver(timeNamedBy(outcome), now)) return true
  switch (plan.do) {
    case 'keep':
      return isOver(fromRfc3339(status.renewAt), now) || isOver(fromRfc3339(status.notAfter), now)
    case 'refresh':
    case 'adopt':
      return outcome.result === 'unchanged'
    case 'issue':
      // What the template does not have any more; or what was issued is due already.
      return (
        outcome.result === 'issued' && (planRefresh(world) !== undefined || isOver(fromRfc3339(status.renewAt), now))
      )
    case 'wait':
      return isOver(plan.until, now)
    case 'refuse':
      // Only what a person asks for replaces it: the time that was named has come meanwhile.
      return plan.failure.reason === 'Expired' && isOver(fromRfc3339(status.renewAt), now)
    default:
      return false
  }
}

/** Whether an order is to be looked at next: it had its effect or was refused, and is to be ended. */
const isOrderNext = ({ order }: CertificateWorld, outcome: Report['outcome']): boolean =>
  order !== undefined && (outcome.result === 'issued' || (outcome.result === 'failed' && outcome.refused !== undefined))

function tell(plan: CertificatePlan, { outcome, world }: Report, status: CertificateStatus, tools: ControllerTools) {
  const { certificate } = world
  if (outcome.result === 'issued' && plan.do === 'issue' && world.secret.state === 'held') {
    const type = plan.isSeverelyShortened ? 'Warning' : 'Normal'
    const isAdopted = plan.cause.reason === 'Adopted'
    const deed = isAdopted ? { reason: 'Adopted', action: 'Adopt' } : { reason: 'Issued', action: 'Issue' }
    tools.events.record({
      regarding: certificate,
      type,
      ...deed,
      note: issuedNote(plan, world.secret.held, certificate),
    })
  }
  if (plan.do === 'adopt' && outcome.result === 'unchanged') {
    const note = keptNote(plan, certificate)
    tools.events.record({ regarding: certificate, type: 'Normal', reason: 'Adopted', action: 'Adopt', note })
  }
  if (outcome.result === 'revoked') tellRevoked(plan, outcome, certificate, tools)
  tellRevocationTrouble(certificate, status, tools)
  tellWarning(certificate, status, tools)
  if (outcome.result !== 'failed' || !isNews(certificate, status)) return
  const { kind, reason, message } = outcome.failure
  // Applied together, an Authority is ready a moment later: nothing has happened yet, and the condition says so.
  if (reason === 'AuthorityNotReady' && status.revision === undefined) return
  const type = kind === 'Waiting' ? 'Normal' : 'Warning'
  tools.events.record({ regarding: certificate, type, reason, action: 'Issue', note: message })
  if (reason === 'PolicyDenied') denied(world, message, tools)
}

function issuedNote(
  { revision, authorityKey, cause, request }: IssuePlan,
  { serialNumber, notAfter }: HeldCertificate,
  certificate: Certificate,
): string {
  const secret = `Secret ${secretNameOf(certificate)}`
  const made = `certificate ${revision} (serial ${serialNumber}) by ${authorityKey}`
  const until = `valid until ${toRfc3339(notAfter)}`
  if (cause.reason !== 'Adopted') return `Issued ${made} into ${secret}, ${until}, because ${cause.message}`
  // Which of both the key is, kept or new, depends on what was there.
  const before = request.publicKey || request.keepKey ? 'the certificate' : 'the key and the certificate'
  return `Took over ${secret} and issued ${made}, ${until}, in place of ${before} in it, because ${cause.message}`
}

function keptNote({ metadata, held }: AdoptPlan, { spec }: Certificate): string {
  const kept = spec.csr === undefined ? 'its key and its certificate' : 'its certificate'
  const which = `(serial ${held.serialNumber}, valid until ${toRfc3339(held.notAfter)})`
  const roots = `its ca.crt is that of Authority ${held.issuedBy} now`
  return `Took over Secret ${metadata.name} and kept ${kept} ${which}; ${roots}`
}

/** Whether the conditions say something of the failure that they did not say before. */
function isNews({ status: before }: Certificate, after: CertificateStatus): boolean {
  return ['Ready', 'Issuing'].some((type) => {
    const [old, said] = [findCondition(before?.conditions, type), findCondition(after.conditions, type)]
    return said !== undefined && (old?.reason !== said.reason || old.message !== said.message)
  })
}

function denied(world: CertificateWorld, cause: string, { audit }: ControllerTools): void {
  const { certificate, request, authorityKey = '' } = world
  const { namespace = '', name, uid = '' } = certificate.metadata
  audit.append({
    event: 'PolicyDenied',
    object: { kind: 'Certificate', namespace, name, uid },
    authority: authorityKey,
    names: 'names' in request ? Object.values(request.names).flat() : [],
    cause,
  })
}

function tellRevoked(
  plan: CertificatePlan,
  { certificates }: Extract<CertificateOutcome, { result: 'revoked' }>,
  regarding: Certificate,
  { events }: ControllerTools,
): void {
  if (certificates.length === 0 || plan.do !== 'revoke') return
  const serials = certificates.map(({ serialNumber }) => serialNumber).join(', ')
  const passed = new Set(certificates.map(({ revoked }) => revoked?.reason ?? plan.reason))
  const isPassed = passed.size === 1 && passed.has(plan.reason)
  const instead = isPassed ? '' : `; noted as ${[...passed].join(', ')}, as the authority takes no other reason`
  const note = `Revoked certificate ${serials}: ${plan.reason}${instead}`
  events.record({ regarding, type: 'Normal', reason: 'Revoked', action: 'Revoke', note })
}

function tellWarning(regarding: Certificate, status: CertificateStatus, { events }: ControllerTools): void {
  const [before, said] = [regarding.status, status].map((each) => findCondition(each?.conditions, 'Warning'))
  if (!said || (before?.reason === said.reason && before.message === said.message)) return
  events.record({ regarding, type: 'Warning', reason: said.reason, action: 'Renew', note: said.message })
}

const revocationTroubles: readonly string[] = ['RevocationFailed', 'NotRevocable', 'AuthorityNotFound']

/** Of a new certificate that is waited for, the issuance itself tells. */
function tellRevocationTrouble(regarding: Certificate, status: CertificateStatus, { events }: ControllerTools): void {
  const [before, said] = [regarding.status, status].map((each) => findCondition(each?.conditions, 'Revoked'))
  if (!said || said.status === 'True' || !revocationTroubles.includes(said.reason)) return
  if (before?.reason === said.reason && before.message === said.message) return
  const { reason, message: note } = said
  events.record({ regarding, type: 'Warning', reason, action: 'Revoke', note })
}
