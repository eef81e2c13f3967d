import { type Authority, isTrue, type KubeObject } from '#api'
import { fromRfc3339, second } from '#base'
import { storeKeyOf } from '#kube'
import type { Sample } from '#telemetry'
import type { Parts } from './wire.ts'

/** Adds the gauges that are read from the caches and queues when somebody asks for the metrics. */
export function addGauges({ metrics, caches, kinds, lease, events, crl }: Parts): void {
  const { certificates, authorities } = caches
  metrics.addGauge('sifaka_active', '1 while this replica holds the Lease and works, 0 while it stands by.', {}, () =>
    lease.isHeld() ? 1 : 0,
  )
  metrics.addGauge('sifaka_events_dropped', 'Events that were never sent.', {}, () => events.dropped)
  addTimeGauge(
    'sifaka_certificate_not_after_timestamp_seconds',
    'End of validity of the certificate in use.',
    (say) => {
      for (const object of certificates.values()) say(object, object.status?.notAfter)
    },
  )
  addTimeGauge('sifaka_certificate_renew_at_timestamp_seconds', 'When the certificate will be renewed.', (say) => {
    for (const object of certificates.values()) say(object, object.status?.renewAt)
  })
  addTimeGauge('sifaka_authority_not_after_timestamp_seconds', 'End of validity of the CA certificate.', (say) => {
    for (const object of authorities.values()) say(object, object.status?.ca?.notAfter)
  })
  metrics.addObjectGauge({
    name: 'sifaka_crl_next_update_timestamp_seconds',
    help: 'When a newer CRL of the generation of a CA is there at the latest.',
    samples: () => crlSamples(authorities.values(), crl),
  })
  metrics.addObjectGauge({
    name: 'sifaka_authority_crl_flaws',
    help: 'What stands in the way of the CRLs and revocations of the Authority: how many things.',
    samples: () =>
      [...authorities.values()].map((each) => ({ labels: labelsOf(each), value: crl.flaws(storeKeyOf(each)).length })),
  })
  addReadyGauge('sifaka_certificate_ready', 'Whether the Certificate is ready: 1 or 0.', certificates)
  addReadyGauge('sifaka_authority_ready', 'Whether the Authority is ready: 1 or 0.', authorities)

  for (const { controller } of kinds) {
    const labels = { controller: controller.name }
    const { queue } = controller
    metrics.addGauge('sifaka_queue_depth', 'Keys that wait for a worker.', labels, () => queue.depth)
    metrics.addGauge('sifaka_queue_working', 'Keys that are worked on.', labels, () => queue.working)
    metrics.addGauge('sifaka_queue_delayed', 'Keys that come back later.', labels, () => queue.delayed)
  }
  for (const [name, cache] of Object.entries(caches)) {
    const labels = { resource: name }
    metrics.addGauge('sifaka_cache_stale_seconds', 'Time since the API server was last heard of.', labels, () =>
      Math.round(cache.staleMs() / second),
    )
  }

  function addTimeGauge(
    name: string,
    help: string,
    each: (say: (object: KubeObject, time: string | undefined) => void) => void,
  ): void {
    const samples = (): Sample[] => {
      const found: Sample[] = []
      each((object, time) => {
        const at = fromRfc3339(time)
        if (at !== undefined) found.push({ labels: labelsOf(object), value: at / second })
      })
      return found
    }
    metrics.addObjectGauge({ name, help, samples })
  }

  function addReadyGauge(
    name: string,
    help: string,
    cache: { values(): Iterable<KubeObject & { status?: { conditions?: Parameters<typeof isTrue>[0] } }> },
  ): void {
    const samples = function* (): Generator<Sample> {
      for (const object of cache.values()) {
        yield { labels: labelsOf(object), value: isTrue(object.status?.conditions, 'Ready') ? 1 : 0 }
      }
    }
    metrics.addObjectGauge({ name, help, samples })
  }
}

function* crlSamples(authorities: Iterable<Authority>, crl: Parts['crl']): Generator<Sample> {
  for (const authority of authorities) {
    const { namespace, name } = labelsOf(authority)
    for (const { generation } of authority.status?.generations ?? []) {
      const served = crl.served(namespace, name, generation)
      if (served)
        yield { labels: { namespace, name, generation: String(generation) }, value: served.nextUpdate / second }
    }
  }
}

const labelsOf = ({ metadata: { namespace = '', name } }: KubeObject) => ({ namespace, name })
