import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseAllDocuments } from 'yaml'
import type { KubeObject } from '#api'

/** The major versions of Helm that the chart works with. */
export const helmVersions = [3, 4] as const
export type HelmVersion = (typeof helmVersions)[number]

const root = new URL('../..', import.meta.url).pathname
export const chart = join(root, 'charts/sifaka')

/** Values of the chart; names are as in values.yaml. */
export type Values = Readonly<Record<string, unknown>>

/** The real Helm, with a home of its own. */
export class Helm {
  readonly #binary: string
  readonly #kubeconfig: string
  readonly #home = mkdtempSync(join(tmpdir(), 'sifaka-helm-'))

  /** @param kubeconfig none: only what needs no server */
  constructor(version: HelmVersion, kubeconfig = '/dev/null') {
    this.#binary = join(root, `.cache/bin/helm${version}`)
    this.#kubeconfig = kubeconfig
    if (!existsSync(this.#binary)) throw new Error(`${this.#binary} is missing: run \`make helm\``)
  }

  /**
   * Runs it, with values if there are any; returns what it prints.
   * @throws Error with what it writes to stderr, when it does not end with 0
   */
  async run(args: readonly string[], values?: Values): Promise<string> {
    const all = [...args, ...(values ? ['--values', '-'] : [])]
    const env = { ...process.env, HOME: this.#home, KUBECONFIG: this.#kubeconfig }
    const child = spawn(this.#binary, all, { env })
    child.stdin.end(JSON.stringify(values ?? {}))
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    if (code !== 0) throw new Error(`helm ${args[0]} ended with ${code}: ${stderr || stdout}`)
    return stdout
  }

  /** What the chart makes of values, as release `sifaka` in namespace `sifaka-system` unless told. */
  async render(values: Values = {}, { kubernetes = '1.36.0', ...name }: RenderOptions = {}): Promise<Rendered[]> {
    const { release, namespace } = { release: 'sifaka', namespace: 'sifaka-system', ...name }
    const flags = ['--namespace', namespace, '--kube-version', kubernetes]
    return objectsIn(await this.run(['template', release, chart, ...flags], values))
  }

  close(): void {
    rmSync(this.#home, { recursive: true, force: true })
  }
}

export interface RenderOptions {
  readonly release?: string
  readonly namespace?: string
  /** Version of Kubernetes to render for. */
  readonly kubernetes?: string
}

/** Any object of the chart, as far as tests look into it. */
export interface Rendered extends KubeObject {
  readonly rules?: readonly PolicyRule[]
  readonly data?: Readonly<Record<string, string>>
  readonly spec?: {
    readonly selector?: { readonly matchLabels?: Readonly<Record<string, string>> }
    readonly template?: { readonly metadata: KubeObject['metadata']; readonly spec: PodSpec }
    readonly [field: string]: unknown
  }
}

export interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly verbs: readonly string[]
}

interface PodSpec {
  readonly topologySpreadConstraints?: readonly object[]
  readonly containers: readonly {
    readonly image: string
    readonly args: readonly string[]
    readonly env: readonly EnvVar[]
  }[]
}

export interface EnvVar {
  readonly name: string
  readonly value?: string
  readonly valueFrom?: { readonly fieldRef: { readonly fieldPath: string } }
}

/** The objects in a YAML stream. */
export const objectsIn = (yaml: string): Rendered[] =>
  parseAllDocuments(yaml).flatMap((document) => (document.contents === null ? [] : [document.toJS() as Rendered]))

/** What tells objects apart: `Kind namespace/name`. */
export const nameOf = ({ kind, metadata }: KubeObject): string =>
  `${kind} ${[metadata.namespace, metadata.name].filter(Boolean).join('/')}`

/**
 * The one object of that kind, and name if there are several.
 * @throws Error when there is none
 */
export function only(objects: readonly Rendered[], kind: string, name?: string): Rendered {
  const found = objects.filter((each) => each.kind === kind && (name === undefined || each.metadata.name === name))
  const [object, more] = found
  if (!object || more) throw new Error(`not one ${kind} ${name ?? ''} in ${objects.map(nameOf).join(', ')}`)
  return object
}
