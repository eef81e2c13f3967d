import { annotations, type Certificate, type ObjectMeta, type Reason, secretLabel } from '#api'
import {
  Failure,
  formatDuration,
  fromRfc3339,
  type Instant,
  minute,
  parseDuration,
  second,
  terminal,
  toRfc3339,
  waiting,
} from '#base'
import { backdateMs, renewalTime } from '#pki'
import { policyDenials } from '../authority/policy.ts'
import type { CertificateRequest } from './request.ts'
import type { AuthorityView, CertificateWorld, HeldCertificate } from './world.ts'

/** Why a certificate is issued or kept: the first finding of the chain decides. */
export interface Finding {
  readonly reason: Reason
  readonly message: string
}

/** What is to be signed and where it goes. */
export interface IssuePlan {
  readonly do: 'issue'
  readonly cause: Finding
  readonly request: CertificateRequest
  readonly notBefore: Instant
  readonly notAfter: Instant
  /** Set when the authority's own end cut the validity short. */
  readonly shortened: string | undefined
  readonly revision: number
  /** Minted once per certificate; undefined for the first one. */
  readonly id: string | undefined
  /** Metadata of the Secret to replace; undefined to create it. */
  readonly replaces: ObjectMeta | undefined
}

/** What to do about a Certificate. */
export type CertificatePlan =
  /** The Secret holds what is asked for. `relabel` is its metadata when it has lost our label. */
  | { readonly do: 'keep'; readonly relabel: ObjectMeta | undefined }
  | IssuePlan
  /** A new certificate is needed but cannot be had now. */
  | { readonly do: 'refuse'; readonly cause: Finding; readonly failure: Failure }
  /** The last attempt failed and the next one is not due yet: leave everything as it is. */
  | { readonly do: 'wait'; readonly until: Instant }

/** How long to wait for an Authority if no event comes. */
const authorityRecheckMs = 10 * minute

/** Decides what to do about a Certificate. Pure: the same world and time give the same plan. */
export function planCertificate(world: CertificateWorld, now: Instant): CertificatePlan {
  const cause = needOfIssuance(world, now)
  if (!cause) return { do: 'keep', relabel: unlabelled(world) }
  const until = backoffUntil(world, now)
  if (until !== undefined) return { do: 'wait', until }
  const means = meansToIssue(world, now)
  return means instanceof Failure ? { do: 'refuse', cause, failure: means } : issue(world, means, cause, now)
}

/** Metadata of our Secret when it does not carry our label: it would not be watched. */
function unlabelled({ secret }: CertificateWorld): ObjectMeta | undefined {
  if (secret.state !== 'held' || secret.metadata.labels?.[secretLabel] === 'certificate') return undefined
  return secret.metadata
}

/** Why a new certificate is needed, if one is: a broken promise, or the time of renewal. */
function needOfIssuance(world: CertificateWorld, now: Instant): Finding | undefined {
  const { secret } = world
  const broken = unfulfilled(world, now)
  if (broken || secret.state !== 'held' || renewAt(world, secret.held) > now) return broken
  return { reason: 'RenewalDue', message: `the certificate expires at ${toRfc3339(secret.held.notAfter)}` }
}

/** What keeps the Secret from holding what the spec asks for, unexpired: the promise behind Ready. */
export function unfulfilled({ certificate, request, secret }: CertificateWorld, now: Instant): Finding | undefined {
  if (request instanceof Failure) return { reason: 'InvalidRequest', message: request.message }
  const name = secretNameOf(certificate)
  switch (secret.state) {
    case 'foreign':
      return { reason: 'SecretNotOurs', message: secret.why }
    case 'absent':
      return { reason: 'SecretMissing', message: `Secret ${name} does not exist` }
    case 'damaged':
      return { reason: 'SecretDamaged', message: `Secret ${name} is damaged: ${secret.why}` }
    case 'held':
      return unsuited(secret.held, authorityKeyOf(certificate), now)
  }
}

/** Why the certificate in the Secret will not do. */
function unsuited(held: HeldCertificate, authority: string, now: Instant): Finding | undefined {
  if (held.differences.length > 0) {
    const message = `the certificate does not satisfy the spec: ${held.differences.join('; ')}`
    return { reason: 'RequestChanged', message }
  }
  if (held.issuedBy !== authority) {
    const message = `the certificate was issued by ${held.issuedBy}, not by ${authority}`
    return { reason: 'AuthorityChanged', message }
  }
  if (held.notAfter <= now) {
    return { reason: 'Expired', message: `the certificate expired at ${toRfc3339(held.notAfter)}` }
  }
  return undefined
}

