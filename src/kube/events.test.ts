import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { KubeObject } from '#api'
import { minute, second, silentLogger } from '#base'
import { FakeClock } from '#test/make'
import { ApiError } from './api-error.ts'
import type { KubeClient } from './client.ts'
import { createEventRecorder, type ObjectEvent } from './events.ts'

interface Write {
  verb: 'create' | 'patch'
  namespace?: string
  name: string
  body: { note?: string; series?: { count: number; lastObservedTime: string } }
}

/** A recorder whose writes are kept; `answer` may throw what the API server would refuse with. */
function recorder(answer: (write: Write) => void | Promise<void> = () => {}) {
  const clock = new FakeClock()
  const writes: Write[] = []
  const take = async (write: Write): Promise<void> => {
    writes.push(structuredClone(write))
    await answer(write)
  }
  const client = {
    create: (_resource: unknown, event: KubeObject & Write['body']) =>
      take({ verb: 'create', ...event.metadata, body: event }),
    mergePatch: (_resource: unknown, key: { namespace: string; name: string }, body: object) =>
      take({ verb: 'patch', namespace: key.namespace, name: key.name, body }),
  } as unknown as KubeClient
  const options = { controller: 'sifaka.dev/operator', instance: 'pod', logger: silentLogger, random: () => 0.5 }
  return { clock, writes, events: createEventRecorder({ client, clock, ...options }) }
}

const event = (note = 'Issued.', uid = 'u1', namespace = 'shop'): ObjectEvent => ({
  regarding: {
    apiVersion: 'sifaka.dev/v1alpha1',
    kind: 'Certificate',
    metadata: { name: 'web', uid, ...(namespace && { namespace }) },
  },
  type: 'Normal',
  reason: 'Issued',
  action: 'Issue',
  note,
})

test('equal events become one Event with a series, written at most every 30 s', async () => {
  const { clock, writes, events } = recorder()
  for (let count = 0; count < 5; count++) {
    events.record(event())
    await setImmediate()
  }
  assert.equal(writes.length, 1)
  clock.advance(30 * second)
  await events.flush()
  assert.deepEqual(
    writes.map(({ verb, body }) => [verb, body.series?.count]),
    [
      ['create', undefined],
      ['patch', 5],
    ],
  )
  assert.equal(writes[0]?.name, writes[1]?.name)
  clock.advance(6 * minute)
  events.record(event())
  await events.flush()
  assert.deepEqual(
    writes.map(({ verb }) => verb),
    ['create', 'patch', 'create'],
  )
  assert.notEqual(writes[2]?.name, writes[0]?.name)
  await events.close()
  assert.equal(clock.timers, 0)
})

test('events that differ in object, note or type are Events of their own', async () => {
  const { writes, events } = recorder()
  for (const one of [event(), event('Other.'), event('Issued.', 'u2'), { ...event(), type: 'Warning' as const }]) {
    events.record(one)
  }
  await events.flush()
  assert.deepEqual(
    writes.map(({ verb }) => verb),
    ['create', 'create', 'create', 'create'],
  )
})

test('one object gets 25 at once and one more every 5 minutes', async () => {
  const { clock, writes, events } = recorder()
  for (let index = 0; index < 30; index++) events.record(event(`note ${index}`))
  await events.flush()
  assert.deepEqual([writes.length, events.dropped], [25, 5])
  events.record(event('x', 'u2'))
  clock.advance(5 * minute)
  events.record(event('y'))
  events.record(event('z'))
  await events.flush()
  assert.deepEqual([writes.length, events.dropped], [27, 6])
})

test('while the API server hangs the queue is bounded and record does not wait', async () => {
  const held: (() => void)[] = []
  const { events, writes } = recorder(() => new Promise<void>((resolve) => held.push(resolve)))
  for (let index = 0; index < 1500; index++) events.record(event('x', `u${index}`))
  assert.deepEqual([writes.length, events.dropped], [8, 1500 - 1008])
  const flushed = events.flush()
  while (held.length > 0) {
    for (const release of held.splice(0)) release()
    await setImmediate()
  }
  await flushed
  assert.equal(writes.length, 1008)
})

test('an Event is sent again while the server is unavailable, and given up when it refuses', async () => {
  const refuse = (status: number, times: number, apiReason = '') => {
    let left = times
    return () => {
      if (left-- > 0) throw new ApiError('refused', { status, apiReason })
    }
  }
  const cases: [string, () => void, number, number][] = [
    ['no answer, then one', refuse(0, 2), 3, 0],
    ['never an answer', refuse(0, 100), 4, 1],
    ['429', refuse(429, 1), 2, 0],
    ['forbidden', refuse(403, 1), 1, 1],
    ['already there: only the answer was lost', refuse(409, 1, 'AlreadyExists'), 1, 0],
  ]
  for (const [what, answer, sent, dropped] of cases) {
    const { clock, writes, events } = recorder(answer)
    events.record(event())
    const flushed = events.flush()
    for (let round = 0; round < 10; round++) {
      await setImmediate()
      clock.advance(minute)
    }
    await flushed
    assert.deepEqual([writes.length, events.dropped], [sent, dropped], what)
  }
})

test('close does not wait for a server that is away, and drops what comes later', async () => {
  const { events, writes } = recorder(() => {
    throw new ApiError('no answer', { status: 0 })
  })
  events.record(event())
  await events.close()
  events.record(event('late'))
  assert.deepEqual([writes.length, events.dropped], [1, 2])
})

test('a note is cut to 1,024 bytes without half a character, names and namespaces are valid', async () => {
  const { writes, events } = recorder()
  const long = event('ü'.repeat(2000), 'u1', '')
  long.regarding.metadata.name = 'n'.repeat(253)
  events.record(long)
  await events.flush()
  assert.equal(writes[0]?.body.note, 'ü'.repeat(512))
  assert.equal(writes[0]?.namespace, 'default')
  assert.equal(writes[0]?.name.length, 253)
})
