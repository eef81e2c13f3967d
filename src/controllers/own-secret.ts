import {
  annotations,
  type KubeObject,
  type ObjectMeta,
  type PartialObject,
  type Secret,
  type SecretContent,
  secretLabel,
} from '#api'
import type { ObjectKey } from '#base'
import { isConflict, isNotFound, type KubeClient, resources } from '#kube'

/** A Secret that Sifaka writes: everything it sets on it. */
export interface OwnSecret {
  readonly content: SecretContent
  /** Default kubernetes.io/tls, which needs `tls.key` and `tls.crt`. */
  readonly type?: 'kubernetes.io/tls' | 'Opaque' | undefined
  readonly annotations: Readonly<Record<string, string>>
  /** Text by data key. */
  readonly files: Readonly<Record<string, string>>
}

/** Changes to a Secret; what is not named stays. */
export interface SecretPatch {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  /** Text by data key; null removes it. */
  readonly files?: Readonly<Record<string, string | null>>
}

const tlsType = 'kubernetes.io/tls'

/** The Secret, or undefined when there is none. */
export async function readSecret(
  client: KubeClient,
  key: ObjectKey,
  signal?: AbortSignal,
): Promise<Secret | undefined> {
  try {
    return await client.get<Secret>(resources.secrets, key, { signal })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

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
    data: encoded(secret.files),
  }
  return client.create<KubeObject>(resources.secrets, object, { metadataOnly: true, signal: options.signal })
}

/**
 * Puts new content into a Secret of ours, in one write that only lands on the very version that was observed. What an
 * earlier write of ours has set and this one does not is removed; what others have added stays.
 * @throws ApiError, a conflict among them
 */
export function replaceSecret(
  client: KubeClient,
  observed: ObjectMeta,
  secret: OwnSecret,
  signal: AbortSignal,
): Promise<PartialObject> {
  const files = { ...dropped(observed, secret.files), ...secret.files }
  return patchSecret(client, observed, { ...marks(secret), files }, signal)
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
  const patch = { metadata: { uid, resourceVersion, ...marked }, ...(files && { data: encoded(files) }) }
  return client.mergePatch(resources.secrets, { namespace, name }, patch, { metadataOnly: true, signal })
}

/** Puts other roots beside the certificate of a Secret of ours. */
export function retrustSecret(
  client: KubeClient,
  observed: ObjectMeta,
  { caBundle, trust }: { readonly caBundle: string; readonly trust: string },
  signal: AbortSignal,
): Promise<PartialObject> {
  const patch = { annotations: { [annotations.trust]: trust }, files: { 'ca.crt': caBundle } }
  return patchSecret(client, observed, patch, signal)
}

/** Puts our label back on a Secret of ours that has lost it. */
export function relabelSecret(
  client: KubeClient,
  observed: ObjectMeta,
  content: SecretContent,
  signal: AbortSignal,
): Promise<PartialObject> {
  return patchSecret(client, observed, { labels: { [secretLabel]: content } }, signal)
}

/** Changes annotations of a Secret of ours. */
export function annotateSecret(
  client: KubeClient,
  observed: ObjectMeta,
  said: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<PartialObject> {
  return patchSecret(client, observed, { annotations: said }, signal)
}

/** Deletes a Secret of ours; one that is gone, or another one by now, is left. */
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

function marks({ content, annotations: said, files }: OwnSecret) {
  const applied = Object.keys(files).sort().join(',')
  return { labels: { [secretLabel]: content }, annotations: { ...said, [annotations.applied]: applied } }
}

const encoded = <Text extends string | null>(files: Readonly<Record<string, Text>>): Record<string, string | Text> =>
  Object.fromEntries(Object.entries(files).map(([name, text]) => [name, text && Buffer.from(text).toString('base64')]))

/** Data keys that we set before and do not set any more, as null for the merge patch. */
function dropped(observed: ObjectMeta, files: Readonly<Record<string, string>>): Record<string, null> {
  const before = observed.annotations?.[annotations.applied]?.split(',') ?? []
  return Object.fromEntries(before.filter((name) => name !== '' && !(name in files)).map((name) => [name, null]))
}
