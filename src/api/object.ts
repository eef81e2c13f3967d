/** The part of ObjectMeta that Sifaka reads. Times are RFC 3339 strings as they are on the wire. */
export interface ObjectMeta {
  name: string
  namespace?: string
  uid?: string
  resourceVersion?: string
  generation?: number
  creationTimestamp?: string
  deletionTimestamp?: string
  labels?: Record<string, string>
  annotations?: Record<string, string>
  finalizers?: string[]
}

/** Any Kubernetes object. */
export interface KubeObject {
  apiVersion: string
  kind: string
  metadata: ObjectMeta
}

/** Metadata of any object, as the API server sends it for `as=PartialObjectMetadata`. */
export type PartialObject = KubeObject

/** core/v1 Secret. Values of `data` are base64. */
export interface Secret extends KubeObject {
  type?: string
  immutable?: boolean
  data?: Record<string, string>
}

/** core/v1 ConfigMap. Values of `binaryData` are base64. */
export interface ConfigMap extends KubeObject {
  data?: Record<string, string>
  binaryData?: Record<string, string>
}
