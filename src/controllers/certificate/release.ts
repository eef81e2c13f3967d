import { certificateKind, type ObjectMeta } from '#api'
import { type Failure, keyOf } from '#base'
import { isConflict, isNotFound, resourceOf, resources } from '#kube'
import { type CertificateWorld, type ReleasePlan, secretNameOf } from '#plan'
import { belongsInStatus } from '../belongs-in-status.ts'
import { failureOf } from './failure-of.ts'
import type { ActTools, Report } from './visit.ts'

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
  memory.objects.noteFinalizers(keyOf(key), written.metadata)
}

/**
 * Lets a Certificate go, after its Secret where that is to go with it; what should have been revoked and is not is told
 * to all who may still do it.
 */
export async function release(plan: ReleasePlan, world: CertificateWorld, on: ActTools): Promise<Report> {
  const failure = plan.secret && (await deleteSecret(plan.secret, plan.isLastTry, world, on))
  if (failure && !plan.isLastTry) return { outcome: { result: 'failed', failure, nextAttemptAt: undefined }, world }
  if (failure) tellSecretLeft(failure, world, on)
  tellDebt(plan, world, on)
  await setFinalizers(plan.finalizers, world, on)
  return { outcome: { result: 'unchanged' }, world }
}

/**
 * Deletes the very version of the Secret that was looked at, after the audit line that says so.
 * @returns why it could not be deleted
 * @throws what the runtime retries by itself
 */
async function deleteSecret(
  { namespace = '', name: secret, uid, resourceVersion }: ObjectMeta,
  isLastTry: boolean,
  { certificate }: CertificateWorld,
  { tools, memory, signal }: ActTools,
): Promise<Failure | undefined> {
  const { name, uid: owner = '' } = certificate.metadata
  tools.audit.append({
    event: 'SecretDeleted',
    object: { kind: 'Certificate', namespace, name, uid: owner },
    secret,
    cause: 'the Certificate is deleted, and spec.deletionPolicy.secret is Delete',
  })
  try {
    await tools.client.delete(resources.secrets, { namespace, name: secret }, { uid, resourceVersion, signal })
    return undefined
  } catch (error) {
    if (isNotFound(error)) return undefined
    if (isConflict(error)) memory.doubt(keyOf({ namespace, name }))
    if (signal.aborted || !(isLastTry || belongsInStatus(error, signal))) throw error
    return failureOf(error, 'deleting', certificate, tools)
  }
}

function tellSecretLeft({ message }: Failure, { certificate }: CertificateWorld, { tools }: ActTools): void {
  const { namespace = '', name, uid = '' } = certificate.metadata
  const secret = secretNameOf(certificate)
  const object = { kind: 'Certificate', namespace, name, uid } as const
  tools.audit.append({ event: 'SecretNotDeleted', object, secret, cause: message })
  const note = `Secret ${secret} was not deleted with its Certificate: ${message}`
  const reason = 'SecretNotDeleted'
  tools.events.record({ regarding: certificate, type: 'Warning', reason, action: 'Delete', note })
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
