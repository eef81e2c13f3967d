import { annotations, type CertificateStatus, type NewCondition, type Reason, withConditions } from '#api'
import { type Failure, type Instant, toRfc3339 } from '#base'
import { type CertificatePlan, heldOf, renewAt, secretNameOf, unfulfilled } from './plan.ts'
import type { CertificateWorld, SecretView } from './world.ts'

/** What a visit came to. */
export type CertificateOutcome =
  | { readonly result: 'unchanged' }
  /** `shortened` says why it lives shorter than asked for. */
  | { readonly result: 'issued'; readonly shortened: string | undefined }
  /** `nextAttemptAt` is set when an attempt was made and failed, and undefined when none could be made. */
  | { readonly result: 'failed'; readonly failure: Failure; readonly nextAttemptAt: Instant | undefined }

/** Conditions that only Sifaka sets on a Certificate. */
const managed = ['Ready', 'Reconciling', 'Stalled', 'Issuing']

/**
 * The status that a visit leaves. `world` is as it is afterwards: an issued certificate is in it. Equal inputs give an
 * equal status, so that nothing is written when nothing changed.
 */
export function certificateStatus(
  world: CertificateWorld,
  plan: CertificatePlan,
  outcome: CertificateOutcome,
  now: Instant,
): CertificateStatus {
  const { status: before = {}, metadata } = world.certificate
  if (plan.do === 'wait') return before
  const observedGeneration = metadata.generation ?? 0
  const said = conditions(world, outcome, now).map((condition) => ({ ...condition, observedGeneration }))
  return {
    ...before,
    observedGeneration,
    ...certificateFacts(world),
    ...attemptFacts(before, outcome),
    conditions: withConditions(before.conditions, managed, said, now),
  }
}

/** What is known of the certificate in the Secret; of one that is gone, what was known last. */
function certificateFacts(world: CertificateWorld): CertificateStatus {
  const { secret, certificate } = world
  if (secret.state !== 'held') return { renewAt: undefined }
  const { held, metadata } = secret
  return {
    revision: Number(metadata.annotations?.[annotations.revision] ?? certificate.status?.revision ?? 1),
    serialNumber: held.serialNumber,
    fingerprint: held.fingerprint,
    issuer: held.issuer,
    notBefore: toRfc3339(held.notBefore),
    notAfter: toRfc3339(held.notAfter),
    renewAt: toRfc3339(renewAt(world, held)),
    secret: secretFacts(world, secret),
  }
}

/** A stranger's change to the Secret that left the certificate alone is not worth a write. */
function secretFacts(
  { certificate }: CertificateWorld,
  { held, metadata }: Extract<SecretView, { state: 'held' }>,
): CertificateStatus['secret'] {
  const { status } = certificate
  const name = secretNameOf(certificate)
  const isKnown = status?.secret?.name === name && status.fingerprint === held.fingerprint
  return isKnown ? status.secret : { name, resourceVersion: metadata.resourceVersion ?? '' }
}

function attemptFacts(before: CertificateStatus, outcome: CertificateOutcome): CertificateStatus {
  if (outcome.result !== 'failed') return { attempts: undefined, nextAttemptAt: undefined }
  if (outcome.nextAttemptAt === undefined) return { nextAttemptAt: undefined }
  return { attempts: (before.attempts ?? 0) + 1, nextAttemptAt: toRfc3339(outcome.nextAttemptAt) }
}

/**
 * Ready follows the promise alone. While it is kept, a renewal that fails shows in Issuing; while it is broken,
 * Reconciling or Stalled say whether Sifaka is at it or a person must act (the kstatus conventions).
 */
function conditions(world: CertificateWorld, outcome: CertificateOutcome, now: Instant): NewCondition[] {
  const broken = unfulfilled(world, now)
  const failure = outcome.result === 'failed' ? outcome.failure : undefined
  if (!broken) {
    const ready: NewCondition = {
      type: 'Ready',
      status: 'True',
      reason: 'Issued',
      message: readyMessage(world, outcome),
    }
    return failure ? [ready, because('Issuing', failure)] : [ready]
  }
  const cause = failure ?? { reason: broken.reason satisfies Reason, message: broken.message }
  const ready: NewCondition = { ...because('Ready', cause), status: 'False' }
  const isStalled = failure?.kind === 'Terminal' || failure?.reason === 'SecretNotOurs'
  return [ready, because(isStalled ? 'Stalled' : 'Reconciling', cause)]
}

const because = (type: string, { reason, message }: { reason: string; message: string }): NewCondition => ({
  type,
  status: 'True',
  reason,
  message,
})

/** Says the same as long as the same certificate is in use. */
function readyMessage(world: CertificateWorld, outcome: CertificateOutcome): string {
  const held = heldOf(world)
  if (!held) throw new Error('a Certificate is ready without a certificate')
  const said = `valid until ${toRfc3339(held.notAfter)}`
  if (outcome.result === 'issued') return outcome.shortened ? `${said}: ${outcome.shortened}` : said
  const { conditions = [], fingerprint } = world.certificate.status ?? {}
  const earlier = conditions.find(({ type, status }) => type === 'Ready' && status === 'True')
  return earlier && fingerprint === held.fingerprint ? earlier.message : said
}
