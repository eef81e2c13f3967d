import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { type ControlPlane, controlPlane } from '#test/servers'
import { commitAndLose, crash, delay, drop, duplicate, hook, late, type Point, respond, stale } from './actions.ts'
import { PlainClient } from './plain-client.ts'
import { type FaultProxy, startFaultProxy } from './proxy.ts'

let plane: ControlPlane
let direct: PlainClient
let proxy: FaultProxy
let client: PlainClient
let maps: string

before(async () => {
  plane = await controlPlane()
  direct = new PlainClient(plane.kubeconfig)
  proxy = await startFaultProxy({ kubeconfig: plane.kubeconfig, who: 'one' })
  client = new PlainClient(proxy.kubeconfig)
})

beforeEach(async () => {
  proxy.clear()
  maps = `/api/v1/namespaces/${await direct.newNamespace()}/configmaps`
  proxy.reset()
})

after(async () => {
  await client?.close()
  await direct?.close()
  await proxy?.close()
  await plane?.stop()
})

const map = (name: string, data: Record<string, string> = {}) => ({ metadata: { name }, data })
const exists = async (name: string): Promise<boolean> => (await direct.call('GET', `${maps}/${name}`)).status === 200

test('requests of every kind pass and are recorded', async () => {
  const name = maps.split('/')[4] ?? ''
  const role = `/apis/rbac.authorization.k8s.io/v1/namespaces/${name}/roles`
  const created = await client.call('POST', maps, map('a'))
  await client.call('POST', maps, { metadata: { generateName: 'made-' } })
  const patched = await client.call('PATCH', `${maps}/a`, { metadata: created.body.metadata, data: { x: 'y' } })
  await client.call('PUT', `${maps}/a`, { ...map('a'), metadata: patched.body.metadata })
  await client.call('POST', role, { metadata: { name: 'r' }, rules: [] })
  await client.call('GET', `/api/v1/namespaces/${name}`)
  await client.call('PATCH', `/api/v1/namespaces/${name}/status`, { metadata: { annotations: { a: 'b' } } })
  const list = await client.call('GET', `${maps}?resourceVersion=0`)
  await client.call('GET', '/version')
  await client.call('DELETE', `${maps}/a`)
  await client.call('GET', `${maps}/a`)

  const made = proxy.requests[1]?.name ?? ''
  assert.match(made, /^made-/)
  const seen = proxy.requests.map((request) => {
    const { verb, group, resource, subresource, namespace, name, status } = request
    return [verb, group, resource, subresource, namespace, name, status]
  })
  assert.deepEqual(seen, [
    ['create', '', 'configmaps', '', name, 'a', 201],
    ['create', '', 'configmaps', '', name, made, 201],
    ['patch', '', 'configmaps', '', name, 'a', 200],
    ['replace', '', 'configmaps', '', name, 'a', 200],
    ['create', 'rbac.authorization.k8s.io', 'roles', '', name, 'r', 201],
    ['get', '', 'namespaces', '', '', name, 200],
    ['patch', '', 'namespaces', 'status', '', name, 200],
    ['list', '', 'configmaps', '', name, '', 200],
    ['get', '', '', '', '', '', 200],
    ['delete', '', 'configmaps', '', name, 'a', 200],
    ['get', '', 'configmaps', '', name, 'a', 404],
  ])
  assert.equal(proxy.requests[2]?.requestVersion, created.body.metadata.resourceVersion)
  assert.equal(proxy.requests[2]?.responseVersion, patched.body.metadata.resourceVersion)
  assert.equal(proxy.requests[7]?.requestVersion, '0')
  assert.equal(proxy.requests[7]?.responseVersion, list.body.metadata.resourceVersion)
  assert.ok(proxy.requests.every(({ who, forwarded, fault }) => who === 'one' && forwarded === 1 && !fault))
})

