import type { ObjectMeta, PartialObject } from '#api'
import { classify, keyOf } from '#base'
import { storeKeyOf } from '#kube'
import { type CertificateOutcome, type CertificatePlan, type CertificateWorld, trustHash } from '#plan'
import { belongsInStatus } from '../belongs-in-status.ts'
import { relabelSecret, retrustSecret } from '../own-secret.ts'
import { endOrder } from './end-order.ts'
import { issue } from './issue.ts'
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
      return { outcome: unchanged, world }
    case 'keep':
      if (plan.relabel) await relabel(plan.relabel, on)
      return { outcome: unchanged, world }
    case 'trust':
      return trust(plan, world, on)
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
      await release(plan, world, on)
      return { outcome: unchanged, world }
  }
}

async function relabel(metadata: ObjectMeta, { tools, memory, signal }: ActTools): Promise<void> {
  const written = await relabelSecret(tools.client, metadata, 'certificate', signal)
  memory.secrets.note(secretKeyOf(metadata), written.metadata.resourceVersion)
}

async function trust(
  { metadata, caBundle }: Extract<CertificatePlan, { do: 'trust' }>,
  world: CertificateWorld,
  { tools, memory, signal }: ActTools,
): Promise<Report> {
  const { certificate, requestHash, secret } = world
  const hash = trustHash(caBundle)
  let written: PartialObject
  try {
    written = await retrustSecret(tools.client, metadata, { caBundle, trust: hash }, signal)
  } catch (error) {
    if (!belongsInStatus(error, signal)) throw error
    return { outcome: { result: 'failed', failure: classify(error), nextAttemptAt: undefined }, world }
  }
  const { resourceVersion } = written.metadata
  memory.secrets.note(secretKeyOf(metadata), resourceVersion)
  if (secret.state !== 'held') return { outcome: unchanged, world }
  const now = { ...secret, metadata: written.metadata, held: { ...secret.held, trust: hash } }
  // Known without reading it again.
  memory.remember(storeKeyOf(certificate), resourceVersion, requestHash, now)
  return { outcome: unchanged, world: { ...world, secret: now } }
}

const secretKeyOf = ({ namespace = '', name }: ObjectMeta): string => keyOf({ namespace, name })
