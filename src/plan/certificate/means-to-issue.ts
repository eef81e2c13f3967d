import { Failure, fromKey, type Instant, minute, terminal, toRfc3339, waiting } from '#base'
import type { Finding } from '../condition.ts'
import { judgeRequest } from '../policy/index.ts'
import type { CertificateRequest } from './request.ts'
import { whyUnusable } from './secret-content.ts'
import { endsTooSoon, wantedLifetime } from './validity.ts'
import type { AuthorityView, CertificateWorld } from './world.ts'

/** How long to wait for an Authority if no event comes. */
const authorityRecheckMs = 10 * minute

/** What a certificate is made of. */
export interface MeansToIssue {
  readonly request: CertificateRequest
  readonly authority: AuthorityView
}

/** What is needed to issue, or what stands in the way. Nothing has been sent to anybody when this says no. */
export function meansToIssue(cause: Finding, world: CertificateWorld, now: Instant): MeansToIssue | Failure {
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
  return obstacle(cause, { request, authority }, world, now) ?? { request, authority }
}

/** What an Authority that is ready has against the request. */
function obstacle(cause: Finding, means: MeansToIssue, world: CertificateWorld, now: Instant): Failure | undefined {
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
