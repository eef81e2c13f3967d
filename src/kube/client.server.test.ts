import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { after, before, test } from 'node:test'
import type { KubeObject, Secret } from '#api'
import { silentLogger, systemClock } from '#base'
import { type ControlPlane, controlPlane } from '#test/servers'
import { ApiError, isAlreadyExists, isConflict, isNotFound } from './api-error.ts'
import type { KubeClient } from './client.ts'
import { loadConnection } from './connection.ts'
import { createKubeClient } from './create-client.ts'
import { createEventRecorder } from './events.ts'
import { Lease } from './lease.ts'
import { Reflector } from './reflector.ts'
import { resources } from './resource.ts'
import type { StoreEvent } from './store.ts'

const clock = systemClock
const logger = silentLogger
const namespace = `kube-${randomUUID().slice(0, 8)}`
let plane: ControlPlane
let client: KubeClient

const connect = async (): Promise<KubeClient> => {
  const connection = await loadConnection({ kubeconfig: plane.kubeconfig, clock })
  return createKubeClient({ connection, userAgent: 'sifaka/test', clock, logger, fieldManager: 'sifaka' })
}

before(async () => {
  plane = await controlPlane()
  client = await connect()
  await client.create(resources.namespaces, {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: namespace },
  })
})

after(async () => {
  await client.delete(resources.namespaces, { namespace: '', name: namespace })
  await client.close()
  await plane.stop()
})

const secret = (name: string, labels: Record<string, string> = {}): Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace, name, labels },
  data: { password: Buffer.from('geheim').toString('base64') },
})

/** The client with some methods replaced. */
const withMethods = (methods: Partial<KubeClient>): KubeClient => ({
  get: (...call) => client.get(...call),
  list: (...call) => client.list(...call),
  create: (...call) => client.create(...call),
  mergePatch: (...call) => client.mergePatch(...call),
  replace: (...call) => client.replace(...call),
  delete: (...call) => client.delete(...call),
  watch: (...call) => client.watch(...call),
  close: () => client.close(),
  ...methods,
})

/** Polls until `holds`; the test fails when it never does. */
async function until(holds: () => boolean, what: string): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    if (holds()) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  assert.fail(`never: ${what}`)
}

test('objects are created, read, patched under preconditions, replaced and deleted', async () => {
  const key = { namespace, name: 'life' }
  const created = await client.create(resources.secrets, secret('life'))
  const { uid = '', resourceVersion = '' } = created.metadata
  await assert.rejects(client.create(resources.secrets, secret('life')), isAlreadyExists)

  const data = { password: null, token: 'dG9rZW4=' }
  const patched = await client.mergePatch<Secret>(resources.secrets, key, {
    metadata: { uid, resourceVersion },
    data,
  })
  assert.deepEqual(patched.data, { token: 'dG9rZW4=' })
  await assert.rejects(
    client.mergePatch(resources.secrets, key, { metadata: { resourceVersion }, data: {} }),
    isConflict,
  )
  await assert.rejects(client.mergePatch(resources.secrets, key, { metadata: { uid: randomUUID() } }), isConflict)
  await assert.rejects(client.replace(resources.secrets, created), isConflict)

  const replaced = await client.replace<Secret>(resources.secrets, { ...patched, data: {} })
  assert.equal(replaced.data, undefined)
  await assert.rejects(client.delete(resources.secrets, key, { uid: randomUUID() }), isConflict)
  await client.delete(resources.secrets, key, { uid })
  await assert.rejects(client.get(resources.secrets, key), isNotFound)
})

test('metadata comes alone when it is asked for', async () => {
  await client.create(resources.secrets, secret('metadata', { part: 'metadata' }))
  const key = { namespace, name: 'metadata' }
  const one = await client.get<Secret>(resources.secrets, key, { metadataOnly: true })
  const { items } = await client.list<Secret>(resources.secrets, {
    namespace,
    labelSelector: 'part=metadata',
    metadataOnly: true,
  })
  for (const object of [one, ...items]) {
    assert.equal(object.kind, 'PartialObjectMetadata')
    assert.equal(object.metadata.name, 'metadata')
    assert.equal(object.data, undefined)
  }
  assert.equal(items.length, 1)
})

test('refusals are typed and say what is wrong with which object', async () => {
  const invalid = { ...secret('invalid'), type: 'kubernetes.io/tls' }
  await assert.rejects(client.create(resources.secrets, invalid), (error) => {
    assert.ok(error instanceof ApiError)
    assert.deepEqual([error.status, error.apiReason, error.reason], [422, 'Invalid', 'KubernetesRefused'])
    assert.ok(error.causes.some(({ field }) => field === 'data[tls.crt]'))
    assert.match(error.message, new RegExp(`^cannot create secrets ${namespace}/invalid: Secret "invalid" is invalid`))
    return true
  })
  await assert.rejects(
    client.create(resources.configMaps, { ...secret('x'), metadata: { namespace: 'nowhere', name: 'x' } }),
    (error) => error instanceof ApiError && error.status >= 400,
  )
})

test('many requests share few connections', async () => {
  let connections = 0
  const count = (): void => {
    connections += 1
  }
  const own = await connect()
  subscribe('undici:client:connected', count)
  const key = { namespace: '', name: namespace }
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 40 }, () => own.get(resources.namespaces, key)))
  }
  await own.get(resources.namespaces, key, { priority: 'lease' })
  unsubscribe('undici:client:connected', count)
  await own.close()
  assert.ok(connections <= 17, `${connections} connections for 401 requests`)
})

