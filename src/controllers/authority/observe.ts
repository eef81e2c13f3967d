import { type Authority, annotations, type Certificate, finalizer, type ObjectMeta, secretLabel } from '#api'
import { fromKey, fromRfc3339, isFailure, keyOf } from '#base'
import { parseBundle, parseCa, parseCertificates } from '#pki'
import {
  type AuthorityWorld,
  type CaView,
  type CaWorld,
  caNotAfter,
  caRequestSecretName,
  caSecretName,
  type GenerationView,
  lastActiveOf,
  longestIssued,
  type ParentView,
  parentKeyOf,
  type SourceView,
  sourceKeyOf,
  whyInTheWay,
  whyNotReady,
} from '#plan'
import { chainMax } from '../authority-directory.ts'
import type { Observation } from '../kind-controller.ts'
import { readSecret, secretFiles } from '../own-secret.ts'
import { index } from '../tools.ts'
import { isBundleBehind, observeBundle } from './bundle.ts'
import { heldCa, rootOf } from './held-ca.ts'
import { observeRequest } from './request.ts'
import type { ObserveTools } from './visit.ts'

/** Reads all that decides about one Authority. Writes nothing. */
export async function observeAuthority(key: string, on: ObserveTools): Promise<Observation<AuthorityWorld>> {
  const { tools, memory, directory, crl } = on
  const { authorities, namespaces } = tools.caches
  const authority = authorities.get(key)
  if (!authority || isGone(authority)) return { found: 'gone' }
  const { namespace = '', resourceVersion } = authority.metadata
  const numbers = candidates(authority, on)
  const secretKeys = [...numbers.map((number) => generationKey(authority, number)), requestKey(authority)]
  const isBehind =
    memory.objects.isBehind(key, resourceVersion) ||
    isBundleBehind(authority, on) ||
    secretKeys.some((each) => memory.secrets.isBehind(each, tools.caches.secrets.get(each)?.metadata.resourceVersion))
  if (isBehind) return { found: 'behind' }
  return {
    found: 'world',
    world: {
      authority,
      ca: authority.spec.internal && (await observeCa(authority, numbers, on)),
      issuerProblem: directory.problemOf(authority),
      dependents: {
        certificates: directory.certificatesOf(key).filter(isUser).length,
        authorities: directory.subordinatesOf(key).length,
      },
      isNamespaceTerminating:
        namespaces.get(keyOf({ namespace: '', name: namespace }))?.metadata.deletionTimestamp !== undefined,
      olderDefault: directory.olderDefault(authority),
      isFrozen: tools.isFrozen,
      crlFlaws: crl.flaws(key),
      bundle: await observeBundle(authority, on),
    },
  }
}

/** One that is being deleted may still have to be revoked. */
const isUser = ({ metadata }: Certificate): boolean =>
  metadata.deletionTimestamp === undefined || metadata.finalizers?.includes(finalizer) === true

/** Nothing of ours holds it any more. */
const isGone = ({ metadata }: Authority): boolean =>
  metadata.deletionTimestamp !== undefined && (metadata.finalizers ?? []).length === 0

const generationKey = (authority: Authority, number: number): string =>
  keyOf({ namespace: authority.metadata.namespace ?? '', name: caSecretName(authority, number) })

const requestKey = (authority: Authority): string =>
  keyOf({ namespace: authority.metadata.namespace ?? '', name: caRequestSecretName(authority) })

/**
 * Numbers of generations that there may be: those that the cache shows, that were active last, that a person asks for,
 * or that are in doubt.
 */
function candidates(authority: Authority, { tools, memory }: ObserveTools): readonly number[] {
  const { namespace = '', name } = authority.metadata
  const cached = tools.caches.secrets
    .byIndex(index.byCa, keyOf({ namespace, name }))
    .map(({ metadata }) => Number(metadata.annotations?.[annotations.caGeneration]))
    .filter((number) => Number.isSafeInteger(number) && number > 0)
  const last = lastActive(authority)
  const following = Math.max(last, ...cached) + 1
  const { generation = 1 } = authority.spec.internal ?? {}
  const asked = generation >= following ? [generation] : []
  const doubtful = memory.isInDoubt(generationKey(authority, following)) ? [following] : []
  return [...new Set([...cached, Math.max(last, 1), ...doubtful, ...asked])].sort((a, b) => a - b)
}

/** The generation that signed last, by whatever remembers it. */
function lastActive({ metadata, status }: Authority): number {
  const marked = Number(metadata.annotations?.[annotations.hasCA] ?? 0)
  return Math.max(status?.ca?.generation ?? 0, Number.isSafeInteger(marked) ? marked : 0)
}

async function observeCa(authority: Authority, numbers: readonly number[], on: ObserveTools): Promise<CaWorld> {
  const { tools, directory } = on
  const { namespace = '', name } = authority.metadata
  const key = keyOf({ namespace, name })
  const found = await Promise.all(numbers.map((number) => observeGeneration(authority, number, on)))
  const generations = found.filter((each) => each !== undefined)
  const last = Math.max(lastActive(authority), directory.generationInUse(key))
  const latest = lastActiveOf({ generations, lastActive: last })
  return {
    parent: parentOf(key, authority, on),
    generations: generations.map((each) =>
      mayRetire(each, latest) ? { ...each, liveUntil: directory.liveUntil(key, each.number) } : each,
    ),
    lastActive: last,
    source: await sourceOf(authority, on),
    request: await observeRequest(authority, requestKey(authority), on),
    longestIssuedMs: longestIssued(
      authority.spec,
      directory.certificatesOf(key).map(({ spec }) => spec.duration),
      directory.subordinatesOf(key).map(({ spec }) => spec.internal?.duration),
    ),
    isRegisterLoaded: tools.register.isLoaded(),
  }
}

