import {
  annotations,
  group,
  type KubeObject,
  type ObjectMeta,
  type PartialObject,
  type Secret,
  type SecretContent,
  type SecretTemplate,
  secretLabel,
} from '#api'
import type { ObjectKey } from '#base'
import { ifFound, isConflict, isNotFound, type KubeClient, resources } from '#kube'
import { type Applied, encodeApplied, parseApplied } from '#plan'

/** Values by data key: text, or octets. */
export type SecretFiles = Readonly<Record<string, string | Uint8Array>>

/** A Secret that Sifaka writes: everything it sets on it. */
export interface OwnSecret {
  readonly content: SecretContent
  /** Default kubernetes.io/tls, which needs `tls.key` and `tls.crt`. */
  readonly type?: string | undefined
  /** Annotations of our own. */
  readonly annotations: Readonly<Record<string, string>>
  /** Labels and annotations that somebody has asked for. */
  readonly template?: SecretTemplate | undefined
  readonly files: SecretFiles
}

/** Changes to a Secret; what is not named stays, null removes. */
export interface SecretPatch {
  readonly labels?: Readonly<Record<string, string | null>>
  readonly annotations?: Readonly<Record<string, string | null>>
  readonly files?: Readonly<Record<string, string | Uint8Array | null>>
}

const tlsType = 'kubernetes.io/tls'

/** The Secret, or undefined when there is none. */
export const readSecret = (client: KubeClient, key: ObjectKey, signal?: AbortSignal): Promise<Secret | undefined> =>
  ifFound(client.get<Secret>(resources.secrets, key, { signal }))

/** Metadata without the notes of who has set what, which are longer than the rest. */
export const withoutManagers = (metadata: ObjectMeta): ObjectMeta =>
  Object.fromEntries(Object.entries(metadata).filter(([name]) => name !== 'managedFields')) as unknown as ObjectMeta

/** The values of a Secret as text. */
export function secretFiles({ data = {} }: Secret): Record<string, string> {
  return Object.fromEntries(
    Object.entries(data).map(([name, value]) => [name, Buffer.from(value, 'base64').toString('utf8')]),
  )
}

/**
 * Creates the Secret; one that exists is never overwritten.
 * @throws ApiError, AlreadyExists among them
 */
export function createSecret(
  client: KubeClient,
  { namespace, name }: ObjectKey,
  secret: OwnSecret,
  options: { readonly immutable: boolean; readonly signal: AbortSignal },
): Promise<PartialObject> {
  const { labels, annotations: said } = marks(secret)
  const object: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, namespace, labels, annotations: said },
    type: secret.type ?? tlsType,
    ...(options.immutable && { immutable: true }),
    data: base64Of(secret.files),
  }
  return client.create<KubeObject>(resources.secrets, object, { metadataOnly: true, signal: options.signal })
}

/**
 * Puts new content into a Secret of ours, in one write that only lands on the very version that was observed. Keys of
 * its data that an earlier write of ours has set and this one does not are removed, and so are our own annotations;
 * what others have added stays. Labels and annotations that are not asked for any more stay for now, and stay noted as
 * ours: others may want them too.
 * @throws ApiError, a conflict among them
 */
export function replaceSecret(
  client: KubeClient,
  observed: ObjectMeta,
  secret: OwnSecret,
  signal: AbortSignal,
): Promise<PartialObject> {
  const applied = parseApplied(observed.annotations?.[annotations.applied])
  const { labels, annotations: said } = marks(secret, applied)
  const ours = Object.keys(observed.annotations ?? {}).filter((name) => name.startsWith(`${group}/`))
  const patch = {
    labels,
    annotations: { ...withoutValue(ours, said), ...said },
    files: { ...withoutValue(applied.data, secret.files), ...secret.files },
  }
  return patchSecret(client, observed, patch, signal)
}

/**
 * Changes what is named in a Secret of ours, in one write that only lands on the very version that was observed.
 * @throws ApiError, a conflict among them
 */
export function patchSecret(
  client: KubeClient,
  { name, namespace = '', uid, resourceVersion }: ObjectMeta,
  { files, ...marked }: SecretPatch,
  signal: AbortSignal,
): Promise<PartialObject> {
  const data = Object.entries(files ?? {}).map(([key, value]) => [key, value === null ? null : base64(value)])
  const patch = { metadata: { uid, resourceVersion, ...marked }, ...(files && { data: Object.fromEntries(data) }) }
  return client.mergePatch(resources.secrets, { namespace, name }, patch, { metadataOnly: true, signal })
}

/**
 * Deletes a Secret of ours; one that is gone, or another one by now, is left.
 * @throws ApiError
 */
export async function removeSecret(
  client: KubeClient,
  { name, namespace = '', uid }: ObjectMeta,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.delete(resources.secrets, { namespace, name }, { uid, signal })
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}

/** @param before what stays noted as ours of what an earlier write has set */
function marks({ content, annotations: said, template = {}, files }: OwnSecret, before?: Applied) {
  const { labels = {}, annotations: asked = {} } = template
  const applied = encodeApplied({
    data: Object.keys(files),
    labels: [...Object.keys(labels), ...(before?.labels ?? [])],
    annotations: [...Object.keys(asked), ...(before?.annotations ?? [])],
  })
  return {
    labels: { ...labels, [secretLabel]: content },
    annotations: { ...asked, ...said, [annotations.applied]: applied },
  }
}

/** Values in base64, as a Secret has them. */
export const base64Of = (files: SecretFiles): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, value]) => [name, base64(value)]))

const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString('base64')

/** Those of the names that have no value here, as null for the merge patch. */
export const withoutValue = (
  names: readonly string[],
  values: Readonly<Record<string, unknown>>,
): Record<string, null> =>
  Object.fromEntries(names.filter((name) => !Object.hasOwn(values, name)).map((name) => [name, null]))
