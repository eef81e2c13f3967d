import { chance, isLongRun, runSeed } from '#test/make'
import { authorityWorkloads, describeFaults } from '#test/rig'

/** The same as for Certificates, for the CAs of Authorities. */
describeFaults(authorityWorkloads, { isLong: isLongRun, chance: chance(runSeed) })
if (!isLongRun) process.stdout.write(`SIFAKA_TEST_SEED=${runSeed} repeats this sample of faults\n`)
