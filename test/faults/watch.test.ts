import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type ControlPlane, controlPlane } from '#test/servers'
import { type Action, errorEvent410, freeze, truncate } from './actions.ts'
import { eventsOf, PlainClient, type PlainWatch } from './plain-client.ts'
import { type FaultProxy, startFaultProxy } from './proxy.ts'
import { refuseWatchList } from './rules.ts'

let plane: ControlPlane
let direct: PlainClient
let proxy: FaultProxy
let client: PlainClient
let maps: string
let version: string

before(async () => {
  plane = await controlPlane()
  direct = new PlainClient(plane.kubeconfig)
})

beforeEach(async () => {
  proxy = await startFaultProxy({ kubeconfig: plane.kubeconfig })
  client = new PlainClient(proxy.kubeconfig)
  const namespace = await direct.newNamespace()
  maps = `/api/v1/namespaces/${namespace}/configmaps`
  // The control plane puts a ConfigMap of its own into each namespace; a field selector keeps it out of the watches.
  version = (await direct.call('GET', maps)).body.metadata.resourceVersion
})

afterEach(async () => {
  await client.close()
  await proxy.close()
})

after(async () => {
  await direct?.close()
  await plane?.stop()
})

const openWatch = (): Promise<PlainWatch> =>
  client.watch(`${maps}?watch=true&resourceVersion=${version}&fieldSelector=metadata.name!=kube-root-ca.crt`)

const make = (name: string, data: Record<string, string> = {}) =>
  direct.call('POST', maps, { metadata: { name }, data })

async function until(holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 5000
  while (!holds()) {
    assert.ok(performance.now() < deadline, 'it did not come about within 5 s')
    await sleep(5)
  }
}

test('a watch streams', async () => {
  const watch = await openWatch()
  await make('a')
  await until(() => eventsOf(watch).length === 1)
  await make('b')
  await until(() => eventsOf(watch).length === 2)
  assert.deepEqual(eventsOf(watch), ['ADDED a', 'ADDED b'])
  assert.partialDeepStrictEqual(proxy.requests, [{ verb: 'watch', status: 200, requestVersion: version }])
})

test('a watch that the client leaves is not kept open', async () => {
  await openWatch()
  assert.equal(proxy.openWatches({ resource: 'configmaps' }).length, 1)
  await client.close()
  await until(() => proxy.openWatches().length === 0)
})

for (const when of ['before', 'after'] as const) {
  test(`a watch opened ${when} the rule freezes: it stays open, and what was held comes in order`, async () => {
    const early = when === 'before' ? await openWatch() : undefined
    const rule = proxy.add({ when: { resource: 'configmaps' }, do: freeze() })
    const watch = early ?? (await openWatch())
    assert.equal(proxy.requests[0]?.fault, 'freeze')
    await make('a')
    await make('b')
    await sleep(100)
    assert.deepEqual([eventsOf(watch), watch.state], [[], 'open'])
    rule.do.thaw()
    await until(() => eventsOf(watch).length === 2)
    assert.deepEqual(eventsOf(watch), ['ADDED a', 'ADDED b'])
  })

  test(`a watch opened ${when} the rule ends with the event Expired`, async () => {
    const early = when === 'before' ? await openWatch() : undefined
    proxy.add({ when: { verb: 'watch' }, do: errorEvent410() })
    const watch = early ?? (await openWatch())
    await until(() => watch.state === 'ended')
    const event = JSON.parse(watch.bytes.toString())
    assert.partialDeepStrictEqual(event, { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } })
  })
}

test('freeze acts on as many watches as the rule says', async () => {
  const [first, second] = [await openWatch(), await openWatch()]
  proxy.add({ when: { verb: 'watch' }, do: freeze() })
  await make('a')
  await until(() => eventsOf(second).length === 1)
  await sleep(50)
  assert.deepEqual(eventsOf(first), [])
})

test('a watch ends as the API server ends it', async () => {
  const watch = await openWatch()
  proxy.closeWatches({ resource: 'secrets' })
  await sleep(50)
  assert.equal(watch.state, 'open')
  proxy.closeWatches({ resource: 'configmaps' })
  await until(() => watch.state === 'ended')
  await make('a')
  const next = await openWatch()
  await until(() => eventsOf(next).length === 1)
})

const cuts: [string, Action, PlainWatch['state'], string[], RegExp][] = [
  ['in the middle', truncate(), 'broken', [], /^\{"type":"ADDED".*[^}\n]$/],
  ['in the middle, ending in order', truncate({ clean: true }), 'ended', [], /^\{"type":"ADDED".*[^}\n]$/],
  ['inside of a character', truncate({ insideCharacter: true }), 'broken', ['ADDED plain'], /ab\u00e2$/],
]
for (const [where, action, state, events, end] of cuts) {
  test(`truncate cuts a frame ${where}, and closes`, async () => {
    const watch = await openWatch()
    proxy.add({ when: { verb: 'watch' }, do: action })
    await make('plain')
    await make('other', { sign: 'ab€' })
    await until(() => watch.state !== 'open')
    assert.deepEqual([watch.state, eventsOf(watch)], [state, events])
    assert.match(watch.bytes.toString('latin1').split('\n').at(-1) ?? '', end)
  })
}

test('refuseWatchList refuses initial events and nothing else', async () => {
  const list = `${maps}?watch=true&sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan`
  proxy.add(refuseWatchList())
  assert.partialDeepStrictEqual(await client.call('GET', list), { status: 422, body: { reason: 'Invalid' } })
  assert.equal((await client.call('GET', list)).status, 422)
  assert.equal((await openWatch()).state, 'open')
  proxy.clear()
  assert.equal((await client.watch(list)).state, 'open')
})

test('what the API server answers to a watch it refuses passes', async () => {
  const answer = await client.call('GET', '/api/v1/nothing?watch=true')
  assert.equal(answer.status, 404)
})
