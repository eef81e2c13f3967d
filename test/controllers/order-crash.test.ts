import { after, before } from 'node:test'
import { chance, isLongRun, runSeed } from '#test/make'
import { describeFaults, orderWorkload } from '#test/rig'
import { FileDropRoot } from './file-drop.ts'

/** The same as for certificates that are issued at once, for an order that takes its time. */
let root: FileDropRoot

before(async () => {
  root = await FileDropRoot.open()
})

after(() => root?.close())

describeFaults([orderWorkload(() => root)], { isLong: isLongRun, chance: chance(runSeed), sampleSize: 4 })
if (!isLongRun) process.stdout.write(`SIFAKA_TEST_SEED=${runSeed} repeats this sample of faults\n`)
