import { type Certificate, type KubeObject, type PartialObject, secretLabel } from '#api'
import { fromKey, keyOf } from '#base'
import { storeKeyOf } from '#kube'
import { type CertificateWorld, orderedBy, planCertificate, type SecretView, secretNameOf } from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import { listenToAuthorities, listenToNamespaces } from '../dependents.ts'
import { createKindController, type KindController } from '../kind-controller.ts'
import type { MakeKey } from '../make-key.ts'
import { behindMs, type ControllerTools, index } from '../tools.ts'
import { actOnCertificate } from './act.ts'
import { concludeCertificate } from './conclude.ts'
import { clearOrder, nameOnly } from './end-order.ts'
import { Issuing } from './issuing.ts'
import { observeCertificate } from './observe.ts'
import { OrderCalls } from './order-calls.ts'
import { passwordSecretKeys } from './passwords.ts'
import { RevocationMemory } from './revocation-memory.ts'

/** Issues and renews certificates into Secrets. */
export function createCertificateController(
  tools: ControllerTools,
  directory: AuthorityDirectory,
  makeKey: MakeKey,
): KindController {
  const { certificates } = tools.caches
  const revocations = new RevocationMemory()
  const issuing = new Issuing(tools.caches)
  const calls = new OrderCalls(tools, (key) => kind.controller.enqueue(key))
  const kind = createKindController<Certificate, CertificateWorld, SecretView>(
    {
      name: 'certificate',
      cache: certificates,
      observe: (key, visit) => observeCertificate(key, { ...visit, tools, directory, revocations, calls, issuing }),
      ownersOf: (secretKey) => [...certificates.byIndex(index.bySecret, secretKey), ...ordererOf(secretKey)],
      namedSecrets,
      async settle(world, { memory, signal }) {
        const plan = planCertificate(world, tools.clock.now())
        const [secretKey, key] = [secretKeyOf(world.certificate), storeKeyOf(world.certificate)]
        const isFirst = plan.do === 'issue' && plan.replaces === undefined
        if (isFirst && !issuing.begin(secretKey, key)) return { againInMs: behindMs }
        const on = { tools, directory, memory, makeKey, revocations, calls, issuing, signal }
        const report = await actOnCertificate(plan, world, on)
        // The Secret, or that of the order, is not in the cache yet.
        if (!isFirst || report.outcome.result === 'failed') issuing.end(secretKey, key)
        return concludeCertificate(plan, report, tools, memory, signal)
      },
      leftovers: () => orderers(tools.caches.secrets.values()),
      clear: (key, visit) => clearOrder(key, { ...visit, tools, directory, calls }),
      forget(key) {
        revocations.forget(key)
        calls.forget(key)
        issuing.forget(key)
      },
    },
    tools,
  )
  listenToAuthorities(tools.caches, (key) => {
    kind.wake(certificates.byIndex(index.byAuthority, key))
    // It may have become somebody's default.
    kind.wake(certificates.byIndex(index.byAuthority, ''))
  })
  certificates.listen(({ type, key, object, old }) => {
    // Which of several has a Secret depends on the others.
    const secretKeys = new Set([object, ...(old ? [old] : [])].map(secretKeyOf))
    if (type === 'updated' && secretKeys.size === 1 && !isGoing(object)) return
    const all = [...secretKeys].flatMap((secretKey) => certificates.byIndex(index.bySecret, secretKey))
    kind.wake(all.filter((each) => storeKeyOf(each) !== key))
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

/** Somebody else's Secret in its way or offered to it, and those with its passwords. */
function namedSecrets({ certificate, secret }: CertificateWorld): readonly string[] {
  const isOthers = secret.state === 'offered' || (secret.state === 'foreign' && secret.reason === 'SecretNotOurs')
  return [...(isOthers ? [secretKeyOf(certificate)] : []), ...passwordSecretKeys(certificate)]
}

const isGoing = ({ metadata }: Certificate): boolean => metadata.deletionTimestamp !== undefined

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
