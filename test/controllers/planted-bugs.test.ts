import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { second } from '#base'
import { chance, isLongRun, runSeed } from '#test/make'
import { type Copy, copyWith, edited, type PlantedBug, plantedBugs } from '#test/planted'
import {
  authorityWorkloads,
  type Case,
  certificateWorkloads,
  OracleError,
  orderWorkload,
  prepare,
  runCase,
  runClean,
  sample,
} from '#test/rig'
import { FileDropRoot } from './file-drop.ts'
import { Sandbox } from './sandbox.ts'

/**
 * The fault rig is itself put to the test: bugs are planted into copies of the operator, and an oracle must find each.
 * `make test` takes a sample, chosen by the seed.
 */
const sampleSize = 3
const random = chance(runSeed)
const chosen = isLongRun ? plantedBugs : sample(plantedBugs, sampleSize, () => random.fraction())
if (!isLongRun) process.stdout.write(`SIFAKA_TEST_SEED=${runSeed} repeats this sample of bugs\n`)
/** What a bug keeps from its end need not be waited for as long as what is only late. */
const doneMs = 20 * second

let sandbox: Sandbox
let root: FileDropRoot

before(async () => {
  root = await FileDropRoot.open()
  sandbox = await Sandbox.open()
})

after(async () => {
  await sandbox?.close()
  await root?.close()
})

const workloads = [...authorityWorkloads, ...certificateWorkloads, orderWorkload(() => root)]

function caseOf({ name, workload: wanted, point, fault }: PlantedBug): Case {
  const workload = workloads.find((each) => each.name === wanted)
  assert.ok(workload, `${name}: there is no workload "${wanted}"`)
  assert.ok(workload.writes.includes(point), `${name}: there is no "${point}" of "${wanted}"`)
  return { workload, point, fault }
}

test('every planted bug fits the source as it is, exactly once, and shows in a case that there is', () => {
  for (const bug of plantedBugs) {
    for (const edit of bug.edits) edited(edit)
    caseOf(bug)
  }
  assert.ok(plantedBugs.length >= 12)
})

/** Runs the bug's case with a copy of the operator. @throws OracleError */
async function run(bug: PlantedBug, copy: Copy): Promise<void> {
  const one = caseOf(bug)
  const [stage, other] = await prepare(sandbox, one.workload, 2)
  assert.ok(stage && other)
  try {
    await runCase(one, stage, { binary: copy.binary, clean: () => runClean(one.workload, other), doneMs })
  } finally {
    await Promise.all(stage.operators.map((operator) => operator.kill()))
    copy.remove()
  }
}

describe('the fault rig finds the planted bug', { concurrency: 2 }, () => {
  for (const bug of chosen) {
    test(bug.name, { timeout: 150 * second }, async () => {
      await assert.rejects(run(bug, copyWith(bug.edits)), (error) => {
        assert.ok(error instanceof OracleError, `it was no oracle that failed, but: ${error}`)
        assert.ok(bug.oracles.includes(error.oracle), error.message)
        return true
      })
    })
  }

  for (const bug of chosen.slice(0, isLongRun ? chosen.length : 1)) {
    test(`and nothing where it is not planted: ${bug.name}`, { timeout: 150 * second }, async () => {
      await run(bug, copyWith([]))
    })
  }
})
