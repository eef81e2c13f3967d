import { randomBytes } from 'node:crypto'
import { closeSync, openSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { createAuditLog } from '#audit'
import { type Logger, minute, parseDuration, second, systemClock, terminal } from '#base'
import type { Config } from '#config'
import {
  AuthorityDirectory,
  type Caches,
  type ControllerTools,
  type CrlController,
  createAuthorityController,
  createCertificateController,
  createCrlController,
  createMakeKey,
  createProve,
  fieldManager,
  type KindController,
  type Prove,
  Register,
} from '#controllers'
import { createIssuerRegistry, internalIssuer } from '#issuers'
import {
  createEventRecorder,
  createKubeClient,
  type EventRecorder,
  type KubeClient,
  Lease,
  loadConnection,
  resources,
} from '#kube'
import type { Ownership } from '#runtime'
import { createMetrics, type Metrics } from '#telemetry'
import { createCaches, isGoneAmong } from './caches.ts'
import { countingCallbacks } from './counters.ts'
import { loadIssuerPlugins } from './issuer-plugins.ts'

/** What an operator is built from. */
export interface Surroundings {
  readonly config: Config
  /** The process's environment: where a Pod finds the API server. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  readonly logger: Logger
}

/** All parts of an operator, none of them started. */
export interface Parts {
  readonly client: KubeClient
  readonly caches: Caches
  readonly events: EventRecorder
  readonly lease: Lease
  /** Milliseconds since it was last asked for, whatever the answer; negative before the first time. */
  readonly leaseSilentMs: () => number
  /** Longer than that, and nobody asks for it any more. */
  readonly leaseSilentMsMax: number
  readonly register: Register
  readonly crl: CrlController
  readonly kinds: readonly KindController[]
  readonly metrics: Metrics
  readonly audit: AuditFile
  /** Who this process is to the others. */
  readonly identity: string
}

/** Builds all parts by hand, bottom up. */
export async function wire({ config, env, version, logger }: Surroundings): Promise<Parts> {
  const common = { clock: systemClock, logger, random: Math.random }
  const identity = config.identity ?? `${hostname()}-${randomId()}`
  const metrics = createMetrics(version)
  // An answer that the Lease is somebody else's counts too, and so does that there was none.
  let leaseAskedMs = Number.POSITIVE_INFINITY
  const { kubeconfig, context } = config
  const connection = await loadConnection({ kubeconfig, context, env, clock: systemClock })
  const client = createKubeClient({
    ...common,
    connection,
    userAgent: `sifaka/${version}`,
    fieldManager,
    onAnswer({ verb, resource }, status, durationMs) {
      metrics.requestSeconds.observe({ verb, resource: resource.plural }, durationMs / second)
      metrics.requests.inc({ verb, resource: resource.plural, code: String(status) })
      if (resource === resources.leases) leaseAskedMs = systemClock.monotonicMs()
    },
  })
  const events = createEventRecorder({ ...common, client, controller: 'sifaka.dev/operator', instance: identity })
  const caches = createCaches({ ...common, client, namespaces: config.namespaces })
  const lease = createLease(config, identity, { ...common, client })
  const audit = openAudit(config.auditLog)
  const ownership: Ownership = {
    owns: () => lease.isHeld(),
    remainingMs: () => lease.remainingMs(),
    onChange: (on) => lease.onChange(on),
  }
  const plugins = await loadIssuerPlugins(config.issuerPlugins, [internalIssuer.type])
  // The register asks the directory, which asks the register; neither does before it is started.
  const prove: Prove = (line, signal) => createProve(tools, directory)(line, signal)
  const register = new Register({
    ...common,
    ...{ client, caches, ownership, prove },
    namespaces: config.namespaces,
    isGone: isGoneAmong(caches.namespaces),
  })
  const tools: ControllerTools = {
    ...common,
    client,
    caches,
    events,
    randomId,
    issuers: createIssuerRegistry([internalIssuer], plugins),
    audit: createAuditLog(systemClock, audit.write),
    ownership,
    concurrency: config.concurrency,
    keyLimits: { largeRsa: config.allowLargeRsa },
    systemNamespace: config.systemNamespace,
    isFrozen: config.freeze,
    restoreGraceMs: parseDuration(config.restoreGrace),
    register,
    ...countingCallbacks(metrics),
  }
  const directory = new AuthorityDirectory(tools)
  const makeKey = createMakeKey()
  const crl = createCrlController(tools, directory)
  const kinds = [
    crl,
    createAuthorityController(tools, directory, crl, makeKey),
    createCertificateController(tools, directory, makeKey),
  ]
  const leaseSilentMs = (): number => systemClock.monotonicMs() - leaseAskedMs
  const leaseSilentMsMax = Math.max(minute, 4 * parseDuration(config.leaseDuration))
  const asked = { leaseSilentMs, leaseSilentMsMax }
  return { client, caches, events, lease, ...asked, register, crl, kinds, metrics, audit, identity }
}

const randomId = (): string => randomBytes(12).toString('hex')

function createLease(
  { systemNamespace, leaseName, leaseDuration }: Config,
  holder: string,
  common: Pick<ControllerTools, 'client' | 'clock' | 'logger' | 'random'>,
): Lease {
  const durationMs = parseDuration(leaseDuration)
  const key = { namespace: systemNamespace, name: leaseName }
  return new Lease({ ...common, key, holder, durationMs, renewMs: durationMs / 3, retryMs: durationMs / 8 })
}

/** Where audit lines go. */
export interface AuditFile {
  /** The line is out when this returns: it must be before what it tells of happens. */
  write(line: string): void
  close(): void
}

function openAudit(target: string): AuditFile {
  if (target === '-') return { write: (line) => writeFileSync(1, line), close: () => {} }
  const file = openFile(target)
  return { write: (line) => writeFileSync(file, line), close: () => closeSync(file) }
}

function openFile(target: string): number {
  try {
    return openSync(target, 'a', 0o600)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    throw terminal('InvalidConfiguration', `--audit-log ${target} cannot be opened for appending (${code})`, error)
  }
}
