import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PartialObject } from '#api'
import type { Caches } from '#controllers'
import { isGoneAmong } from './caches.ts'

test('a namespace is gone when it is known not to exist, or to be going', () => {
  const going = { deletionTimestamp: '2026-01-01T00:00:00Z' }
  const known = new Map<string, Pick<PartialObject, 'metadata'>>([
    ['/shop', { metadata: { name: 'shop' } }],
    ['/old', { metadata: { name: 'old', ...going } }],
  ])
  const isGone = (hasSynced: boolean) =>
    isGoneAmong({ hasSynced: () => hasSynced, get: (key) => known.get(key) } as Caches['namespaces'])
  assert.deepEqual(['shop', 'old', 'none'].map(isGone(true)), [false, true, true])
  assert.deepEqual(['shop', 'old', 'none'].map(isGone(false)), [false, false, false])
})