/** Whether it matters how long its certificates live: finding out reads the whole register. */
const mayRetire = ({ number, activatedAt, retiredAt }: GenerationView, lastActive: number): boolean =>
  activatedAt !== undefined && retiredAt === undefined && number < lastActive

/** Reads the Secret of a generation: once per version, and always before a key is made. */
async function observeGeneration(
  authority: Authority,
  number: number,
  { tools, directory, memory, signal }: ObserveTools,
): Promise<GenerationView | undefined> {
  const secretKey = generationKey(authority, number)
  const cached = tools.caches.secrets.get(secretKey)?.metadata
  let metadata = cached
  let view = memory.isInDoubt(secretKey) ? undefined : memory.recall(secretKey, cached?.resourceVersion, '')
  if (!view) {
    const secret = await readSecret(tools.client, fromKey(secretKey), signal)
    view = secret && viewOf(authority, secret.metadata, secretFiles(secret))
    metadata = secret?.metadata
    if (view) memory.remember(secretKey, metadata?.resourceVersion, '', view)
    memory.settle(secretKey, secretKey, metadata)
  }
  if (!view || !metadata) return undefined
  const said = metadata.annotations ?? {}
  const parentGeneration = Number(said[annotations.parentGeneration])
  const activatedAt = fromRfc3339(said[annotations.activatedAt])
  const { namespace = '', name } = authority.metadata
  const key = keyOf({ namespace, name })
  return {
    number,
    secret: view,
    metadata,
    madeAt: fromRfc3339(said[annotations.issuedAt]),
    trustedAt: fromRfc3339(said[annotations.trustedAt]),
    activatedAt,
    retiredAt: fromRfc3339(said[annotations.retiredAt]),
    backedUpAt: fromRfc3339(said[annotations.backedUpAt]),
    signedBy: said[annotations.issuedBy],
    parentGeneration: Number.isSafeInteger(parentGeneration) && parentGeneration > 0 ? parentGeneration : undefined,
    caSpec: said[annotations.caSpec],
    liveUntil: undefined,
    lacking: activatedAt === undefined && view.state === 'held' ? directory.lacking(key, view.held.roots) : 0,
  }
}

function viewOf(authority: Authority, metadata: ObjectMeta, files: Readonly<Record<string, string>>): CaView {
  if (metadata.annotations?.[annotations.authority] !== authority.metadata.name) {
    return { state: 'foreign', why: whyInTheWay(metadata, 'a CA key of this Authority') }
  }
  if (metadata.labels?.[secretLabel] !== 'ca') {
    // It may hold the only key of a CA: nobody shall be told to delete it.
    return { state: 'foreign', why: `Secret ${metadata.name} has lost its label: put back ${secretLabel}=ca` }
  }
  try {
    return { state: 'held', held: heldCa(parseBundle(files)) }
  } catch (error) {
    if (!isFailure(error)) throw error
    return { state: 'damaged', why: error.message }
  }
}

function parentOf(key: string, authority: Authority, { tools, directory }: ObserveTools): ParentView {
  const parentKey = parentKeyOf(authority)
  if (parentKey === undefined) return { state: 'none' }
  const path = [key]
  for (let next: string | undefined = parentKey; next !== undefined; ) {
    const isCycle = path.includes(next)
    path.push(next)
    if (isCycle) return { state: 'cycle', path }
    if (path.length > chainMax + 1) return { state: 'tooLong', path }
    const above = tools.caches.authorities.get(next)
    next = above && parentKeyOf(above)
  }
  const parent = directory.findParent(parentKey, authority.metadata.namespace ?? '')
  if (!parent) return { state: 'absent' }
  const notAfter = caNotAfter(parent)
  const { ca, generations = [], caBundle = '' } = parent.status ?? {}
  const trust = {
    distrusted: generations.filter(({ state }) => state === 'Distrusted').map(({ generation }) => generation),
    roots: caBundle === '' ? [] : parseCertificates(caBundle).map(rootOf),
  }
  const why = whyNotReady(parent)
  if (why === undefined && ca && notAfter !== undefined) {
    return { state: 'ready', notAfter, generation: ca.generation, ...trust }
  }
  return { state: 'notReady', why: why ?? 'it is new', ...trust }
}

/** A Secret of the user's own: read at each visit, as nothing tells that it is the same. */
async function sourceOf(authority: Authority, { tools, signal }: ObserveTools): Promise<SourceView> {
  const key = sourceKeyOf(authority)
  if (key === undefined) return { state: 'none' }
  const secret = await readSecret(tools.client, fromKey(key), signal)
  if (!secret) return { state: 'absent' }
  try {
    return { state: 'held', held: heldCa(parseCa(secretFiles(secret), tools.clock.now())) }
  } catch (error) {
    if (!isFailure(error)) throw error
    return { state: 'invalid', why: error.message }
  }
}
