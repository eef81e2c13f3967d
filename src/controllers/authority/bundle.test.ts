import assert from 'node:assert/strict'
import { test } from 'node:test'
import { annotations, type ConfigMap, configMapLabel } from '#api'
import { keyOf, type ObjectKey } from '#base'
import { ApiError } from '#kube'
import { authority, authorityWorld, FakeClock } from '#test/make'
import type { ControllerTools } from '../tools.ts'
import { isBundleBehind, observeBundle, publishBundle } from './bundle.ts'
import { BundleMemory } from './bundle-memory.ts'

const ca = authority()
const bundleKey = 'shop/ca-ca'

/** An API server with ConfigMaps, and a cache that shows what the test lets it. */
function scene() {
  const stored = new Map<string, ConfigMap>()
  const cached = new Map<string, ConfigMap>()
  let version = 0
  const put = (configMap: ConfigMap): ConfigMap => {
    const { namespace = '', name } = configMap.metadata
    version += 1
    const metadata = { ...configMap.metadata, uid: 'u', resourceVersion: String(version) }
    const written = { ...configMap, metadata }
    stored.set(keyOf({ namespace, name }), written)
    return written
  }
  const client = {
    get: async (_: unknown, key: ObjectKey) => {
      const found = stored.get(keyOf(key))
      if (found) return found
      throw new ApiError('there is none', { status: 404, apiReason: 'NotFound' })
    },
    create: async (_: unknown, object: ConfigMap) => {
      if (!stored.has(bundleKey)) return put(object)
      throw new ApiError('there is one', { status: 409, apiReason: 'AlreadyExists' })
    },
    mergePatch: async (_: unknown, key: ObjectKey, { metadata, data }: ConfigMap) => {
      const before = stored.get(keyOf(key))
      assert.equal(metadata.resourceVersion, before?.metadata.resourceVersion)
      return put({ ...(before as ConfigMap), metadata: { ...before?.metadata, ...metadata, ...key }, data: data ?? {} })
    },
  }
  const clock = new FakeClock()
  const bundles = new BundleMemory(clock)
  const tools = { client, caches: { configMaps: cached } } as unknown as ControllerTools
  const on = { tools, bundles, signal: new AbortController().signal }
  return {
    bundles,
    put,
    /** The cache catches up. */
    see: () => void [...stored].map(([key, each]) => cached.set(key, each)),
    isBehind: () => isBundleBehind(ca, on),
    observe: () => observeBundle(ca, on),
    publish: async (text: string) => {
      const bundle = await observeBundle(ca, on)
      return publishBundle(text, authorityWorld({ authority: ca, bundle }), on)
    },
    remove: () => void stored.delete(bundleKey),
  }
}

const stranger: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace: 'shop', name: 'ca-ca' } }

test('nothing is decided before the cache has seen what was published', async () => {
  const { publish, isBehind, see, observe } = scene()
  assert.equal(isBehind(), false)
  for (const text of ['one', 'two']) {
    await publish(text)
    assert.equal(isBehind(), true)
    see()
    assert.equal(isBehind(), false)
    assert.deepEqual({ ...(await observe()), metadata: undefined }, { state: 'held', metadata: undefined, text })
  }
})

test('the echo of a bundle is no news', async () => {
  const { publish, bundles } = scene()
  const written = await publish('one')
  assert.equal(written.state === 'held' && bundles.writes.isNews(bundleKey, written.metadata.resourceVersion), false)
  assert.equal(bundles.writes.isNews(bundleKey, '99'), true)
})

test("a stranger's stays as it is, and is looked at until it goes", async () => {
  const { publish, observe, put, remove, isBehind } = scene()
  put(stranger)
  assert.equal((await publish('one')).state, 'foreign')
  assert.equal(isBehind(), false)
  assert.equal((await observe()).state, 'foreign')
  remove()
  assert.equal((await observe()).state, 'absent')
})

test('our own that the cache does not show is ours, and gets its label back', async () => {
  const { publish, put } = scene()
  put({ ...stranger, metadata: { ...stranger.metadata, annotations: { [annotations.authority]: 'ca' } } })
  assert.equal((await publish('one')).state, 'held')
  const written = await publish('two')
  assert.deepEqual(written.state === 'held' && written.metadata.labels, { [configMapLabel]: 'ca-bundle' })
})
