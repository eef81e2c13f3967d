import type { KubeObject } from '#api'
import type { ObjectKey } from '#base'
import type { Resource } from './resource.ts'

/** Which connections carry a request: a Lease is renewed on its own, however busy the others are. */
export type Priority = 'normal' | 'lease'

export interface RequestOptions {
  readonly signal?: AbortSignal | undefined
  /** Limit for the whole call, waits and retries included; 30 s by default. */
  readonly timeoutMs?: number | undefined
  readonly priority?: Priority | undefined
  /** Only `metadata` comes back, of a read or of what a write has made: less to send, less to read. */
  readonly metadataOnly?: boolean | undefined
}

/** What a list or a watch covers; all namespaces when none is named. */
export interface Selection {
  readonly namespace?: string | undefined
  readonly labelSelector?: string | undefined
  readonly fieldSelector?: string | undefined
  /** Only `metadata` is sent, so that the values of Secrets never reach the process. */
  readonly metadataOnly?: boolean | undefined
}

export interface ListOptions extends Selection {
  readonly limit?: number | undefined
  readonly continue?: string | undefined
  readonly resourceVersion?: string | undefined
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan' | undefined
  readonly signal?: AbortSignal | undefined
}

export interface ObjectList<T> {
  readonly items: T[]
  readonly resourceVersion: string
  /** Token of the next page, when there is one. */
  readonly continue?: string
}

export interface WatchOptions extends Selection {
  /** Events after this version; without one, what exists comes first. */
  readonly resourceVersion?: string | undefined
  readonly resourceVersionMatch?: 'NotOlderThan' | undefined
  readonly sendInitialEvents?: boolean | undefined
  /** How long the server keeps the watch open. */
  readonly timeoutSeconds?: number | undefined
  /** The watch is given up when not a byte came for this long; 120 s by default. */
  readonly idleTimeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: KubeObject
}

export interface PatchOptions extends RequestOptions {
  readonly subresource?: 'status' | undefined
}

export interface DeleteOptions extends RequestOptions {
  /** Preconditions: 409 when the object is another one, or has changed. */
  readonly uid?: string | undefined
  readonly resourceVersion?: string | undefined
}

/**
 * The API server. Every method throws ApiError. Cluster-scoped objects have an empty namespace in their key.
 * Reads are tried again a few times when there is no answer; writes only where the server said that it has not handled
 * them (429).
 */
export interface KubeClient {
  get<T extends KubeObject>(resource: Resource, key: ObjectKey, options?: RequestOptions): Promise<T>
  list<T extends KubeObject>(resource: Resource, options: ListOptions): Promise<ObjectList<T>>
  create<T extends KubeObject>(resource: Resource, object: T, options?: RequestOptions): Promise<T>
  /** Merge patch (RFC 7386). A `uid` or `resourceVersion` in `patch.metadata` is a precondition: see `isConflict`. */
  mergePatch<T extends KubeObject>(
    resource: Resource,
    key: ObjectKey,
    patch: object,
    options?: PatchOptions,
  ): Promise<T>
  /** Replaces the whole object; its `metadata.resourceVersion` is the precondition. */
  replace<T extends KubeObject>(resource: Resource, object: T, options?: PatchOptions): Promise<T>
  delete(resource: Resource, key: ObjectKey, options?: DeleteOptions): Promise<void>
  /**
   * Hands over events in order, one at a time, until the server ends the stream. Nothing is retried. An exception in
   * `onEvent` ends the stream and rejects with it.
   */
  watch(resource: Resource, options: WatchOptions, onEvent: (event: WatchEvent) => void): Promise<void>
  /** Ends watches at once, lets requests finish. */
  close(): Promise<void>
}
