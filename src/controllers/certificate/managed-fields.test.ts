import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ObjectMeta } from '#api'
import { marksOfOthers } from './managed-fields.ts'

const entry = (manager: string, labels: string[], annotations: string[] = []) => ({
  manager,
  operation: 'Apply',
  fieldsV1: {
    'f:metadata': {
      'f:labels': Object.fromEntries(['.', ...labels.map((name) => `f:${name}`)].map((name) => [name, {}])),
      'f:annotations': Object.fromEntries(annotations.map((name) => [`f:${name}`, {}])),
    },
  },
})
const metadata = (managedFields?: unknown) => ({ name: 'web', managedFields }) as ObjectMeta

test('what others have set is found, what only we have set is not', () => {
  const found = marksOfOthers(
    metadata([entry('sifaka', ['team', 'tier'], ['x']), entry('argocd', ['team'], ['example.com/y'])]),
  )
  assert.deepEqual(found, { labels: ['team'], annotations: ['example.com/y'] })
})

test('where nothing is noted, or nothing that is understood, nobody else has set anything', () => {
  const nobody = { labels: [], annotations: [] }
  for (const managedFields of [undefined, 'x', [], [null], [{ manager: 'x' }], [{ manager: 'x', fieldsV1: null }]]) {
    assert.deepEqual(marksOfOthers(metadata(managedFields)), nobody)
  }
})
