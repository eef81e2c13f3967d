import type { Certificate, CertificateStatus, Revocation, RevocationReason } from '#api'
import { Failure, fromRfc3339, type Instant, second, terminal, toRfc3339, waiting } from '#base'
import type { Finding } from '../condition.ts'
import type { CertificateWorld, OwnCertificate } from './world.ts'

/** Certificates of a Certificate that are revoked now. */
export interface RevokePlan {
  readonly do: 'revoke'
  readonly certificates: readonly OwnCertificate[]
  readonly reason: RevocationReason
  /** Why, for people. */
  readonly comment: string | undefined
}

/** How a Certificate's own certificates stand to what is asked for; each that is asked for is in one list. */
export interface Standing {
  /** To be revoked now. */
  readonly due: readonly OwnCertificate[]
  /** In use: another one must take its place first. */
  readonly awaiting: OwnCertificate | undefined
  /** Their Authority does not exist, or does not allow the namespace any more. */
  readonly outOfReach: readonly OwnCertificate[]
  /** Their Authority refused for good to revoke them. */
  readonly refused: readonly OwnCertificate[]
  /** Serial numbers that are no living certificate's of this object: whose they are is not told. */
  readonly unknown: readonly string[]
  readonly revoked: readonly RevokedCertificate[]
}

type RevokedCertificate = NonNullable<CertificateStatus['revocations']>[number]

/** Certificates that are revoked in one visit. */
const batchMax = 10
/** What `status.revocations` holds at most. */
const revocationsMax = 84

/**
 * How what is asked for stands; a Failure where that cannot be known now, undefined when nothing is asked for. Only
 * what was issued for this very Certificate is ever looked at. An object that is being deleted wants all of it revoked.
 */
export function standingOf(world: CertificateWorld, now: Instant): Standing | Failure | undefined {
  const { certificate, revocation: view } = world
  const { spec, metadata } = certificate
  if (!view) return undefined
  const isGoing = metadata.deletionTimestamp !== undefined
  const ahead = isGoing || !spec.revocation ? undefined : notYet(spec.revocation, now)
  if (ahead) return ahead
  if (view.certificates instanceof Failure) return view.certificates
  const own = view.certificates.filter(({ notAfter }) => notAfter > now)
  const wanted = isGoing ? own : own.filter((each) => spec.revocation && covers(spec.revocation, each))
  const open = wanted.filter((each) => each.revoked === undefined)
  const reachable = open.filter((each) => each.isReachable && !each.refused)
  const awaiting =
    isGoing || spec.revocation?.replace === 'Never' ? undefined : reachable.find((each) => isInUse(each, world))
  const known = new Set([...own, ...revocationsOf(certificate)].map(({ serialNumber }) => serialNumber))
  const serials = isGoing ? [] : (spec.revocation?.serials ?? [])
  return {
    due: reachable.filter((each) => each !== awaiting),
    awaiting,
    outOfReach: open.filter((each) => !each.isReachable),
    refused: open.filter((each) => each.isReachable && each.refused),
    unknown: serials.filter((serial) => !known.has(serial)),
    revoked: revokedAmong(wanted, serials, certificate),
  }
}

/** What is to be revoked now, in the order of issuance; undefined: nothing, or not yet. */
export function planRevocation(world: CertificateWorld, now: Instant): RevokePlan | undefined {
  const { spec, metadata } = world.certificate
  const standing = standingOf(world, now)
  if (spec.suspend || !standing || standing instanceof Failure || standing.due.length === 0) return undefined
  const { nextAttemptAt = now } = world.revocation?.lastFailure ?? {}
  if (nextAttemptAt > now) return undefined
  const isGoing = metadata.deletionTimestamp !== undefined
  return {
    do: 'revoke',
    certificates: [...standing.due].sort((a, b) => a.issuedAt - b.issuedAt).slice(0, batchMax),
    reason: spec.revocation?.reason ?? (isGoing ? 'cessationOfOperation' : 'unspecified'),
    comment: spec.revocation?.comment,
  }
}

/** Why the certificate in the Secret is worthless although it has not expired. */
export function revokedInUse(world: CertificateWorld): Finding | undefined {
  const { certificate, secret, revocation } = world
  if (secret.state !== 'held') return undefined
  const { serialNumber, issuedAt } = secret.held
  const own = revocation && !(revocation.certificates instanceof Failure) ? revocation.certificates : []
  const isRevoked =
    world.isRevoked ||
    own.some((each) => each.revoked && isInUse(each, world)) ||
    revokedBefore(certificate, { serialNumber, issuedAt })
  if (!isRevoked) return undefined
  return { reason: 'Revoked', message: `certificate ${serialNumber} is revoked` }
}

/** Why nothing is issued: the spec has the certificate in use revoked, and none put in its place. */
export function withoutReplacement({ certificate, secret }: CertificateWorld, now: Instant): Finding | undefined {
  const { spec, status = {} } = certificate
  if (spec.revocation?.replace !== 'Never' || notYet(spec.revocation, now)) return undefined
  const held = secret.state === 'held' ? secret.held : undefined
  const serialNumber = held?.serialNumber ?? status.serialNumber
  // Of one that is gone it is known when it began, and that is early enough.
  const issuedAt = held?.issuedAt ?? fromRfc3339(status.notBefore) ?? 0
  if (serialNumber === undefined || !covers(spec.revocation, { serialNumber, issuedAt })) return undefined
  const message =
    `spec.revocation has certificate ${serialNumber} revoked, with replace: Never: nothing is issued until ` +
    'spec.revocation is changed or removed'
  return { reason: 'Revoked', message }
}