test('writes are counted exactly, without what is excluded', async () => {
  await client.call('POST', maps, map('a'))
  await client.call('GET', maps)
  await client.call('PATCH', `${maps}/a`, { data: { x: 'y' } })
  await client.call('DELETE', `${maps}/a`)
  const leases = maps.replace('/api/v1/', '/apis/coordination.k8s.io/v1/').replace('configmaps', 'leases')
  await client.call('POST', leases, { metadata: { name: 'l' } })
  assert.deepEqual(
    proxy.writes({ exclude: ['leases'] }).map(({ verb }) => verb),
    ['create', 'patch', 'delete'],
  )
  assert.equal(proxy.writes().length, 4)
  proxy.reset()
  assert.equal(proxy.requests.length, 0)
})

test('drop keeps the request from the API server', async () => {
  proxy.add({ when: { verb: 'create', name: 'a' }, do: drop() })
  await assert.rejects(client.call('POST', maps, map('a')))
  assert.equal(await exists('a'), false)
  assert.partialDeepStrictEqual(proxy.writes(), [{ fault: 'drop', forwarded: 0, status: undefined }])
  assert.equal((await client.call('POST', maps, map('a'))).status, 201)
})

test('commitAndLose lets the write happen and says nothing', async () => {
  proxy.add({ when: { verb: 'create' }, do: commitAndLose() })
  await assert.rejects(client.call('POST', maps, map('a')))
  assert.equal(await exists('a'), true)
  assert.partialDeepStrictEqual(proxy.writes(), [{ fault: 'commitAndLose', forwarded: 1, status: 201 }])
})

test('late says nothing, and lets the write happen when it was given up', async () => {
  proxy.add({ when: { verb: 'create' }, do: late(300) })
  await assert.rejects(client.call('POST', maps, map('a')))
  assert.equal(await exists('a'), false)
  await proxy.waitFor(([request]) => request?.status === 201)
  assert.equal(await exists('a'), true)
})

test('duplicate sends the write twice and gives the second answer', async () => {
  proxy.add({ when: { verb: 'create' }, do: duplicate() })
  assert.equal((await client.call('POST', maps, map('a'))).status, 409)
  assert.partialDeepStrictEqual(proxy.writes(), [{ fault: 'duplicate', forwarded: 2, status: 409 }])
})

test('delay forwards later', async () => {
  proxy.add({ when: {}, do: delay(150) })
  const start = performance.now()
  await client.call('GET', maps)
  assert.ok(performance.now() - start >= 149)
})

const statuses: [number, string][] = [
  [400, 'BadRequest'],
  [409, 'AlreadyExists'],
  [410, 'Expired'],
  [422, 'Invalid'],
  [429, 'TooManyRequests'],
  [500, 'InternalError'],
  [503, 'ServiceUnavailable'],
  [504, 'Timeout'],
]
for (const [code, reason] of statuses) {
  test(`respond answers ${code} with a Status and keeps the request from the API server`, async () => {
    proxy.add({ when: {}, do: respond(code, { retryAfter: 7 }) })
    const { status, headers, body } = await client.call('POST', maps, map('a'))
    assert.equal(status, code)
    assert.equal(headers['retry-after'], '7')
    const details = { retryAfterSeconds: 7 }
    assert.partialDeepStrictEqual(body, { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, details })
    assert.partialDeepStrictEqual(proxy.writes(), [{ fault: `respond ${code}`, forwarded: 0, status: code }])
    assert.equal(await exists('a'), false)
  })
}

test('respond says what it is told to', async () => {
  proxy.add({ when: {}, do: respond(409, { message: 'stop', reason: 'Other' }) })
  const { headers, body } = await client.call('PUT', `${maps}/a`, map('a'))
  assert.partialDeepStrictEqual(body, { message: 'stop', reason: 'Other' })
  assert.equal(headers['retry-after'], undefined)
})

