import { annotations, type NewCondition } from '#api'
import { Failure, fromRfc3339, type Instant, toRfc3339 } from '#base'
import { unfitUsages } from '#pki'
import { type Cause, condition, type Finding } from '../condition.ts'
import { isRenewedByHand, reissueDue, renewalOf, timeOfRenewal } from './due.ts'
import { flawOf } from './renewal-window.ts'
import { outputsWanting, refusedRefresh } from './secret-content.ts'
import type { CertificateWorld } from './world.ts'

/**
 * What a person should look at although the certificate is in order, in one condition.
 * @param told the reason that another condition gives already
 */
export function certificateWarnings(world: CertificateWorld, now: Instant, told?: string): NewCondition[] {
  const found: readonly Cause[] = [
    ...suspended(world),
    ...reminder(world, now),
    ...missingPassword(world),
    ...brokenWindows(world),
    ...unreadableRequest(world),
    ...unfit(world),
    ...notRefreshed(world),
  ].filter(({ reason }) => reason !== told)
  const [first] = found
  if (!first) return []
  const message = found.map((each) => each.message).join('; ')
  const { generation = 0 } = world.certificate.metadata
  return [condition('Warning', 'True', { reason: first.reason, message }, generation)]
}

/** It shows long before it matters: who suspends something forgets it easily. */
function suspended({ certificate, secret }: CertificateWorld): Finding[] {
  if (!certificate.spec.suspend || secret.state !== 'held') return []
  return [{ reason: 'Suspended', message: 'suspended, and not renewed: set spec.suspend to false to go on' }]
}

/**
 * When to remind of a certificate that is renewed by hand: when it would be due otherwise. Undefined when there is no
 * such certificate, and when it will be issued anew on request.
 */
export function reminderAt(world: CertificateWorld): Instant | undefined {
  const { secret } = world
  if (secret.state !== 'held' || !isRenewedByHand(world) || reissueDue(world, secret.held)) return undefined
  return timeOfRenewal(world, secret.held).due
}

function reminder(world: CertificateWorld, now: Instant): Finding[] {
  const { secret } = world
  const at = reminderAt(world)
  // What has expired says so in Ready.
  if (at === undefined || at > now || secret.state !== 'held' || secret.held.notAfter <= now) return []
  const message = `the certificate expires at ${toRfc3339(secret.held.notAfter)} and ${howToRenewByHand(world)}`
  return [{ reason: 'RenewalManual', message }]
}

/** Why a certificate is not renewed by itself and what to do, to go on after `and`. */
export function howToRenewByHand({ certificate, secret }: CertificateWorld): string {
  const { notAfter } = certificate.spec
  const fixed = fromRfc3339(notAfter)
  const { name, namespace } = certificate.metadata
  const annotate = `kubectl annotate --overwrite certificates.sifaka.dev ${name} -n ${namespace}`
  const ask =
    `run sifaka certificates renew ${name} -n ${namespace}, or ` +
    `${annotate} ${annotations.reissueRequestedAt}=$(date -u +%FT%TZ)`
  if (fixed === undefined) return `is not renewed by itself, as renewal.policy is Manual: ${ask}`
  // What the authority cut short can be had again.
  const isAtItsEnd = secret.state !== 'held' || secret.held.notAfter >= fixed
  return `is not renewed by itself, as spec.notAfter is set: ${isAtItsEnd ? 'set a later one' : ask}`
}

/** Keystores that were made with a password are good without it; none can be made anew. */
function missingPassword(world: CertificateWorld): Finding[] {
  const { passwords, secret } = world
  if (!(passwords instanceof Failure) || secret.state !== 'held' || outputsWanting(world)) return []
  return [{ reason: 'PasswordNotFound', message: passwords.message }]
}

/** A window that never opens harms no certificate: it is renewed at the latest when half of `before` is left. */
function brokenWindows(world: CertificateWorld): Finding[] {
  const { certificate, authorityKey } = world
  if (isRenewedByHand(world)) return []
  const where = certificate.spec.renewal ? 'spec.renewal' : `spec.defaults.renewal of Authority ${authorityKey}`
  return (renewalOf(world).windows ?? []).flatMap((window, index): Finding[] => {
    const flaw = flawOf(window)
    const message = `${where}: windows[${index}] never opens: ${flaw}`
    return flaw === undefined ? [] : [{ reason: 'WindowNeverOpens', message }]
  })
}

function unreadableRequest({ certificate }: CertificateWorld): Finding[] {
  const asked = certificate.metadata.annotations?.[annotations.reissueRequestedAt]
  if (asked === undefined || fromRfc3339(asked) !== undefined) return []
  const message =
    `the annotation ${annotations.reissueRequestedAt} is no time such as 2027-01-31T12:00:00Z: ` +
    'nothing is issued anew because of it'
  return [{ reason: 'InvalidRequest', message }]
}

/** People carry them over from RSA. The certificate is issued as it is asked for: some clients refuse it. */
function unfit({ request }: CertificateWorld): Finding[] {
  if (request instanceof Failure) return []
  const { algorithm } = request.key
  const { usages, by } = unfitUsages(algorithm, request.usages)
  if (usages.length === 0) return []
  const message = `usages: ${usages.join(' and ')} are nothing that ${algorithm} keys are for (${by}): leave it out`
  return [{ reason: 'UsageUnfit', message }]
}

/** It shows here where something else is told first, such as an order that is waited for. */
function notRefreshed(world: CertificateWorld): Cause[] {
  const { reason, message } = refusedRefresh(world) ?? {}
  if (reason === undefined) return []
  return [{ reason, message: `the Secret cannot be brought in line with the spec: ${message}` }]
}
