import type { Authority } from '#api'
import { keyOf } from '#base'
import { type AuthorityWorld, type CaView, caSecretName, planAuthority } from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import { listenToAuthorities } from '../dependents.ts'
import { createKindController, type KindController } from '../kind-controller.ts'
import type { MakeKey } from '../make-key.ts'
import { type ControllerTools, index } from '../tools.ts'
import { actOnAuthority } from './act.ts'
import { concludeAuthority } from './conclude.ts'
import { observeAuthority } from './observe.ts'

/** Makes the keys and certificates of internal CAs and watches over them. */
export function createAuthorityController(
  tools: ControllerTools,
  directory: AuthorityDirectory,
  makeKey: MakeKey,
): KindController {
  const { authorities } = tools.caches
  const kind = createKindController<Authority, AuthorityWorld, CaView>(
    {
      name: 'authority',
      cache: authorities,
      observe: (key, { memory, signal }) => observeAuthority(key, tools, directory, memory, signal),
      secretInTheWay: ({ authority, ca }) => (ca.state === 'foreign' ? secretKeyOf(authority) : undefined),
      async settle(world, { memory, signal }) {
        const plan = planAuthority(world, tools.clock.now())
        const report = await actOnAuthority(plan, world, { tools, directory, memory, makeKey, signal })
        return concludeAuthority(plan, report, tools, memory, signal)
      },
      forget: (key) => directory.forget(key),
    },
    tools,
  )
  listenToAuthorities(tools.caches, (key) => kind.wake(authorities.byIndex(index.byParent, key)))
  return kind
}

const secretKeyOf = (authority: Authority): string =>
  keyOf({ namespace: authority.metadata.namespace ?? '', name: caSecretName(authority) })
