import { type Authority, annotations } from '#api'
import { fromKey, keyOf } from '#base'
import {
  type AuthorityWorld,
  authorityKeyOf,
  bundleName,
  type CaView,
  caSecretName,
  parentKeyOf,
  planAuthority,
  sourceKeyOf,
} from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import type { CrlController } from '../crl/controller.ts'
import { listenToAuthorities, listenToNamespaces } from '../dependents.ts'
import { createKindController, type KindController } from '../kind-controller.ts'
import type { MakeKey } from '../make-key.ts'
import { type ControllerTools, generationsKey, index } from '../tools.ts'
import { actOnAuthority } from './act.ts'
import { BundleMemory } from './bundle-memory.ts'
import { concludeAuthority } from './conclude.ts'
import { observeAuthority } from './observe.ts'

/** Makes the keys and certificates of internal CAs and watches over them. */
export function createAuthorityController(
  tools: ControllerTools,
  directory: AuthorityDirectory,
  crl: CrlController,
  makeKey: MakeKey,
): KindController {
  const { caches } = tools
  const { authorities } = caches
  const bundles = new BundleMemory(tools.clock)
  const kind = createKindController<Authority, AuthorityWorld, CaView>(
    {
      name: 'authority',
      cache: authorities,
      observe: (key, visit) => observeAuthority(key, { ...visit, tools, directory, bundles, crl }),
      // Generations are told apart by the number at the end of their Secret's name.
      ownersOf: (secretKey) =>
        [secretKey, generationsKey(secretKey)].flatMap((key) => authorities.byIndex(index.bySecret, key)),
      namedSecrets,
      async settle(world, visit) {
        const plan = planAuthority(world, tools.clock.now())
        const on = { ...visit, tools, directory, bundles, makeKey, crl }
        const report = await actOnAuthority(plan, world, on)
        return concludeAuthority(plan, report, tools, visit.memory, visit.signal)
      },
      forget(key) {
        directory.forget(key)
        const { namespace, name } = fromKey(key)
        bundles.forget(keyOf({ namespace, name: bundleName({ metadata: { name } }) }))
      },
    },
    tools,
  )
  listenToAuthorities(caches, (key) => kind.wake(authorities.byIndex(index.byParent, key)))
  // One that is to go waits for those that use it.
  caches.certificates.listen(({ type, object }) => {
    if (type === 'deleted' || object.metadata.deletionTimestamp !== undefined) wakeLeaving(authorityKeyOf(object))
  })
  authorities.listen(({ type, object, old }) => {
    if (type === 'deleted') wakeLeaving(parentKeyOf(object))
    // Which of several is the default depends on the others.
    const isNews = type !== 'updated' || object.metadata.generation !== old?.metadata.generation
    if (isNews) kind.wake(authorities.byIndex(index.byDefault, object.metadata.namespace ?? ''))
  })
  listenToNamespaces(caches, (name) => kind.wake(authorities.byIndex(index.byNamespace, name)))
  caches.configMaps.listen(({ type, key, object }) => {
    bundles.inTheWay.delete(key)
    if (type === 'deleted') bundles.writes.forget(key)
    if (!bundles.writes.isNews(key, object.metadata.resourceVersion)) return
    const name = object.metadata.annotations?.[annotations.authority] ?? ''
    const authority = authorities.get(keyOf({ namespace: object.metadata.namespace ?? '', name }))
    if (authority) kind.wake([authority])
  })
  crl.onFlaws((key) => kind.controller.enqueue(key))
  return kind

  function wakeLeaving(key = ''): void {
    const authority = authorities.get(key)
    if (authority?.metadata.deletionTimestamp !== undefined) kind.wake([authority])
  }
}

/** A Secret in the way of a generation; else the one with a CA that was made elsewhere. */
function namedSecrets({ authority, ca }: AuthorityWorld): readonly string[] {
  const inTheWay = ca?.generations.find(({ secret }) => secret.state === 'foreign')
  const source = sourceKeyOf(authority)
  if (!inTheWay) return source === undefined ? [] : [source]
  return [keyOf({ namespace: authority.metadata.namespace ?? '', name: caSecretName(authority, inTheWay.number) })]
}
