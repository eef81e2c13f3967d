import { createHash } from 'node:crypto'
import { annotations, type Certificate, type ObjectMeta } from '#api'
import { Failure, fromKey, type Instant, minute, second, terminal, toRfc3339, waiting } from '#base'
import { backdateMs } from '#pki'
import type { Finding } from '../condition.ts'
import { judgeRequest } from '../policy/index.ts'
import type { AdoptPlan } from './adoption.ts'
import { finalizersToSet, planDeletion, type ReleasePlan } from './deletion.ts'
import { isRenewedByHand, reissueDue, renewAt } from './due.ts'
import { type EndOrderPlan, planEndOfOrder } from './order.ts'
import type { CertificateRequest } from './request.ts'
import { attemptedFor, nextAttemptAt } from './retry.ts'
import {
  needsNewKey,
  planRevocation,
  type RevokePlan,
  revokedInUse,
  standingOf,
  withoutReplacement,
} from './revocation.ts'
import { outputsWanting, planRefresh, type RefreshPlan, whyNotRefreshed, whyUnusable } from './secret-content.ts'
import { endsTooSoon, validityOf, wantedLifetime } from './validity.ts'
import { howToRenewByHand } from './warning.ts'
import type { AuthorityView, CertificateWorld, HeldCertificate } from './world.ts'

/** What is to be signed and where it goes. */
export interface IssuePlan {
  readonly do: 'issue'
  readonly cause: Finding
  readonly request: CertificateRequest
  /** `namespace/name`. */
  readonly authorityKey: string
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** Why it lives shorter than asked for. */
  readonly shortened: string | undefined
  /** It lives for less than a tenth of what was asked for. */
  readonly isSeverelyShortened: boolean
  readonly revision: number
  /** Minted once per certificate; undefined for the first one. */
  readonly id: string | undefined
  /** Metadata of the Secret to replace; undefined to create it. */
  readonly replaces: ObjectMeta | undefined
  /** The key in the Secret is not used again, whatever the spec says of rotation. */
  readonly needsNewKey: boolean
}

/** What to do about a Certificate. */
export type CertificatePlan =
  /** The Secret holds what is asked for. */
  | { readonly do: 'keep' }
  | RefreshPlan
  | AdoptPlan
  | IssuePlan
  | EndOrderPlan
  | RevokePlan
  /** Mark the object itself: whether its deletion waits for us. */
  | { readonly do: 'mark'; readonly finalizers: readonly string[] }
  | ReleasePlan
  /** A new certificate is needed but cannot be had now. */
  | { readonly do: 'refuse'; readonly cause: Finding; readonly failure: Failure }
  /** The last attempt failed and the next one is not due yet: leave everything as it is. */
  | { readonly do: 'wait'; readonly until: Instant | undefined }

/** How long to wait for an Authority if no event comes. */
const authorityRecheckMs = 10 * minute

/** Decides what to do about a Certificate. Pure: the same world and time give the same plan. */
export function planCertificate(world: CertificateWorld, now: Instant): CertificatePlan {
  if (world.certificate.metadata.deletionTimestamp !== undefined) return planDeletion(world, now)
  const finalizers = finalizersToSet(world)
  if (finalizers) return { do: 'mark', finalizers }
  return planRevocation(world, now) ?? planIssuance(world, now)
}

function planIssuance(world: CertificateWorld, now: Instant): CertificatePlan {
  const end = planEndOfOrder(world, { revisions: revisionsOf(world), isRefused: isRefused(world) }, now)
  if (end) return end
  const adoption = planAdoption(world, now)
  if (adoption) return adoption
  const cause = needOfIssuance(world, now)
  const plan = cause ? planFor(cause, world, now) : ({ do: 'keep' } as const)
  // Until it is replaced the certificate in use is served with the roots of today, whatever keeps its successor away.
  const isReplaced = plan.do === 'issue' && !world.order
  const refresh = isReplaced ? undefined : planRefresh(world)
  const failure = refresh && whyNotRefreshed(world, now)
  if (!failure) return refresh ?? plan
  const { message } = failure
  return plan.do === 'keep' ? { do: 'refuse', cause: { reason: 'RequestChanged', message }, failure } : plan
}

