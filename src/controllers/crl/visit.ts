import type { Authority } from '#api'
import { hour, isFailure, listInWords } from '#base'
import { storeKeyOf } from '#kube'
import { type Cause, crlGenerations, unknownSerials } from '#plan'
import { belongsInStatus } from '../belongs-in-status.ts'
import { type PublishTools, publishCrl } from './publish.ts'
import { revokeDue } from './revoke.ts'

/** What a visit to an Authority came to. */
export interface Visited {
  /** What stands in the way of its CRLs and revocations; undefined when that is not known, as for want of an answer. */
  readonly flaws: readonly Cause[] | undefined
  /** What is to be tried again. */
  readonly failure: unknown
  readonly againInMs: number
}

/**
 * Revokes what an Authority wants revoked, and publishes the CRL of each of its generations.
 * @throws Failure Waiting while the register is not loaded
 */
export async function visitAuthority(authority: Authority, on: PublishTools): Promise<Visited> {
  const { register } = on.tools
  const key = storeKeyOf(authority)
  const failures: unknown[] = []
  const flaws: Cause[] = []
  // Within the hour in any case, because timers do not see the wall clock jump.
  let againInMs = hour
  // What fails for one generation keeps no other from being published.
  await revokeDue(authority, on.tools, on.signal).catch((error: unknown) => failures.push(error))
  const entries = register.entries(key)
  const unknown = unknownSerials(authority, entries)
  if (unknown.length > 0) flaws.push(notRevocable(unknown))
  for (const generation of crlGenerations(authority, entries, on.tools.clock.now())) {
    const revoked = entries.filter((entry) => entry.revoked && entry.generation === generation.generation)
    try {
      const published = await publishCrl({ authority, generation, revoked }, on)
      if (published.flaw) flaws.push(published.flaw)
      againInMs = Math.min(againInMs, published.againInMs)
    } catch (error) {
      failures.push(error)
    }
  }
  const told = failures.filter(isFailure).filter((failure) => belongsInStatus(failure, on.signal))
  return {
    flaws: told.length === failures.length ? [...flaws, ...told] : undefined,
    failure: failures.find((error) => !isFailure(error) || error.kind !== 'Terminal'),
    againInMs,
  }
}

const namedMax = 3

function notRevocable(serials: readonly string[]): Cause {
  const named = [...serials.slice(0, namedMax), ...(serials.length > namedMax ? ['others'] : [])]
  const message =
    `spec.revocations: this Authority has no unexpired certificate ${listInWords(named)} in its register. ` +
    'What it has not issued it cannot revoke; take out what has expired'
  return { reason: 'NotRevocable', message }
}
