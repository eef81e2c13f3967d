import { second } from '#base'
import type { Caches, ControllerTools, Issuance, KindController } from '#controllers'
import { storeKeyOf } from '#kube'
import { issuerOf } from '#plan'
import type { ReconcileResult } from '#runtime'
import type { Metrics } from '#telemetry'

const results: readonly ReconcileResult[] = ['done', 'waiting', 'conflict', 'terminal', 'retryable', 'bug', 'aborted']
const outcomes: Readonly<Record<Issuance['outcome'], string>> = {
  issued: 'issued',
  Terminal: 'terminal',
  Waiting: 'waiting',
  Retryable: 'retryable',
  Bug: 'bug',
}

/** What counts what the controllers tell of. */
export function countingCallbacks(
  metrics: Metrics,
): Pick<ControllerTools, 'onReconciled' | 'onTaken' | 'onIssued' | 'onOrderAbandoned' | 'onBug'> {
  return {
    onReconciled(controller, result, durationMs) {
      metrics.reconciles.inc({ controller, result })
      metrics.reconcileSeconds.observe({ controller }, durationMs / second)
      if (result === 'bug') metrics.bugs.inc({ controller })
    },
    onTaken: (controller, waitedMs) => metrics.queueSeconds.observe({ controller }, waitedMs / second),
    onIssued({ authority, authorityType, outcome, durationMs }: Issuance) {
      metrics.issuances.inc({ authority, authority_type: authorityType, outcome: outcomes[outcome] })
      if (outcome === 'issued') metrics.issuanceSeconds.observe({ authority_type: authorityType }, durationMs / second)
    },
    onOrderAbandoned: (type, authority) => metrics.ordersAbandoned.inc({ authority, authority_type: type }),
    onBug: (controller) => metrics.bugs.inc({ controller }),
  }
}

/** What is counted, and where. */
interface Counted {
  readonly metrics: Metrics
  readonly kinds: readonly Pick<KindController, 'controller'>[]
  readonly caches: Pick<Caches, 'authorities'>
}

/**
 * Lets counters whose labels can be known begin at 0: a rate sees the first time only from there. Those of an Authority
 * go with it. Call it before the caches start.
 */
export function startAtZero({ metrics, kinds, caches }: Counted): void {
  for (const { controller } of kinds) {
    for (const result of results) metrics.reconciles.inc({ controller: controller.name, result }, 0)
    metrics.reconcileSeconds.zero({ controller: controller.name })
    metrics.queueSeconds.zero({ controller: controller.name })
    metrics.bugs.inc({ controller: controller.name }, 0)
  }
  const authorityTypes = new Set<string>()
  caches.authorities.listen(({ type, object }) => {
    const labels = { authority: storeKeyOf(object), authority_type: issuerOf(object).type }
    if (type === 'added') beginCounting(labels, metrics)
    else if (type === 'deleted') stopCounting(labels, metrics)
    if (authorityTypes.has(labels.authority_type)) return
    authorityTypes.add(labels.authority_type)
    metrics.issuanceSeconds.zero({ authority_type: labels.authority_type })
  })
}

interface AuthorityLabels extends Record<string, string> {
  readonly authority: string
  readonly authority_type: string
}

function beginCounting(labels: AuthorityLabels, { issuances, ordersAbandoned }: Metrics): void {
  for (const outcome of Object.values(outcomes)) issuances.inc({ ...labels, outcome }, 0)
  ordersAbandoned.inc(labels, 0)
}

function stopCounting(labels: AuthorityLabels, { issuances, ordersAbandoned }: Metrics): void {
  for (const outcome of Object.values(outcomes)) issuances.remove({ ...labels, outcome })
  ordersAbandoned.remove(labels)
}
