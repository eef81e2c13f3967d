import { findCondition, type NewCondition } from '#api'
import { Failure, type Instant } from '#base'
import { type Cause, condition } from '../condition.ts'
import { type Standing, standingOf } from './revocation.ts'
import type { CertificateWorld } from './world.ts'

/** Serial numbers that a message names. */
const namedMax = 10

/**
 * The condition `Revoked`: True when all that is asked for is revoked; else what stands in the way. None when nothing
 * is asked for. A register that is being loaded is no news.
 * @param trouble what keeps a new certificate from being issued
 */
export function revocationCondition(world: CertificateWorld, trouble: Cause | undefined, now: Instant): NewCondition[] {
  const { metadata, status, spec } = world.certificate
  const standing = standingOf(world, now)
  if (!standing) return []
  const generation = metadata.generation ?? 0
  if (standing instanceof Failure) {
    const said = findCondition(status?.conditions, 'Revoked')
    const isStillTrue = standing.reason === 'RegisterNotLoaded' && said?.observedGeneration === generation
    return [isStillTrue ? said : condition('Revoked', 'False', standing, generation)]
  }
  const obstacle = obstacleOf(standing, world, trouble)
  if (obstacle) return [condition('Revoked', 'False', obstacle, generation)]
  return [condition('Revoked', 'True', { reason: 'Revoked', message: revokedMessage(standing, spec) }, generation)]
}

/** Why not all is revoked: the first cause that a person can do something about. */
function obstacleOf(
  { due, awaiting, outOfReach, refused, unknown }: Standing,
  { certificate, revocation }: CertificateWorld,
  trouble: Cause | undefined,
): Cause | undefined {
  const open = [...due, ...(awaiting ? [awaiting] : []), ...outOfReach, ...refused]
  const { failure } = revocation?.lastFailure ?? {}
  if (certificate.spec.suspend && open.length > 0) {
    return { reason: 'Suspended', message: 'suspended: set spec.suspend to false to go on' }
  }
  if (due.length > 0 && failure) {
    return { reason: 'RevocationFailed', message: `${named(due)} could not be revoked: ${failure.message}` }
  }
  if (refused.length > 0) {
    const message = `${named(refused)} cannot be revoked: ${refused[0]?.refused?.message}`
    return { reason: 'NotRevocable', message }
  }
  if (unknown.length > 0) {
    const message = `no certificate of this object that has not expired has the serial number ${list(unknown)}`
    return { reason: 'NotRevocable', message: `${message}: correct spec.revocation.serials` }
  }
  if (outOfReach.length > 0) {
    const keys = [...new Set(outOfReach.map(({ authorityKey }) => authorityKey))]
    const what = `Authority ${list(keys)} does not exist or does not allow namespace ${certificate.metadata.namespace}`
    return { reason: 'AuthorityNotFound', message: `${named(outOfReach)} cannot be revoked: ${what}` }
  }
  if (awaiting) {
    const why = trouble ? `: ${trouble.message}` : ''
    const message = `${named([awaiting])} is revoked once another one is in its place${why}`
    return { reason: trouble?.reason ?? 'RevocationRequested', message }
  }
  return due.length > 0 ? { reason: 'RevocationRequested', message: `${named(due)} will be revoked` } : undefined
}

function revokedMessage({ revoked }: Standing, { revocation }: CertificateWorld['certificate']['spec']): string {
  if (revoked.length === 0) return `there is nothing to revoke that was issued before ${revocation?.issuedBefore}`
  const said = revoked.map(({ serialNumber, revokedAt }) => `${serialNumber} at ${revokedAt}`)
  const wanted = revocation?.reason ?? 'unspecified'
  const others = new Set(revoked.map(({ reason }) => reason).filter((reason) => reason !== wanted))
  const noted = others.size > 0 ? ` (noted with reason ${[...others].join(', ')}, not ${wanted})` : ''
  return `revoked: ${list(said)}${noted}`
}

const named = (certificates: readonly { readonly serialNumber: string }[]): string =>
  `certificate ${list(certificates.map(({ serialNumber }) => serialNumber))}`

function list(texts: readonly string[]): string {
  const more = texts.length - namedMax
  return more > 0 ? `${texts.slice(0, namedMax).join(', ')} and ${more} more` : texts.join(', ')
}
