import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, suite, test } from 'node:test'
import { leafCells } from './cells.ts'
import { canJudge, readDeclarations, stale, uncovered, unexplained } from './declarations.ts'
import { flaws } from './flaws.ts'
import { javaKeytool } from './keytool.ts'
import { go, pkilint, zlint } from './linters.ts'
import { makeSpecimens } from './make-specimens.ts'
import { node } from './node.ts'
import { openssl } from './openssl.ts'
import type { Finding, Judge, Specimen } from './specimen.ts'

const judges: Readonly<Record<string, Judge>> = { openssl, node, go, keytool: javaKeytool, zlint, pkilint }
const declarations = readDeclarations(readFileSync(new URL('../judges.yaml', import.meta.url), 'utf8'))

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'sifaka-judges-'))
  return work(folder).finally(() => rmSync(folder, { recursive: true }))
}

suite('what Sifaka makes, judged by others', () => {
  let specimens: readonly Specimen[]
  const findings = new Map<string, readonly Finding[]>()
  before(async () => {
    specimens = await makeSpecimens(process.env.SIFAKA_TEST_LONG !== undefined)
  })

  test('every judge is declared, and every declared judge is asked', () => {
    assert.deepEqual(Object.keys(declarations.judges).sort(), Object.keys(judges).sort())
  })

  for (const [name, judge] of Object.entries(judges)) {
    test(`${name} finds nothing that is not explained`, async () => {
      const shown = specimens.filter(({ cell }) => canJudge(declarations, name, cell))
      const found = await inFolder((folder) => judge(shown, folder))
      findings.set(name, found)
      assert.deepEqual(unexplained(declarations, name, found), [])
    })
  }

  test('what is declared occurs', () => {
    const cells = specimens.map(({ cell }) => cell)
    assert.deepEqual(stale(declarations, cells, findings), [])
  })

  test('every cell is judged by two implementations at least', () => {
    const cells = specimens.map(({ cell }) => cell)
    assert.equal(new Set(cells).size, cells.length, 'no two cells have one name')
    assert.deepEqual(uncovered(declarations, cells), [])
  })

  for (const { flaw, cell, damage, foundBy } of flaws) {
    test(`${flaw} in ${cell} is found by ${foundBy.join(', ')}`, async () => {
      const specimen = specimens.find((each) => each.cell === cell) ?? assert.fail(`there is no ${cell}`)
      const damaged = { ...damage(specimen), cell: `damaged/${cell}` }
      for (const name of foundBy) {
        const found = await inFolder((folder) => judges[name]?.([damaged, specimen], folder) ?? assert.fail(name))
        const against = (shown: Specimen): string[] => {
          const its = found.filter((each) => each.cell === shown.cell)
          return unexplained(
            declarations,
            name,
            its.map((each) => ({ ...each, cell })),
          )
        }
        assert.notDeepEqual(against(damaged), [], name)
        assert.deepEqual(against(specimen), [], `${name}, without the flaw`)
      }
    })
  }
})

test('any two of key type, profile and names meet in the leaves of a short run', () => {
  const whole = leafCells(true)
  const some = leafCells(false)
  for (const pair of [
    ['key', 'profile'],
    ['key', 'names'],
    ['profile', 'names'],
  ] as const) {
    const met = (cells: typeof whole) => new Set(cells.map((cell) => pair.map((axis) => cell[axis]).join(' with ')))
    assert.deepEqual(met(some), met(whole))
  }
})
