import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { type OperatorOptions, type OperatorProcess, startOperator } from './operator.ts'

/** Stands in for the operator: tells what it was started with, and is stubborn or ends as it is told. */
const script = `#!${process.execPath}
const log = (line) => console.log(JSON.stringify(line))
process.on('SIGTERM', () => process.env.STUBBORN || process.exit(7))
log({ msg: 'start', args: process.argv.slice(2) })
console.log('no JSON')
console.error('trouble')
if (process.env.ENDS) process.exit(3)
log({ msg: process.env.READY ?? 'ready' })
setInterval(() => {}, 1000)
`

let folder: string
let binary: string

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sifaka-operator-'))
  binary = join(folder, 'operator.cjs')
  await writeFile(binary, script)
  await chmod(binary, 0o755)
})

after(() => rm(folder, { recursive: true }))

const start = (options: Partial<OperatorOptions> = {}): Promise<OperatorProcess> =>
  startOperator({ kubeconfig: 'K', binary, ...options })

/** Whether the process does anything: one that has ended may stay in the table of processes for a while. */
function isRunning(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' })
  return /^[^Z]/.test(stdout.trim())
}

test('an operator starts with its arguments, becomes ready and stops with its exit code', async () => {
  const operator = await start({ args: ['--more'], env: { READY: 'at work' }, readyMessage: 'at work' })
  await operator.ready()
  assert.deepEqual(operator.logs, [
    { msg: 'start', args: ['operator', '--kubeconfig', 'K', '--more'] },
    { msg: 'no JSON' },
    { msg: 'at work' },
  ])
  assert.equal(await operator.stop(), 7)
  assert.equal(operator.errors(), 'trouble\n')
  assert.equal(isRunning(operator.pid), false)
})

test('kill returns when the process is gone, and again when it is called again', async () => {
  const operator = await start()
  await operator.ready()
  await operator.kill()
  assert.equal(isRunning(operator.pid), false)
  await operator.kill()
})

test('an operator that does not stop is killed, and that is an error', async () => {
  const operator = await start({ env: { STUBBORN: 'yes' } })
  await operator.ready()
  await assert.rejects(operator.stop(100), /has not ended 100 ms after SIGTERM/)
  assert.equal(isRunning(operator.pid), false)
})

test('an operator that ends too soon says why', async () => {
  const operator = await start({ env: { ENDS: 'yes' } })
  await assert.rejects(operator.ready(), /has ended before.*no JSON.*trouble/s)
})

test('an operator that never becomes ready is waited for only so long', async () => {
  const operator = await start({ env: { READY: 'never' } })
  await assert.rejects(operator.ready(50), /within 50 ms/)
  await operator.kill()
})

test('an executable that is missing is an error', async () => {
  await assert.rejects(start({ binary: join(folder, 'missing') }), /ENOENT/)
})

test('an operator does not outlive the process that started it', async (t) => {
  const program = `
    import { startOperator } from ${JSON.stringify(new URL('./operator.ts', import.meta.url).href)}
    const operator = await startOperator({ kubeconfig: 'K', binary: ${JSON.stringify(binary)} })
    await operator.ready()
    process.stdout.write(String(operator.pid))
    END
  `
  const ends: [string, string, NodeJS.Signals | undefined][] = [
    ['by itself', 'process.exit(0)', undefined],
    ['by an error', 'throw new Error()', undefined],
    ['by a signal', 'setInterval(() => {}, 1000)', 'SIGTERM'],
  ]
  for (const [how, end, signal] of ends) {
    await t.test(how, async () => {
      const parent = spawn(process.execPath, ['--input-type=module', '-e', program.replace('END', end)], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const ended = once(parent, 'exit')
      const [pid] = await once(parent.stdout, 'data')
      if (signal) parent.kill(signal)
      await ended
      for (let tries = 0; isRunning(Number(pid)) && tries < 100; tries += 1) {
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
      assert.equal(isRunning(Number(pid)), false)
    })
  }
})
