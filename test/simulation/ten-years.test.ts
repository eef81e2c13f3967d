import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { isLongRun, runSeed } from '#test/make'
import { letThingsHappen } from './happenings.ts'
import { realSigning } from './signing.ts'
import { Simulation } from './simulation.ts'

/**
 * Ten years of an operator. Certificates live 90, 47 and 6 days; CAs are replaced, by their own clock and by people;
 * the operator, its Authorities and the clock fail as they please. Nothing expires that could have been renewed,
 * nothing is issued twice, and nothing without a cause: the oracle is asked at each step, and fails the test.
 */
const decade = 3653

const decades: readonly [crosses: string, start: string, certificates: number][] = [
  ['two leap days, and the years in which public trust shortens lifetimes', '2026-11-22', isLongRun ? 3000 : 42],
  ['2038-01-19, after which seconds since 1970 need more than 31 bits', '2033-03-31', isLongRun ? 600 : 14],
  ['the end of UTCTime between 2049 and 2050', '2044-02-28', isLongRun ? 600 : 14],
]

/** Certificates of 90 days are renewed 40 times in ten years, those of 6 days a thousand times. */
const renewalsAtLeast = 150

suite('in ten years nothing expires and nothing is issued twice', () => {
  for (const [crosses, start, certificates] of decades) {
    test(`${certificates} certificates from ${start} on, over ${crosses}`, async (t) => {
      const simulation = new Simulation({
        start: Date.parse(start),
        days: decade,
        certificates,
        seed: `${runSeed} ${start}`,
      })
      const happened = letThingsHappen(simulation, `${runSeed} ${start}`)
      t.diagnostic(`SIFAKA_TEST_SEED=${runSeed} repeats it`)
      await simulation.run()
      const { issuances } = simulation.oracle
      t.diagnostic(
        `${issuances} issuances, ${simulation.visits} visits, ${simulation.expiries} expired in long outages`,
      )
      t.diagnostic([...happened].map(([what, times]) => `${times} times ${what}`).join(', '))
      assert.ok(issuances > certificates * renewalsAtLeast)
      assert.ok(simulation.verified > certificates * 100)
      assert.ok(simulation.expiries < issuances / 500, 'trouble is the exception')
    })
  }
})

test('a year with real keys, and each certificate verified by its own ca.crt', { timeout: 600_000 }, async (t) => {
  const certificates = isLongRun ? 300 : 8
  const signing = realSigning()
  const start = Date.UTC(2049, 6, 1)
  const simulation = new Simulation({ start, days: 366, certificates, seed: runSeed, signing })
  letThingsHappen(simulation, runSeed)
  t.diagnostic(`SIFAKA_TEST_SEED=${runSeed} repeats it`)
  await simulation.run()
  t.diagnostic(`${simulation.oracle.issuances} signed, ${simulation.verified} verified`)
  assert.ok(simulation.oracle.issuances > certificates * 10)
  assert.ok(simulation.verified > certificates * 20)
})
