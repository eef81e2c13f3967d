import { type CertificateStatus, findCondition, type NewCondition, withConditions } from '#api'
import { Failure, type Instant, plainText, toRfc3339 } from '#base'
import { type Cause, condition, nameMax } from '../condition.ts'
import { judgeRequest } from '../policy/index.ts'
import { renewAt } from './due.ts'
import { earlierRevisions } from './earlier-revisions.ts'
import { secretNameOf } from './names.ts'
import type { CertificatePlan } from './plan.ts'
import { attemptedFor, attemptsOf } from './retry.ts'
import { revisionsSoFar } from './revisions.ts'
import { revocationFacts, revokedInUse, withoutReplacement } from './revocation.ts'
import { revocationCondition } from './revocation-condition.ts'
import { unfulfilled } from './unfulfilled.ts'
import { wantedLifetime } from './validity.ts'
import { certificateWarnings } from './warning.ts'
import type { CertificateWorld, EarlierRevision, OwnCertificate, SecretView } from './world.ts'

/** What a visit came to. */
export type CertificateOutcome =
  | { readonly result: 'unchanged' }
  /** There is nothing to tell before a call that takes its time has ended, which asks for the next visit. */
  | { readonly result: 'underway'; readonly againInMs: number | undefined }
  /** Ordered from the Authority `of`, which has not issued it yet. */
  | { readonly result: 'pending'; readonly of: string; readonly since: Instant; readonly pollAt: Instant }
  /** Those that were revoked, with their `revoked` set; `failure` is of the first one that was not. */
  | {
      readonly result: 'revoked'
      readonly certificates: readonly OwnCertificate[]
      readonly failure: Failure | undefined
    }
  /** `remark` says in what it is not what was asked for: why it lives shorter, what the authority decided itself. */
  | {
      readonly result: 'issued'
      readonly remark: string | undefined
      /** The certificate that was in use before. */
      readonly replaced: EarlierRevision | undefined
    }
  /**
   * `nextAttemptAt` is set when an attempt was made and failed, and undefined when none could be made; `refused` when
   * the authority said that it will refuse the same again.
   */
  | {
      readonly result: 'failed'
      readonly failure: Failure
      readonly nextAttemptAt: Instant | undefined
      readonly refused?: string | undefined
    }

/** Conditions that only Sifaka sets on a Certificate. */
const managed = ['Ready', 'Reconciling', 'Stalled', 'Issuing', 'PolicyViolation', 'Revoked', 'Warning']

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
  const isWritten = (plan.do === 'refresh' || plan.do === 'adopt') && outcome.result === 'unchanged'
  const facts = certificateFacts(world, isWritten, now)
  const broken = unfulfilled(world, now)
  const isApart = plan.do === 'wait' || plan.do === 'revoke' || plan.do === 'refresh'
  const last = isApart ? lastTrouble(world, now) : troubleOf(outcome)
  const trouble = isWritten && last && isEndedByRefresh(last, world) ? undefined : last
  const said = broken
    ? unreadyConditions(trouble ?? { ...broken, isStalled: false }, observedGeneration)
    : readyConditions(readyMessage(before, facts, outcome), trouble, observedGeneration)
  return {
    ...before,
    observedGeneration,
    authority: world.authorityKey,
    ...facts,
    earlierRevisions: earlierRevisions(world, outcome.result === 'issued' ? outcome.replaced : undefined, now),
    revocations: revocationFacts(world),
    ...(!isApart && attemptFacts(world, outcome)),
    conditions: withConditions(
      before.conditions,
      managed,
      [
        ...said,
        ...revocationCondition(world, trouble, now),
        ...violations(world, now),
        ...certificateWarnings(world, now, trouble?.reason),
      ],
      now,
    ),
  }
}

/** What the rules on trial have against the request. */
function violations(world: CertificateWorld, now: Instant): NewCondition[] {
  const { request, authority, certificate, namespaceLabels, secret } = world
  if (!authority?.spec.policy?.auditRules || request instanceof Failure) return []
  const { namespace = '' } = certificate.metadata
  const from = secret.state === 'held' ? secret.held.issuedAt : now
  const { violations: found } = judgeRequest({
    policy: authority.spec.policy,
    publicTrust: false,
    request: { ...request, durationMs: wantedLifetime(request, from) },
    requester: { namespace, labels: namespaceLabels },
  })
  if (found.length === 0) return []
  const message = `rules on trial would deny it: ${found.join('; ')}`
  return [
    condition('PolicyViolation', 'True', { reason: 'PolicyViolated', message }, certificate.metadata.generation ?? 0),
  ]
}

