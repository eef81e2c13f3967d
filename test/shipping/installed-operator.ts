import { randomBytes, randomUUID } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { apiVersion, kinds } from '#api'
import { type ControlPlane, kubectl, type OperatorProcess, startOperator } from '#test/servers'
import { chart, type EnvVar, Helm, only, type Rendered, type Values } from './helm.ts'
import { eventually } from './people.ts'

/**
 * The chart in a namespace of its own and, as there is no node to run its Pods, the operator as a process: with the
 * account, the environment and the arguments that the Deployment gives it, but on a port that is free.
 */
export class InstalledOperator {
  readonly namespace: string
  /** What the chart made. */
  readonly objects: readonly Rendered[]
  readonly #plane: ControlPlane
  readonly #helm: Helm
  readonly #folder: string
  readonly #values: Values
  readonly #identity = randomUUID()
  #process: OperatorProcess | undefined

  private constructor(
    plane: ControlPlane,
    helm: Helm,
    { namespace, values, objects }: { namespace: string; values: Values; objects: readonly Rendered[] },
  ) {
    this.#plane = plane
    this.#helm = helm
    this.#values = values
    this.namespace = namespace
    this.objects = objects
    this.#folder = mkdtempSync(join(tmpdir(), 'sifaka-installed-'))
  }

  /** Installs the chart as release `sifaka`; nothing runs yet. */
  static async install(plane: ControlPlane, values: Values = {}): Promise<InstalledOperator> {
    const helm = new Helm(4, plane.kubeconfig)
    const namespace = `system-${randomBytes(4).toString('hex')}`
    const where = ['--namespace', namespace, '--create-namespace', '--take-ownership']
    await helm.run(['install', 'sifaka', chart, ...where], values)
    const names = kinds.map(({ plural }) => `crd/${plural}.sifaka.dev`)
    await kubectl(plane.kubeconfig, ['wait', '--for=condition=Established', '--timeout=20s', ...names])
    // A policy that changes objects needs their schema, which it gets to know a while after the kinds are there.
    await eventually(() => canCreateCertificates(plane, namespace))
    return new InstalledOperator(plane, helm, {
      namespace,
      values,
      objects: await helm.render(values, { namespace }),
    })
  }

  /** Who the operator is to the API server. */
  get user(): string {
    return `system:serviceaccount:${this.namespace}:${this.#account}`
  }

  get #account(): string {
    return only(this.objects, 'ServiceAccount').metadata.name
  }

  /** @param through makes the kubeconfig that it gets of the one with its own token */
  async start(through = async (kubeconfig: string): Promise<string> => kubeconfig): Promise<OperatorProcess> {
    const [container] = only(this.objects, 'Deployment').spec?.template?.spec.containers ?? []
    const [command, ...args] = container?.args ?? []
    if (!container || command !== 'operator') throw new Error('the Deployment does not run the operator')
    const set = container.env.map((variable) => [variable.name, this.#valueOf(variable)])
    const env = { ...Object.fromEntries(set), SIFAKA_LISTEN: '127.0.0.1:0' }
    this.#process = await startOperator({ kubeconfig: await through(await this.#kubeconfig()), args, env })
    await this.#process.ready()
    return this.#process
  }

  /** Ends it as Kubernetes does. */
  async stop(): Promise<void> {
    await this.#process?.stop()
    this.#process = undefined
  }

  /** Applies the chart once more, with the same values: what has gone is there again. */
  async upgrade(): Promise<void> {
    await this.#helm.run(['upgrade', 'sifaka', chart, '--namespace', this.namespace], this.#values)
  }

  async remove(): Promise<void> {
    await this.#process?.kill()
    await this.#helm.run(['uninstall', 'sifaka', '--namespace', this.namespace])
    this.#helm.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** What the kubelet would make of it. */
  #valueOf({ name, value = '', valueFrom }: EnvVar): string {
    if (!valueFrom) return value
    const fields: Readonly<Record<string, string>> = {
      'metadata.uid': this.#identity,
      'metadata.namespace': this.namespace,
    }
    const field = fields[valueFrom.fieldRef.fieldPath]
    if (field === undefined) throw new Error(`${name} comes from ${valueFrom.fieldRef.fieldPath}`)
    return field
  }

  /** A kubeconfig with a token of the service account, and no other right. */
  async #kubeconfig(): Promise<string> {
    const path = join(this.#folder, 'kubeconfig')
    const token = await kubectl(this.#plane.kubeconfig, ['create', 'token', this.#account, '-n', this.namespace])
    writeFileSync(path, kubeconfigOf(this.#plane, token.trim()), { mode: 0o600 })
    return path
  }
}

function canCreateCertificates({ kubeconfig }: ControlPlane, namespace: string): Promise<boolean> {
  const spec = { authorityRef: { name: 'any' }, dnsNames: ['www.example.com'] }
  const certificate = { apiVersion, kind: 'Certificate', metadata: { name: 'any', namespace }, spec }
  return kubectl(kubeconfig, ['create', '--dry-run=server', '-f', '-'], JSON.stringify(certificate)).then(
    () => true,
    () => false,
  )
}

/** A kubeconfig for the same server, with that token instead of all rights. */
export function kubeconfigOf({ kubeconfig }: ControlPlane, token: string): string {
  const { users, ...rest } = parse(readFileSync(kubeconfig, 'utf8'))
  return stringify({ ...rest, users: [{ name: users[0].name, user: { token } }] })
}
