import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import { isLongRun, runSeed } from '#test/make'
import type { Result } from './fuzz.ts'
import { fuzzInWorker } from './fuzz-in-worker.ts'
import { parsers } from './parsers.ts'

/** Of the usual row; `share` says of how much it is more or less for others. */
const inputs = isLongRun ? 20_000 : 400

/** What is found is printed as it is; longer inputs are cut, and found again by the seed. */
const printedMax = 4096

suite('every parser reads its inputs or refuses them as documented', () => {
  const results = new Map<string, Promise<Partial<Result>>>()
  const settle = new Map<string, (result: Partial<Result>) => void>()
  for (const { name } of parsers) results.set(name, new Promise((resolve) => settle.set(name, resolve)))

  before(() => {
    const plan = {
      table: new URL('./parsers.ts', import.meta.url).href,
      names: parsers.map(({ name }) => name),
      ...{ seed: runSeed, inputs, patienceMs: 60_000, megabytes: 512 },
    }
    void fuzzInWorker({ ...plan, onResult: (result) => settle.get(result.parser)?.(result) })
  })

  for (const { name, share = 1 } of parsers) {
    test(name, async (t) => {
      const { finding, inputs: tried = 0, accepted, refusals, slowestMs = 0 } = (await results.get(name)) ?? {}
      t.diagnostic(`${tried} inputs, ${accepted} read, ${refusals} ways to refuse, slowest ${Math.ceil(slowestMs)} ms`)
      assert.ok(!finding, finding && told(finding.why, finding.input))
      assert.ok(tried > inputs * share)
    })
  }
})

const told = (why: string, input: Buffer): string =>
  `${why}\nSIFAKA_TEST_SEED=${runSeed} makes the same choices; the input (${input.length} octets) in base64:\n` +
  input.subarray(0, printedMax).toString('base64')
