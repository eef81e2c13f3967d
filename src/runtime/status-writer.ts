import type { KubeObject, PartialObject } from '#api'
import type { KubeClient, Resource } from '#kube'
import { mergePatch } from './merge-patch.ts'

interface WithStatus extends KubeObject {
  status?: object
}

/**
 * Writes the status of an object in one merge patch with its uid and resourceVersion, and not at all when nothing
 * changed. Only the worker that holds the object's key calls it, and nothing else writes the status.
 * @returns metadata of the object as the API server has it then, or undefined when no write was needed
 * @throws ApiError, a conflict when the object is not any more what was observed
 */
export async function writeStatus<T extends WithStatus>(
  client: KubeClient,
  resource: Resource,
  object: T,
  status: T['status'],
  signal: AbortSignal,
): Promise<PartialObject | undefined> {
  const patch = mergePatch(object.status, status)
  if (!patch) return undefined
  const { uid, resourceVersion, name, namespace = '' } = object.metadata
  const body = { metadata: { uid, resourceVersion }, status: patch }
  return client.mergePatch(resource, { namespace, name }, body, { subresource: 'status', metadataOnly: true, signal })
}
