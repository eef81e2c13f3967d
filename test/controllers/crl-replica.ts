import {
  type Authority,
  annotations,
  authorityKind,
  type Certificate,
  type ConfigMap,
  certificateKind,
  configMapLabel,
  type KubeObject,
  type PartialObject,
  secretLabel,
} from '#api'
import { createAuditLog } from '#audit'
import { type Clock, day, keyOf, systemClock } from '#base'
import {
  AuthorityDirectory,
  type ControllerTools,
  type CrlController,
  createCrlController,
  index,
  type Prove,
  Register,
} from '#controllers'
import { createIssuerRegistry, internalIssuer } from '#issuers'
import {
  Cache,
  createEventRecorder,
  createKubeClient,
  loadConnection,
  type Resource,
  resourceOf,
  resources,
} from '#kube'
import { startPublishServer } from '#publish'
import { logBook } from '#test/make'
import { until } from './namespace.ts'
import type { Sandbox } from './sandbox.ts'

/** The time of day with a difference: both clocks can be moved. Timers fire when they always would. */
export class MovedClock implements Clock {
  #wall = 0
  #monotonic = 0

  now = (): number => systemClock.now() + this.#wall
  monotonicMs = (): number => systemClock.monotonicMs() + this.#monotonic
  after = systemClock.after

  pass(ms: number): void {
    this.#wall += ms
    this.#monotonic += ms
  }

  jump(ms: number): void {
    this.#wall += ms
  }
}

/** What of an operator publishes CRLs, on a real API server: caches, register, controller and HTTP server. */
export interface Replica {
  /** How the record of the proxy calls it. */
  readonly who: string
  readonly clock: MovedClock
  readonly register: Register
  readonly directory: AuthorityDirectory
  readonly crl: CrlController
  /** Where CRLs are served: `host:port`. */
  readonly address: string
  readonly audit: readonly Readonly<Record<string, unknown>>[]
  readonly log: ReturnType<typeof logBook>
  authority(name: string): Authority
  stop(): Promise<void>
}

let started = 0

/** These tests have no Certificates and Secrets beside what they record. */
const prove: Prove = async (line) => line

/** @param isActive whether it holds the Lease */
export async function startReplica({ proxy }: Sandbox, namespace: string, isActive = true): Promise<Replica> {
  started += 1
  const who = `replica-${started}`
  const kubeconfig = await proxy.listen(who)
  const [clock, log] = [new MovedClock(), logBook()]
  const lines: string[] = []
  const common = { clock, logger: log, random: Math.random }
  const connection = await loadConnection({ clock, kubeconfig, env: {}, context: undefined })
  const client = createKubeClient({
    ...{ ...common, connection, userAgent: 'sifaka-test', fieldManager: 'sifaka' },
  })
  const cache = <T extends KubeObject>(
    resource: Resource,
    parts: Partial<ConstructorParameters<typeof Cache<T>>[0]> = {},
  ) => new Cache<T>({ ...common, client, namespaces: [namespace], resource, ...parts })
  const configMaps = (content: string) =>
    cache<ConfigMap>(resources.configMaps, { labelSelector: `${configMapLabel}=${content}` })
  const caches = {
    authorities: cache<Authority>(resourceOf(authorityKind)),
    certificates: cache<Certificate>(resourceOf(certificateKind)),
    configMaps: configMaps('ca-bundle'),
    crls: configMaps('crl'),
    namespaces: cache<PartialObject>(resources.namespaces, { namespaces: [], metadataOnly: true }),
    secrets: cache<PartialObject>(resources.secrets, {
      labelSelector: secretLabel,
      metadataOnly: true,
      indexes: { [index.byCa]: caOf },
    }),
  }
  const ownership = { owns: () => isActive, remainingMs: () => day, onChange: () => {} }
  const register = new Register({ ...common, client, caches, ownership, namespaces: [namespace], prove })
  const tools: ControllerTools = {
    ...{ ...common, client, caches, ownership, register },
    issuers: createIssuerRegistry([internalIssuer]),
    events: createEventRecorder({ ...common, client, controller: 'sifaka.dev/test', instance: 'test' }),
    audit: createAuditLog(clock, (line) => void lines.push(line)),
    randomId: () => 'id',
    keyLimits: { largeRsa: false },
    systemNamespace: namespace,
    isFrozen: true,
    restoreGraceMs: 0,
    concurrency: 4,
    onReconciled: () => {},
    onIssued: () => {},
    onOrderAbandoned: () => {},
    onBug: () => {},
    onTaken: () => {},
  }
  const directory = new AuthorityDirectory(tools)
  const crl = createCrlController(tools, directory)
  const all = Object.values(caches)
  for (const each of all) each.start()
  await Promise.all(all.map((each) => each.synced))
  register.start()
  if (isActive) await until(() => register.isLoaded(), Boolean, 'the register')
  crl.controller.start()
  const server = await startPublishServer('127.0.0.1:0', { clock, crl: crl.served })
  return {
    ...{ who, clock, register, directory, crl, address: server.address, log },
    get audit() {
      return lines.map((line) => JSON.parse(line))
    },
    authority(name) {
      const found = caches.authorities.get(keyOf({ namespace, name }))
      if (!found) throw new Error(`there is no Authority ${name}`)
      return found
    },
    async stop() {
      await server.close()
      await crl.controller.stop(1000)
      await crl.close()
      await register.close()
      await tools.events.close()
      await Promise.all(all.map((each) => each.stop()))
      await client.close()
    },
  }
}

const caOf = ({ metadata }: PartialObject): readonly string[] => {
  const name = metadata.annotations?.[annotations.authority]
  return name === undefined ? [] : [keyOf({ namespace: metadata.namespace ?? '', name })]
}