/** A Secret that is offered becomes ours with what it holds, if that will do. */
function planAdoption(world: CertificateWorld, now: Instant): AdoptPlan | undefined {
  const { secret, authority, certificate } = world
  const { caBundle } = authority ?? {}
  if (secret.state !== 'offered' || typeof secret.held === 'string' || !caBundle) return undefined
  if (certificate.spec.suspend || whyUnusable(world) !== undefined) return undefined
  if (flawOfOffer(world, now) !== undefined) return undefined
  const revision = revisionsSoFar(certificate, undefined) + 1
  return { do: 'adopt', metadata: secret.metadata, held: secret.held, caBundle, revision }
}

/** Why what an offered Secret holds will not do. */
function flawOfOffer(world: CertificateWorld, now: Instant): string | undefined {
  const { secret } = world
  if (secret.state !== 'offered') return undefined
  const { metadata, held } = secret
  if (typeof held === 'string') return held
  return unsuited(held, { ...world, secret: { state: 'held', metadata, held } }, now)?.message
}

function planFor(cause: Finding, world: CertificateWorld, now: Instant): CertificatePlan {
  if (world.certificate.spec.suspend) {
    return { do: 'refuse', cause, failure: terminal('Suspended', 'suspended: set spec.suspend to false to go on') }
  }
  const { message: heldBack } = withoutReplacement(world, now) ?? {}
  if (heldBack !== undefined) return { do: 'refuse', cause, failure: terminal('Revoked', heldBack) }
  // What was ordered in time is brought to its end.
  if (cause.reason === 'Expired' && isRenewedByHand(world) && !world.order) {
    return { do: 'refuse', cause, failure: terminal('Expired', `${cause.message} and ${howToRenewByHand(world)}`) }
  }
  const backoff = backoffOf(world, now)
  if (backoff) return backoff
  const brake = brakeOf(world, now)
  if (brake) return { do: 'refuse', cause, failure: brake }
  const means = meansToIssue(world, cause, now)
  return means instanceof Failure ? { do: 'refuse', cause, failure: means } : issue(world, means, cause, now)
}

/** Why a new certificate is needed, if one is: a broken promise, a request, or the time of renewal. */
function needOfIssuance(world: CertificateWorld, now: Instant): Finding | undefined {
  const { secret } = world
  const broken = withoutCertificate(world, now)
  if (secret.state !== 'held') return broken
  const reissue = reissueDue(world, secret.held)
  const due = reissue && reissue.at <= now ? reissue.finding : undefined
  // What has expired and is renewed by hand is issued because somebody asks for it.
  if (broken) return broken.reason === 'Expired' ? (due ?? broken) : broken
  const standing = standingOf(world, now)
  if (standing && !(standing instanceof Failure) && standing.awaiting) {
    const message = `spec.revocation has certificate ${standing.awaiting.serialNumber} revoked once it is replaced`
    return { reason: 'RevocationRequested', message }
  }
  if (due) return due
  const at = renewAt(world, secret.held, now)
  if (at !== undefined && at <= now) {
    return { reason: 'RenewalDue', message: `the certificate expires at ${toRfc3339(secret.held.notAfter)}` }
  }
  return world.order && { reason: 'OrderPending', message: 'it was ordered already' }
}

/** What keeps the Secret from holding what the spec asks for, unexpired: the promise behind Ready. */
export const unfulfilled = (world: CertificateWorld, now: Instant): Finding | undefined =>
  withoutCertificate(world, now) ?? outputsWanting(world)

/** Why the Secret holds no certificate that is what the spec asks for. */
function withoutCertificate(world: CertificateWorld, now: Instant): Finding | undefined {
  const { certificate, request, secret } = world
  if (request instanceof Failure) return { reason: 'InvalidRequest', message: request.message }
  const name = secretNameOf(certificate)
  switch (secret.state) {
    case 'foreign':
      return { reason: secret.reason, message: secret.why }
    case 'absent':
      return { reason: 'SecretMissing', message: `Secret ${name} does not exist` }
    case 'damaged':
      return { reason: 'SecretDamaged', message: `Secret ${name} is damaged: ${secret.why}` }
    case 'offered': {
      const flaw = flawOfOffer(world, now)
      const because = flaw === undefined ? '' : `; it is to be made anew, because ${flaw}`
      return { reason: 'Adopted', message: `Secret ${name} is taken over${because}` }
    }
    case 'held':
      return unsuited(secret.held, world, now)
  }
}

