import { type Authority, type Certificate, type Condition, isTrue, type KubeObject } from '#api'
import { fromRfc3339, second } from '#base'
import { type Cache, storeKeyOf } from '#kube'
import { issuerOf } from '#plan'
import type { Family, Sample } from '#telemetry'
import type { Parts } from './wire.ts'

/** Adds what is read from caches and queues when somebody asks for the metrics. */
export function addGauges(parts: Parts): void {
  const families = [
    ...processFamilies(parts),
    ...certificateFamilies(parts.caches.certificates),
    ...authorityFamilies(parts),
    ...queueFamilies(parts),
    ...cacheFamilies(parts),
  ]
  for (const family of families) parts.metrics.addFamily(family)
}

/** `samples` of each object, of the cache as it is at the moment. */
function perObject<T extends KubeObject>(cache: Cache<T>, samples: (object: T, name: ObjectLabels) => Sample[]) {
  return function* (): Generator<Sample> {
    for (const object of cache.values()) yield* samples(object, labelsOf(object))
  }
}

interface ObjectLabels extends Record<string, string> {
  readonly namespace: string
  readonly name: string
}

const labelsOf = ({ metadata: { namespace = '', name } }: KubeObject): ObjectLabels => ({ namespace, name })

/** A gauge with at most one value per object. */
function objectGauge<T extends KubeObject>(
  cache: Cache<T>,
  name: string,
  help: string,
  read: (object: T) => number | undefined,
): Family {
  const samples = perObject(cache, (object, labels) => {
    const value = read(object)
    return value === undefined ? [] : [{ labels, value }]
  })
  return { name, help, type: 'gauge', samples }
}

/** Seconds since 1970. */
function timestampOf(time: string | undefined): number | undefined {
  const at = fromRfc3339(time)
  return at === undefined ? undefined : at / second
}

const readiness = ({ status }: { status?: { conditions?: Condition[] | undefined } }): number =>
  isTrue(status?.conditions, 'Ready') ? 1 : 0

function processFamilies({ lease, events }: Parts): Family[] {
  const single = (name: string, help: string, type: Family['type'], read: () => number): Family => ({
    ...{ name, help, type },
    samples: () => [{ labels: {}, value: read() }],
  })
  return [
    single('sifaka_active', '1 while this replica holds the Lease and works, 0 while it stands by.', 'gauge', () =>
      lease.isHeld() ? 1 : 0,
    ),
    single('sifaka_events_dropped_total', 'Events that were never sent.', 'counter', () => events.dropped),
  ]
}

function certificateFamilies(cache: Cache<Certificate>): Family[] {
  const gauge = (name: string, help: string, read: (certificate: Certificate) => number | undefined) =>
    objectGauge(cache, `sifaka_certificate_${name}`, help, read)
  return [
    gauge('not_before_timestamp_seconds', 'Start of validity of the certificate in use.', ({ status }) =>
      timestampOf(status?.notBefore),
    ),
    gauge('not_after_timestamp_seconds', 'End of validity of the certificate in use.', ({ status }) =>
      timestampOf(status?.notAfter),
    ),
    gauge('renew_at_timestamp_seconds', 'When the certificate will be renewed.', ({ status }) =>
      timestampOf(status?.renewAt),
    ),
    gauge('ready', 'Whether the Certificate is ready: 1 or 0.', readiness),
    gauge('failed_attempts', 'Attempts to issue that have failed in a row.', ({ status }) => status?.attempts ?? 0),
    {
      name: 'sifaka_certificate_info',
      help: 'Which Authority is in charge of the Certificate, and which Secret holds it.',
      type: 'gauge',
      samples: perObject(cache, ({ status }, labels) => [
        { labels: { ...labels, authority: status?.authority ?? '', secret: status?.secret?.name ?? '' }, value: 1 },
      ]),
    },
  ]
}

