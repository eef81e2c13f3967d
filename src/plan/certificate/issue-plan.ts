import { annotations, type ObjectMeta } from '#api'
import { type Instant, second } from '#base'
import { backdateMs } from '#pki'
import type { Finding } from '../condition.ts'
import type { MeansToIssue } from './means-to-issue.ts'
import type { CertificateRequest } from './request.ts'
import { revisionsOf } from './revisions.ts'
import { needsNewKey } from './revocation.ts'
import { validityOf, wantedLifetime } from './validity.ts'
import type { CertificateWorld } from './world.ts'

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

/** Has a certificate signed with the means that there are. */
export function issuePlan(
  cause: Finding,
  { request, authority }: MeansToIssue,
  world: CertificateWorld,
  now: Instant,
): IssuePlan {
  const { secret, authorityKey = '' } = world
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
    revision: revisionsOf(world) + 1,
    id: ours?.annotations?.[annotations.id],
    replaces,
    needsNewKey: needsNewKey(world, now),
  }
}
