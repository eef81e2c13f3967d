import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Check, health } from './health.ts'

const well: Check = { name: 'caches', problem: () => undefined }
const ill: Check = { name: 'api-server', problem: () => 'not heard of' }
const broken: Check = {
  name: 'event-loop',
  problem: () => {
    throw new Error('a bug')
  },
}

suite('health', () => {
  const cases: readonly [says: string, checks: readonly Check[], isVerbose: boolean, status: number, body: string][] = [
    ['nothing to check', [], false, 200, 'ok\n'],
    ['all holds', [well], false, 200, 'ok\n'],
    ['all holds, one by one', [well], true, 200, '[+]caches ok\nreadyz check passed\n'],
    [
      'what does not hold, and what does',
      [well, ill],
      false,
      503,
      '[+]caches ok\n[-]api-server failed: not heard of\nreadyz check failed\n',
    ],
    ['what cannot be checked', [broken], true, 503, '[-]event-loop failed: a bug\nreadyz check failed\n'],
  ]
  for (const [says, checks, isVerbose, status, body] of cases) {
    test(says, () => {
      assert.deepEqual(health('readyz', checks, isVerbose), { status, body })
    })
  }
})
