import { Failure, type Instant } from '#base'
import type { Finding } from '../condition.ts'
import { type AdoptPlan, planAdoption } from './adoption.ts'
import { issuedTooOften } from './brake.ts'
import { finalizersToSet, planDeletion, type ReleasePlan } from './deletion.ts'
import { whyHeldBack } from './held-back.ts'
import { type IssuePlan, issuePlan } from './issue-plan.ts'
import { meansToIssue } from './means-to-issue.ts'
import { needOfIssuance } from './need-of-issuance.ts'
import { type EndOrderPlan, planEndOfOrder } from './order.ts'
import { isRefused, nextAttemptAt } from './retry.ts'
import { planRevocation, type RevokePlan } from './revocation.ts'
import { isUnanswered, planRefresh, type RefreshPlan, whyNotRefreshed } from './secret-content.ts'
import type { CertificateWorld } from './world.ts'

/** What to do about a Certificate. */
export type CertificatePlan =
  /** The Secret holds what is asked for. */
  | { readonly do: 'keep' }
  | RefreshPlan
  | AdoptPlan
  | IssuePlan
  | EndOrderPlan
  | RevokePlan
  /** Mark the object itself: whether its deletion waits for us. */
  | { readonly do: 'mark'; readonly finalizers: readonly string[] }
  | ReleasePlan
  /** A new certificate is needed but cannot be had now. */
  | { readonly do: 'refuse'; readonly cause: Finding; readonly failure: Failure }
  /** The last attempt failed and the next one is not due yet: leave everything as it is. */
  | { readonly do: 'wait'; readonly until: Instant | undefined }

/** Decides what to do about a Certificate. Pure: the same world and time give the same plan. */
export function planCertificate(world: CertificateWorld, now: Instant): CertificatePlan {
  if (world.certificate.metadata.deletionTimestamp !== undefined) return planDeletion(world, now)
  const finalizers = finalizersToSet(world)
  if (finalizers) return { do: 'mark', finalizers }
  return planRevocation(world, now) ?? planEndOfOrder(world, now) ?? planAdoption(world, now) ?? planSecret(world, now)
}

function planSecret(world: CertificateWorld, now: Instant): CertificatePlan {
  const cause = needOfIssuance(world, now)
  const plan = cause ? planIssuance(cause, world, now) : ({ do: 'keep' } as const)
  // Until it is replaced the certificate in use is served with the roots of today, whatever keeps its successor away.
  const isReplaced = plan.do === 'issue' && !world.order
  const refresh = isReplaced ? undefined : planRefresh(world)
  if (!refresh) return plan
  const failure = whyNotRefreshed(world, now)
  if (!failure) return refresh
  // Nothing else waits for it, an order least of all.
  if (plan.do !== 'keep') return plan
  if (isUnanswered(failure)) return { do: 'wait', until: world.refreshFailure?.nextAttemptAt }
  return { do: 'refuse', cause: { reason: 'RequestChanged', message: failure.message }, failure }
}

function planIssuance(cause: Finding, world: CertificateWorld, now: Instant): CertificatePlan {
  const heldBack = whyHeldBack(cause, world, now)
  if (heldBack) return { do: 'refuse', cause, failure: heldBack }
  if (isRefused(world)) return { do: 'wait', until: undefined }
  const until = nextAttemptAt(world, now)
  if (until !== undefined) return { do: 'wait', until }
  const tooOften = issuedTooOften(world, now)
  if (tooOften) return { do: 'refuse', cause, failure: tooOften }
  const means = meansToIssue(cause, world, now)
  return means instanceof Failure ? { do: 'refuse', cause, failure: means } : issuePlan(cause, means, world, now)
}
