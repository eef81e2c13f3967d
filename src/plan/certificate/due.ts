import { annotations, type Certificate } from '#api'
import { Failure, fromRfc3339, type Instant, parseDuration, second } from '#base'
import { backdateMs, fraction, renewalTime } from '#pki'
import { reissueWithinMs } from '../authority/generations.ts'
import { validityOf } from './validity.ts'
import type { AuthorityView, CertificateWorld, Finding, HeldCertificate } from './world.ts'

/** When the certificate in the Secret is to be renewed. */
export function renewAt(world: CertificateWorld, held: HeldCertificate): Instant {
  const reissueAt = reissueDue(world, held)?.at ?? Number.POSITIVE_INFINITY
  return Math.min(reissueAt, renewalDue(world, held))
}

/**
 * What cannot be replaced by something that lives longer, because the authority itself ends, is not renewed before its
 * end: otherwise the rest would be halved again and again.
 */
function renewalDue(world: CertificateWorld, held: HeldCertificate): Instant {
  const { certificate, authority, request } = world
  const due = dueOf(certificate, authority, held)
  if (request instanceof Failure || !authority) return due
  const { notAfter: authorityNotAfter, spec } = authority
  const { publicTrust, weekendExpiry } = spec
  const start = Math.floor(due / second) * second
  const wanted = { start, wantedMs: request.durationMs, authorityNotAfter, publicTrust, weekendExpiry }
  // One that asks for less than it has is renewed in time all the same.
  const asksForMore = start + request.durationMs > held.notAfter
  return asksForMore && validityOf(wanted).notAfter <= held.notAfter ? held.notAfter : due
}

function dueOf({ spec }: Certificate, authority: AuthorityView | undefined, held: HeldCertificate): Instant {
  const { before, beforePercent } = spec.renewal ?? authority?.spec.defaults?.renewal ?? {}
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
  const spreadMs = fraction(held.fingerprint) * reissueWithinMs(authority.spec)
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
