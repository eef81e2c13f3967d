import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'

const page = new URL('../../docs/operating.md', import.meta.url).pathname
const binaries = new URL('../../bin/', import.meta.url).pathname

/** A block of commands of docs/operating.md. */
export interface Step {
  /** What is bold at the start of its numbered step; empty outside of one. */
  readonly title: string
  readonly script: string
}

/** The commands between the comment `<!-- run: name -->` and the next heading or such comment, wherever that stands. */
export function runbook(name: string): readonly Step[] {
  const steps: Step[] = []
  let section: string | undefined
  let title = ''
  let script: string[] | undefined
  for (const line of readFileSync(page, 'utf8').split('\n')) {
    if (script && line.trim() === '```') {
      if (section === name) steps.push({ title, script: script.join('\n') })
      script = undefined
    } else if (script) {
      script.push(line)
    } else if (line.trim() === '```sh') {
      script = []
    } else if (line.startsWith('#')) {
      section = undefined
    } else if (line.startsWith('<!-- run: ')) {
      section = line.slice('<!-- run: '.length, -' -->'.length)
      title = ''
    } else {
      title = /^[0-9]+\. \*\*(.+?)\*\*/.exec(line)?.[1] ?? title
    }
  }
  assert.ok(steps.length > 0, `docs/operating.md has no commands for ${name}`)
  return steps
}

/** What a step must have done, by its title, in the order of the document; it gets what the step has printed. */
export type Expectations = readonly (readonly [title: string, seen: (printed: string) => unknown])[]

/** A shell of somebody on call: `kubectl` and `sifaka` speak to the cluster, variables and functions stay. */
export class OnCall {
  readonly folder = mkdtempSync(join(tmpdir(), 'sifaka-on-call-'))
  readonly #env: NodeJS.ProcessEnv

  constructor(kubeconfig: string, variables: Readonly<Record<string, string>>) {
    const shim = (name: string, command: string): void =>
      writeFileSync(join(this.folder, name), `#!/bin/sh\nexec ${binaries}${command} "$@"\n`, { mode: 0o755 })
    shim('kubectl', `controlplane kubectl --cache-dir ${this.folder}/cache`)
    shim('sifaka', 'sifaka')
    this.#env = { ...process.env, ...variables, KUBECONFIG: kubeconfig, PATH: `${this.folder}:${process.env.PATH}` }
  }

  /**
   * Runs commands and returns what they print.
   * @throws Error with what they write to stderr, when one of them fails or they take longer than two minutes
   */
  async run(script: string): Promise<string> {
    const whole = [
      'set -euo pipefail',
      'if [ -f state ]; then . ./state; fi',
      'set -a',
      script,
      '{ export -p; declare -f; } > state',
    ].join('\n')
    const child = spawn('bash', ['-c', whole], {
      cwd: this.folder,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
    })
    const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')])
    if (code !== 0) throw new Error(`ended with ${code}:\n${script}\n${stdout}${stderr}`)
    return stdout
  }

  /** Walks through a runbook, and holds each of its steps to what it must have done. */
  async walk(name: string, expectations: Expectations): Promise<void> {
    const steps = [...runbook('functions'), ...runbook(name)]
    const all: Expectations = [['', () => {}], ...expectations]
    assert.deepEqual(
      steps.map(({ title }) => title),
      all.map(([title]) => title),
    )
    for (const [at, { script }] of steps.entries()) await all[at]?.[1](await this.run(script))
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
