import { type Certificate, type KubeObject, type PartialObject, secretLabel } from '#api'
import { fromKey, keyOf } from '#base'
import { storeKeyOf } from '#kube'
import { type CertificateWorld, orderedBy, planCertificate, type SecretView, secretNameOf } from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import { listenToAuthorities, listenToNamespaces } from '../dependents.ts'
import { createKindController, type KindController } from '../kind-controller.ts'
import type { MakeKey } from '../make-key.ts'
import { type ControllerTools, index } from '../tools.ts'
import { actOnCertificate } from './act.ts'
import { concludeCertificate } from './conclude.ts'
import { clearOrder, nameOnly } from './end-order.ts'
import { observeCertificate } from './observe.ts'
import { OrderCalls } from './order-calls.ts'
import { RevocationMemory } from './revocation-memory.ts'

/** Issues and renews certificates into Secrets. */
export function createCertificateController(
  tools: ControllerTools,
  directory: AuthorityDirectory,
  makeKey: MakeKey,
): KindController {
  const { certificates } = tools.caches
  const revocations = new RevocationMemory()
  const calls = new OrderCalls(tools, (key) => kind.controller.enqueue(key))
  const kind = createKindController<Certificate, CertificateWorld, SecretView>(
    {
      name: 'certificate',
      cache: certificates,
      observe: (key, visit) => observeCertificate(key, { ...visit, tools, directory, revocations, calls }),
      ownersOf: (secretKey) => [...certificates.byIndex(index.bySecret, secretKey), ...ordererOf(secretKey)],
      foreignSecret: ({ certificate, secret }) => (secret.state === 'foreign' ? secretKeyOf(certificate) : undefined),
      async settle(world, { memory, signal }) {
        const plan = planCertificate(world, tools.clock.now())
        const on = { tools, directory, memory, makeKey, revocations, calls, signal }
        const report = await actOnCertificate(plan, world, on)
        return concludeCertificate(plan, report, tools, memory, signal)
      },
      leftovers: () => orderers(tools.caches.secrets.values()),
      clear: (key, visit) => clearOrder(key, { ...visit, tools, directory, calls }),
      forget(key) {
        revocations.forget(key)
        calls.forget(key)
      },
    },
    tools,
  )
  listenToAuthorities(tools.caches, (key) => {
    kind.wake(certificates.byIndex(index.byAuthority, key))
    // It may have become somebody's default.
    kind.wake(certificates.byIndex(index.byAuthority, ''))
  })
  tools.register.onRevoked((_, holders) => {
    // Those whose certificate in use is among the revoked ones need another.
    for (const each of holders) if (each.kind === 'Certificate') kind.controller.enqueue(each.holder)
  })
  listenToNamespaces(tools.caches, (name) => kind.wake(certificates.byIndex(index.byNamespace, name)))
  return {
    ...kind,
    async close() {
      calls.close()
      await kind.close()
    },
  }
}

/** The Certificate that a Secret is the order of, if it is one's: it may be gone, and is then but a name. */
function ordererOf(secretKey: string): KubeObject[] {
  const { namespace, name } = fromKey(secretKey)
  const certificate = orderedBy(name)
  return certificate === undefined ? [] : [nameOnly(keyOf({ namespace, name: certificate }))]
}

/** Keys of the Certificates that have orders. */
const orderers = (all: Iterable<PartialObject>): string[] =>
  [...all]
    .filter(({ metadata }) => metadata.labels?.[secretLabel] === 'order')
    .flatMap((secret) => ordererOf(storeKeyOf(secret)).map(storeKeyOf))

const secretKeyOf = (certificate: Certificate): string =>
  keyOf({ namespace: certificate.metadata.namespace ?? '', name: secretNameOf(certificate) })
