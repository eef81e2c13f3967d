import type { Certificate, KubeObject } from '#api'
import { keyOf, second } from '#base'
import { storeKeyOf } from '#kube'
import { planCertificate, type SecretView, secretNameOf } from '#plan'
import { Controller, type Settled } from '#runtime'
import type { AuthorityDirectory } from '../authority-directory.ts'
import { listenToAuthorities, listenToNamespaces } from '../dependents.ts'
import { ForeignSecrets } from '../foreign-secrets.ts'
import type { MakeKey } from '../make-key.ts'
import { Memory } from '../memory.ts'
import { type ControllerTools, index, type KindController } from '../tools.ts'
import { actOnCertificate } from './act.ts'
import { concludeCertificate } from './conclude.ts'
import { observeCertificate } from './observe.ts'

/** How soon to look again when a cache has not seen our own write yet; its arrival usually comes first. */
const behindMs = second

/** Issues and renews certificates into Secrets. */
export function createCertificateController(
  tools: ControllerTools,
  directory: AuthorityDirectory,
  makeKey: MakeKey,
): KindController {
  const { caches, clock, logger, random, ownership, concurrency } = tools
  const memory = new Memory<SecretView>(clock)

  const controller = new Controller({
    name: 'certificate',
    concurrency,
    reconcile,
    keys: () => [...caches.certificates.values()].map(storeKeyOf),
    ownership,
    clock,
    logger,
    random,
    onReconciled: (result, durationMs) => tools.onReconciled('certificate', result, durationMs),
  })

  async function reconcile(key: string, signal: AbortSignal): Promise<Settled> {
    const seen = await observeCertificate(key, tools, directory, memory, signal)
    if (seen.found === 'gone') return forget(key)
    if (seen.found === 'behind') return { againInMs: behindMs }
    const { world } = seen
    foreignSecrets.note(key, world.secret.state === 'foreign' ? secretKeyOf(world.certificate) : undefined)
    const plan = planCertificate(world, clock.now())
    const report = await actOnCertificate(plan, world, { tools, directory, memory, makeKey, signal })
    return concludeCertificate(plan, report, tools, memory, signal)
  }

  function forget(key: string): Settled {
    memory.forget(key)
    foreignSecrets.note(key, undefined)
    controller.forget(key)
    return { againInMs: undefined }
  }

  const foreignSecrets = new ForeignSecrets(tools, wakeBySecret)

  function wakeBySecret(secretKey: string): void {
    wake(caches.certificates.byIndex(index.bySecret, secretKey))
  }

  function wake(certificates: Iterable<KubeObject>): void {
    for (const certificate of certificates) controller.enqueue(storeKeyOf(certificate))
  }

  caches.certificates.listen(({ type, key, object }) => {
    if (type === 'deleted') memory.forget(key)
    if (memory.objects.isNews(key, object.metadata.resourceVersion)) controller.enqueue(key)
  })
  caches.secrets.listen(({ type, key, object }) => {
    if (type === 'deleted') memory.secrets.forget(key)
    if (memory.secrets.isNews(key, object.metadata.resourceVersion)) wakeBySecret(key)
  })
  listenToAuthorities(caches, (authority) => wake(caches.certificates.byIndex(index.byAuthority, authority)))
  listenToNamespaces(caches, (namespace) => wake(caches.certificates.byIndex(index.byNamespace, namespace)))

  return { controller, close: () => foreignSecrets.stop() }
}

const secretKeyOf = (certificate: Certificate): string =>
  keyOf({ namespace: certificate.metadata.namespace ?? '', name: secretNameOf(certificate) })
