import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { KubeObject } from '#api'
import { minute, silentLogger } from '#base'
import { FakeClock } from '#test/make'
import { ApiError } from './api-error.ts'
import type { KubeClient, ListOptions, WatchEvent, WatchOptions } from './client.ts'
import { Reflector } from './reflector.ts'
import { resources } from './resource.ts'

const object = (name: string, resourceVersion: string, uid = name): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { namespace: 'shop', name, uid, resourceVersion },
})
const bookmark = (resourceVersion: string, isEnd = false): WatchEvent => ({
  type: 'BOOKMARK',
  object: {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: '', resourceVersion, ...(isEnd && { annotations: { 'k8s.io/initial-events-end': 'true' } }) },
  },
})
const added = (name: string, version: string, uid?: string): WatchEvent => ({
  type: 'ADDED',
  object: object(name, version, uid),
})
const failure = (status: number) => new ApiError(`status ${status}`, { status })

/** One watch as the API server sees it; the test says what comes. */
interface OpenWatch {
  readonly options: WatchOptions
  send(...events: WatchEvent[]): void
  end(error?: Error): void
}

/** A reflector against lists and watches that the test answers. */
function scripted(
  watchList: 'auto' | 'never',
  lists: (ListOptions | KubeObject[] | Error)[] = [],
  isGone?: () => boolean,
) {
  const clock = new FakeClock()
  const watches: OpenWatch[] = []
  const listed: ListOptions[] = []
  let version = 100
  const client = {
    async list(_resource: unknown, options: ListOptions) {
      listed.push(options)
      const answer = lists.shift() ?? []
      if (answer instanceof Error) throw answer
      version += 100
      return { items: answer, resourceVersion: String(version) }
    },
    watch(_resource: unknown, options: WatchOptions, onEvent: (event: WatchEvent) => void) {
      return new Promise<void>((resolve, reject) => {
        options.signal?.addEventListener('abort', () => reject(failure(0)))
        const send = (...events: WatchEvent[]): void => {
          try {
            for (const event of events) onEvent(event)
          } catch (error) {
            reject(error as Error)
          }
        }
        watches.push({ options, send, end: (error) => (error ? reject(error) : resolve()) })
      })
    },
  } as unknown as KubeClient
  const reflector = new Reflector({
    client,
    resource: resources.secrets,
    clock,
    logger: silentLogger,
    random: () => 0,
    watchList,
    isGone,
  })
  const events: string[] = []
  reflector.listen(({ type, object }) =>
    events.push(`${type} ${object.metadata.name}@${object.metadata.resourceVersion}`),
  )
  return { reflector, clock, watches, listed, events }
}

/** The newest watch, once the reflector has opened it. */
async function next({ clock, watches }: ReturnType<typeof scripted>, count: number, waitMs = 0): Promise<OpenWatch> {
  await setImmediate()
  clock.advance(waitMs)
  await setImmediate()
  assert.equal(watches.length, count)
  const watch = watches.at(-1)
  assert.ok(watch)
  return watch
}

test('a streamed initial state is taken at its end mark, in one step', async () => {
  const scene = scripted('auto')
  const { reflector, events } = scene
  reflector.start()
  const watch = await next(scene, 1)
  assert.equal(watch.options.sendInitialEvents, true)
  assert.equal(watch.options.resourceVersion, undefined)
  watch.send(added('a', '5'), added('b', '3'), bookmark('6'))
  assert.deepEqual([reflector.hasSynced(), reflector.store.size, reflector.resourceVersion], [false, 0, undefined])
  watch.send(bookmark('7', true))
  await reflector.synced
  assert.deepEqual([reflector.hasSynced(), reflector.store.size, reflector.resourceVersion], [true, 2, '7'])
  watch.send(added('c', '8'), bookmark('20'))
  assert.deepEqual(events, ['added a@5', 'added b@3', 'added c@8'])
  assert.equal(reflector.resourceVersion, '20')
  scene.clock.advance(1000)
  watch.end()
  const resumed = await next(scene, 2)
  assert.equal(resumed.options.resourceVersion, '20')
  await reflector.stop()
})

test('a server that cannot stream is listed, now and later; a stream that breaks off is listed once', async () => {
  for (const [error, streamsLater] of [
    [failure(422), false],
    [failure(400), false],
    [failure(403), false],
    [failure(0), true],
  ] as const) {
    const scene = scripted('auto', [[object('a', '1')]])
    scene.reflector.start()
    const stream = await next(scene, 1)
    stream.send(added('x', '1'))
    stream.end(error)
    const watch = await next(scene, 2, 1000)
    assert.equal(watch.options.resourceVersion, '200')
    assert.deepEqual(scene.events, ['added a@1'])
    watch.end(failure(410))
    const later = await next(scene, 3, 2000)
    assert.equal(later.options.sendInitialEvents ?? false, streamsLater, String(error.status))
    await scene.reflector.stop()
  }
})

test('410, as an answer or an event, leads to a fresh view whose differences are told', async () => {
  const scene = scripted('never', [
    [object('same', '1'), object('gone', '2'), object('again', '3')],
    failure(500),
    [object('same', '1'), object('again', '9', 'another')],
  ])
  const { reflector, events } = scene
  reflector.start()
  const watch = await next(scene, 1)
  events.length = 0
  watch.end(failure(410))
  await setImmediate()
  scene.clock.advance(1000)
  await setImmediate()
  assert.deepEqual([reflector.hasSynced(), reflector.store.size, events], [true, 3, []])
  await next(scene, 2, 2000)
  assert.deepEqual(events, ['deleted gone@2', 'deleted again@3', 'added again@9'])
  assert.ok(scene.listed.every(({ resourceVersion }) => resourceVersion === undefined))
  await reflector.stop()
})

