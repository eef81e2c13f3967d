import { finalizer, type ObjectMeta } from '#api'
import { day, Failure, fromRfc3339, hour, type Instant, minute } from '#base'
import { planRevocation, type RevokePlan, standingOf } from './revocation.ts'
import type { CertificateWorld, OwnCertificate } from './world.ts'

/** Lets an object go that is being deleted. */
export interface ReleasePlan {
  readonly do: 'release'
  readonly finalizers: readonly string[]
  /** Certificates that should have been revoked and are not; undefined when there are none. */
  readonly debt: RevocationDebt | undefined
  /** The Secret that goes first; undefined: it stays, or is gone. */
  readonly secret: ObjectMeta | undefined
  /** The Secret is not waited for any longer than this once. */
  readonly isLastTry: boolean
}

export interface RevocationDebt {
  /** None, where not even that could be found out. */
  readonly certificates: readonly OwnCertificate[]
  readonly why: string
}

/** How long and how often revocation is tried; less when the whole namespace goes, which must not wait for us. */
const patience = { ms: day, attempts: 10 }
const patienceAtTheEnd = { ms: minute, attempts: 1 }

/** The finalizers that an object should have: ours only while something is to be done when it goes. */
export function finalizersToSet({ certificate }: CertificateWorld): readonly string[] | undefined {
  const { finalizers = [] } = certificate.metadata
  const { revoke, secret } = certificate.spec.deletionPolicy ?? {}
  const isWanted = revoke === true || secret === 'Delete'
  if (finalizers.includes(finalizer) === isWanted) return undefined
  return isWanted ? [...finalizers, finalizer] : othersOf(finalizers)
}

type DeletionPlan = RevokePlan | ReleasePlan | { readonly do: 'wait'; readonly until: Instant }

/** What to do about a Certificate that is being deleted and that our finalizer keeps. */
export function planDeletion(world: CertificateWorld, now: Instant): DeletionPlan {
  const { spec } = world.certificate
  if (!spec.deletionPolicy?.revoke) return release(world, undefined, now)
  const { attempts } = patienceOf(world)
  const giveUpAt = giveUpAtOf(world, now)
  const standing = standingOf(world, now)
  if (!standing || standing instanceof Failure) return planBlind(world, standing, giveUpAt, now)
  const { due, outOfReach, refused } = standing
  const open = [...due, ...outOfReach, ...refused]
  if (spec.suspend && open.length > 0) {
    if (world.isNamespaceTerminating) {
      return release(world, { certificates: open, why: 'the Certificate is suspended' }, now)
    }
    return { do: 'wait', until: now + hour }
  }
  const { lastFailure } = world.revocation ?? {}
  const isTriedEnough = now >= giveUpAt || (lastFailure?.attempts ?? 0) >= attempts
  const mayComeBack = world.isNamespaceTerminating ? [] : outOfReach
  if (isTriedEnough || due.length + mayComeBack.length === 0) {
    return release(world, debtOf(open, lastFailure?.failure), now)
  }
  const until = Math.min(giveUpAt, lastFailure?.nextAttemptAt ?? now + hour)
  return planRevocation(world, now) ?? { do: 'wait', until }
}

/** While it is not known which certificates are still valid. */
function planBlind(world: CertificateWorld, why: Failure | undefined, giveUpAt: Instant, now: Instant): DeletionPlan {
  const { message = 'it is not known which certificates are valid', retryAfterMs = minute } = why ?? {}
  if (now >= giveUpAt) return release(world, { certificates: [], why: message }, now)
  return { do: 'wait', until: Math.min(giveUpAt, now + retryAfterMs) }
}

function debtOf(certificates: readonly OwnCertificate[], failure: Failure | undefined): RevocationDebt | undefined {
  if (certificates.length === 0) return undefined
  const refusal = certificates.find((each) => each.refused)?.refused
  const why = failure ?? refusal
  return { certificates, why: why?.message ?? 'the Authority does not exist or does not allow the namespace' }
}

const patienceOf = ({ isNamespaceTerminating }: CertificateWorld) =>
  isNamespaceTerminating ? patienceAtTheEnd : patience

const giveUpAtOf = (world: CertificateWorld, now: Instant): Instant =>
  (fromRfc3339(world.certificate.metadata.deletionTimestamp) ?? now) + patienceOf(world).ms

function release(world: CertificateWorld, debt: RevocationDebt | undefined, now: Instant): ReleasePlan {
  const { certificate, secret, isNamespaceTerminating } = world
  const isOurs = secret.state === 'held' || secret.state === 'damaged'
  const goes = isOurs && certificate.spec.deletionPolicy?.secret === 'Delete'
  return {
    do: 'release',
    finalizers: othersOf(certificate.metadata.finalizers ?? []),
    debt,
    secret: goes ? secret.metadata : undefined,
    // The namespace takes its Secrets along, and must not wait for us.
    isLastTry: isNamespaceTerminating || now >= giveUpAtOf(world, now),
  }
}

const othersOf = (finalizers: readonly string[]): readonly string[] => finalizers.filter((each) => each !== finalizer)
