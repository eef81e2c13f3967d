import { after, before, describe, test } from 'node:test'
import { second } from '#base'
import type { Chance } from '#test/make'
import { Sandbox } from '../controllers/sandbox.ts'
import { casesOf, sample } from './case.ts'
import { faultName } from './fault.ts'
import { prepare, runCase, runClean } from './run.ts'
import type { Snapshot } from './snapshot.ts'
import type { Stage, Workload } from './workload.ts'

/** Workloads, and cases of each, at a time: most of a case is waiting. */
const concurrency = 2
const caseTimeoutMs = 150 * second

interface Which {
  /** Every case, and not a sample. */
  readonly isLong: boolean
  readonly chance: Chance
  /** Of each workload; 1 unless told. */
  readonly sampleSize?: number
}

/** The tests of workloads: each without a fault, and with every fault, or with some that are chosen by chance. */
export function describeFaults(workloads: readonly Workload[], which: Which): void {
  describe('the fault rig, whose green counts as long as it finds the planted bugs', { concurrency }, () => {
    for (const workload of workloads) describeWorkload(workload, which)
  })
}

function describeWorkload(workload: Workload, which: Which): void {
  const all = casesOf(workload)
  const { isLong, chance, sampleSize = 1 } = which
  const chosen = isLong ? all : sample(all, sampleSize, () => chance.fraction())
  describe(workload.name, { concurrency }, () => {
    let sandbox: Sandbox
    let stages: Stage[]
    const clean = Promise.withResolvers<Snapshot>()
    // Told where it is waited for.
    clean.promise.catch(() => {})

    before(async () => {
      sandbox = await Sandbox.open()
      stages = await prepare(sandbox, workload, chosen.length + 1)
    })
    after(() => sandbox?.close())

    test('without a fault: the writes are those that are known', { timeout: caseTimeoutMs }, async () => {
      const run = runClean(workload, take(stages))
      run.then(clean.resolve, clean.reject)
      await run
    })
    for (const one of chosen) {
      test(`${one.point}: ${faultName(one.fault)}`, { timeout: caseTimeoutMs }, async () => {
        await runCase(one, take(stages), { clean: () => clean.promise })
      })
    }
  })
}

function take(stages: Stage[]): Stage {
  const stage = stages.pop()
  if (!stage) throw new Error('there are too few stages')
  return stage
}
