import { Worker } from 'node:worker_threads'
import type { Finding, Result } from './fuzz.ts'
import { headOctets, type Work } from './work.ts'

/** What is fuzzed, and how much of it. */
export interface Plan extends Omit<Work, 'shared'> {
  /** An input that takes longer than this is a finding. */
  readonly patienceMs: number
  /** One that takes more memory than this ends the thread, or the process where it asks for too much at once. */
  readonly megabytes: number
  /** Told of each parser as it is done. */
  onResult(result: Pick<Result, 'parser' | 'finding'> & Partial<Result>): void
}

const inputMax = 1024 * 1024

/**
 * Fuzzes parsers in a thread of their own, where an input that never ends can be stopped: it is then the finding of its
 * parser, and another thread goes on with the next.
 */
export async function fuzzInWorker(plan: Plan): Promise<void> {
  for (let left = plan.names; left.length > 0; ) left = await oneWorker({ ...plan, names: left })
}

/** @returns the parsers that are left when the thread has ended */
function oneWorker(plan: Plan): Promise<readonly string[]> {
  const { names, patienceMs, megabytes, onResult, table, seed, inputs } = plan
  const shared = new SharedArrayBuffer(headOctets + inputMax)
  const work: Work = { table, names, seed, inputs, shared }
  const worker = new Worker(new URL('./fuzz-worker.ts', import.meta.url), {
    workerData: work,
    resourceLimits: { maxOldGenerationSizeMb: megabytes, maxYoungGenerationSizeMb: 64 },
    // What commands print is not for the report.
    stdout: true,
    stderr: true,
  })
  return new Promise((resolve) => {
    let at = 0
    const watch = watchInputs(shared, patienceMs, () => end(`it takes longer than ${patienceMs} ms`))
    const end = (why: string): void => {
      watch.stop()
      onResult({ parser: names[at] ?? 'the specimens', finding: { why, input: inputIn(shared) } })
      void worker.terminate().then(() => resolve(names.slice(at + 1)))
    }
    worker.on('message', ({ result }: { result?: Result }) => {
      if (!result) return
      at += 1
      onResult(withBuffer(result))
      // Connections that nobody needs any more would keep it alive for a while.
      if (at === names.length) void worker.terminate()
    })
    worker.on('error', (error) => end(error instanceof Error ? (error.stack ?? error.message) : String(error)))
    worker.on('exit', () => {
      watch.stop()
      if (at === names.length) resolve([])
    })
  })
}

/** On the way between threads a Buffer becomes a plain array of octets. */
const withBuffer = ({ finding, ...rest }: Result): Result => ({
  ...rest,
  finding: finding && { ...finding, input: Buffer.from(finding.input) },
})

/** Calls `onHang` when one input has been under way for too long. */
function watchInputs(shared: SharedArrayBuffer, patienceMs: number, onHang: () => void): { stop(): void } {
  const head = new Int32Array(shared, 0, 2)
  let [last, since] = [0, performance.now()]
  const timer = setInterval(() => {
    const count = Atomics.load(head, 0)
    if (count !== last || count === 0) [last, since] = [count, performance.now()]
    else if (performance.now() - since > patienceMs) onHang()
  }, patienceMs / 4)
  return { stop: () => clearInterval(timer) }
}

function inputIn(shared: SharedArrayBuffer): Finding['input'] {
  const length = new Int32Array(shared, 0, 2)[1] ?? 0
  return Buffer.from(Buffer.from(shared, headOctets, Math.min(length, inputMax)))
}
