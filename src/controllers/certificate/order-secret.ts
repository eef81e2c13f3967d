import type { KeyObject } from 'node:crypto'
import { annotations, type Certificate, type KubeObject } from '#api'
import { isFailure, keyOf, minute, waiting } from '#base'
import { isAlreadyExists, storeKeyOf } from '#kube'
import { encodePrivateKey, parsePrivateKey } from '#pki'
import {
  encodeJournal,
  type OpenOrder,
  type OrderJournal,
  openOrder,
  orderedBy,
  orderSecretName,
  whyInTheWay,
} from '#plan'
import type { Visit } from '../kind-controller.ts'
import { createSecret, patchSecret, readSecret, removeSecret, secretFiles } from '../own-secret.ts'
import type { ControllerTools } from '../tools.ts'
import type { OrderCalls } from './order-calls.ts'

/** What is needed to work on the Secret of an order. */
export interface OrderTools extends Pick<Visit<unknown>, 'signal'> {
  readonly tools: ControllerTools
  readonly calls: OrderCalls
  readonly memory: Pick<Visit<unknown>['memory'], 'secrets'>
}

/** How soon to see whether a Secret that is in the way has gone: nothing tells us. */
const foreignRecheckMs = 10 * minute

/** The order of a Certificate as the cache has it; `behind` while the cache does not know our own last write. */
export function viewOrder(
  { metadata: { namespace = '', name } }: KubeObject,
  { tools, calls, memory }: Omit<OrderTools, 'signal'>,
): OpenOrder | 'behind' | undefined {
  const secretKey = keyOf({ namespace, name: orderSecretName(name) })
  const cached = tools.caches.secrets.get(secretKey)?.metadata
  if (memory.secrets.isBehind(secretKey, cached?.resourceVersion)) return 'behind'
  return calls.isRemoved(keyOf({ namespace, name }), cached?.uid) ? undefined : openOrder(name, cached)
}

/**
 * Creates the Secret with the key and the journal of an order.
 * @throws Failure Waiting `SecretNotOurs` when a Secret of that name is there; ApiError
 */
export async function createOrder(
  certificate: Certificate,
  journal: OrderJournal,
  key: KeyObject | undefined,
  { tools, memory, signal }: OrderTools,
): Promise<OpenOrder> {
  const { namespace = '', name } = certificate.metadata
  const secret = { namespace, name: orderSecretName(name) }
  const own = {
    content: 'order',
    type: 'Opaque',
    annotations: { [annotations.certificate]: name, [annotations.order]: encodeJournal(journal) },
    files: key ? { 'tls.key': encodePrivateKey(key, 'PKCS8') } : {},
  } as const
  try {
    const { metadata } = await createSecret(tools.client, secret, own, { immutable: false, signal })
    memory.secrets.note(keyOf(secret), metadata.resourceVersion)
    return { metadata, journal }
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    const found = await readSecret(tools.client, secret, signal)
    // Our own one, of which the cache does not know yet: its arrival asks for the next visit.
    if (found && orderedBy(found.metadata) === name) throw error
    const message = whyInTheWay(found?.metadata ?? secret, 'the key of an order')
    throw waiting('SecretNotOurs', message, foreignRecheckMs)
  }
}

/** Puts a new journal in the place of the one that was observed. */
export async function noteInJournal(
  { metadata }: OpenOrder,
  journal: OrderJournal,
  { tools, memory, signal }: OrderTools,
): Promise<void> {
  const said = { [annotations.order]: encodeJournal(journal) }
  const written = await patchSecret(tools.client, metadata, { annotations: said }, signal)
  memory.secrets.note(
    keyOf({ namespace: metadata.namespace ?? '', name: metadata.name }),
    written.metadata.resourceVersion,
  )
}

/** The key of an order, or why there is none. */
export async function readOrderKey(
  { metadata: { namespace = '', name } }: OpenOrder,
  { client }: ControllerTools,
  signal: AbortSignal,
): Promise<KeyObject | string> {
  const secret = await readSecret(client, { namespace, name }, signal)
  const pem = secret && secretFiles(secret)['tls.key']
  if (pem === undefined) return `Secret ${name} has no tls.key`
  try {
    return parsePrivateKey(pem)
  } catch (error) {
    if (!isFailure(error)) throw error
    return `the key in Secret ${name} cannot be read: ${error.message}`
  }
}

/** Removes the Secret of an order, and what this process remembers of the order. */
export async function removeOrder(
  certificate: KubeObject,
  { metadata }: OpenOrder,
  { tools, calls, signal }: OrderTools,
): Promise<void> {
  await removeSecret(tools.client, metadata, signal)
  calls.noteRemoved(storeKeyOf(certificate), metadata.uid)
}
