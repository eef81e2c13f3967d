import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeObject } from '#api'
import { silentLogger, systemClock } from '#base'
import { createKubeClient, type KubeClient, loadConnection, resources } from '#kube'
import { type FaultProxy, type RecordedRequest, type Recorder, recordVersions, startFaultProxy } from '#test/faults'
import { type ControlPlane, controlPlane, installCrds, type OperatorProcess, startOperator } from '#test/servers'
import { Namespace } from './namespace.ts'

/** An operator behind the proxy of a sandbox. */
export interface SandboxOperator extends OperatorProcess {
  /** How the proxy's record calls it. */
  readonly who: string
  /** The lines of its audit stream. */
  audit(): readonly Readonly<Record<string, unknown>>[]
  /** The sum of a metric over the series that have these labels. */
  metric(name: string, labels?: Readonly<Record<string, string>>): Promise<number>
}

export interface SandboxOperatorOptions {
  /** The namespaces it works in; the first one holds its Lease. */
  readonly namespaces: readonly Namespace[]
  readonly who?: string
  /** Who it is to the Lease; the same as an earlier one's: it resumes at once. */
  readonly identity?: string
  readonly leaseDuration?: string
  /** Further flags. */
  readonly args?: readonly string[]
  /** Added to its environment. */
  readonly env?: Readonly<Record<string, string>>
  /** The executable, unless it is our own. */
  readonly binary?: string
}

/** A part of the API server for the tests of one file: namespaces of its own, and operators behind a fault proxy. */
export class Sandbox {
  readonly kubeconfig: string
  readonly client: KubeClient
  readonly proxy: FaultProxy
  readonly #plane: ControlPlane
  readonly #operators: SandboxOperator[] = []
  readonly #recorders: Recorder[] = []
  readonly #doors = new Map<string, string>()

  private constructor(plane: ControlPlane, client: KubeClient, proxy: FaultProxy) {
    this.#plane = plane
    this.kubeconfig = plane.kubeconfig
    this.client = client
    this.proxy = proxy
  }

  static async open(): Promise<Sandbox> {
    const plane = await controlPlane()
    await installCrds(plane.kubeconfig)
    const tools = { clock: systemClock, logger: silentLogger }
    const connection = await loadConnection({ ...tools, kubeconfig: plane.kubeconfig, env: {}, context: undefined })
    const client = createKubeClient({ ...tools, connection, userAgent: 'sifaka-test', fieldManager: 'test' })
    return new Sandbox(plane, client, await startFaultProxy({ kubeconfig: plane.kubeconfig }))
  }

  /** Makes a namespace; the random end of its name keeps runs apart. */
  async namespace(purpose: string, labels: Record<string, string> = {}): Promise<Namespace> {
    const name = `${purpose}-${randomBytes(4).toString('hex')}`
    const metadata = { name, labels }
    await this.client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata } as KubeObject)
    return new Namespace(this.client, name)
  }

  /** Keeps every version of the namespace's Secrets from now on, until the sandbox closes. */
  async recordSecrets({ name }: Namespace): Promise<Recorder> {
    const path = `/api/v1/namespaces/${name}/secrets`
    const recorder = await recordVersions({ kubeconfig: this.kubeconfig, path })
    this.#recorders.push(recorder)
    return recorder
  }

  /** Starts an operator and returns when it is ready. */
  async operator(options: SandboxOperatorOptions): Promise<SandboxOperator> {
    const { namespaces, who = 'operator', identity = who, leaseDuration = '3s', args = [], env, binary } = options
    const names = namespaces.map(({ name }) => name)
    const started = await startOperator({
      kubeconfig: await this.#door(who),
      args: [
        ...['--namespaces', names.join(','), '--system-namespace', names[0] ?? ''],
        ...['--lease-name', 'sifaka', '--lease-duration', leaseDuration, '--identity', identity],
        ...['--listen', '127.0.0.1:0', '--log-level', 'debug'],
        ...args,
      ],
      ...(env && { env }),
      ...(binary && { binary }),
    })
    await started.ready()
    const { address } = await started.waitForLog(({ msg }) => msg === 'listening')
    const operator: SandboxOperator = {
      ...started,
      who,
      audit: () => started.logs.filter(({ audit }) => audit !== undefined),
      metric: (name, labels) => readMetric(String(address), name, labels),
    }
    this.#operators.push(operator)
    return operator
  }

  /**
   * The writes that operators have made, or tried to make, but for their Leases, which say nothing of objects, and for
   * registers and CRLs, which are written beside all else.
   */
  writes(select: (request: RecordedRequest) => boolean = () => true): RecordedRequest[] {
    const isBeside = ({ resource, name }: RecordedRequest): boolean =>
      resource === 'configmaps' && /-(register|crl)-[0-9]+$/.test(name)
    return this.proxy.writes({ exclude: ['leases'] }).filter((request) => !isBeside(request) && select(request))
  }

  /** Waits, and then says what was written meanwhile. */
  async writesWithin(ms: number, select?: (request: RecordedRequest) => boolean): Promise<RecordedRequest[]> {
    const [before] = this.proxy.requests.slice(-1)
    await sleep(ms)
    return this.writes(select).filter(({ seq }) => seq > (before?.seq ?? 0))
  }

  async close(): Promise<void> {
    await Promise.all(this.#operators.map((operator) => operator.kill()))
    await Promise.all(this.#recorders.map((recorder) => recorder.close()))
    await this.proxy.close()
    await this.client.close()
    await this.#plane.stop()
  }

  async #door(who: string): Promise<string> {
    const known = this.#doors.get(who)
    if (known) return known
    const door = await this.proxy.listen(who)
    this.#doors.set(who, door)
    return door
  }
}

/** `verb resource/subresource` of each request. */
export const inWords = (requests: readonly RecordedRequest[]): string[] =>
  requests.map(({ verb, resource, subresource }) => `${verb} ${resource}${subresource && `/${subresource}`}`)

/**
 * What the record holds about one Certificate or Authority of a namespace: its own requests, those of its Secret, and
 * those of its Events.
 */
export function about({ name: namespace }: Namespace, object: string, secret = object) {
  return (request: RecordedRequest): boolean => {
    if (request.namespace !== namespace) return false
    if (request.resource === 'secrets') return request.name === secret
    if (request.resource === 'events') return request.name.startsWith(`${object}.`)
    return request.name === object && request.resource !== 'leases'
  }
}

/** What one issuance writes: the Secret, the status, one event. Events go their own way, so the order is open. */
export function assertOneIssuance(writes: readonly RecordedRequest[], verb: 'create' | 'patch'): void {
  const expected = ['create events', 'patch certificates/status', `${verb} secrets`]
  assert.deepEqual(inWords(writes).sort(), expected.sort())
}

async function readMetric(address: string, name: string, labels: Readonly<Record<string, string>> = {}) {
  const text = await (await fetch(`http://${address}/metrics`)).text()
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`)
  return text
    .split('\n')
    .filter((line) => line.startsWith(name) && /[{ ]/.test(line[name.length] ?? ''))
    .filter((line) => wanted.every((part) => line.includes(part)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
}
