import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'

/**
 * `make check`: every check that needs no server, at once. Prints one line per step with its time, and the whole output
 * of each step that fails. A step passes when it exits with 0 and, where `silent` is set, has printed nothing.
 */
interface Step {
  readonly name: string
  readonly command: readonly [program: string, ...args: string[]]
  readonly silent?: true
}

const root = new URL('..', import.meta.url).pathname
const node = process.execPath
const biome = 'node_modules/@biomejs/biome/bin/biome'
const generator = 'scripts/generate.ts'

const steps: readonly Step[] = [
  { name: 'walls', command: [node, 'scripts/walls.ts'] },
  { name: 'format and lint', command: [node, biome, 'check', '--error-on-warnings', '--diagnostic-level=warn'] },
  { name: 'types', command: ['node_modules/typescript-native/bin/tsc', '--project', '.'] },
  { name: 'unused code', command: [node, 'node_modules/knip/bin/knip.js', '--no-progress'] },
  { name: 'tidy', command: [node, 'scripts/tidy.ts'] },
  { name: 'generated files', command: [node, generator, '--check'] },
  { name: 'Go format', command: ['gofmt', '-l', 'tools'], silent: true },
]

interface Result {
  readonly passed: boolean
  readonly output: string
}

function runStep({ command: [program, ...args], silent }: Step): Promise<Result> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    const collect = (chunk: Buffer): void => {
      output += chunk.toString()
    }
    child.stdout.on('data', collect)
    child.stderr.on('data', collect)
    child.on('error', (error) => resolve({ passed: false, output: `${error.message}\n` }))
    child.on('close', (code) => resolve({ passed: code === 0 && !(silent && output !== ''), output }))
  })
}

async function report(step: Step): Promise<boolean> {
  const start = performance.now()
  const { passed, output } = await runStep(step)
  const seconds = ((performance.now() - start) / 1000).toFixed(1)
  process.stdout.write(`${passed ? 'ok  ' : 'FAIL'} ${step.name} (${seconds} s)\n${passed ? '' : output}`)
  return passed
}

/** Each worker takes the next step as soon as it has finished one: as many at a time as there are processors. */
async function worker(queue: Step[]): Promise<boolean> {
  let passed = true
  for (let step = queue.shift(); step; step = queue.shift()) passed = (await report(step)) && passed
  return passed
}

const queue = steps.filter((step) => !step.command.includes(generator) || existsSync(join(root, generator)))
const verdicts = await Promise.all(Array.from({ length: availableParallelism() }, () => worker(queue)))
process.exitCode = verdicts.every((passed) => passed) ? 0 : 1
