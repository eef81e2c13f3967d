import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { KubeObject } from '#api'
import { day, second } from '#base'
import type { Resource } from '#kube'
import type { RegisterEntry } from '#plan'
import { FakeClock, logBook, noon, ScriptedApi } from '#test/make'
import { RegisterWriter } from './register-writer.ts'

const revoked = { at: noon, reason: 'keyCompromise' } as const
const some = (count: number): RegisterEntry[] =>
  Array.from({ length: count }, (_, at) => ({
    serialNumber: (at + 1).toString(16),
    fingerprint: (at + 1).toString(16).padStart(64, '0'),
    generation: 1,
    kind: at % 2 === 0 ? 'Certificate' : 'Authority',
    holder: `shop/web-${at}`,
    revision: 1,
    names: [],
    issuedAt: noon,
    notAfter: noon + 90 * day,
  }))

/** The writer of one Authority's register, which knows some entries and has stored none. */
function writerOf(entries: readonly RegisterEntry[]) {
  const [api, clock, told] = [new ScriptedApi(), new FakeClock(), [] as string[]]
  const writer = new RegisterWriter({
    ...{ authority: 'pki/ca', client: api.client, clock, logger: logBook(), random: () => 1 },
    ownership: { owns: () => true, remainingMs: () => day, onChange: () => {} },
    signal: new AbortController().signal,
    onFlush: () => {},
    onRevoked: (holders) => told.push(...holders.map(({ kind, holder }) => `${kind} ${holder}`)),
  })
  for (const each of entries) writer.record(each)
  const revokeAll = async (which = entries): Promise<number> => {
    const results = await Promise.allSettled(which.map((each) => writer.revoke(each, revoked)))
    return results.filter(({ status }) => status === 'rejected').length
  }
  return { api, clock, told, revokeAll }
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 5; turn++) await setImmediate()
}

suite('many revocations at once', () => {
  test('share one write, and what it comes to when it is refused', async () => {
    const { api, clock, revokeAll } = writerOf(some(500))
    api.faults.push(...Array.from({ length: 500 }, () => 'refused' as const))
    assert.equal(await revokeAll(), 500)
    assert.deepEqual(api.requests, ['create ca-register-1'])
    api.faults.length = 0
    // The next try is as late as after one failure, not after as many as there were callers.
    clock.advance(second)
    await settled()
    assert.deepEqual(api.requests, ['create ca-register-1', 'create ca-register-1'])
    assert.equal(api.stored().filter((each) => each.revoked).length, 500)
  })

  test('share one write after the one that is under way', async () => {
    const entries = some(500)
    const { api, revokeAll } = writerOf(entries)
    const create = api.client.create
    const waits = Promise.withResolvers<void>()
    api.client.create = async <T extends KubeObject>(resource: Resource, object: T): Promise<T> => {
      await waits.promise
      return create(resource, object)
    }
    api.faults.push(...Array.from({ length: 500 }, () => 'refused' as const))
    const first = revokeAll(entries.slice(0, 1))
    await settled()
    const others = revokeAll(entries.slice(1))
    waits.resolve()
    assert.deepEqual(await Promise.all([first, others]), [1, 499])
    assert.equal(api.requests.length, 2)
  })

  test('tell whose certificates are revoked, and of nobody else', async () => {
    const entries = some(5)
    const { told, revokeAll } = writerOf(entries)
    await revokeAll(entries.slice(0, 2))
    await revokeAll(entries.slice(1, 3))
    assert.deepEqual(told, ['Certificate shop/web-0', 'Authority shop/web-1', 'Certificate shop/web-2'])
  })
})