/** What a certificate is made of. */
interface Means {
  readonly request: CertificateRequest
  readonly authority: AuthorityView
}

/** What is needed to issue, or what stands in the way. Nothing has been sent to anybody when this says no. */
function meansToIssue({ request, secret, authority, certificate }: CertificateWorld, now: Instant): Means | Failure {
  if (request instanceof Failure) return terminal('InvalidRequest', request.message)
  if (secret.state === 'foreign') return terminal('SecretNotOurs', secret.why)
  const name = authorityKeyOf(certificate)
  if (!authority) {
    const namespace = certificate.metadata.namespace
    const message = `Authority ${name} does not exist or does not allow namespace ${namespace}`
    return waiting('AuthorityNotFound', message, authorityRecheckMs)
  }
  const notReady = authority.notReady ?? expired(authority, now)
  if (notReady !== undefined) {
    return waiting('AuthorityNotReady', `Authority ${name} is not ready: ${notReady}`, authorityRecheckMs)
  }
  const denials = policyDenials(authority.policy, request, certificate.metadata.namespace ?? '')
  if (denials.length > 0) {
    return terminal('PolicyDenied', `the policy of Authority ${name} denies the request: ${denials.join('; ')}`)
  }
  return { request, authority }
}

/** The Authority's own status may be late: a certificate that lives as long as its CA ends in the same moment. */
function expired({ notAfter }: AuthorityView, now: Instant): string | undefined {
  return notAfter !== undefined && notAfter <= now ? `the CA certificate expired at ${toRfc3339(notAfter)}` : undefined
}

function issue(
  { certificate, secret }: CertificateWorld,
  { request, authority }: Means,
  cause: Finding,
  now: Instant,
): IssuePlan {
  const start = Math.floor(now / second) * second
  const wanted = start + request.durationMs
  const notAfter = Math.min(wanted, authority.notAfter ?? wanted)
  const replaces = 'metadata' in secret ? secret.metadata : undefined
  return {
    do: 'issue',
    cause,
    request,
    notBefore: start - backdateMs,
    notAfter,
    shortened: notAfter < wanted ? shortening(notAfter - start, request.durationMs, notAfter) : undefined,
    revision: revisionsSoFar(certificate, replaces) + 1,
    id: replaces?.annotations?.[annotations.id],
    replaces,
  }
}

function shortening(durationMs: number, wantedMs: number, end: Instant): string {
  const [given, wanted] = [formatDuration(durationMs), formatDuration(wantedMs)]
  return `valid for ${given} instead of ${wanted}, because the authority itself ends at ${toRfc3339(end)}`
}

/**
 * How many certificates have been issued. The Secret outlives the status, and the status outlives the Secret: whichever
 * has counted further is right.
 */
export function revisionsSoFar({ status }: Certificate, secret: ObjectMeta | undefined): number {
  const noted = Number(secret?.annotations?.[annotations.revision])
  return Math.max(status?.revision ?? 0, Number.isSafeInteger(noted) && noted > 0 ? noted : 0)
}

/** When the next attempt is due, if the last one failed for this same spec and that time is still to come. */
function backoffUntil({ certificate }: CertificateWorld, now: Instant): Instant | undefined {
  const { status, metadata } = certificate
  if (!status || status.observedGeneration !== metadata.generation) return undefined
  const until = fromRfc3339(status.nextAttemptAt)
  return until !== undefined && until > now ? until : undefined
}

/**
 * When the certificate in the Secret is to be renewed. One that lives as long as its authority cannot be replaced by a
 * longer one, so it is not renewed before its end: otherwise the rest would be halved again and again.
 */
export function renewAt({ certificate, authority }: CertificateWorld, held: HeldCertificate): Instant {
  if (authority?.notAfter !== undefined && held.notAfter >= authority.notAfter) return held.notAfter
  const { before, beforePercent } = certificate.spec.renewal ?? {}
  return renewalTime({
    notBefore: held.notBefore,
    notAfter: held.notAfter,
    jitterSeed: held.fingerprint,
    backdate: backdateMs,
    ...(before !== undefined && { before: parseDuration(before) }),
    ...(beforePercent !== undefined && { beforePercent }),
  })
}

/** Name of the Secret that holds the certificate. */
export function secretNameOf({ spec, metadata }: Certificate): string {
  return spec.secretName ?? metadata.name
}

/** `namespace/name` of the Authority that a Certificate names. */
export function authorityKeyOf({ spec, metadata }: Certificate): string {
  return `${spec.authorityRef.namespace ?? metadata.namespace}/${spec.authorityRef.name}`
}
