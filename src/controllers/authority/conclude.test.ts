import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AuthorityStatus } from '#api'
import { day, type Failure, hour, minute, retryable, second, terminal, waiting } from '#base'
import type { ObjectEvent } from '#kube'
import { type AuthorityPlan, type AuthorityWorld, planAuthority } from '#plan'
import { authority, authorityWorld, caGeneration, caWorld, FakeClock, noon } from '#test/make'
import { Memory } from '../memory.ts'
import type { ControllerTools } from '../tools.ts'
import { concludeAuthority } from './conclude.ts'

const never = new AbortController().signal

/** What a visit leaves: when to come back, the events, the statuses that were written. */
async function conclude(plan: AuthorityPlan, failure?: Failure, world: AuthorityWorld = authorityWorld()) {
  const clock = new FakeClock()
  const events: ObjectEvent[] = []
  const written: AuthorityStatus[] = []
  const client = {
    mergePatch: async (_resource: unknown, _key: unknown, { status }: { status: AuthorityStatus }) => {
      written.push(status)
      return { metadata: { resourceVersion: '51' } }
    },
  }
  const tools = { clock, client, events: { record: (event: ObjectEvent) => events.push(event) } }
  const report = { failure, world }
  const { againInMs } = await concludeAuthority(
    plan,
    report,
    tools as unknown as ControllerTools,
    new Memory(clock),
    never,
  )
  return { againInMs, written, said: events.map(({ type, reason, note }) => `${type} ${reason}: ${note}`) }
}

const keep: AuthorityPlan = { do: 'keep', recheckAt: noon + 2 * hour }

suite('an Authority is looked at again', () => {
  const failures: readonly [failure: Failure, againMs: number][] = [
    [retryable('ParentNotReady', 'it cannot sign now'), minute],
    [retryable('ParentNotReady', 'busy', { retryAfterMs: 5 * second }), 5 * second],
    [waiting('ParentNotFound', 'there is none', 10 * minute), 10 * minute],
    [waiting('CARequested', 'have it signed', day), hour],
    [terminal('ParentCycle', 'a circle'), hour],
  ]
  for (const [failure, againMs] of failures) {
    test(`after a ${failure.kind} failure in ${againMs} ms`, async () => {
      assert.equal((await conclude({ do: 'refuse', failure }, failure)).againInMs, againMs)
    })
  }

  test('within the hour when it is in order, and when the plan says so', async () => {
    assert.equal((await conclude(keep)).againInMs, hour)
    assert.equal((await conclude({ do: 'keep', recheckAt: noon + second })).againInMs, second)
  })

  test('at once when something was done', async () => {
    assert.equal((await conclude({ do: 'publish', text: 'PEM' })).againInMs, 0)
    assert.equal((await conclude({ do: 'discard' })).againInMs, 0)
  })

  test('no more when it is let go, and not written to', async () => {
    const { againInMs, written } = await conclude({ do: 'release' })
    assert.deepEqual([againInMs, written], [undefined, []])
  })

  test('when it could not be let go', async () => {
    assert.equal((await conclude({ do: 'release' }, retryable('KubernetesRefused', 'busy'))).againInMs, minute)
  })
})

suite('an event tells', () => {
  const made = planAuthority(authorityWorld({ ca: caWorld({ generations: [], lastActive: 0 }) }), noon)
  const generation = { ...caGeneration({ number: 2 }), held: {}, state: 'Active' }
  const about = (what: string) => ({ do: what, generation }) as unknown as AuthorityPlan
  const deeds: readonly [plan: AuthorityPlan, said: string][] = [
    [made, 'Normal CACreated: generation 1 of the CA is made'],
    [about('activate'), 'Normal CAActivated: generation 2 signs from now on'],
    [about('retire'), 'Normal CARetired: generation 2 has left the bundles'],
  ]
  for (const [plan, said] of deeds) {
    test(said, async () => assert.deepEqual((await conclude(plan)).said, [said]))
  }

  test('that it signs, once', async () => {
    const first = await conclude(keep)
    assert.match(first.said.join(), /^Normal CAReady: signs as CN=ca until /)
    const [status] = first.written
    const world = authorityWorld({ authority: authority({ status }) })
    assert.deepEqual(await conclude(keep, undefined, world), { againInMs: hour, said: [], written: [] })
  })

  test('what is waited for, and what a person must do', async () => {
    const world = authorityWorld({ ca: caWorld({ generations: [], lastActive: 0 }) })
    const told = async (failure: Failure) => (await conclude({ do: 'refuse', failure }, failure, world)).said
    assert.deepEqual(await told(waiting('ParentNotFound', 'there is none', hour)), [
      'Normal ParentNotFound: there is none',
    ])
    assert.deepEqual(await told(terminal('ParentCycle', 'a circle')), ['Warning ParentCycle: a circle'])
  })

  test('nothing that was not done', async () => {
    const { said } = await conclude(made, retryable('ParentNotReady', 'no answer'))
    assert.ok(!said.some((each) => each.includes('CACreated')), said.join())
  })

  test('what to look at although it signs', async () => {
    const { said } = await conclude(keep, undefined, authorityWorld({ olderDefault: 'shop/old' }))
    assert.equal(said.length, 2)
    assert.match(said[1] ?? '', /^Warning AnotherIsDefault: Authority shop\/old is the default/)
  })
})
