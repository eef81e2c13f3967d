import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { KubeObject } from '#api'
import { silentLogger } from '#base'
import { FakeClock } from '#test/make'
import { Cache } from './cache.ts'
import type { KubeClient, Selection, WatchEvent } from './client.ts'
import { type Resource, resources } from './resource.ts'

/** A cache of a server where each watch is told of what `objects` has for its selection. */
async function filled(resource: Resource, namespaces: readonly string[], objects: (of: Selection) => KubeObject[]) {
  const selections: Selection[] = []
  const client = {
    list: async (_resource: Resource, { namespace, fieldSelector }: Selection) => {
      const selection = { ...(namespace && { namespace }), ...(fieldSelector && { fieldSelector }) }
      selections.push(selection)
      return { items: objects(selection), resourceVersion: '9' }
    },
    watch: (_resource: Resource, { signal }: { signal: AbortSignal }, _onEvent: (event: WatchEvent) => void) =>
      new Promise<void>((_, reject) => signal.addEventListener('abort', () => reject(new Error('ended')))),
  } as unknown as KubeClient
  const clock = new FakeClock()
  const cache = new Cache({ client, resource, namespaces, clock, logger: silentLogger, watchList: 'never' })
  cache.start()
  await setImmediate()
  return { cache, selections }
}

const named = (name: string, namespace?: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Any',
  metadata: { name, uid: name, resourceVersion: '1', ...(namespace && { namespace }) },
})

test('of some namespaces only what is in them is asked for', async () => {
  const objects = ({ namespace }: Selection) => [named('web', namespace)]
  const { cache, selections } = await filled(resources.secrets, ['a', 'b'], objects)
  assert.deepEqual(selections, [{ namespace: 'a' }, { namespace: 'b' }])
  const found = ['a/web', 'b/web', 'c/web'].map((key) => cache.get(key)?.metadata.namespace)
  assert.deepEqual(found, ['a', 'b', undefined])
  await cache.stop()
})

test('of the namespaces themselves only those are asked for, by name; one may not exist yet', async () => {
  const objects = ({ fieldSelector }: Selection) => (fieldSelector === 'metadata.name=a' ? [named('a')] : [])
  const { cache, selections } = await filled(resources.namespaces, ['a', 'b'], objects)
  assert.deepEqual(selections, [{ fieldSelector: 'metadata.name=a' }, { fieldSelector: 'metadata.name=b' }])
  assert.deepEqual([cache.get('/a')?.metadata.name, cache.get('/b'), cache.size], ['a', undefined, 1])
  assert.equal(cache.hasSynced(), true)
  await cache.stop()
})

test('without any, all is asked for at once', async () => {
  const objects = () => [named('a'), named('b')]
  const { cache, selections } = await filled(resources.namespaces, [], objects)
  assert.deepEqual(selections, [{}])
  assert.equal(cache.get('/b')?.metadata.name, 'b')
  await cache.stop()
})
