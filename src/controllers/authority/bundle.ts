import { type Authority, annotations, type ConfigMap, configMapLabel } from '#api'
import { keyOf, type ObjectKey } from '#base'
import { ifFound, isAlreadyExists, resources } from '#kube'
import { type AuthorityWorld, type BundleView, bundleName } from '#plan'
import type { ActTools, ObserveTools } from './visit.ts'

type BundleTools = Pick<ObserveTools, 'tools' | 'bundles' | 'signal'>

/** Writes the bundle into its ConfigMap. One of that name that is somebody else's stays as it is. */
export async function publishBundle(
  text: string,
  { authority, bundle }: AuthorityWorld,
  on: Pick<ActTools, keyof BundleTools>,
): Promise<BundleView> {
  const key = bundleKey(authority)
  try {
    const { metadata } = await write(text, authority, bundle, on)
    on.bundles.writes.note(keyOf(key), metadata.resourceVersion)
    return { state: 'held', metadata, text }
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    on.bundles.inTheWay.add(keyOf(key))
    return observeBundle(authority, on)
  }
}

function write(
  text: string,
  authority: Authority,
  bundle: BundleView,
  { tools: { client }, signal }: BundleTools,
): Promise<ConfigMap> {
  const key = bundleKey(authority)
  // One that has lost the label is not in the cache.
  const labels = { [configMapLabel]: 'ca-bundle' }
  const data = { 'ca.crt': text }
  if (bundle.state === 'held') {
    const { uid, resourceVersion } = bundle.metadata
    const patch = { metadata: { uid, resourceVersion, labels }, data }
    return client.mergePatch<ConfigMap>(resources.configMaps, key, patch, { signal })
  }
  const metadata = { ...key, labels, annotations: { [annotations.authority]: authority.metadata.name } }
  const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }
  return client.create(resources.configMaps, object, { signal })
}

/** Whether the cache has not seen what we wrote last. */
export function isBundleBehind(authority: Authority, { tools, bundles }: BundleTools): boolean {
  const key = keyOf(bundleKey(authority))
  return bundles.writes.isBehind(key, tools.caches.configMaps.get(key)?.metadata.resourceVersion)
}

/** What is published. */
export async function observeBundle(
  authority: Authority,
  { tools, bundles: { inTheWay }, signal }: BundleTools,
): Promise<BundleView> {
  const key = bundleKey(authority)
  const cached = tools.caches.configMaps.get(keyOf(key))
  // One without our label is not in the cache: once met, it is looked at until it goes.
  const found =
    cached ??
    (inTheWay.has(keyOf(key))
      ? await ifFound(tools.client.get<ConfigMap>(resources.configMaps, key, { signal }))
      : undefined)
  if (found?.metadata.annotations?.[annotations.authority] === authority.metadata.name) {
    return { state: 'held', metadata: found.metadata, text: found.data?.['ca.crt'] }
  }
  if (found) {
    const why = `ConfigMap ${key.name} was not made for this Authority, so its bundle is not published there`
    return { state: 'foreign', why }
  }
  inTheWay.delete(keyOf(key))
  return { state: 'absent' }
}

const bundleKey = (authority: Authority): ObjectKey => ({
  namespace: authority.metadata.namespace ?? '',
  name: bundleName(authority),
})
