import type { Certificate, KubeObject, PartialObject } from '#api'
import { keyOf } from '#base'
import { storeKeyOf } from '#kube'
import {
  type CertificateWorld,
  isCaSecretName,
  orderedBy,
  orderSecretName,
  planCertificate,
  type SecretView,
  secretNameOf,
} from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import { listenToAuthorities, listenToNamespaces } from '../dependents.ts'
import { createKindController, type KindController } from '../kind-controller.ts'
import type { MakeKey } from '../make-key.ts'
import { behindMs, type Caches, type ControllerTools, index } from '../tools.ts'
import { actOnCertificate } from './act.ts'
import { concludeCertificate } from './conclude.ts'
import { clearOrder, nameOnly } from './end-order.ts'
import { Issuing } from './issuing.ts'
import { isGone, observeCertificate } from './observe.ts'
import { OrderCalls } from './order-calls.ts'
import { PasswordMemory } from './password-memory.ts'
import { passwordSecretKeys } from './passwords.ts'
import { RevocationMemory } from './revocation-memory.ts'
import { SecretHolders } from './secret-holders.ts'

/** Issues and renews certificates into Secrets. */
export function createCertificateController(
  tools: ControllerTools,
  directory: AuthorityDirectory,
  makeKey: MakeKey,
): KindController {
  const { certificates } = tools.caches
  const revocations = new RevocationMemory()
  const passwords = new PasswordMemory()
  const issuing = new Issuing(tools.caches)
  const secretHolders = new SecretHolders(tools, (all) => kind.wake(all))
  const calls = new OrderCalls(tools, (key) => kind.controller.enqueue(key))
  const kind = createKindController<Certificate, CertificateWorld, SecretView>(
    {
      name: 'certificate',
      cache: certificates,
      observe: (key, visit) =>
        observeCertificate(key, { ...visit, tools, directory, revocations, passwords, calls, issuing, secretHolders }),
      ownersOf: (secretKey) => [
        ...secretHolders.concernedBy(secretKey),
        ...certificates.byIndex(index.byOrder, secretKey),
        ...ordererOf(tools.caches.secrets.get(secretKey)),
      ],
      namedSecrets,
      async settle(world, visit) {
        const plan = planCertificate(world, tools.clock.now())
        const [secretKey, key] = [secretKeyOf(world.certificate), storeKeyOf(world.certificate)]
        const isFirst = plan.do === 'issue' && plan.replaces === undefined
        if (isFirst && !issuing.begin(secretKey, key)) return { againInMs: behindMs }
        const on = { ...visit, tools, directory, makeKey, revocations, passwords, calls, issuing, secretHolders }
        const report = await actOnCertificate(plan, world, on)
        // The Secret, or that of the order, is not in the cache yet.
        if (!isFirst || report.outcome.result === 'failed') issuing.end(secretKey, key)
        return concludeCertificate(plan, report, tools, visit.memory, visit.signal)
      },
      leftovers: () => [...tools.caches.secrets.values()].flatMap(ordererOf).map(storeKeyOf),
      clear: (key, visit) => clearOrder(key, { ...visit, tools, directory, calls }),
      forget(key) {
        revocations.forget(key)
        passwords.forget(key)
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
  certificates.listen(({ type, object, old = object }) => {
    // Who has come finds by its own visit who has the Secret. Who has left it, or is visited no more, cannot.
    const hasGone = type === 'deleted' || (isGone(object) && !isGone(old))
    const hasLeft = hasGone || secretKeyOf(old) !== secretKeyOf(object)
    if (hasLeft) kind.wake(secretHolders.concernedBy(secretKeyOf(old)))
  })
  listenForNames(tools.caches, (all) => kind.wake(all))
  tools.register.onRevoked((_, holders) => {
    // Those whose certificate in use is among the revoked ones need another.
    for (const each of holders) if (each.kind === 'Certificate') kind.controller.enqueue(each.holder)
  })
  listenToNamespaces(tools.caches, (name) => kind.wake(certificates.byIndex(index.byNamespace, name)))
  return {
    ...kind,
    async close() {
      calls.close()
      secretHolders.close()
      await kind.close()
    },
  }
}

/** Somebody else's Secret in its way or offered to it, and those with its passwords. */
function namedSecrets(world: CertificateWorld): readonly string[] {
  const { certificate, secret } = world
  const isOthers = secret.state === 'offered' || (secret.state === 'foreign' && secret.reason === 'SecretNotOurs')
  return [...(isOthers ? [secretKeyOf(certificate)] : []), ...passwordSecretKeys(world)]
}

/** Calls `wake` with Certificates whose Secret has a name that is kept free for nobody any more. */
function listenForNames(
  { authorities, certificates }: Caches,
  wake: (certificates: readonly Certificate[]) => void,
): void {
  authorities.listen(({ type, object }) => {
    if (type !== 'deleted') return
    const all = certificates.byIndex(index.byNamespace, object.metadata.namespace ?? '')
    wake(all.filter((each) => isCaSecretName(object, secretNameOf(each))))
  })
  certificates.listen(({ type, object: { metadata } }) => {
    if (type !== 'deleted') return
    const orderKey = keyOf({ namespace: metadata.namespace ?? '', name: orderSecretName(metadata.name) })
    wake(certificates.byIndex(index.bySecret, orderKey))
  })
}

/** The Certificate that a Secret is the order of, if it is one's: it may be gone, and is then but a name. */
function ordererOf(secret: PartialObject | undefined): KubeObject[] {
  const name = secret && orderedBy(secret.metadata)
  return name === undefined ? [] : [nameOnly(keyOf({ namespace: secret?.metadata.namespace ?? '', name }))]
}

const secretKeyOf = (certificate: Certificate): string =>
  keyOf({ namespace: certificate.metadata.namespace ?? '', name: secretNameOf(certificate) })