/** Why the certificate in the Secret will not do. */
function unsuited(held: HeldCertificate, world: CertificateWorld, now: Instant): Finding | undefined {
  const { authorityKey, authority } = world
  if (held.differences.length > 0) {
    const message = `the certificate does not satisfy the spec: ${held.differences.join('; ')}`
    return { reason: 'RequestChanged', message }
  }
  if (authorityKey !== undefined && held.issuedBy !== authorityKey) {
    const message = `the certificate was issued by ${held.issuedBy}, not by ${authorityKey}`
    return { reason: 'AuthorityChanged', message }
  }
  if (held.notAfter <= now) {
    return { reason: 'Expired', message: `the certificate expired at ${toRfc3339(held.notAfter)}` }
  }
  if (isOfLostCa(held, authority)) {
    return { reason: 'CARotated', message: `the CA that signed it is none of Authority ${authorityKey} any more` }
  }
  if (held.caGeneration !== undefined && authority?.distrusted.includes(held.caGeneration)) {
    const message = `generation ${held.caGeneration} of the CA is trusted no longer`
    return { reason: 'CARotated', message }
  }
  return revokedInUse(world)
}

/** Its roots are in no bundle. What is of an earlier generation that is still known has its time to be issued anew. */
function isOfLostCa({ caFingerprint }: HeldCertificate, authority: AuthorityView | undefined): boolean {
  if (caFingerprint === undefined || !authority || authority.caFingerprints.length === 0) return false
  return !authority.caFingerprints.includes(caFingerprint)
}

/** What a certificate is made of. */
interface Means {
  readonly request: CertificateRequest
  readonly authority: AuthorityView
}

/** What is needed to issue, or what stands in the way. Nothing has been sent to anybody when this says no. */
function meansToIssue(world: CertificateWorld, cause: Finding, now: Instant): Means | Failure {
  const { request, secret, authority, certificate, authorityKey } = world
  if (request instanceof Failure) return terminal('InvalidRequest', request.message)
  const tooSoon = endsTooSoon(request, now)
  if (tooSoon) return tooSoon
  if (secret.state === 'foreign') return terminal(secret.reason, secret.why)
  const unusable = whyUnusable(world)
  if (unusable !== undefined) return terminal('SecretNotUsable', unusable)
  if (world.passwords instanceof Failure) return world.passwords
  if (world.isFrozen) return waiting('IssuanceFrozen', 'the operator was started with --freeze', authorityRecheckMs)
  const { namespace = '' } = certificate.metadata
  if (authorityKey === undefined) {
    const message =
      'spec.authorityRef is not set, and no Authority of this or the system namespace that may be used has ' +
      'spec.default: true'
    return waiting('NoAuthority', message, authorityRecheckMs)
  }
  if (!authority) {
    const message = `Authority ${authorityKey} does not exist or does not allow namespace ${namespace}`
    return waiting('AuthorityNotFound', message, authorityRecheckMs)
  }
  const notReady = authority.notReady ?? expired(authority, now)
  if (notReady !== undefined) {
    return waiting('AuthorityNotReady', `Authority ${authorityKey} is not ready: ${notReady}`, authorityRecheckMs)
  }
  return obstacle(world, { request, authority }, cause, now) ?? { request, authority }
}

/** What an Authority that is ready has against the request. */
function obstacle(world: CertificateWorld, means: Means, cause: Finding, now: Instant): Failure | undefined {
  const { authority, request } = means
  const { secret, certificate, authorityKey, namespaceLabels } = world
  if (request.publicKey && (cause.reason === 'RevocationRequested' || cause.reason === 'Revoked')) {
    const advice = 'put a request for another key into spec.csr, or set spec.revocation.replace: Never'
    return terminal('InvalidRequest', `the key of spec.csr is the one of the certificate that is revoked: ${advice}`)
  }
  const { intake = 'Open', suspend, policy, publicTrust } = authority.spec
  if (suspend) return waiting('AuthorityNotReady', `Authority ${authorityKey} is suspended`, authorityRecheckMs)
  if (intake === 'Closed' || (intake === 'RenewalsOnly' && (secret.state === 'absent' || secret.state === 'offered'))) {
    const message = `Authority ${authorityKey} takes ${intake === 'Closed' ? 'no requests' : 'renewals only'}`
    return terminal('IntakeClosed', message)
  }
  const { restoredUntil = now } = authority
  if (cause.reason === 'SecretMissing' && restoredUntil > now) {
    const message = `Authority ${authorityKey} was restored: the Secret is waited for until ${toRfc3339(restoredUntil)}`
    return waiting('AuthorityRestored', message, restoredUntil - now)
  }
  const requester = { namespace: certificate.metadata.namespace ?? '', labels: namespaceLabels }
  const { denials } = judgeRequest({
    policy,
    publicTrust,
    subordinates: { namespace: fromKey(authorityKey ?? '').namespace, allowed: authority.spec.allowedSubordinates },
    request: { ...request, durationMs: wantedLifetime(request, now) },
    requester,
  })
  if (denials.length === 0) return undefined
  return terminal('PolicyDenied', `the policy of Authority ${authorityKey} denies the request: ${denials.join('; ')}`)
}

