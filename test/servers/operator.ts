import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

/** A line of the operator's log. */
export type LogLine = Readonly<Record<string, unknown>>

/** A running operator. */
export interface OperatorProcess {
  readonly pid: number
  /** Its log so far; a line that is no JSON object is kept as `{ msg: line }`. The array is live. */
  readonly logs: readonly LogLine[]
  /** What it has written to standard error. */
  errors(): string
  /**
   * Returns when it has said that it is ready.
   * @throws Error when it ends before, or not within `timeoutMs`, 30 s unless told
   */
  ready(timeoutMs?: number): Promise<void>
  /**
   * Returns the first line of the log that the predicate picks, past ones included.
   * @throws Error when it ends before, or not within `timeoutMs`, 30 s unless told
   */
  waitForLog(predicate: (line: LogLine) => boolean, timeoutMs?: number): Promise<LogLine>
  /** SIGKILL, to all that it has started too; returns when it has ended. */
  kill(): Promise<void>
  /**
   * SIGTERM; returns the exit code, or null when a signal has ended it.
   * @throws Error when it has not ended within `timeoutMs`, 30 s unless told; then it is killed
   */
  stop(timeoutMs?: number): Promise<number | null>
}

export interface OperatorOptions {
  readonly kubeconfig: string
  /** More arguments, after `operator --kubeconfig FILE`. */
  readonly args?: readonly string[]
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>
  /** The message of the log line that says it is ready. */
  readonly readyMessage?: string
  /** The executable; bin/sifaka unless told. */
  readonly binary?: string
}

const ownBinary = new URL('../../bin/sifaka', import.meta.url).pathname

/**
 * Starts an operator as a process of its own, which does not outlive this one.
 * @throws Error when the executable cannot be started
 */
export async function startOperator(options: OperatorOptions): Promise<OperatorProcess> {
  const { kubeconfig, args = [], env = {}, readyMessage = 'ready', binary = ownBinary } = options
  // A process group of its own, so that what the executable starts is killed with it.
  const child = spawn(binary, ['operator', '--kubeconfig', kubeconfig, ...args], {
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  await once(child, 'spawn')
  const pid = child.pid ?? 0
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const output = new Output(child)
  endWithThisProcess(pid, ended)

  return {
    pid,
    logs: output.logs,
    errors: () => output.errors,
    waitForLog: (predicate, timeoutMs) => output.waitFor(predicate, timeoutMs),
    async ready(timeoutMs) {
      await output.waitFor(({ msg }) => msg === readyMessage, timeoutMs)
    },
    async kill() {
      killGroup(pid)
      await ended
    },
    async stop(timeoutMs = 30_000) {
      child.kill('SIGTERM')
      let late = false
      const deadline = setTimeout(() => {
        late = true
        killGroup(pid)
      }, timeoutMs)
      const code = await ended
      clearTimeout(deadline)
      if (late) throw output.failure(`has not ended ${timeoutMs} ms after SIGTERM`)
      return code
    },
  }
}

/** What a process says. */
class Output {
  readonly logs: LogLine[] = []
  errors = ''
  #ended = false
  readonly #waiting = new Set<() => void>()

  constructor(child: ChildProcess) {
    const { stdout, stderr } = child
    if (!stdout || !stderr) throw new Error('the operator has no output')
    createInterface({ input: stdout }).on('line', (line) => {
      this.logs.push(parseLine(line))
      this.#look()
    })
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.errors += text
    })
    child.once('close', () => {
      this.#ended = true
      this.#look()
    })
  }

  waitFor(predicate: (line: LogLine) => boolean, timeoutMs = 30_000): Promise<LogLine> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        settle()
      }
      const look = (): void => {
        const line = this.logs.find(predicate)
        if (line) end(() => resolve(line))
        else if (this.#ended) end(() => reject(this.failure('has ended before it logged what was waited for')))
      }
      const late = (): void => reject(this.failure(`did not log what was waited for within ${timeoutMs} ms`))
      const timer = setTimeout(() => end(late), timeoutMs)
      this.#waiting.add(look)
      look()
    })
  }

  /** An error that shows the last of what was said. */
  failure(what: string): Error {
    const last = this.logs.slice(-10).map((line) => `  ${JSON.stringify(line)}\n`)
    return new Error(`the operator ${what}\n${last.join('')}${this.errors.slice(-2000)}`)
  }

  #look(): void {
    for (const look of this.#waiting) look()
  }
}

function parseLine(line: string): LogLine {
  try {
    const value: unknown = JSON.parse(line)
    if (typeof value === 'object' && value !== null) return value as LogLine
  } catch {
    // Not JSON: kept as it is.
  }
  return { msg: line }
}

const running = new Set<number>()
let armed = false

/** Kills the process group when this process ends in a way that lets it act: by itself, by an error, by a signal. */
function endWithThisProcess(pid: number, ended: Promise<unknown>): void {
  if (!armed) {
    armed = true
    process.once('exit', killAll)
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.once(signal, () => {
        killAll()
        process.kill(process.pid, signal)
      })
    }
  }
  running.add(pid)
  void ended.then(() => running.delete(pid))
}

function killAll(): void {
  for (const pid of running) killGroup(pid)
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // It has ended already.
  }
}
