import type { CertificateOutcome, CertificatePlan, CertificateWorld } from '#plan'
import { adopt } from './adopt.ts'
import { endOrder } from './end-order.ts'
import { issue } from './issue.ts'
import { refresh } from './refresh.ts'
import { release, setFinalizers } from './release.ts'
import { revoke } from './revoke.ts'
import type { ActTools, Report } from './visit.ts'

const unchanged: CertificateOutcome = { result: 'unchanged' }

/**
 * Carries out a plan. May end after any line: what is there then is enough for the next visit to go on from.
 * @throws what the runtime retries by itself, such as an ApiError of a server that does not answer
 */
export async function actOnCertificate(plan: CertificatePlan, world: CertificateWorld, on: ActTools): Promise<Report> {
  switch (plan.do) {
    case 'wait':
    case 'keep':
      return { outcome: unchanged, world }
    case 'refresh':
      return refresh(plan, world, on)
    case 'adopt':
      return adopt(plan, world, on)
    case 'refuse':
      return { outcome: { result: 'failed', failure: plan.failure, nextAttemptAt: undefined }, world }
    case 'issue':
      return issue(plan, world, on)
    case 'endOrder': {
      const againInMs = await endOrder(plan.order, plan.end, world.certificate, on)
      return { outcome: { result: 'underway', againInMs }, world }
    }
    case 'revoke':
      return revoke(plan, world, on)
    case 'mark':
      await setFinalizers(plan.finalizers, world, on)
      return { outcome: unchanged, world }
    case 'release':
      return release(plan, world, on)
  }
}
