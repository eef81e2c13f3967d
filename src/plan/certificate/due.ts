import { annotations, type CertificateSpec } from '#api'
import { Failure, fromRfc3339, type Instant, parseDuration, second } from '#base'
import { backdateMs, fraction, type RenewalTime, renewalTime } from '#pki'
import { reissueWithinMs } from '../authority/generations.ts'
import type { Finding } from '../condition.ts'
import { momentInWindows } from './renewal-window.ts'
import { validityOf } from './validity.ts'
import type { CertificateWorld, HeldCertificate } from './world.ts'

type Renewal = NonNullable<CertificateSpec['renewal']>

/**
 * When the certificate in the Secret is to be replaced; undefined when that is left to people. What has missed its time
 * and waits for the next window has a later one.
 */
export function renewAt(world: CertificateWorld, held: HeldCertificate, now: Instant): Instant | undefined {
  const reissueAt = reissueDue(world, held)?.at
  if (isRenewedByHand(world)) return reissueAt
  return Math.min(reissueAt ?? Number.POSITIVE_INFINITY, renewalDue(world, held, now))
}

/** Whether nothing is issued only because time passes. */
export const isRenewedByHand = (world: CertificateWorld): boolean =>
  world.certificate.spec.notAfter !== undefined || renewalOf(world).policy === 'Manual'

/** How renewal is asked for: by the spec, or by the defaults of the Authority where it says nothing. */
export const renewalOf = ({ certificate, authority }: CertificateWorld): Renewal =>
  certificate.spec.renewal ?? authority?.spec.defaults?.renewal ?? {}

/**
 * What cannot be replaced by something that lives longer, because the authority itself ends, is not renewed before its
 * end: otherwise the rest would be halved again and again. Where only the rules of the day cut the next one short it is
 * renewed in time all the same: nothing would be halved, and at its end it would be too late.
 */
function renewalDue(world: CertificateWorld, held: HeldCertificate, now: Instant): Instant {
  const { authority, request } = world
  const due = momentOfRenewal(world, held, now)
  if (request instanceof Failure || !authority) return due
  const { notAfter: authorityNotAfter, spec } = authority
  const { publicTrust, weekendExpiry } = spec
  const start = Math.floor(due / second) * second
  const wanted = { start, wantedMs: request.durationMs, publicTrust, weekendExpiry }
  const livesLonger = (limit?: Instant): boolean =>
    validityOf({ ...wanted, authorityNotAfter: limit }).notAfter > held.notAfter
  return livesLonger() && !livesLonger(authorityNotAfter) ? held.notAfter : due
}

function momentOfRenewal(world: CertificateWorld, held: HeldCertificate, now: Instant): Instant {
  const time = timeOfRenewal(world, held)
  const { windows } = renewalOf(world)
  return windows ? momentInWindows(windows, time, fraction(`window ${held.fingerprint}`), now) : time.due
}

/** When renewal is due, whether or not anything is done about it then. */
export function timeOfRenewal(world: CertificateWorld, held: HeldCertificate): RenewalTime {
  const { before, beforePercent } = renewalOf(world)
  return renewalTime({
    notBefore: held.notBefore,
    notAfter: held.notAfter,
    jitterSeed: held.fingerprint,
    backdate: backdateMs,
    ...(before !== undefined && { before: parseDuration(before) }),
    ...(beforePercent !== undefined && { beforePercent }),
  })
}

/** When and why a certificate is to be issued anew although it would do. */
export function reissueDue(
  world: CertificateWorld,
  held: HeldCertificate,
): { readonly at: Instant; readonly finding: Finding } | undefined {
  const { certificate, authority } = world
  const asked = wholeSecond(fromRfc3339(certificate.metadata.annotations?.[annotations.reissueRequestedAt]))
  if (asked !== undefined && asked > held.issuedAt) {
    const message = `the annotation ${annotations.reissueRequestedAt} asks for it`
    return { at: asked, finding: { reason: 'ReissueRequested', message } }
  }
  if (!authority) return undefined
  // On a whole second, as the status says it: until a fraction of one has passed there would be visit after visit.
  const spreadMs = Math.floor((fraction(held.fingerprint) * reissueWithinMs(authority.spec)) / second) * second
  const { generation, activeFrom } = authority
  const reissueRequestedAt = wholeSecond(authority.reissueRequestedAt)
  if (reissueRequestedAt !== undefined && reissueRequestedAt > held.issuedAt) {
    const message = `the annotation ${annotations.reissueRequestedAt} of the Authority asks for it`
    return { at: reissueRequestedAt + spreadMs, finding: { reason: 'ReissueRequested', message } }
  }
  const isOfEarlierCa = held.caGeneration !== undefined && generation !== undefined && held.caGeneration < generation
  if (!isOfEarlierCa) return undefined
  const message = `generation ${generation} of the CA signs now; the certificate is of generation ${held.caGeneration}`
  return { at: (activeFrom ?? 0) + spreadMs, finding: { reason: 'CARotated', message } }
}

/** Times of issuance are whole seconds: what is issued because of a request must not lie before it. */
const wholeSecond = (at: Instant | undefined): Instant | undefined =>
  at === undefined ? undefined : Math.ceil(at / second) * second
