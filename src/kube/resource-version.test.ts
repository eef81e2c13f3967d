import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { compareVersions } from './resource-version.ts'

test('resource versions are ordered as integers of any size', () => {
  const integer = fc.bigInt({ min: 1n, max: 2n ** 80n })
  fc.assert(
    fc.property(integer, integer, (a, b) => {
      const order = a < b ? -1 : a > b ? 1 : 0
      assert.equal(Math.sign(compareVersions(String(a), String(b))), order)
    }),
  )
  assert.ok(compareVersions('9', '10') < 0)
})
