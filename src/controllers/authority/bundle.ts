import { type Authority, annotations, type ConfigMap, configMapLabel } from '#api'
import { keyOf, type ObjectKey } from '#base'
import { isAlreadyExists, isNotFound, type KubeClient, resources } from '#kube'
import { type AuthorityWorld, type BundleView, bundleName } from '#plan'
import type { ActTools } from './visit.ts'

/** Writes the bundle into its ConfigMap. One of that name that is somebody else's stays as it is. */
export async function publishBundle(
  text: string,
  { authority, bundle }: AuthorityWorld,
  { tools, directory, signal }: ActTools,
): Promise<BundleView> {
  const { namespace = '', name } = authority.metadata
  const key = { namespace, name: bundleName(authority) }
  const data = { 'ca.crt': text }
  if (bundle.state === 'held') {
    const { uid, resourceVersion } = bundle.metadata
    const patch = { metadata: { uid, resourceVersion }, data }
    const { metadata } = await tools.client.mergePatch(resources.configMaps, key, patch, { signal })
    return { state: 'held', metadata, text }
  }
  const object: ConfigMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      ...key,
      labels: { [configMapLabel]: 'ca-bundle' },
      annotations: { [annotations.authority]: name },
    },
    data,
  }
  try {
    const { metadata } = await tools.client.create(resources.configMaps, object, { signal })
    return { state: 'held', metadata, text }
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    directory.foreignConfigMaps.add(keyOf(key))
    return observeBundle(authority, { tools, directory, signal })
  }
}

/** What is published. */
export async function observeBundle(
  authority: Authority,
  { tools, directory, signal }: Pick<ActTools, 'tools' | 'directory' | 'signal'>,
): Promise<BundleView> {
  const { namespace = '', name } = authority.metadata
  const key = { namespace, name: bundleName(authority) }
  const { foreignConfigMaps } = directory
  const cached = tools.caches.configMaps.get(keyOf(key))
  // A stranger's is not in the cache: once met, it is looked at until it goes.
  const found =
    cached ?? (foreignConfigMaps.has(keyOf(key)) ? await readConfigMap(tools.client, key, signal) : undefined)
  if (found?.metadata.annotations?.[annotations.authority] === name) {
    return { state: 'held', metadata: found.metadata, text: found.data?.['ca.crt'] }
  }
  if (found) {
    const why = `ConfigMap ${key.name} was not made for this Authority, so its bundle is not published there`
    return { state: 'foreign', why }
  }
  foreignConfigMaps.delete(keyOf(key))
  return { state: 'absent' }
}

async function readConfigMap(client: KubeClient, key: ObjectKey, signal: AbortSignal): Promise<ConfigMap | undefined> {
  try {
    return await client.get<ConfigMap>(resources.configMaps, key, { signal })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}