/** The certificate in use is to be revoked, or is: whoever has its key must not have the next one's. */
export function needsNewKey(world: CertificateWorld, now: Instant): boolean {
  const standing = standingOf(world, now)
  const isAwaited = standing !== undefined && !(standing instanceof Failure) && standing.awaiting !== undefined
  return isAwaited || revokedInUse(world) !== undefined
}

/** When revocation wants the next visit; undefined: when something else changes. */
export function revocationAt(world: CertificateWorld, now: Instant): Instant | undefined {
  const standing = standingOf(world, now)
  if (!standing || world.certificate.spec.suspend) return undefined
  if (standing instanceof Failure) return standing.retryAfterMs === undefined ? undefined : now + standing.retryAfterMs
  return standing.due.length === 0 ? undefined : (world.revocation?.lastFailure?.nextAttemptAt ?? now)
}

/** What `status.revocations` says: all that is known to be revoked, the latest last. */
export function revocationFacts({ certificate, revocation }: CertificateWorld): CertificateStatus['revocations'] {
  const own = !revocation || revocation.certificates instanceof Failure ? [] : revocation.certificates
  const all = new Map(revocationsOf(certificate).map((each) => [each.serialNumber, each]))
  for (const each of own) if (each.revoked) all.set(each.serialNumber, revokedOf(each.serialNumber, each.revoked))
  if (all.size === 0) return undefined
  const order = ({ revokedAt, serialNumber }: RevokedCertificate): string => `${revokedAt} ${serialNumber}`
  return [...all.values()].sort((a, b) => (order(a) < order(b) ? -1 : 1)).slice(-revocationsMax)
}

/** When and why the status says that a certificate was revoked; not an earlier one that had the same serial number. */
export function revokedBefore(
  certificate: Certificate,
  { serialNumber, issuedAt }: Pick<OwnCertificate, 'serialNumber' | 'issuedAt'>,
): OwnCertificate['revoked'] {
  const found = revocationsOf(certificate).find((each) => each.serialNumber === serialNumber)
  const at = fromRfc3339(found?.revokedAt)
  return found && at !== undefined && at >= wholeSecond(issuedAt) ? { at, reason: found.reason } : undefined
}

/**
 * A time that is still to come: what is issued until then would have to be revoked too, again and again, so nothing is
 * done before. Times of issuance are kept in whole seconds.
 */
function notYet({ issuedBefore }: Revocation, now: Instant): Failure | undefined {
  if (issuedBefore === undefined) return undefined
  const at = fromRfc3339(issuedBefore)
  if (at === undefined) return terminal('InvalidRequest', 'spec.revocation.issuedBefore is no time that exists')
  const from = Math.ceil(at / second) * second
  if (from <= now) return undefined
  const message = 'spec.revocation.issuedBefore is still to come: nothing is revoked before'
  return waiting('RevocationRequested', message, from - now)
}

function covers(
  { serials, issuedBefore }: Revocation,
  { serialNumber, issuedAt }: Pick<OwnCertificate, 'serialNumber' | 'issuedAt'>,
): boolean {
  if (serials) return serials.includes(serialNumber)
  return wholeSecond(issuedAt) < (fromRfc3339(issuedBefore) ?? 0)
}

const wholeSecond = (at: Instant): Instant => Math.floor(at / second) * second

/** Whether it is the certificate in the Secret. */
function isInUse({ authorityKey, generation, serialNumber }: OwnCertificate, { secret }: CertificateWorld): boolean {
  if (secret.state !== 'held') return false
  const { held } = secret
  const isOfCa = generation === undefined || held.caGeneration === generation
  return held.serialNumber === serialNumber && held.issuedBy === authorityKey && isOfCa
}

/** Among those asked for; one that has expired since is known from the status alone. */
function revokedAmong(
  wanted: readonly OwnCertificate[],
  serials: readonly string[],
  certificate: Certificate,
): RevokedCertificate[] {
  const living = wanted.flatMap(({ serialNumber, revoked }) => (revoked ? [revokedOf(serialNumber, revoked)] : []))
  const isElsewhere = (serial: string): boolean => wanted.some(({ serialNumber }) => serialNumber === serial)
  const expired = revocationsOf(certificate).filter(
    ({ serialNumber }) => serials.includes(serialNumber) && !isElsewhere(serialNumber),
  )
  return [...living, ...expired]
}

const revokedOf = (
  serialNumber: string,
  { at, reason }: NonNullable<OwnCertificate['revoked']>,
): RevokedCertificate => ({
  serialNumber,
  reason,
  revokedAt: toRfc3339(at),
})

const revocationsOf = ({ status }: Certificate): readonly RevokedCertificate[] => status?.revocations ?? []
