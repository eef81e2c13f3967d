import { type AuthorityStatus, type NewCondition, withConditions } from '#api'
import { type Failure, type Instant, toRfc3339 } from '#base'
import { type Cause, condition } from '../condition.ts'
import { caGeneration, caSecretName } from './plan.ts'
import type { AuthorityWorld } from './world.ts'

/** Conditions that only Sifaka sets on an Authority. */
const managed = ['Ready', 'Reconciling', 'Stalled']

/**
 * The status that a visit leaves. `world` is as it is afterwards: a CA that was made is in it. Equal inputs give an
 * equal status, so that nothing is written when nothing changed.
 */
export function authorityStatus(world: AuthorityWorld, failure: Failure | undefined, now: Instant): AuthorityStatus {
  const { authority, ca } = world
  const before = authority.status ?? {}
  const observedGeneration = authority.metadata.generation ?? 0
  return {
    ...before,
    observedGeneration,
    ...(ca.state === 'held' && {
      ca: {
        generation: caGeneration,
        subject: ca.held.subject,
        serialNumber: ca.held.serialNumber,
        fingerprint: ca.held.fingerprint,
        notBefore: toRfc3339(ca.held.notBefore),
        notAfter: toRfc3339(ca.held.notAfter),
        secretName: caSecretName(authority),
      },
      caBundle: ca.held.roots,
    }),
    conditions: withConditions(before.conditions, managed, conditions(world, failure, observedGeneration), now),
  }
}

function conditions({ ca }: AuthorityWorld, failure: Failure | undefined, generation: number): NewCondition[] {
  if (!failure && ca.state === 'held') {
    const message = `signs as ${ca.held.subject} until ${toRfc3339(ca.held.notAfter)}`
    return [condition('Ready', 'True', { reason: 'CAReady', message }, generation)]
  }
  const cause: Cause = failure ?? { reason: 'CAKeyMissing', message: 'there is no CA key' }
  const isStalled = failure?.kind === 'Terminal'
  return [
    condition('Ready', 'False', cause, generation),
    condition(isStalled ? 'Stalled' : 'Reconciling', 'True', cause, generation),
  ]
}
