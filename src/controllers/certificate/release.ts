import { certificateKind } from '#api'
import { keyOf } from '#base'
import { resourceOf } from '#kube'
import type { CertificateWorld, ReleasePlan } from '#plan'
import type { ActTools } from './visit.ts'

const resource = resourceOf(certificateKind)

/** Sets the finalizers of a Certificate, in one write that only lands on the version that was seen. */
export async function setFinalizers(
  finalizers: readonly string[],
  { certificate }: CertificateWorld,
  { tools, memory, signal }: ActTools,
): Promise<void> {
  const { namespace = '', name, uid, resourceVersion } = certificate.metadata
  const patch = { metadata: { uid, resourceVersion, finalizers } }
  const key = { namespace, name }
  const written = await tools.client.mergePatch(resource, key, patch, { metadataOnly: true, signal })
  memory.objects.note(keyOf(key), written.metadata.resourceVersion)
}

/** Lets a Certificate go; what should have been revoked and is not is told to all who may still do it. */
export async function release(plan: ReleasePlan, world: CertificateWorld, on: ActTools): Promise<void> {
  tellDebt(plan, world, on)
  await setFinalizers(plan.finalizers, world, on)
}

function tellDebt({ debt }: ReleasePlan, { certificate, authorityKey }: CertificateWorld, { tools }: ActTools): void {
  if (!debt) return
  const { namespace = '', name, uid = '' } = certificate.metadata
  const creditors = new Set(debt.certificates.map((each) => each.authorityKey))
  if (creditors.size === 0 && authorityKey !== undefined) creditors.add(authorityKey)
  const notes: string[] = []
  for (const authority of creditors) {
    const owed = debt.certificates.filter((each) => each.authorityKey === authority)
    const serialNumbers = owed.map((each) => each.serialNumber)
    const object = { kind: 'Certificate', namespace, name, uid } as const
    tools.audit.append({ event: 'RevocationDebt', object, authority, serialNumbers, cause: debt.why })
    const which = serialNumbers.length > 0 ? serialNumbers.join(', ') : 'all that is still valid'
    const note = `not revoked, and ${namespace}/${name} is deleted: ${which}, of Authority ${authority}. ${debt.why}`
    notes.push(note)
    const regarding = tools.caches.authorities.get(authority)
    if (regarding) tools.events.record({ regarding, ...event, note })
  }
  for (const note of notes) tools.events.record({ regarding: certificate, ...event, note })
}

const event = { type: 'Warning', reason: 'RevocationFailed', action: 'Revoke' } as const
