import type { Authority, KubeObject } from '#api'
import { keyOf, second } from '#base'
import { storeKeyOf } from '#kube'
import { type CaView, caSecretName, planAuthority } from '#plan'
import { Controller, type Settled } from '#runtime'
import type { AuthorityDirectory } from '../authority-directory.ts'
import { listenToAuthorities } from '../dependents.ts'
import { ForeignSecrets } from '../foreign-secrets.ts'
import type { MakeKey } from '../make-key.ts'
import { Memory } from '../memory.ts'
import { type ControllerTools, index, type KindController } from '../tools.ts'
import { actOnAuthority } from './act.ts'
import { concludeAuthority } from './conclude.ts'
import { observeAuthority } from './observe.ts'

/** How soon to look again when a cache has not seen our own write yet; its arrival usually comes first. */
const behindMs = second

/** Makes the keys and certificates of internal CAs and watches over them. */
export function createAuthorityController(
  tools: ControllerTools,
  directory: AuthorityDirectory,
  makeKey: MakeKey,
): KindController {
  const { caches, clock, logger, random, ownership, concurrency } = tools
  const memory = new Memory<CaView>(clock)

  const controller = new Controller({
    name: 'authority',
    concurrency,
    reconcile,
    keys: () => [...caches.authorities.values()].map(storeKeyOf),
    ownership,
    clock,
    logger,
    random,
    onReconciled: (result, durationMs) => tools.onReconciled('authority', result, durationMs),
  })

  async function reconcile(key: string, signal: AbortSignal): Promise<Settled> {
    const seen = await observeAuthority(key, tools, directory, memory, signal)
    if (seen.found === 'gone') return forget(key)
    if (seen.found === 'behind') return { againInMs: behindMs }
    foreignSecrets.note(key, seen.world.ca.state === 'foreign' ? secretKeyOf(seen.world.authority) : undefined)
    const plan = planAuthority(seen.world, clock.now())
    const report = await actOnAuthority(plan, seen.world, { tools, directory, memory, makeKey, signal })
    return concludeAuthority(plan, report, tools, memory, signal)
  }

  function forget(key: string): Settled {
    memory.forget(key)
    foreignSecrets.note(key, undefined)
    directory.forget(key)
    controller.forget(key)
    return { againInMs: undefined }
  }

  const foreignSecrets = new ForeignSecrets(tools, wakeBySecret)

  function wakeBySecret(secretKey: string): void {
    wake(caches.authorities.byIndex(index.bySecret, secretKey))
  }

  function wake(authorities: Iterable<KubeObject>): void {
    for (const authority of authorities) controller.enqueue(storeKeyOf(authority))
  }

  caches.authorities.listen(({ type, key, object }) => {
    if (type === 'deleted') memory.forget(key)
    if (memory.objects.isNews(key, object.metadata.resourceVersion)) controller.enqueue(key)
  })
  caches.secrets.listen(({ type, key, object }) => {
    if (type === 'deleted') memory.secrets.forget(key)
    if (memory.secrets.isNews(key, object.metadata.resourceVersion)) wakeBySecret(key)
  })
  listenToAuthorities(caches, (authority) => wake(caches.authorities.byIndex(index.byParent, authority)))

  return { controller, close: () => foreignSecrets.stop() }
}

const secretKeyOf = (authority: Authority): string =>
  keyOf({ namespace: authority.metadata.namespace ?? '', name: caSecretName(authority) })
