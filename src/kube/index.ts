/** The one door to the API server: typed requests, watch caches, the Lease, events. */
export {
  ApiError,
  ifFound,
  isAlreadyExists,
  isConflict,
  isForbidden,
  isNotFound,
  type StatusCause,
} from './api-error.ts'
export { Cache, type CacheOptions } from './cache.ts'
export type {
  DeleteOptions,
  KubeClient,
  ListOptions,
  ObjectList,
  PatchOptions,
  Priority,
  RequestOptions,
  Selection,
  WatchEvent,
  WatchOptions,
} from './client.ts'
export { type Connection, type ConnectionOptions, loadConnection, type TlsMaterial } from './connection.ts'
export { createKubeClient, type KubeClientOptions } from './create-client.ts'
export { createEventRecorder, type EventRecorder, type EventRecorderOptions, type ObjectEvent } from './events.ts'
export { Lease, type LeaseOptions } from './lease.ts'
export { NamedWatches, type NamedWatchesOptions, type SeenObject } from './named-watches.ts'
export { Reflector, type ReflectorOptions } from './reflector.ts'
export { type Resource, resourceOf, resources } from './resource.ts'
export { compareVersions } from './resource-version.ts'
export { type StoreEvent, storeKeyOf } from './store.ts'
