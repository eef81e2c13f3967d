import { Failure } from '#base'
import { storeKeyOf } from '#kube'
import type { CertificateWorld, HeldCertificate } from '#plan'
import type { ControllerTools } from '../tools.ts'

interface Holder {
  readonly revision: number
  readonly world: CertificateWorld
}

/** Tells the register of the Authority, if it has one; a batch of lines is written outside of all this. */
export function registerHeld(held: HeldCertificate, { revision, world }: Holder, { register }: ControllerTools): void {
  const { request, certificate } = world
  if (held.caGeneration === undefined || request instanceof Failure) return
  const { commonName, names, owner } = request
  const all = Object.values(names).flat()
  register.record(held.issuedBy, {
    serialNumber: held.serialNumber,
    fingerprint: held.fingerprint,
    generation: held.caGeneration,
    kind: 'Certificate',
    holder: storeKeyOf(certificate),
    revision,
    names: all.length > 0 || commonName === undefined ? all : [commonName],
    owner,
    issuedAt: held.issuedAt,
    notAfter: held.notAfter,
  })
}
