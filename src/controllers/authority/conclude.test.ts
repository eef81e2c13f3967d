import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Failure, hour, minute, retryable, second, terminal, waiting } from '#base'
import type { AuthorityPlan } from '#plan'
import { authorityWorld, FakeClock, noon } from '#test/make'
import { Memory } from '../memory.ts'
import type { ControllerTools } from '../tools.ts'
import { concludeAuthority } from './conclude.ts'

const never = new AbortController().signal

async function againInMs(plan: AuthorityPlan, failure?: Failure): Promise<number | undefined> {
  const clock = new FakeClock()
  const client = { mergePatch: async () => ({ metadata: { resourceVersion: '51' } }) }
  const tools = { clock, client, events: { record: () => {} } } as unknown as ControllerTools
  const report = { failure, created: false, world: authorityWorld() }
  return (await concludeAuthority(plan, report, tools, new Memory(clock), never)).againInMs
}

const failures: readonly [failure: Failure, againMs: number][] = [
  [retryable('ParentNotReady', 'it cannot sign now'), minute],
  [retryable('ParentNotReady', 'busy', { retryAfterMs: 5 * second }), 5 * second],
  [waiting('ParentNotFound', 'there is none', 10 * minute), 10 * minute],
  [terminal('ParentCycle', 'a circle'), hour],
]
for (const [failure, againMs] of failures) {
  test(`after a ${failure.kind} failure an Authority is looked at again in ${againMs} ms`, async () => {
    assert.equal(await againInMs({ do: 'refuse', failure }, failure), againMs)
  })
}

test('one that is in order is looked at again within the hour, and when it ends', async () => {
  assert.equal(await againInMs({ do: 'keep', recheckAt: noon + 2 * hour }), hour)
  assert.equal(await againInMs({ do: 'keep', recheckAt: noon + second }), second)
})