/** What keeps a certificate from being issued. */
interface Trouble extends Cause {
  /** A person must act before Sifaka can. */
  readonly isStalled: boolean
}

function troubleOf(outcome: CertificateOutcome): Trouble | undefined {
  if (outcome.result === 'pending') {
    // A time, and not how long ago: a status that changes with each look would be written with each look.
    const message = `ordered from Authority ${outcome.of} at ${toRfc3339(outcome.since)}, which has not issued it yet`
    return { reason: 'OrderPending', message, isStalled: false }
  }
  if (outcome.result !== 'failed') return undefined
  const { kind, reason, message } = outcome.failure
  return { reason, message, isStalled: kind === 'Terminal' }
}

/** What kept it from being issued last, until that is tried again. */
function lastTrouble(world: CertificateWorld, now: Instant): Trouble | undefined {
  const heldBack = revokedInUse(world) && withoutReplacement(world, now)
  if (heldBack) return { ...heldBack, isStalled: true }
  const { conditions, refused } = world.certificate.status ?? {}
  const said = ['Issuing', 'Reconciling', 'Stalled'].map((type) => findCondition(conditions, type)).find(Boolean)
  return said && { ...said, isStalled: refused !== undefined || said.type === 'Stalled' }
}

/** Whether it kept the Secret from being brought in line, and is over now that it was. */
const isEndedByRefresh = ({ reason }: Trouble, { passwords }: CertificateWorld): boolean =>
  reason === 'SecretContested' || (reason === 'PasswordNotFound' && !(passwords instanceof Failure))

/** What is known of the certificate in the Secret; of one that is gone, what was known last. */
function certificateFacts(world: CertificateWorld, isWritten: boolean, now: Instant): CertificateStatus {
  const { secret, certificate } = world
  if (secret.state !== 'held') return { renewAt: undefined }
  const { held, metadata } = secret
  const at = renewAt(world, held, now)
  return {
    revision: Math.max(1, revisionsSoFar(certificate, metadata)),
    serialNumber: held.serialNumber,
    fingerprint: held.fingerprint,
    caGeneration: held.caGeneration,
    issuer: plainText(held.issuer, nameMax),
    notBefore: toRfc3339(held.notBefore),
    notAfter: toRfc3339(held.notAfter),
    renewAt: at === undefined ? undefined : toRfc3339(at),
    secret: secretFacts(world, secret, isWritten),
  }
}

/**
 * The version that is known to hold the certificate. A change of ours is followed, or every process to come would read
 * the Secret; a stranger's that left the certificate alone is not worth a write.
 * @param isWritten whether we have just written the Secret
 */
function secretFacts(
  { certificate }: CertificateWorld,
  { held, metadata }: Extract<SecretView, { state: 'held' }>,
  isWritten: boolean,
): CertificateStatus['secret'] {
  const { status } = certificate
  const name = secretNameOf(certificate)
  const isKnown = !isWritten && status?.secret?.name === name && status.fingerprint === held.fingerprint
  return isKnown ? status.secret : { name, resourceVersion: metadata.resourceVersion ?? '' }
}

function attemptFacts(world: CertificateWorld, outcome: CertificateOutcome): CertificateStatus {
  // An order is no success yet: failures are counted until there is one, so that the time between them grows.
  if (outcome.result === 'pending') return { nextAttemptAt: undefined, refused: undefined }
  if (outcome.result !== 'failed') {
    return { attempts: undefined, nextAttemptAt: undefined, attemptedFor: undefined, refused: undefined }
  }
  const { nextAttemptAt, refused } = outcome
  if (nextAttemptAt === undefined) return { nextAttemptAt: undefined, refused }
  return {
    attempts: attemptsOf(world),
    nextAttemptAt: toRfc3339(nextAttemptAt),
    attemptedFor: attemptedFor(world),
    refused,
  }
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
  if (outcome.result === 'issued') return outcome.remark ? `${said}: ${outcome.remark}` : said
  const earlier = findCondition(before.conditions, 'Ready')
  return earlier?.status === 'True' && before.fingerprint === facts.fingerprint ? earlier.message : said
}
