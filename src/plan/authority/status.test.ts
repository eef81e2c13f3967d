import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AuthorityStatus } from '#api'
import { type Failure, hour, retryable } from '#base'
import { authority, authorityWorld, checkConditions, heldCa, noon } from '#test/make'
import { planAuthority } from './plan.ts'
import { authorityStatus } from './status.ts'
import type { AuthorityWorld } from './world.ts'

/** The status after a visit, as the API server keeps it, held against the rules for conditions. */
function statusOf(parts: Partial<AuthorityWorld> = {}, failure?: Failure, now = noon): AuthorityStatus {
  const world = authorityWorld(parts)
  const status: AuthorityStatus = JSON.parse(JSON.stringify(authorityStatus(world, failure, now)))
  checkConditions({ ...world.authority, status })
  return status
}

/** What happens when the plan says that nothing can be done now. */
function refused(parts: Partial<AuthorityWorld>, now = noon): AuthorityStatus {
  const plan = planAuthority(authorityWorld(parts), now)
  assert.equal(plan.do, 'refuse')
  return statusOf(parts, plan.failure, now)
}

const inShort = ({ conditions = [] }: AuthorityStatus): Record<string, string> =>
  Object.fromEntries(conditions.map(({ type, status, reason }) => [type, `${status} ${reason}`]))

const fresh: Partial<AuthorityWorld> = { ca: { state: 'absent' }, hasSigned: false }

suite('situation and conditions', () => {
  const situations: readonly [situation: string, conditions: Record<string, string>, () => AuthorityStatus][] = [
    ['in order', { Ready: 'True CAReady' }, () => statusOf()],
    [
      'expired',
      { Ready: 'False CAExpired', Stalled: 'True CAExpired' },
      () => refused({ ca: { state: 'held', held: heldCa({ notAfter: noon }) } }),
    ],
    [
      'the key is lost',
      { Ready: 'False CAKeyMissing', Stalled: 'True CAKeyMissing' },
      () => refused({ ca: { state: 'absent' } }),
    ],
    [
      'the key is damaged',
      { Ready: 'False CAKeyDamaged', Stalled: 'True CAKeyDamaged' },
      () => refused({ ca: { state: 'damaged', why: 'tls.key is missing' } }),
    ],
    [
      "somebody else's Secret is in the way",
      { Ready: 'False SecretNotOurs', Stalled: 'True SecretNotOurs' },
      () => refused({ ca: { state: 'foreign', why: 'it was not made for this Authority' } }),
    ],
    [
      'the parent is not there',
      { Ready: 'False ParentNotFound', Reconciling: 'True ParentNotFound' },
      () => refused({ ...fresh, parent: { state: 'absent' } }),
    ],
    [
      'the parent is not ready',
      { Ready: 'False ParentNotReady', Reconciling: 'True ParentNotReady' },
      () => refused({ ...fresh, parent: { state: 'notReady', why: 'it is new' } }),
    ],
    [
      'the parents form a cycle',
      { Ready: 'False ParentCycle', Stalled: 'True ParentCycle' },
      () =>
        refused({ ...fresh, parent: { state: 'cycle', path: Array.from({ length: 500 }, (_, i) => `pki/ca-${i}`) } }),
    ],
    [
      'the parent does not answer',
      { Ready: 'False ParentNotReady', Reconciling: 'True ParentNotReady' },
      () => statusOf(fresh, retryable('ParentNotReady', 'no answer')),
    ],
    [
      'nothing is there, and nobody says why',
      { Ready: 'False CAKeyMissing', Reconciling: 'True CAKeyMissing' },
      () => statusOf(fresh),
    ],
  ]
  for (const [situation, conditions, visit] of situations) {
    test(situation, () => assert.deepEqual(inShort(visit()), conditions))
  }
})

test('facts are those of the CA in use, and stay when it is lost', () => {
  const status = statusOf()
  assert.deepEqual(status.ca, {
    generation: 1,
    subject: 'CN=ca',
    serialNumber: '4a00',
    fingerprint: 'ca'.repeat(32),
    notBefore: '2026-11-22T11:55:00Z',
    notAfter: '2036-11-19T12:00:00Z',
    secretName: 'ca-ca-1',
  })
  assert.equal(status.caBundle, 'PEM of the root')
  assert.equal(status.conditions?.[0]?.message, 'signs as CN=ca until 2036-11-19T12:00:00Z')
  const lost = refused({ ca: { state: 'absent' }, authority: authority({ status }) })
  assert.deepEqual([lost.ca, lost.caBundle], [status.ca, status.caBundle])
})

test('a second visit changes nothing', () => {
  const worlds: readonly Partial<AuthorityWorld>[] = [
    {},
    { ca: { state: 'absent' } },
    { ...fresh, parent: { state: 'absent' } },
  ]
  for (const parts of worlds) {
    const visit = (status: AuthorityStatus | undefined, now: number): AuthorityStatus => {
      const world = { ...parts, authority: authority({ status }) }
      return planAuthority(authorityWorld(world), now).do === 'refuse'
        ? refused(world, now)
        : statusOf(world, undefined, now)
    }
    const first = visit(undefined, noon)
    assert.deepEqual(visit(first, noon + hour), first)
  }
})

test('a status before the first generation', () => {
  const { generation: _, ...metadata } = authority().metadata
  const world = authorityWorld({ authority: { ...authority(), metadata } })
  assert.equal(authorityStatus(world, undefined, noon).observedGeneration, 0)
})
