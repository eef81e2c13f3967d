import { setTimeout as sleep } from 'node:timers/promises'
import type { KubeObject } from '#api'
import type { KubeClient, Resource } from '#kube'
import { type OperatorProcess, startOperator } from '#test/servers'
import { until } from './namespace.ts'

interface DeploymentObject extends KubeObject {
  readonly spec: {
    readonly replicas: number
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly env?: readonly { name: string; value: string }[] }[] }
    }
  }
}

const deployments: Resource = { group: 'apps', version: 'v1', plural: 'deployments', namespaced: true }
const labels = { 'app.kubernetes.io/name': 'sifaka' }

/** Deployment `sifaka`, and in place of nodes: an operator that runs with its environment while it wants a replica. */
export class Deployment {
  readonly #client: KubeClient
  readonly #kubeconfig: string
  readonly #namespace: string
  #running: { readonly wanted: string; readonly operator: OperatorProcess } | undefined
  #isClosed = false
  #following: Promise<void> | undefined

  constructor(client: KubeClient, kubeconfig: string, namespace: string) {
    this.#client = client
    this.#kubeconfig = kubeconfig
    this.#namespace = namespace
  }

  async create(): Promise<void> {
    const template = {
      metadata: { labels },
      spec: { serviceAccountName: 'sifaka', containers: [{ name: 'sifaka', image: 'sifaka' }] },
    }
    const spec = { replicas: 1, selector: { matchLabels: labels }, template }
    const metadata = { namespace: this.#namespace, name: 'sifaka' }
    await this.#client.create(deployments, { apiVersion: 'apps/v1', kind: 'Deployment', metadata, spec } as KubeObject)
    this.#following = this.#follow()
    await this.settled()
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** Returns when what runs is what the Deployment wants. */
  async settled(): Promise<void> {
    const isSo = async (): Promise<boolean> => this.#running?.wanted === (await this.#wanted())
    await until(isSo, (same) => same, 'the operator', 30_000)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await this.#following
    await this.#running?.operator.kill()
  }

  async #follow(): Promise<void> {
    while (!this.#isClosed) {
      const wanted = await this.#wanted()
      if (wanted !== this.#running?.wanted) await this.#become(wanted)
      await sleep(100)
    }
  }

  /** The environment that it wants, as JSON; undefined when it wants no replica. */
  async #wanted(): Promise<string | undefined> {
    const key = { namespace: this.#namespace, name: 'sifaka' }
    const { spec } = await this.#client.get<DeploymentObject>(deployments, key)
    const env = spec.template.spec.containers[0]?.env ?? []
    return spec.replicas > 0
      ? JSON.stringify(Object.fromEntries(env.map(({ name, value }) => [name, value])))
      : undefined
  }

  async #become(wanted: string | undefined): Promise<void> {
    await this.#running?.operator.stop()
    this.#running = undefined
    if (wanted === undefined) return
    const operator = await startOperator({
      kubeconfig: this.#kubeconfig,
      args: ['--system-namespace', this.#namespace, '--lease-duration', '3s', '--listen', '127.0.0.1:0'],
      env: JSON.parse(wanted),
    })
    await operator.ready()
    this.#running = { wanted, operator }
  }
}
