import type { Authority, RevocationReason } from '#api'
import { keyOf } from '#base'
import type { RegisterEntry } from '../register/entry.ts'

/** A certificate that is to be revoked in the register of an Authority. */
export interface DueRevocation {
  /** `namespace/name` of the Authority that has issued it. */
  readonly authority: string
  readonly entry: RegisterEntry
  readonly reason: RevocationReason
  readonly cause: 'Requested' | 'Distrusted'
  /** Why, for people. */
  readonly comment?: string | undefined
}

/** The unexpired certificates that an Authority has issued, by its `namespace/name`. */
export type EntriesOf = (authority: string) => readonly RegisterEntry[]

/**
 * What an Authority has revoked: what `spec.revocations` lists, all that a distrusted generation has issued, and the
 * certificate of a distrusted generation itself.
 * @param signers `namespace/name` of the Authorities that may have signed its CA certificates
 */
export function dueRevocations(
  authority: Authority,
  signers: readonly string[],
  entriesOf: EntriesOf,
): readonly DueRevocation[] {
  const { namespace = '', name } = authority.metadata
  const key = keyOf({ namespace, name })
  const asked = new Map(authority.spec.revocations?.map((each) => [each.serialNumber, each]))
  const distrusted = (authority.status?.generations ?? []).filter(({ state }) => state === 'Distrusted')
  const numbers = new Set(distrusted.map(({ generation }) => generation))
  const own = entriesOf(key).flatMap((entry): DueRevocation[] => {
    const request = asked.get(entry.serialNumber)
    if (request) {
      const { reason = 'unspecified', comment } = request
      return [{ authority: key, entry, reason, cause: 'Requested', comment }]
    }
    return numbers.has(entry.generation) ? [distrust(key, entry)] : []
  })
  // A subordinate speaks about its own CA only; the fingerprint in its status is what nobody but the operator writes.
  const fingerprints = new Set(distrusted.map(({ fingerprint }) => fingerprint))
  const above = (distrusted.length === 0 ? [] : signers).flatMap((signer) =>
    entriesOf(signer)
      .filter((entry) => entry.kind === 'Authority' && entry.holder === key && fingerprints.has(entry.fingerprint))
      .map((entry) => distrust(signer, entry)),
  )
  return [...own, ...above].filter(({ entry }) => !entry.revoked)
}

const distrust = (authority: string, entry: RegisterEntry): DueRevocation => ({
  authority,
  entry,
  reason: 'cACompromise',
  cause: 'Distrusted',
})

/** Serial numbers in `spec.revocations` that the Authority has issued no unexpired certificate with. */
export function unknownSerials({ spec }: Authority, entries: readonly RegisterEntry[]): readonly string[] {
  if (spec.revocations === undefined) return []
  const known = new Set(entries.map(({ serialNumber }) => serialNumber))
  return spec.revocations.map(({ serialNumber }) => serialNumber).filter((serialNumber) => !known.has(serialNumber))
}
