import { type Authority, annotations, findCondition, isTrue, type ObjectMeta, type PartialObject } from '#api'
import { isFailure, keyOf } from '#base'
import { encodeCertificates, parseBundle } from '#pki'
import {
  type AuthorityWorld,
  type CaView,
  caNotAfter,
  caSecretName,
  type HeldCa,
  type ParentView,
  parentKeyOf,
} from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import type { Observation } from '../kind-controller.ts'
import type { Memory } from '../memory.ts'
import { readSecret, secretFiles } from '../own-secret.ts'
import { type ControllerTools, index } from '../tools.ts'

/** Reads all that decides about one Authority. Writes nothing. */
export async function observeAuthority(
  key: string,
  tools: ControllerTools,
  directory: AuthorityDirectory,
  memory: Memory<CaView>,
  signal: AbortSignal,
): Promise<Observation<AuthorityWorld>> {
  const { caches } = tools
  const authority = caches.authorities.get(key)
  if (!authority || authority.metadata.deletionTimestamp !== undefined) return { found: 'gone' }
  const secret = { namespace: authority.metadata.namespace ?? '', name: caSecretName(authority) }
  const cached = caches.secrets.get(keyOf(secret))?.metadata
  const isBehind =
    memory.objects.isBehind(key, authority.metadata.resourceVersion) ||
    memory.secrets.isBehind(keyOf(secret), cached?.resourceVersion)
  if (isBehind) return { found: 'behind' }
  // Anybody may write an annotation into a namespace of theirs; only this one's speaks about this Authority.
  const isFromHere = ({ metadata }: PartialObject): boolean => metadata.namespace === secret.namespace
  const hasSigned = authority.status?.ca !== undefined || caches.secrets.byIndex(index.byIssuer, key).some(isFromHere)
  const ca =
    (memory.isInDoubt(key) ? undefined : memory.recall(key, cached?.resourceVersion, '')) ??
    (await readCa(key, authority, tools, memory, signal))
  return { found: 'world', world: { authority, parent: parentOf(key, authority, tools, directory), ca, hasSigned } }
}

/** Reads the Secret of the CA: once per version, and always before a key is made. */
async function readCa(
  key: string,
  authority: Authority,
  { client }: ControllerTools,
  memory: Memory<CaView>,
  signal: AbortSignal,
): Promise<CaView> {
  const name = { namespace: authority.metadata.namespace ?? '', name: caSecretName(authority) }
  const secret = await readSecret(client, name, signal)
  const view: CaView = secret ? viewOf(authority, secret.metadata, secretFiles(secret)) : { state: 'absent' }
  memory.remember(key, secret?.metadata.resourceVersion, '', view)
  memory.settle(key, keyOf(name), secret?.metadata)
  return view
}

function viewOf(authority: Authority, metadata: ObjectMeta, files: Readonly<Record<string, string>>): CaView {
  const owner = metadata.annotations?.[annotations.authority]
  if (owner !== authority.metadata.name) {
    const why = `Secret ${metadata.name} was not made for this Authority. Delete it if nobody needs it`
    return { state: 'foreign', why }
  }
  try {
    return { state: 'held', held: heldCa(files) }
  } catch (error) {
    if (!isFailure(error)) throw error
    return { state: 'damaged', why: error.message }
  }
}

function heldCa(files: Readonly<Record<string, string>>): HeldCa {
  const { certificate, roots } = parseBundle(files)
  const { subject, serialNumber, fingerprint, notBefore, notAfter } = certificate
  return { subject, serialNumber, fingerprint, notBefore, notAfter, roots: encodeCertificates(roots) }
}

function parentOf(
  key: string,
  authority: Authority,
  { caches }: ControllerTools,
  directory: AuthorityDirectory,
): ParentView {
  const parentKey = parentKeyOf(authority)
  if (parentKey === undefined) return { state: 'none' }
  const path = [key]
  for (let next: string | undefined = parentKey; next !== undefined; ) {
    const isCycle = path.includes(next)
    path.push(next)
    if (isCycle) return { state: 'cycle', path }
    const above = caches.authorities.get(next)
    next = above && parentKeyOf(above)
  }
  const parent = directory.findParent(parentKey, authority.metadata.namespace ?? '')
  if (!parent) return { state: 'absent' }
  const notAfter = caNotAfter(parent)
  if (isTrue(parent.status?.conditions, 'Ready') && notAfter !== undefined) return { state: 'ready', notAfter }
  return { state: 'notReady', why: findCondition(parent.status?.conditions, 'Ready')?.message ?? 'it is new' }
}
