import assert from 'node:assert/strict'
import type { PendingOrder } from '#issuers'
import { assertAccepted, assertFails, never, settle, type Wish, waitFor, wish } from './obtain.ts'
import type { RunTrial, Tests, Trial } from './trial.ts'

/** An order that is pending. */
async function order(trial: Trial): Promise<Wish & { readonly pending: PendingOrder }> {
  const made = await wish(trial)
  const answer = await trial.issuer.issue(made.request, never)
  assert.ok(answer.state === 'pending', 'the issuer says that orders can be pending, yet it issues at once')
  return { ...made, pending: answer }
}

/** A test of pending orders; where there are none, asking for one is refused. */
const withOrders =
  (feature: 'pending' | 'cancel', run: (trial: Trial) => Promise<void>): RunTrial =>
  async (trial, context) => {
    const { issuer, description } = trial
    const why = description.unsupported[feature]
    if (why === undefined) return run(trial)
    context.diagnostic(`declared unsupported: ${why}`)
    const { request } = await wish(trial)
    const call = feature === 'cancel' ? issuer.cancel('none', never) : issuer.poll('none', request, never)
    await assertFails(trial, call, ['Terminal'])
  }

export const orderTests: Tests = {
  'an order is pending until it is settled, and then a certificate': withOrders('pending', async (trial) => {
    const { request, pending } = await order(trial)
    assert.match(pending.handle, /^[\x20-\x7e]{1,1024}$/)
    assert.ok(Number.isFinite(pending.afterMs) && pending.afterMs >= 0, String(pending.afterMs))
    const before = await trial.issuer.poll(pending.handle, request, never)
    assert.equal(before.state, 'pending')
    await settle(trial)
    assertAccepted(trial, request, await waitFor(trial.issuer, pending, request))
    const again = await trial.issuer.poll(pending.handle, request, never)
    assert.equal(again.state, 'issued', 'the answer may have been lost: it can be had again')
  }),

  'the same request handed in again finds its order, after a restart too': withOrders('pending', async (trial) => {
    const { request, pending } = await order(trial)
    for (const issuer of [trial.issuer, trial.restarted()]) {
      const again = await issuer.issue(request, never)
      assert.ok(again.state === 'pending')
      assert.equal(again.handle, pending.handle)
    }
    await settle(trial)
    assertAccepted(trial, request, await waitFor(trial.restarted(), pending, request))
    const late = await trial.issuer.issue(request, never)
    assert.ok(late.state === 'issued' || late.handle === pending.handle)
  }),

  'another request is another order': withOrders('pending', async (trial) => {
    const [one, other] = [await order(trial), await order(trial)]
    assert.notEqual(one.pending.handle, other.pending.handle)
    await settle(trial)
    for (const { request, pending } of [other, one]) {
      assertAccepted(trial, request, await waitFor(trial.issuer, pending, request))
    }
  }),

  'an order that is cancelled is gone, and cancelling it again is no failure': withOrders('cancel', async (trial) => {
    const { request, pending } = await order(trial)
    await trial.issuer.cancel(pending.handle, never)
    await trial.issuer.cancel(pending.handle, never)
    const answer = await trial.issuer.poll(pending.handle, request, never)
    assert.equal(answer.state, 'gone')
    if (answer.state === 'gone') assert.notEqual(answer.why.trim(), '')
  }),

  'what is no order of ours is gone, or a failure that may pass': withOrders('pending', async (trial) => {
    const { request } = await wish(trial)
    for (const handle of ['00000000-none', '../../etc/passwd', 'https://example.com/']) {
      const call = trial.issuer.poll(handle, request, never)
      const [outcome] = await Promise.allSettled([call])
      if (outcome.status === 'fulfilled') assert.equal(outcome.value.state, 'gone')
      else await assertFails(trial, call, ['Terminal', 'Retryable'])
    }
  }),
}
