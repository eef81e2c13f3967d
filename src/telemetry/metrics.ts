import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { gaugeText, type ObjectGauge } from './gauge-text.ts'

/** All metrics of the operator. Names are stable; see docs/metrics.md. */
export interface Metrics {
  readonly reconciles: Counter<'controller' | 'result'>
  readonly reconcileSeconds: Histogram<'controller'>
  readonly issuances: Counter<'authority_type' | 'result'>
  readonly ordersAbandoned: Counter<'authority_type'>
  readonly requests: Counter<'verb' | 'resource' | 'code'>
  /** Adds a gauge whose value is asked for when the metrics are read. */
  addGauge(name: string, help: string, labels: Readonly<Record<string, string>>, read: () => number): void
  /** Adds a gauge with one series per object. */
  addObjectGauge(gauge: ObjectGauge): void
  /** All of it, in Prometheus' text format. */
  text(): Promise<string>
}

export function createMetrics(version: string): Metrics {
  const registry = new Registry()
  const registers = [registry]
  const readers: { gauge: Gauge; labels: Readonly<Record<string, string>>; read: () => number }[] = []
  const gauges = new Map<string, Gauge>()
  const objectGauges: ObjectGauge[] = []
  collectDefaultMetrics({ register: registry, prefix: '' })
  new Gauge({ name: 'sifaka_build_info', help: 'The version that runs.', labelNames: ['version'], registers }).set(
    { version },
    1,
  )

  return {
    reconciles: new Counter({
      name: 'sifaka_reconciles_total',
      help: 'Visits to objects by how they ended.',
      labelNames: ['controller', 'result'],
      registers,
    }),
    reconcileSeconds: new Histogram({
      name: 'sifaka_reconcile_duration_seconds',
      help: 'How long visits took.',
      labelNames: ['controller'],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60],
      registers,
    }),
    issuances: new Counter({
      name: 'sifaka_issuances_total',
      help: 'Attempts to get a certificate signed, by how they ended.',
      labelNames: ['authority_type', 'result'],
      registers,
    }),
    ordersAbandoned: new Counter({
      name: 'sifaka_orders_abandoned_total',
      help: 'Orders that are left to their authority, which may still fulfil them.',
      labelNames: ['authority_type'],
      registers,
    }),
    requests: new Counter({
      name: 'sifaka_kubernetes_requests_total',
      help: 'Requests to the API server.',
      labelNames: ['verb', 'resource', 'code'],
      registers,
    }),
    addGauge(name, help, labels, read) {
      const gauge = gauges.get(name) ?? new Gauge({ name, help, labelNames: Object.keys(labels), registers })
      gauges.set(name, gauge)
      readers.push({ gauge, labels, read })
    },
    addObjectGauge: (gauge) => {
      objectGauges.push(gauge)
    },
    async text() {
      for (const { gauge, labels, read } of readers) gauge.set(labels, read())
      return (await registry.metrics()) + objectGauges.map(gaugeText).join('')
    },
  }
}
