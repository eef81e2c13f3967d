import { type Logger, second, systemClock, terminal } from '#base'
import { type HttpServer, startPublishServer } from '#publish'
import { measureLoopLag, startProbeServer } from '#telemetry'
import { startAtZero } from './counters.ts'
import { addGauges } from './gauges.ts'
import { livenessChecks, readinessChecks } from './health.ts'
import { type Parts, type Surroundings, wire } from './wire.ts'

/** An operator at work. */
export interface Operator {
  /** Where metrics and probes are served: `host:port`. */
  readonly address: string
  /** Lets what is under way come to its end, gives the Lease back, and closes everything. */
  stop(): Promise<void>
}

/** How long work that is under way may take when the operator stops. */
const graceMs = 10 * second

/**
 * Starts the operator and returns at once; it takes its first decision when it has the whole view and the Lease.
 * @throws Failure Terminal when the configuration cannot be used; Error when the address is taken
 */
export async function startOperator(surroundings: Surroundings): Promise<Operator> {
  const { config, version, logger } = surroundings
  const parts = await wire(surroundings)
  addGauges(parts)
  startAtZero(parts)
  const { caches, lease, identity, metrics } = parts
  const lag = measureLoopLag(systemClock, (lagMs) => metrics.loopLagSeconds.observe(lagMs / second))
  let isStopping = false
  const probes = {
    metrics: () => metrics.text(),
    live: livenessChecks(parts),
    ready: readinessChecks(parts, lag, () => isStopping),
  }
  const server = await listening('--listen', config.listen, startProbeServer(config.listen, probes))
  logger.info({ address: server.address, version, identity }, 'listening')
  const publisher = await publish(config.crlListen, parts)
  if (publisher) logger.info({ address: publisher.address }, 'serving CRLs')
  lease.onChange((held) => logger.info({ lease: config.leaseName, identity }, held ? 'active' : 'standing by'))
  const all = Object.values(caches)
  for (const cache of all) cache.start()
  // A cache that is stopped before it is filled never says that it is: nothing below runs then.
  void Promise.all(all.map((cache) => cache.synced)).then(() => begin(parts, logger))

  return {
    address: server.address,
    async stop() {
      logger.info({}, 'stopping')
      isStopping = true
      await close(parts)
      await server.close()
      await publisher?.close()
      lag.stop()
      logger.info({}, 'stopped')
    },
  }
}

function begin({ register, kinds, lease, caches }: Parts, logger: Logger): void {
  register.start()
  for (const { controller } of kinds) controller.start()
  lease.start()
  logger.info({ certificates: caches.certificates.size, authorities: caches.authorities.size }, 'ready')
}

/** In reverse order: first those that write, then what they write with. */
async function close({ kinds, register, events, lease, caches, client, audit }: Parts): Promise<void> {
  await Promise.all(kinds.map(({ controller }) => controller.stop(graceMs)))
  await register.close()
  await events.close()
  await lease.stop()
  await Promise.all([...kinds.map((kind) => kind.close()), ...Object.values(caches).map((cache) => cache.stop())])
  await client.close()
  audit.close()
}

/** @throws Failure Terminal when the address cannot be had, naming the flag */
async function listening<Server>(flag: string, listen: string, server: Promise<Server>): Promise<Server> {
  return server.catch((error: NodeJS.ErrnoException) => {
    const advice = `choose another address with ${flag} (port 0 takes a free one)`
    throw terminal('InvalidConfiguration', `cannot listen on ${listen} (${error.code}): ${advice}`, error)
  })
}

/** Serves CRLs, if an address for it is given. */
function publish(listen: string, { crl }: Parts): Promise<HttpServer> | undefined {
  if (listen === '') return undefined
  return listening('--crl-listen', listen, startPublishServer(listen, { clock: systemClock, crl: crl.served }))
}
