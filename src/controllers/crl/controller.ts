import { type Authority, annotations } from '#api'
import { type Instant, keyOf } from '#base'
import { storeKeyOf } from '#kube'
import { type Cause, crlName } from '#plan'
import { Controller, type Settled } from '#runtime'
import type { AuthorityDirectory } from '../authority-directory.ts'
import type { KindController } from '../kind-controller.ts'
import type { ControllerTools } from '../tools.ts'
import { CrlReader, isCrlOf } from './config-map.ts'
import { CrlMemories } from './memory.ts'
import { visitAuthority } from './visit.ts'

/** A CRL that can be served. */
export interface ServedCrl {
  readonly der: Buffer
  readonly thisUpdate: Instant
  readonly nextUpdate: Instant
}

/** Revokes what Authorities want revoked, and keeps the CRL of each generation published. */
export interface CrlController extends KindController {
  /** What stands in the way of the CRLs and revocations of an Authority, by its `namespace/name`. */
  flaws(authority: string): readonly Cause[]
  /** Calls `listener` with the `namespace/name` of an Authority whose flaws have changed. */
  onFlaws(listener: (authority: string) => void): void
  /** The CRL of a generation as it is published: on every replica. */
  served(namespace: string, authority: string, generation: number): ServedCrl | undefined
}

export function createCrlController(tools: ControllerTools, directory: AuthorityDirectory): CrlController {
  const { caches, register, logger, clock } = tools
  const memories = new CrlMemories(clock)
  const reader = new CrlReader()
  const flaws = new Map<string, readonly Cause[]>()
  const listeners: ((authority: string) => void)[] = []
  const controller = new Controller({
    ...{ name: 'crl', concurrency: tools.concurrency, ownership: tools.ownership, clock, logger, random: tools.random },
    reconcile,
    keys: () => [...caches.authorities.values()].map(storeKeyOf),
    onReconciled: (result, durationMs) => tools.onReconciled('crl', result, durationMs),
    onTaken: (waitedMs) => tools.onTaken('crl', waitedMs),
  })

  async function reconcile(key: string, signal: AbortSignal): Promise<Settled> {
    const authority = caches.authorities.get(key)
    if (!authority?.spec.internal) return forget(key)
    const {
      flaws: found,
      failure,
      againInMs,
    } = await visitAuthority(authority, { tools, directory, memories, reader, signal })
    if (found) note(key, found)
    if (failure !== undefined) throw failure
    return { againInMs }
  }

  function note(key: string, found: readonly Cause[]): void {
    const said = found.map(({ reason, message }) => ({ reason, message }))
    if (JSON.stringify(flaws.get(key) ?? []) === JSON.stringify(said)) return
    for (const { reason, message } of said)
      logger.warn({ key, reason, error: message }, 'a CRL or revocation is not done')
    flaws.set(key, said)
    for (const listener of listeners) listener(key)
  }

  function forget(key: string): Settled {
    memories.forget(key)
    flaws.delete(key)
    controller.forget(key)
    return { againInMs: undefined }
  }

  caches.authorities.listen(({ key, object, old }) => {
    if (!old || whatMatters(old) !== whatMatters(object)) controller.enqueue(key)
  })
  caches.crls.listen(({ type, key, object, old }) => {
    if (type === 'deleted') {
      memories.writes.forget(key)
      reader.forget(key)
    }
    if (!memories.writes.isNews(key, object.metadata.resourceVersion)) return
    for (const name of new Set([object, old].map((each) => each?.metadata.annotations?.[annotations.authority]))) {
      if (name !== undefined) controller.enqueue(keyOf({ namespace: object.metadata.namespace ?? '', name }))
    }
  })
  register.onRevoked((key) => controller.enqueue(key))

  return {
    controller,
    wake(objects) {
      for (const object of objects) controller.enqueue(storeKeyOf(object))
    },
    close: async () => {},
    flaws: (authority) => flaws.get(authority) ?? [],
    onFlaws: (listener) => void listeners.push(listener),
    served(namespace, name, generation) {
      const authority = { metadata: { namespace, name } }
      const configMap = caches.crls.get(keyOf({ namespace, name: crlName(authority, generation) }))
      if (!configMap || !isCrlOf(authority, generation, configMap)) return undefined
      const { der, crl } = reader.read(configMap) ?? {}
      return der && crl && { der, thisUpdate: crl.thisUpdate, nextUpdate: crl.nextUpdate ?? crl.thisUpdate }
    },
  }
}

/** The spec, and how its generations are; nothing else of a status wakes anybody, as statuses change often. */
function whatMatters({ metadata, status }: Authority): string {
  const generations = (status?.generations ?? []).map((each) => [each.generation, each.state, each.fingerprint])
  return JSON.stringify([metadata.uid, metadata.generation, generations])
}
