import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { minute, second } from '#base'
import { livenessChecks, readinessChecks } from './health.ts'
import type { Parts } from './wire.ts'

/** What is asked of an operator's parts. */
interface State {
  readonly leaseSilentMs: number
  readonly visitMs: number
  readonly synced: readonly [certificates: boolean, secrets: boolean]
  readonly staleMs: readonly [certificates: number, secrets: number]
  readonly lagMs: number
  readonly isStopping: boolean
}

const well: State = { leaseSilentMs: 0, visitMs: 0, synced: [true, true], staleMs: [0, 0], lagMs: 0, isStopping: false }

/** What stands in the way, by the name of the check. */
function problems(state: Partial<State>): Record<string, string> {
  const { leaseSilentMs, visitMs, synced, staleMs, lagMs, isStopping } = { ...well, ...state }
  const cache = (at: 0 | 1) => ({ hasSynced: () => synced[at], staleMs: () => staleMs[at] })
  const caches = { certificates: cache(0), secrets: cache(1) }
  const kinds = [{ controller: { name: 'crl', oldestVisitMs: () => visitMs } }]
  const parts = { caches, kinds, leaseSilentMs: () => leaseSilentMs, leaseSilentMsMax: minute } as unknown as Parts
  const lag = { recentMaxMs: () => lagMs, stop: () => {} }
  const checks = [...livenessChecks(parts), ...readinessChecks(parts, lag, () => isStopping)]
  return Object.fromEntries(
    checks.flatMap(({ name, problem }) => {
      const found = problem()
      return found === undefined ? [] : [[name, found]]
    }),
  )
}

suite('an operator', () => {
  const cases: readonly [says: string, state: Partial<State>, found: Record<string, string>][] = [
    ['that is well', {}, {}],
    ['that has not begun to ask for the Lease', { leaseSilentMs: Number.NEGATIVE_INFINITY }, {}],
    ['that asked for it a minute ago', { leaseSilentMs: minute }, {}],
    [
      'that does not ask for it any more',
      { leaseSilentMs: minute + second },
      { lease: 'nobody has asked for the Lease for 1 minute 1 second' },
    ],
    ['at a visit that is long but not too long', { visitMs: 15 * minute }, {}],
    ['with a worker that is stuck', { visitMs: 16 * minute }, { workers: 'at the same visit: crl for 16 minutes' }],
    ['whose caches are being filled', { synced: [true, false] }, { caches: 'not filled yet: secrets' }],
    ['with views that are just fresh enough', { staleMs: [3 * minute, 0] }, {}],
    [
      'that hears nothing',
      { staleMs: [200 * second, 190.4 * second] },
      { 'api-server': 'not heard of certificates for 3 minutes 20 seconds, secrets for 3 minutes 10 seconds' },
    ],
    ['that was busy', { lagMs: 2 * second }, {}],
    ['that was too busy', { lagMs: 2345.6 }, { 'event-loop': 'stood still for 2346 ms a moment ago' }],
    ['that stops', { isStopping: true }, { shutdown: 'the operator is stopping' }],
  ]
  for (const [says, state, found] of cases) {
    test(says, () => {
      assert.deepEqual(problems(state), found)
    })
  }
})
