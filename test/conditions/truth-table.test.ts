import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { type Condition, kinds } from '#api'
import { authoritySituations } from './authority-situations.ts'
import { certificateSituations } from './certificate-situations.ts'
import { rowsBelow } from './truth-table.ts'
import { verdictsOn } from './verdicts.ts'

interface WithConditions {
  readonly status?: { readonly conditions?: readonly Condition[] | undefined }
}

/** How to come into the situations of each kind's table: a row needs a situation here, and the other way round. */
const situationsOf: Readonly<Record<string, Readonly<Record<string, () => WithConditions>>>> = {
  Authority: authoritySituations,
  Certificate: certificateSituations,
}

const page = readFileSync(new URL('../../docs/conditions.md', import.meta.url), 'utf8')

const inShort = ({ status }: WithConditions): Record<string, string> =>
  Object.fromEntries((status?.conditions ?? []).map(({ type, status, reason }) => [type, `${status} ${reason}`]))

for (const { kind } of kinds) {
  suite(`the truth table of ${kind}`, () => {
    const rows = rowsBelow(kind, page)
    const situations = situationsOf[kind] ?? {}
    const objects = rows.map(({ situation }) => situations[situation]?.())
    const verdicts = verdictsOn(objects.map((object) => object ?? { kind, metadata: { name: 'none' } }))

    test('has each situation once, and no other', () => {
      assert.deepEqual(rows.map(({ situation }) => situation).sort(), Object.keys(situations).sort())
    })

    for (const [i, { situation, conditions, kstatus, argoCD }] of rows.entries()) {
      test(situation, () => {
        const [object, verdict] = [objects[i], verdicts[i]]
        assert.ok(object && verdict, 'nothing says how to come into this situation')
        assert.deepEqual(inShort(object), conditions)
        assert.deepEqual([verdict.kstatus, verdict.argoCD.status], [kstatus, argoCD])
        assert.notEqual(verdict.argoCD.message, '')
      })
    }
  })
}

test('an object that nobody has looked at is in progress', () => {
  const fresh = kinds.map(({ kind }) => ({
    apiVersion: 'sifaka.dev/v1alpha1',
    kind,
    metadata: { name: 'new', generation: 1 },
    // As the API server fills it in.
    status: { observedGeneration: -1 },
  }))
  assert.deepEqual(
    verdictsOn(fresh).map(({ kstatus, argoCD }) => [kstatus, argoCD.status]),
    kinds.map(() => ['InProgress', 'Progressing']),
  )
})