function authorityFamilies({ caches: { authorities }, crl, register }: Parts): Family[] {
  const gauge = (name: string, help: string, read: (authority: Authority) => number | undefined) =>
    objectGauge(authorities, `sifaka_${name}`, help, read)
  const crlTime = (name: 'thisUpdate' | 'nextUpdate') =>
    perObject(authorities, ({ status }, labels) =>
      (status?.generations ?? []).flatMap(({ generation }) => {
        const served = crl.served(labels.namespace, labels.name, generation)
        return served ? [{ labels: { ...labels, generation: String(generation) }, value: served[name] / second }] : []
      }),
    )
  return [
    gauge('authority_not_before_timestamp_seconds', 'Start of validity of the CA certificate.', ({ status }) =>
      timestampOf(status?.ca?.notBefore),
    ),
    gauge('authority_not_after_timestamp_seconds', 'End of validity of the CA certificate.', ({ status }) =>
      timestampOf(status?.ca?.notAfter),
    ),
    gauge('authority_ready', 'Whether the Authority is ready: 1 or 0.', readiness),
    {
      name: 'sifaka_authority_info',
      help: 'What signs for the Authority, and who replaces its CA: Auto or Manual.',
      type: 'gauge',
      samples: perObject(authorities, (authority, labels) => [
        { labels: { ...labels, type: issuerOf(authority).type, rotation: rotationOf(authority) }, value: 1 },
      ]),
    },
    gauge(
      'authority_crl_flaws',
      'What stands in the way of the CRLs and revocations of the Authority: how many things.',
      (authority) => crl.flaws(storeKeyOf(authority)).length,
    ),
    gauge(
      'register_certificates',
      'Unexpired certificates of the Authority that the register of this replica knows.',
      (authority) => (register.isLoaded() ? register.entries(storeKeyOf(authority)).length : undefined),
    ),
    {
      name: 'sifaka_crl_this_update_timestamp_seconds',
      help: 'When the CRL was made that is published for the generation of a CA.',
      type: 'gauge',
      samples: crlTime('thisUpdate'),
    },
    {
      name: 'sifaka_crl_next_update_timestamp_seconds',
      help: 'When a newer CRL of the generation of a CA is there at the latest.',
      type: 'gauge',
      samples: crlTime('nextUpdate'),
    },
  ]
}

/** Only a CA that Sifaka runs, and nobody else signs or brings, is replaced without a person. */
function rotationOf({ spec: { internal } }: Authority): string {
  if (!internal || internal.secretRef || internal.external) return 'Manual'
  return internal.rotation ?? 'Auto'
}

function queueFamilies({ kinds }: Parts): Family[] {
  const gauge = (state: 'depth' | 'working' | 'delayed', help: string): Family => ({
    name: `sifaka_queue_${state}`,
    help,
    type: 'gauge',
    samples: () =>
      kinds.map(({ controller }) => ({ labels: { controller: controller.name }, value: controller.queue[state] })),
  })
  return [
    gauge('depth', 'Keys that wait for a worker.'),
    gauge('working', 'Keys that are worked on.'),
    gauge('delayed', 'Keys that come back later.'),
  ]
}

function cacheFamilies({ caches }: Parts): Family[] {
  const gauge = (name: string, help: string, read: (cache: Caches[keyof Caches]) => number): Family => ({
    name: `sifaka_cache_${name}`,
    help,
    type: 'gauge',
    samples: () =>
      Object.entries<Caches[keyof Caches]>({ ...caches }).map(([resource, cache]) => ({
        labels: { resource },
        value: read(cache),
      })),
  })
  return [
    gauge('objects', 'Objects in the cache.', (cache) => cache.size),
    gauge('synced', 'Whether the cache has had a whole view: 1 or 0.', (cache) => (cache.hasSynced() ? 1 : 0)),
    gauge('stale_seconds', 'Time since the API server was last heard of.', (cache) => cache.staleMs() / second),
  ]
}

type Caches = Parts['caches']