/** The Authority's own status may be late: a certificate that lives as long as its CA ends in the same moment. */
function expired({ notAfter }: AuthorityView, now: Instant): string | undefined {
  return notAfter !== undefined && notAfter <= now ? `the CA certificate expired at ${toRfc3339(notAfter)}` : undefined
}

function issue(world: CertificateWorld, { request, authority }: Means, cause: Finding, now: Instant): IssuePlan {
  const { certificate, secret, authorityKey = '' } = world
  const start = Math.floor(now / second) * second
  const { publicTrust, weekendExpiry } = authority.spec
  const { notAfter, clamps, isSevere } = validityOf({
    start,
    wantedMs: wantedLifetime(request, start),
    authorityNotAfter: authority.notAfter,
    publicTrust,
    weekendExpiry,
  })
  const replaces = 'metadata' in secret ? secret.metadata : undefined
  // What was somebody else's has an identity and a count of its own, if it has any.
  const ours = secret.state === 'offered' ? undefined : replaces
  return {
    do: 'issue',
    cause,
    request,
    authorityKey,
    notBefore: start - backdateMs,
    notAfter,
    shortened: clamps.length > 0 ? clamps.join('; ') : undefined,
    isSeverelyShortened: isSevere,
    revision: revisionsSoFar(certificate, ours) + 1,
    id: ours?.annotations?.[annotations.id],
    replaces,
    needsNewKey: needsNewKey(world, now),
  }
}

const revisionsOf = ({ certificate, secret }: CertificateWorld): number =>
  revisionsSoFar(certificate, 'metadata' in secret && secret.state !== 'offered' ? secret.metadata : undefined)

/**
 * How many certificates have been issued. The Secret outlives the status, and the status outlives the Secret: whichever
 * has counted further is right.
 */
export function revisionsSoFar({ status }: Certificate, secret: ObjectMeta | undefined): number {
  const noted = Number(secret?.annotations?.[annotations.revision])
  return Math.max(status?.revision ?? 0, Number.isSafeInteger(noted) && noted > 0 ? noted : 0)
}

/** Certificates that may be issued for one object within the time of the brake. */
const issuancesMax = 30
const brakeMs = 10 * minute

/** When it is time for the next attempt, where that is not now. */
function backoffOf(world: CertificateWorld, now: Instant): CertificatePlan | undefined {
  if (isRefused(world)) return { do: 'wait', until: undefined }
  const until = nextAttemptAt(world, now)
  return until === undefined ? undefined : { do: 'wait', until }
}

/** Somebody who damages a Secret again and again, or a lifetime that is over at once, does not issue without end. */
function brakeOf({ issuedLately }: CertificateWorld, now: Instant): Failure | undefined {
  const oldest = issuedLately.filter((at) => at > now - brakeMs).at(-issuancesMax)
  if (oldest === undefined) return undefined
  const again = oldest + brakeMs
  const message = `${issuancesMax} certificates within ${brakeMs / minute} minutes: the next one at ${toRfc3339(again)}`
  return waiting('IssuedTooOften', message, again - now)
}

/** What the authority refused for good it will refuse again, until one of the two says something else. */
function isRefused(world: CertificateWorld): boolean {
  const { status, metadata } = world.certificate
  if (status?.refused === undefined || status.observedGeneration !== metadata.generation) return false
  return status.refused === refusalOf(world)
}

/** What a refusal by the authority was about: the same again is refused again, unless a person asks once more. */
export const refusalOf = (world: CertificateWorld): string =>
  createHash('sha256')
    .update(`${world.requestHash}/${attemptedFor(world)}`)
    .digest('hex')
    .slice(0, 32)

/** Name of the Secret that holds the certificate. */
export function secretNameOf({ spec, metadata }: Certificate): string {
  return spec.secretName ?? metadata.name
}

/**
 * `namespace/name` of the Authority in charge of a Certificate: the one that it names, or the default that was chosen
 * for it once; undefined while none is.
 */
export function authorityKeyOf({ spec, metadata, status }: Certificate): string | undefined {
  const { authorityRef } = spec
  if (!authorityRef) return status?.authority
  return `${authorityRef.namespace ?? metadata.namespace}/${authorityRef.name}`
}
