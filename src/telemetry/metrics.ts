import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client'
import { type Family, familyText } from './family-text.ts'

/** All metrics of the operator. Names are stable; see docs/metrics.md. */
export interface Metrics {
  readonly reconciles: Counter<'controller' | 'result'>
  readonly reconcileSeconds: Histogram<'controller'>
  readonly queueSeconds: Histogram<'controller'>
  readonly issuances: Counter<'authority' | 'authority_type' | 'outcome'>
  readonly issuanceSeconds: Histogram<'authority_type'>
  readonly ordersAbandoned: Counter<'authority' | 'authority_type'>
  readonly bugs: Counter<'controller'>
  readonly requests: Counter<'verb' | 'resource' | 'code'>
  readonly requestSeconds: Histogram<'verb' | 'resource'>
  readonly loopLagSeconds: Histogram
  /** Adds a metric that is read when somebody asks. */
  addFamily(family: Family): void
  /** All of it, in Prometheus' text format, as UTF-8. However much it is, the event loop has its turns in between. */
  text(): Promise<Uint8Array>
}

/**
 * What prom-client tells about the process, as far as it keeps to Prometheus' naming and several may ask. Some are read
 * by others of these, so that none of a kind can be left out.
 */
const processMetrics: ReadonlySet<string> = new Set([
  'process_cpu_user_seconds_total',
  'process_cpu_system_seconds_total',
  'process_cpu_seconds_total',
  'process_resident_memory_bytes',
  'process_start_time_seconds',
  'process_open_fds',
  'process_max_fds',
  'nodejs_heap_size_total_bytes',
  'nodejs_heap_size_used_bytes',
  'nodejs_external_memory_bytes',
  'nodejs_gc_duration_seconds',
])

export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  const families: Family[] = [
    {
      name: 'sifaka_build_info',
      help: 'The version that runs.',
      type: 'gauge',
      samples: () => [{ labels: { version }, value: 1 }],
    },
  ]
  collectDefaultMetrics({ register: registry })
  for (const { name } of registry.getMetricsAsArray()) {
    if (!processMetrics.has(name)) registry.removeSingleMetric(name)
  }
  return {
    ...counters(registry),
    ...histograms(registry),
    addFamily: (family) => void families.push(family),
    async text() {
      const pieces = [Buffer.from(await registry.metrics())]
      for (const family of families) {
        for (const piece of familyText(family)) {
          pieces.push(Buffer.from(piece))
          await new Promise((resolve) => setImmediate(resolve))
        }
      }
      return Buffer.concat(pieces)
    },
  }
}

function counters(registry: Registry) {
  const registers = [registry]
  return {
    reconciles: new Counter({
      name: 'sifaka_reconciles_total',
      help: 'Visits to objects by how they ended.',
      labelNames: ['controller', 'result'],
      registers,
    }),
    issuances: new Counter({
      name: 'sifaka_issuances_total',
      help: 'Attempts to get a certificate signed, by how they ended.',
      labelNames: ['authority', 'authority_type', 'outcome'],
      registers,
    }),
    ordersAbandoned: new Counter({
      name: 'sifaka_orders_abandoned_total',
      help: 'Orders that are left to their authority, which may still fulfil them.',
      labelNames: ['authority', 'authority_type'],
      registers,
    }),
    bugs: new Counter({
      name: 'sifaka_bugs_total',
      help: 'Failures that nobody foresaw: each is a fault of Sifaka or of a plugin.',
      labelNames: ['controller'],
      registers,
    }),
    requests: new Counter({
      name: 'sifaka_kubernetes_requests_total',
      help: 'Requests to the API server; code 0: no answer.',
      labelNames: ['verb', 'resource', 'code'],
      registers,
    }),
  } as const
}

function histograms(registry: Registry) {
  const registers = [registry]
  return {
    reconcileSeconds: new Histogram({
      name: 'sifaka_reconcile_duration_seconds',
      help: 'How long visits took.',
      labelNames: ['controller'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
      registers,
    }),
    queueSeconds: new Histogram({
      name: 'sifaka_queue_duration_seconds',
      help: 'How long keys waited for a worker.',
      labelNames: ['controller'],
      buckets: [0.001, 0.01, 0.1, 1, 10, 60, 600],
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'sifaka_kubernetes_request_duration_seconds',
      help: 'Time from a request to the beginning of its answer, or to its failure.',
      labelNames: ['verb', 'resource'],
      buckets: [0.005, 0.025, 0.1, 0.5, 2, 10, 30],
      registers,
    }),
    issuanceSeconds: new Histogram({
      name: 'sifaka_issuance_duration_seconds',
      help: 'Time from an order, or the attempt that succeeded, to the Secret with the certificate.',
      labelNames: ['authority_type'],
      buckets: [0.01, 0.05, 0.25, 1, 5, 30, 120, 600, 3600, 86_400],
      registers,
    }),
    loopLagSeconds: new Histogram({
      name: 'sifaka_event_loop_lag_seconds',
      help: 'How late the event loop came to what was due, looked at ten times a second.',
      buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5],
      registers,
    }),
  } as const
}
