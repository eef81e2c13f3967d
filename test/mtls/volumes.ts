import { setInterval as every } from 'node:timers'
import type { Recorder, Version } from '#test/faults'

/** The files of a TLS Secret, as PEM. */
export interface TlsFiles {
  readonly key: string
  readonly cert: string
  readonly ca: string
}

/** One state of a Secret's files. */
export interface State {
  /** When it was seen, on the monotonic clock. */
  readonly atMs: number
  readonly files: TlsFiles
}

const lookEveryMs = 10

/**
 * Secrets as volumes show them: all files of a version at once, and later than the API server has it, each reader with
 * a delay of its own, as the kubelet does.
 */
export class Volumes {
  readonly #recorder: Recorder
  readonly #timer: NodeJS.Timeout
  readonly #states = new Map<string, State[]>()
  #read = 0

  constructor(recorder: Recorder) {
    this.#recorder = recorder
    this.#look()
    this.#timer = every(() => this.#look(), lookEveryMs)
  }

  /** What a reader who is `delayMs` behind sees; of a Secret that is younger than that, its first state. */
  show(secret: string, delayMs: number): State {
    const states = this.states(secret)
    const visible = states.findLast(({ atMs }) => atMs <= performance.now() - delayMs) ?? states[0]
    if (!visible) throw new Error(`there is no Secret ${secret}`)
    return visible
  }

  /** All states of a Secret, in order. */
  states(secret: string): readonly State[] {
    return this.#states.get(secret) ?? []
  }

  close(): void {
    clearInterval(this.#timer)
  }

  #look(): void {
    const { versions } = this.#recorder
    for (; this.#read < versions.length; this.#read += 1) {
      const version = versions[this.#read]
      if (version && version.type !== 'DELETED') this.#add(version.object)
    }
  }

  #add({ metadata, data = {} }: Version['object']): void {
    const text = (entry: string): string => Buffer.from(data[entry] ?? '', 'base64').toString()
    const files = { key: text('tls.key'), cert: text('tls.crt'), ca: text('ca.crt') }
    const state: State = { atMs: performance.now(), files }
    this.#states.set(metadata.name, [...(this.#states.get(metadata.name) ?? []), state])
  }
}
