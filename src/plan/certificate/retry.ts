import { createHash } from 'node:crypto'
import { type AuthoritySpec, annotations } from '#api'
import {
  type Backoff,
  backoffMs,
  type Failure,
  fromRfc3339,
  hour,
  type Instant,
  minute,
  parseDuration,
  second,
} from '#base'
import type { CertificateWorld } from './world.ts'

/** Nothing tells that a quota or an admission policy was mended, and asking the API server again harms nobody. */
const apiServerMaxMs = 5 * minute

/** Another side's wish counts within these bounds: it neither makes us hurry nor puts us off for days. */
const [retryAfterMinMs, retryAfterMaxMs] = [second, 8 * hour]

type Retry = AuthoritySpec['retry']

/** How far the attempts to issue lie apart that fail in this way. */
export function issuanceBackoff(retry: Retry, { reason }: Failure): Backoff {
  const { firstMs, maxMs } = boundsOf(retry)
  return { firstMs, maxMs: reason === 'KubernetesRefused' ? Math.min(maxMs, apiServerMaxMs) : maxMs }
}

/** A CA may count failures, and a certificate that comes a minute later is not late. */
const boundsOf = ({ initial = '1m', max = '8h' }: NonNullable<Retry> = {}): Backoff => ({
  firstMs: parseDuration(initial),
  maxMs: parseDuration(max),
})

/**
 * When the next attempt is due: what the other side named, between a second and 8 hours; else as the backoff says. On a
 * whole second, as the status keeps it: what it had cut off would be tried again too soon.
 * @param attempts failures in a row, from 1
 * @param random a number from 0 (inclusive) to 1
 */
export function retryAt(
  { retryAfterMs }: Failure,
  backoff: Backoff,
  attempts: number,
  now: Instant,
  random: number,
): Instant {
  const waitMs =
    retryAfterMs === undefined
      ? backoffMs(backoff, attempts, random)
      : Math.min(retryAfterMaxMs, Math.max(retryAfterMinMs, retryAfterMs))
  return Math.ceil((now + waitMs) / second) * second
}

/**
 * What an attempt depends on: with another spec or another Authority the failures of before say nothing, and a person
 * who asks for a certificate now has a reason to.
 */
export function attemptedFor({ certificate, authority }: CertificateWorld): string {
  const { generation, annotations: said = {} } = certificate.metadata
  const on = `${generation}/${authority?.version}/${said[annotations.reissueRequestedAt]}`
  return createHash('sha256').update(on).digest('hex').slice(0, 32)
}

/** Failed attempts in a row, with the one that has just failed. */
export function attemptsOf(world: CertificateWorld): number {
  const { status } = world.certificate
  return status?.attemptedFor === attemptedFor(world) ? (status.attempts ?? 0) + 1 : 1
}

/** When the next attempt is due after one that failed, where that is not now. */
export function nextAttemptAt(world: CertificateWorld, now: Instant): Instant | undefined {
  const { status } = world.certificate
  const at = fromRfc3339(status?.nextAttemptAt)
  if (at === undefined || at <= now || status?.attemptedFor !== attemptedFor(world)) return undefined
  // Nothing is put off for longer than this: a clock has been set back since.
  const longestMs = Math.max(retryAfterMaxMs, boundsOf(world.authority?.spec.retry).maxMs)
  return at <= now + longestMs ? at : undefined
}

/** What the authority refused for good it will refuse again, until one of the two says something else. */
export function isRefused(world: CertificateWorld): boolean {
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