/** Where, whether the write is committed there, whether the operator has its answer in the end. */
const points: [Point, boolean, boolean][] = [
  ['before', false, false],
  ['afterCommit', true, false],
  ['afterReply', true, true],
]
for (const [point, committed, answered] of points) {
  test(`hook runs ${point}, and the operator gets its answer`, async () => {
    const seen = Promise.withResolvers<boolean>()
    proxy.add({ when: { name: 'a' }, do: hook(point, async ({ name }) => seen.resolve(await exists(name))) })
    assert.equal((await client.call('POST', maps, map('a'))).status, 201)
    assert.equal(await seen.promise, committed)
  })

  test(`crash ${point} forwards nothing more of an operator that dies`, async () => {
    const victim = new PlainClient(await proxy.listen('victim'))
    const further = Promise.withResolvers<unknown>()
    const kill = async (): Promise<void> => {
      // What the operator sends while it is being killed arrives, but goes nowhere.
      further.resolve(victim.call('POST', maps, map('further')).catch(() => 'broken'))
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    proxy.add({ when: { name: 'a' }, do: crash(point, kill) })
    const answer = victim.call('POST', maps, map('a')).then(
      ({ status }) => status,
      () => 'broken',
    )
    assert.equal(await answer, answered ? 201 : 'broken')
    assert.equal(await further.promise, 'broken')
    assert.equal(await exists('a'), committed)
    assert.equal(await exists('further'), false)
    assert.equal((await client.call('GET', maps)).status, 200, 'other operators go on')
    await victim.close()
  })
}

test('stale serves an old list where the API server might, and only there', async () => {
  const old = await client.call('GET', maps)
  await client.call('POST', maps, map('a'))
  proxy.add({ when: { verb: 'list' }, times: 4, do: stale() })
  const countOf = async (query: string): Promise<unknown> => {
    const { items } = (await client.call('GET', `${maps}?${query}`)).body
    return Array.isArray(items) ? items.filter(({ metadata }) => metadata.name === 'a').length : items
  }
  assert.equal(await countOf('resourceVersion=0'), 0)
  assert.equal(await countOf(`resourceVersion=${old.body.metadata.resourceVersion}`), 0)
  assert.equal(await countOf(''), 1)
  assert.equal(await countOf('resourceVersion=0&labelSelector=!none'), 1)
  assert.deepEqual(
    proxy.requests.slice(-4).map(({ fault }) => fault),
    ['stale', 'stale', undefined, undefined],
  )
})

test('two operators have doors of their own, under the same rules', async () => {
  const other = new PlainClient(await proxy.listen('two'))
  const rule = proxy.add({ when: { who: 'two' }, times: 2, do: respond(503) })
  assert.equal((await client.call('GET', maps)).status, 200)
  assert.equal((await other.call('GET', maps)).status, 503)
  proxy.remove(rule)
  assert.equal((await other.call('GET', maps)).status, 200)
  assert.deepEqual(
    proxy.requests.map(({ who }) => who),
    ['one', 'two', 'two'],
  )
  await other.close()
})

test('two proxies number their requests together', async () => {
  const second = await startFaultProxy({ kubeconfig: plane.kubeconfig, who: 'two' })
  const other = new PlainClient(second.kubeconfig)
  await client.call('GET', maps)
  await other.call('GET', maps)
  await client.call('GET', maps)
  const all = [...proxy.requests, ...second.requests].sort((a, b) => a.seq - b.seq)
  assert.deepEqual(
    all.map(({ who }) => who),
    ['one', 'two', 'one'],
  )
  await other.close()
  await second.close()
})

test('waitFor returns when its predicate holds and otherwise says what was seen', async () => {
  const waiting = proxy.waitFor((requests) => requests.some(({ status }) => status === 404))
  await client.call('GET', `${maps}/none`)
  await waiting
  await assert.rejects(
    proxy.waitFor(() => false, 20),
    /not within 20 ms; the last of 1 requests:\n.*get configmaps/,
  )
})

test('a rule whose action throws fails the test when the proxy closes', async () => {
  const broken = await startFaultProxy({ kubeconfig: plane.kubeconfig })
  const victim = new PlainClient(broken.kubeconfig)
  broken.add({ when: {}, do: hook('before', () => assert.fail('wrong')) })
  await assert.rejects(victim.call('GET', maps))
  await victim.close()
  await assert.rejects(broken.close(), (error: AggregateError) => /wrong/.test(String(error.errors[0])))
})
