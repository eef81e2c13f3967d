import { type Authority, annotations } from '#api'
import { second, toRfc3339 } from '#base'
import { storeKeyOf } from '#kube'
import { type DueRevocation, dueRevocations, parentKeyOf, shardEntriesMax } from '#plan'
import { type ControllerTools, index } from '../tools.ts'

/**
 * Has the register revoke what an Authority wants revoked.
 * @throws Failure Waiting while the register is not loaded; what the register throws
 */
export async function revokeDue(authority: Authority, tools: ControllerTools, signal: AbortSignal): Promise<void> {
  const due = dueRevocations(authority, signersOf(authority, tools), (key) => tools.register.entries(key))
  // What is asked for together is stored together, and a shard has no more than this.
  for (let from = 0; from < due.length; from += shardEntriesMax) {
    signal.throwIfAborted()
    await revokeBatch(due.slice(from, from + shardEntriesMax), authority, tools)
  }
}

async function revokeBatch(due: readonly DueRevocation[], by: Authority, tools: ControllerTools): Promise<void> {
  const { register, audit, clock } = tools
  const at = Math.floor(clock.now() / second) * second
  for (const revocation of due) audit.append(auditEntry(revocation, by))
  const revoked = due.map(({ authority, entry, reason }) => register.revoke(authority, entry, { at, reason }))
  const failed = (await Promise.allSettled(revoked)).find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
}

function auditEntry({ authority, entry, reason, cause, comment }: DueRevocation, { metadata }: Authority) {
  const { serialNumber, fingerprint, generation, notAfter, holder } = entry
  return {
    event: 'CertificateRevoked',
    object: { kind: 'Authority', namespace: metadata.namespace ?? '', name: metadata.name, uid: metadata.uid ?? '' },
    authority,
    certificate: { serialNumber, fingerprint, notAfter: toRfc3339(notAfter) },
    caGeneration: generation,
    holder,
    reason,
    ...(comment !== undefined && { comment }),
    cause,
  } as const
}

/** Who may have signed its CA certificates: its parent, and those that its Secrets name; the registers know who did. */
function signersOf(authority: Authority, { caches }: ControllerTools): readonly string[] {
  const key = storeKeyOf(authority)
  const named = caches.secrets
    .byIndex(index.byCa, key)
    .map(({ metadata }) => metadata.annotations?.[annotations.issuedBy])
  const signers = new Set([parentKeyOf(authority), ...named].filter((signer) => signer !== undefined))
  signers.delete(key)
  return [...signers]
}
