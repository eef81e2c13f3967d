import { type Authority, annotations, findCondition, type PartialObject } from '#api'
import { trustHash } from '#plan'
import type { Caches } from './tools.ts'

/**
 * Calls `wake` with the key of an Authority when something changed that matters to those that refer to it: its spec
 * (grants and policy among it), whether it is ready or why it is not, its CA or its bundle. Nothing else of its status
 * wakes anybody, or each issuance would wake all certificates of the authority.
 */
export function listenToAuthorities({ authorities }: Caches, wake: (authorityKey: string) => void): void {
  authorities.listen(({ key, object, old }) => {
    if (!old || whatMatters(old) !== whatMatters(object)) wake(key)
  })
}

function whatMatters({ metadata, status }: Authority): string {
  const asked = metadata.annotations?.[annotations.reissueRequestedAt]
  const distrusted = (status?.generations ?? []).filter(({ state }) => state === 'Distrusted').length
  const ready = findCondition(status?.conditions, 'Ready')
  const { fingerprint } = status?.ca ?? {}
  return [
    metadata.uid,
    metadata.generation,
    ready?.status,
    ready?.reason,
    fingerprint,
    trustHash(status?.caBundle ?? ''),
    distrusted,
    asked,
  ].join('/')
}

/**
 * Calls `wake` with the name of a namespace that has become known, whose labels changed, or that begins to go: others'
 * grants may depend on its labels, an object may be seen before its namespace, and the end of it lets go of objects.
 */
export function listenToNamespaces({ namespaces }: Caches, wake: (namespace: string) => void): void {
  namespaces.listen(({ object, old }) => {
    if (!old || stateOf(object) !== stateOf(old)) wake(object.metadata.name)
  })
}

const stateOf = ({ metadata }: PartialObject): string =>
  JSON.stringify([metadata.labels ?? {}, metadata.deletionTimestamp !== undefined])