test('other failures resume from the last version, with a backoff that a healthy watch resets', async () => {
  const scene = scripted('never')
  scene.reflector.start()
  let watch = await next(scene, 1)
  watch.send(added('a', '300'))
  const waits = [800, 1600, 3200, 6400]
  for (const [index, waitMs] of waits.entries()) {
    watch.end(failure(0))
    await next(scene, index + 1, waitMs - 1)
    watch = await next(scene, index + 2, 1)
    assert.equal(watch.options.resourceVersion, '300')
  }
  scene.clock.advance(minute)
  watch.end(failure(0))
  await next(scene, 6, 800)
  assert.equal(scene.listed.filter(({ limit }) => limit !== 1).length, 1)
  await scene.reflector.stop()
})

test('a server that was restored while the watch was down is seen to be behind, and viewed anew', async () => {
  const scene = scripted('never')
  scene.reflector.start()
  let watch = await next(scene, 1)
  watch.send(added('phantom', '900'))
  watch.end(failure(0))
  watch = await next(scene, 2, 800)
  assert.deepEqual(
    scene.listed.map(({ limit }) => limit),
    [500, 1, 500],
  )
  assert.equal(watch.options.resourceVersion, '400')
  assert.equal(scene.reflector.store.get('shop/phantom'), undefined)
  await scene.reflector.stop()
})

test('a server that ends watches at once is not asked in a busy loop', async () => {
  const scene = scripted('never')
  scene.reflector.start()
  const watch = await next(scene, 1)
  watch.end()
  await next(scene, 1, 799)
  await next(scene, 2, 1)
  await scene.reflector.stop()
})

test('a time that the server names is waited for', async () => {
  const scene = scripted('never')
  scene.reflector.start()
  const watch = await next(scene, 1)
  watch.end(new ApiError('busy', { status: 429, retryAfterMs: 20_000 }))
  await next(scene, 1, 19_999)
  await next(scene, 2, 1)
  await scene.reflector.stop()
})

test('versions that go backwards, as after a restore, lead to a fresh view', async () => {
  const scene = scripted('never', [[object('a', '1')], []])
  const { reflector, events } = scene
  reflector.start()
  const watch = await next(scene, 1)
  watch.send(bookmark('1000'), bookmark('999'))
  await next(scene, 2, 800)
  assert.deepEqual(events, ['added a@1', 'deleted a@1'])
  assert.equal(reflector.resourceVersion, '300')
  await reflector.stop()
})

test('a listener that throws harms neither the other listeners nor the stream', async () => {
  const scene = scripted('never')
  scene.reflector.listen(() => {
    throw new Error('broken')
  })
  const seen: string[] = []
  scene.reflector.listen(({ key }) => seen.push(key))
  scene.reflector.start()
  const watch = await next(scene, 1)
  watch.send(added('a', '300'), { type: 'DELETED', object: object('a', '301') })
  assert.deepEqual(seen, ['shop/a', 'shop/a'])
  assert.deepEqual(scene.events, ['added a@300', 'deleted a@301'])
  await next(scene, 1)
  await scene.reflector.stop()
})

test('staleness counts from the last sign of the server, a bookmark too', async () => {
  const scene = scripted('never')
  scene.reflector.start()
  const watch = await next(scene, 1)
  scene.clock.advance(90_000)
  assert.equal(scene.reflector.staleMs(), 90_000)
  watch.send(bookmark('300'))
  assert.equal(scene.reflector.staleMs(), 0)
  await scene.reflector.stop()
})

test('stop ends the stream and leaves no timer', async () => {
  const scene = scripted('auto')
  scene.reflector.start()
  const watch = await next(scene, 1)
  watch.end(failure(503))
  await setImmediate()
  assert.equal(scene.clock.timers, 1)
  await scene.reflector.stop()
  assert.equal(scene.clock.timers, 0)
  assert.equal(scene.reflector.hasSynced(), false)
})

test('a refusal in a namespace that does not exist is an empty view, and looked at again', async () => {
  let isGone = true
  const scene = scripted('never', [failure(403), failure(403), [object('a', '1')]], () => isGone)
  const { reflector, clock, events } = scene
  reflector.start()
  await reflector.synced
  assert.equal(reflector.store.size, 0)
  await setImmediate()
  clock.advance(minute)
  await setImmediate()
  assert.equal(reflector.staleMs(), 0)
  isGone = false
  await next(scene, 1, minute)
  assert.deepEqual(events, ['added a@1'])
  await reflector.stop()
})

test('what was in a namespace that has gone, and its rights with it, is gone too', async () => {
  const scene = scripted('never', [[object('a', '1')], failure(403)], () => true)
  scene.reflector.start()
  const watch = await next(scene, 1)
  watch.end(failure(410))
  await next(scene, 1, minute)
  assert.deepEqual(scene.events, ['added a@1', 'deleted a@1'])
  await scene.reflector.stop()
})

test('a refusal in a namespace that exists is no view, and nor is no answer in one that does not', async () => {
  for (const [status, isGone] of [
    [403, false],
    [0, true],
    [500, true],
  ] as const) {
    const scene = scripted('never', [failure(status)], () => isGone)
    scene.reflector.start()
    await setImmediate()
    assert.equal(scene.reflector.hasSynced(), false, String(status))
    await scene.reflector.stop()
  }
})
