import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { minute, second } from '#base'
import { chance, isLongRun, runSeed } from '#test/make'
import { casesOf, certificateWorkloads, faultName, prepare, runCase, runClean, sample } from '#test/rig'
import { Sandbox } from './sandbox.ts'

/** Less than certificates are dated back, so that what one replica issues is valid to the other. */
const skews = [4 * minute, -4 * minute]
const random = chance(runSeed)

let sandbox: Sandbox

before(async () => {
  sandbox = await Sandbox.open()
})

after(() => sandbox?.close())

const workloads = certificateWorkloads.filter(({ name }) => ['issuance', 'other names'].includes(name))
const standby = workloads.flatMap(casesOf).filter(({ fault }) => fault.recovery === 'standby')

describe('a standby whose clock is off takes over without issuing anything twice', { concurrency: 2 }, () => {
  for (const skewMs of skews) {
    for (const one of isLongRun ? standby : sample(standby, 1, () => random.fraction())) {
      const { workload, point, fault } = one
      const off = `${skewMs / minute} minutes`
      test(`${workload.name}, ${off}: ${point}: ${faultName(fault)}`, { timeout: 150 * second }, async () => {
        const [stage, other] = await prepare(sandbox, workload, 2)
        assert.ok(stage && other)
        await runCase(one, stage, { clean: () => runClean(workload, other), skewMs })
      })
    }
  }
})
