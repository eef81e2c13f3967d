import type { Certificate } from '#api'
import { keyOf } from '#base'
import { type CertificateWorld, planCertificate, type SecretView, secretNameOf } from '#plan'
import type { AuthorityDirectory } from '../authority-directory.ts'
import { listenToAuthorities, listenToNamespaces } from '../dependents.ts'
import { createKindController, type KindController } from '../kind-controller.ts'
import type { MakeKey } from '../make-key.ts'
import { type ControllerTools, index } from '../tools.ts'
import { actOnCertificate } from './act.ts'
import { concludeCertificate } from './conclude.ts'
import { observeCertificate } from './observe.ts'

/** Issues and renews certificates into Secrets. */
export function createCertificateController(
  tools: ControllerTools,
  directory: AuthorityDirectory,
  makeKey: MakeKey,
): KindController {
  const { certificates } = tools.caches
  const kind = createKindController<Certificate, CertificateWorld, SecretView>(
    {
      name: 'certificate',
      cache: certificates,
      observe: (key, { memory, signal }) => observeCertificate(key, tools, directory, memory, signal),
      secretInTheWay: ({ certificate, secret }) => (secret.state === 'foreign' ? secretKeyOf(certificate) : undefined),
      async settle(world, { memory, signal }) {
        const plan = planCertificate(world, tools.clock.now())
        const report = await actOnCertificate(plan, world, { tools, directory, memory, makeKey, signal })
        return concludeCertificate(plan, report, tools, memory, signal)
      },
    },
    tools,
  )
  listenToAuthorities(tools.caches, (key) => kind.wake(certificates.byIndex(index.byAuthority, key)))
  listenToNamespaces(tools.caches, (name) => kind.wake(certificates.byIndex(index.byNamespace, name)))
  return kind
}

const secretKeyOf = (certificate: Certificate): string =>
  keyOf({ namespace: certificate.metadata.namespace ?? '', name: secretNameOf(certificate) })
