import { chance, isLongRun, runSeed } from '#test/make'
import { certificateWorkloads, describeFaults } from '#test/rig'

/**
 * Every write of every workload is struck by every fault: the process lives and goes on, or dies and is restarted, or
 * dies and a standby takes over. `make test` takes a sample, chosen by the seed.
 */
describeFaults(certificateWorkloads, { isLong: isLongRun, chance: chance(runSeed) })
if (!isLongRun) process.stdout.write(`SIFAKA_TEST_SEED=${runSeed} repeats this sample of faults\n`)