/** Both ways to the first view, with more objects than a page holds. */
for (const watchList of ['auto', 'never'] as const) {
  test(`a cache follows the API server (watchList: ${watchList})`, async () => {
    const labelSelector = `cache=${watchList}`
    const make = (index: number) => secret(`${watchList}-${index}`, { cache: watchList })
    const names = Array.from({ length: 520 }, (_, index) => index)
    for (let start = 0; start < names.length; start += 40) {
      await Promise.all(names.slice(start, start + 40).map((index) => client.create(resources.secrets, make(index))))
    }
    let lists = 0
    const list: KubeClient['list'] = (...call) => {
      lists += 1
      return client.list(...call)
    }
    const reflector = new Reflector({
      client: withMethods({ list }),
      resource: resources.secrets,
      namespace,
      labelSelector,
      metadataOnly: true,
      watchList,
      clock,
      logger,
    })
    const events: StoreEvent<KubeObject>[] = []
    reflector.listen((event) => events.push(event))
    reflector.start()
    await reflector.synced
    assert.equal(lists, watchList === 'auto' ? 0 : 2)
    assert.equal(reflector.store.size, 520)
    await until(() => events.length === 520, 'all are told')
    assert.ok(reflector.store.list().every((object) => !('data' in object) && !('managedFields' in object.metadata)))

    events.length = 0
    const one = { namespace, name: `${watchList}-0` }
    const changed = await client.mergePatch(resources.secrets, one, { metadata: { annotations: { a: 'b' } } })
    await client.create(resources.secrets, secret(`other-${watchList}`))
    await client.mergePatch(resources.secrets, { namespace, name: `${watchList}-1` }, { metadata: { labels: null } })
    await client.delete(resources.secrets, { namespace, name: `${watchList}-2` })
    await until(() => events.length >= 3, 'update, loss of the label, deletion')
    assert.deepEqual(
      events.map(({ type, key }) => `${type} ${key}`),
      ['updated 0', 'deleted 1', 'deleted 2'].map((text) => text.replace(' ', ` ${namespace}/${watchList}-`)),
    )
    assert.equal(events[0]?.object.metadata.resourceVersion, changed.metadata.resourceVersion)
    assert.equal(reflector.store.size, 518)
    assert.ok(reflector.staleMs() < 10_000)
    await reflector.stop()
  })
}

test('a deletion during an interruption is told after the fresh view', async () => {
  await client.create(resources.secrets, secret('unseen', { part: 'unseen' }))
  let cut: (() => void) | undefined
  const watch: KubeClient['watch'] = async (resource, options, onEvent) => {
    if (cut && options.resourceVersion) throw new ApiError('too old', { status: 410, apiReason: 'Expired' })
    const connection = new AbortController()
    options.signal?.addEventListener('abort', () => connection.abort())
    cut = () => connection.abort()
    await client.watch(resource, { ...options, signal: connection.signal }, onEvent)
  }
  const reflector = new Reflector({
    client: withMethods({ watch }),
    resource: resources.secrets,
    namespace,
    labelSelector: 'part=unseen',
    clock,
    logger,
  })
  const events: string[] = []
  reflector.listen(({ type, object }) => events.push(`${type} ${object.metadata.name}`))
  reflector.start()
  await reflector.synced
  cut?.()
  await client.delete(resources.secrets, { namespace, name: 'unseen' })
  await until(() => events.includes('deleted unseen'), 'the deletion is told')
  assert.deepEqual(events, ['added unseen', 'deleted unseen'])
  await reflector.stop()
})

test('a Lease is handed over, taken over and resumed', async () => {
  const key = { namespace, name: 'operator' }
  const make = (holder: string) =>
    new Lease({ client, key, holder, clock, logger, durationMs: 2000, renewMs: 600, retryMs: 200 })
  const first = make('a')
  const second = make('b')
  first.start()
  await until(() => first.isHeld(), 'the first one holds it')
  second.start()
  await new Promise((resolve) => setTimeout(resolve, 2500))
  assert.deepEqual([first.isHeld(), second.isHeld()], [true, false])

  await first.stop()
  await until(() => second.isHeld(), 'the second one is handed it')
  const handedOver = await client.get<KubeObject & { spec: Record<string, unknown> }>(resources.leases, key)
  assert.deepEqual([handedOver.spec.holderIdentity, handedOver.spec.leaseTransitions], ['b', 1])

  const restarted = make('b')
  restarted.start()
  await until(() => restarted.isHeld(), 'a restarted container resumes')
  await Promise.all([second.stop(), restarted.stop()])

  const dead = { ...handedOver.spec, holderIdentity: 'dead', leaseDurationSeconds: 1 }
  await client.mergePatch(resources.leases, key, { spec: dead })
  const third = make('c')
  const startedAt = performance.now()
  third.start()
  await until(() => third.isHeld(), 'a dead holder is followed')
  assert.ok(performance.now() - startedAt >= 1000, 'its time was waited for')
  await third.stop()
})

test('events reach the API server, and a repeated one as a series', async () => {
  const regarding = await client.create(resources.secrets, secret('noted'))
  const events = createEventRecorder({ client, controller: 'sifaka.dev/operator', instance: 'test', clock, logger })
  const event = { type: 'Warning', reason: 'Tested', action: 'Test', note: 'Noted.\n'.repeat(300) } as const
  for (let count = 0; count < 3; count++) {
    events.record({ regarding, ...event })
    await events.flush()
  }
  await events.close()
  assert.equal(events.dropped, 0)
  const { items } = await client.list<KubeObject & { series?: { count: number } }>(resources.events, { namespace })
  const ours = items.filter(({ metadata }) => metadata.name.startsWith('noted.'))
  assert.deepEqual(
    ours.map(({ series }) => series?.count),
    [3],
  )
})
