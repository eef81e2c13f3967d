import { type CertificateStatus, findCondition, type NewCondition, withConditions } from '#api'
import { type Failure, type Instant, toRfc3339 } from '#base'
import { type Cause, condition } from '../condition.ts'
import { type CertificatePlan, renewAt, revisionsSoFar, secretNameOf, unfulfilled } from './plan.ts'
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
  const observedGeneration = metadata.generation ?? 0
  const facts = certificateFacts(world)
  const broken = unfulfilled(world, now)
  const trouble = plan.do === 'wait' ? lastTrouble(before) : troubleOf(outcome)
  const said = broken
    ? unreadyConditions(trouble ?? { ...broken, isStalled: false }, observedGeneration)
    : readyConditions(readyMessage(before, facts, outcome), trouble, observedGeneration)
  return {
    ...before,
    observedGeneration,
    ...facts,
    ...(plan.do !== 'wait' && attemptFacts(before, outcome)),
    conditions: withConditions(before.conditions, managed, said, now),
  }
}

/** What keeps a certificate from being issued. */
interface Trouble extends Cause {
  /** A person must act before Sifaka can. */
  readonly isStalled: boolean
}

function troubleOf(outcome: CertificateOutcome): Trouble | undefined {
  if (outcome.result !== 'failed') return undefined
  const { kind, reason, message } = outcome.failure
  return { reason, message, isStalled: kind === 'Terminal' }
}

/** The failure of the last attempt, until the next one. One that is stalled is never tried again by the clock. */
function lastTrouble({ conditions }: CertificateStatus): Trouble | undefined {
  const said = findCondition(conditions, 'Issuing') ?? findCondition(conditions, 'Reconciling')
  return said && { ...said, isStalled: false }
}

/** What is known of the certificate in the Secret; of one that is gone, what was known last. */
function certificateFacts(world: CertificateWorld): CertificateStatus {
  const { secret, certificate } = world
  if (secret.state !== 'held') return { renewAt: undefined }
  const { held, metadata } = secret
  return {
    revision: Math.max(1, revisionsSoFar(certificate, metadata)),
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

/** Ready follows the promise alone: while it is kept, a renewal that fails shows in Issuing. */
function readyConditions(message: string, trouble: Trouble | undefined, generation: number): NewCondition[] {
  const ready = condition('Ready', 'True', { reason: 'Issued', message }, generation)
  return trouble ? [ready, condition('Issuing', 'True', trouble, generation)] : [ready]
}

/** While the promise is broken: whether Sifaka is at it or a person must act (the kstatus conventions). */
function unreadyConditions(trouble: Trouble, generation: number): NewCondition[] {
  const how = trouble.isStalled ? 'Stalled' : 'Reconciling'
  return [condition('Ready', 'False', trouble, generation), condition(how, 'True', trouble, generation)]
}

/** Says the same as long as the same certificate is in use. */
function readyMessage(before: CertificateStatus, facts: CertificateStatus, outcome: CertificateOutcome): string {
  const said = `valid until ${facts.notAfter}`
  if (outcome.result === 'issued') return outcome.shortened ? `${said}: ${outcome.shortened}` : said
  const earlier = findCondition(before.conditions, 'Ready')
  return earlier?.status === 'True' && before.fingerprint === facts.fingerprint ? earlier.message : said
}
