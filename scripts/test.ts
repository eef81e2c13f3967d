import { randomInt } from 'node:crypto'
import { globSync } from 'node:fs'
import { matchesGlob } from 'node:path'
import { run } from 'node:test'
import { parseArgs } from 'node:util'
import { controlPlane } from '#test/servers'
import { report } from './test-report.ts'

/**
 * `node scripts/test.ts [--long] [path or glob ...]`: runs the tests, all of them unless paths are given, against one
 * control plane, and stops it in every case. Tests read SIFAKA_TEST_KUBECONFIG, SIFAKA_TEST_SEED and SIFAKA_TEST_LONG.
 */
const { values, positionals } = parseArgs({ options: { long: { type: 'boolean' } }, allowPositionals: true })
const minuteMs = 60_000
const fileTimeoutMs = values.long ? 120 * minuteMs : 10 * minuteMs

const everyTest = globSync('{src,test,scripts}/**/*.test.ts', { cwd: new URL('..', import.meta.url) }).sort()
const chosen = (path: string): boolean => positionals.some((part) => path.startsWith(part) || matchesGlob(path, part))
const files = positionals.length === 0 ? everyTest : everyTest.filter(chosen)
if (files.length === 0) throw new Error(`no test file matches ${positionals.join(' ')}`)

process.chdir(new URL('..', import.meta.url).pathname)
const seed = process.env.SIFAKA_TEST_SEED ?? String(randomInt(2 ** 31))
process.env.SIFAKA_TEST_SEED = seed
if (values.long) process.env.SIFAKA_TEST_LONG = '1'
process.stdout.write(`SIFAKA_TEST_SEED=${seed} repeats this run\n`)

const interrupted = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => interrupted.abort())

const server = await controlPlane()
process.env.SIFAKA_TEST_KUBECONFIG = server.kubeconfig
try {
  // Long plans fill the machine by themselves; more at a time would miss their Leases.
  const tests = run({ files, concurrency: values.long ? 1 : 2, timeout: fileTimeoutMs, signal: interrupted.signal })
  const passed = await report(tests, process.stdout)
  process.exitCode = passed && !interrupted.signal.aborted ? 0 : 1
} finally {
  await server.stop()
}
