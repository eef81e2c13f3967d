import { type Failure, retryable } from '#base'
import type { Issuer } from '#issuers'
import {
  attemptsOf,
  type CertificateOutcome,
  type CertificateWorld,
  type IssuePlan,
  issuanceBackoff,
  issuerOf,
  refusalOf,
  retryAt,
} from '#plan'
import { belongsInStatus } from '../belongs-in-status.ts'
import type { ControllerTools, Issuance } from '../tools.ts'
import { complete } from './complete.ts'
import { failureOf } from './failure-of.ts'
import { order } from './order.ts'
import { isCrowded } from './order-calls.ts'
import { checkSupported, signAtOnce } from './sign.ts'
import type { ActTools, Report } from './visit.ts'

/** Has a certificate signed and writes it into the Secret: within the visit where no call leaves the process. */
export async function issue(plan: IssuePlan, world: CertificateWorld, on: ActTools): Promise<Report> {
  const { tools } = on
  const authority = tools.caches.authorities.get(plan.authorityKey)
  const type = authority ? issuerOf(authority).type : 'unknown'
  const startedAt = world.order?.journal?.createdAt ?? tools.clock.now()
  const tell = (outcome: Issuance['outcome']): void => {
    const durationMs = Math.max(0, tools.clock.now() - startedAt)
    tools.onIssued({ authority: plan.authorityKey, authorityType: type, outcome, durationMs })
  }
  try {
    const report = await obtain(plan, world, on)
    if (report.outcome.result === 'issued') tell('issued')
    return report
  } catch (error) {
    if (isCrowded(error) || !belongsInStatus(error, on.signal)) throw error
    const failure = failureOf(error, 'issuing', world.certificate, tools)
    tell(failure.kind)
    return { outcome: failed(failure, world, tools), world }
  }
}

async function obtain(plan: IssuePlan, world: CertificateWorld, on: ActTools): Promise<Report> {
  const issuer = issuerFor(plan, world, on)
  if (!issuer.describe().isLocal || world.order) return order(plan, world, issuer, on)
  return complete(plan, world, () => signAtOnce(plan, world, issuer, on), on)
}

function issuerFor(plan: IssuePlan, { certificate }: CertificateWorld, { directory }: ActTools): Issuer {
  const authority = directory.find(plan.authorityKey, certificate.metadata.namespace ?? '')
  if (!authority) throw retryable('AuthorityNotFound', `Authority ${plan.authorityKey} has just gone`)
  const issuer = directory.issuerOf(authority)
  checkSupported(issuer, plan)
  return issuer
}

/** A failed attempt: when the next one is due depends on the kind of failure. */
function failed(failure: Failure, world: CertificateWorld, { clock, random }: ControllerTools): CertificateOutcome {
  if (failure.kind === 'Terminal') {
    return { result: 'failed', failure, nextAttemptAt: undefined, refused: refusalOf(world) }
  }
  const backoff = issuanceBackoff(world.authority?.spec.retry, failure)
  const nextAttemptAt = retryAt(failure, backoff, attemptsOf(world), clock.now(), random())
  return { result: 'failed', failure, nextAttemptAt }
}
