import assert from 'node:assert/strict'
import { readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseAllDocuments, parseDocument } from 'yaml'
import type { KubeObject } from '#api'
import { second } from '#base'
import { resources } from '#kube'
import { authorities, certificates, type Namespace } from '../controllers/namespace.ts'
import { OnCall } from '../controllers/runbook.ts'
import type { Sandbox } from '../controllers/sandbox.ts'
import { type Step, stepsOf, timeless } from './readme.ts'

export const examplesFolder = new URL('../../examples/', import.meta.url).pathname

/** The objects in the manifests of an example. */
export function objectsOf(example: string): KubeObject[] {
  const files = readdirSync(join(examplesFolder, example)).filter((name) => name.endsWith('.yaml'))
  return files.flatMap((name) =>
    parseAllDocuments(readFileSync(join(examplesFolder, example, name), 'utf8')).map((each) => each.toJS()),
  )
}

export const readmeOf = (example: string): Step[] =>
  stepsOf(readFileSync(join(examplesFolder, example, 'README.md'), 'utf8'))

/** What says whether an object is as it was. */
interface Version {
  readonly object: string
  readonly generation: number | undefined
  readonly resourceVersion: string | undefined
}

export interface ReaderOptions {
  readonly example: string
  readonly sandbox: Sandbox
  /** The namespace that the reader is in; objects that name none go there. */
  readonly home: Namespace
  /** The namespaces that the example makes. */
  readonly others: readonly Namespace[]
  /** An empty folder of the reader's own. */
  readonly folder: string
}

/** Somebody who does what the README of an example says. */
export class Reader {
  readonly example: string
  readonly home: Namespace
  readonly others: readonly Namespace[]
  readonly #sandbox: Sandbox
  readonly #shell: OnCall

  constructor({ example, sandbox, home, others, folder }: ReaderOptions) {
    this.example = example
    this.home = home
    this.others = others
    this.#sandbox = sandbox
    const kubeconfig = join(folder, 'kubeconfig')
    writeFileSync(kubeconfig, inNamespace(readFileSync(sandbox.kubeconfig, 'utf8'), home.name))
    this.#shell = new OnCall(kubeconfig, { TMPDIR: folder })
    symlinkSync(examplesFolder, join(this.#shell.folder, 'examples'))
    symlinkSync(process.execPath, join(this.#shell.folder, 'node'))
  }

  close(): void {
    this.#shell.close()
  }

  /** Runs commands, and returns what they print. */
  run(script: string): Promise<string> {
    return this.#shell.run(script)
  }

  /** A file of the folder in which the commands run. */
  file(name: string): string {
    return readFileSync(join(this.#shell.folder, name), 'utf8')
  }

  /** Runs every command of the README, and holds it to what the README says that it prints; there `home` is `shop`. */
  async follow(): Promise<void> {
    for (const { script, printed } of readmeOf(this.example)) {
      // Nobody reads on in the same second, and a time in an object is no finer.
      if (script.includes('$(date')) await sleep(second)
      const seen = (await this.run(script)).replaceAll(this.home.name, 'shop')
      if (printed !== '') assert.equal(timeless(seen), timeless(printed), `examples/${this.example}: ${script}`)
    }
  }

  /** The commands of the README that apply manifests. */
  get applies(): string {
    const lines = readmeOf(this.example).flatMap(({ script }) => script.split('\n'))
    return [...new Set(lines.filter((line) => /^kubectl apply -[fk] [^-]/.test(line)))].join('\n')
  }

  /** The versions of all Authorities, Certificates and Secrets, but for those that the example renews all the time. */
  async versions(): Promise<Version[]> {
    const kinds = [authorities, certificates, resources.secrets]
    const lists = [this.home, ...this.others].flatMap(({ name: namespace }) =>
      kinds.map(async (kind) => {
        const { items } = await this.#sandbox.client.list(kind, { namespace })
        return items.filter(isLasting).map(({ metadata }) => ({
          object: `${kind.plural} ${namespace}/${metadata.name}`,
          generation: metadata.generation,
          resourceVersion: metadata.resourceVersion,
        }))
      }),
    )
    return (await Promise.all(lists)).flat()
  }

  /** What the operator writes meanwhile in the reader's namespaces, as `verb resource name`. */
  async writesDuring(act: () => Promise<unknown>, patienceMs: number): Promise<string[]> {
    const from = this.#sandbox.proxy.requests.at(-1)?.seq ?? 0
    await act()
    await sleep(patienceMs)
    const namespaces = [this.home, ...this.others].map(({ name }) => name)
    return this.#sandbox
      .writes(({ seq, namespace, name }) => seq > from && namespaces.includes(namespace) && !isRenewing(name))
      .map(({ verb, resource, name }) => `${verb} ${resource} ${name}`)
  }
}

/** A kubeconfig whose only context is in this namespace. */
function inNamespace(kubeconfig: string, namespace: string): string {
  const config = parseDocument(kubeconfig)
  config.setIn(['contexts', 0, 'context', 'namespace'], namespace)
  return String(config)
}

const isRenewing = (name: string): boolean => name.startsWith('short-lived')
const isLasting = ({ metadata }: KubeObject): boolean => !isRenewing(metadata.name)
