import { createHash } from 'node:crypto'
import { day, minute, second } from '#base'

/** How far notBefore lies before the time of issue, for clocks that run behind. */
export const backdateMs = 5 * minute

/** Validity of a certificate and how its renewal is asked for. Times are epoch milliseconds, lengths milliseconds. */
export interface RenewalInput {
  readonly notBefore: number
  readonly notAfter: number
  /** Time before notAfter at which the next certificate is issued. Wins over `beforePercent`. */
  readonly before?: number | undefined
  /** The same as a share of the lifetime, in percent. */
  readonly beforePercent?: number | undefined
  /** Whatever tells this certificate from all others, such as the object's id and the serial number. */
  readonly jitterSeed: string
  /** How far the issuer backdated notBefore. Default 5 minutes, as Sifaka does itself. */
  readonly backdate?: number | undefined
}

const shortLifetime = 10 * day

/** A certificate is in use for at least this share of its lifetime, whatever `before` says. */
const leastUse = 0.1

/** When the next certificate is wanted. Epoch milliseconds, whole seconds. */
export interface RenewalTime {
  readonly due: number
  /** Half of `before` ahead of notAfter: whatever renewal waits for, it waits no longer. Never before `due`. */
  readonly deadline: number
}

/**
 * When the next certificate is due: `before` ahead of notAfter, minus a jitter of up to a tenth of `before`. The jitter
 * spreads certificates that were issued together, is the same each time it is computed, and only makes renewal earlier.
 *
 * Without `before` it is a third of the lifetime, or half of a lifetime of ten days or less. The lifetime counts from
 * the time of issue, not from the backdated notBefore.
 *
 * An issuer may give less than was asked for. A `before` that is no shorter than the lifetime would have each new
 * certificate replaced at once, forever: then the default is used. A shorter one counts for at most nine tenths of the
 * lifetime, and jitter takes at most half of the time that is left in use.
 */
export function renewalTime(input: RenewalInput): RenewalTime {
  const lifetime = Math.max(0, input.notAfter - input.notBefore - (input.backdate ?? backdateMs))
  const before = timeBefore(lifetime, input)
  const jitter = fraction(input.jitterSeed) * Math.min(before / 10, (lifetime - before) / 2)
  return { due: wholeSecond(input.notAfter - before - jitter), deadline: wholeSecond(input.notAfter - before / 2) }
}

const wholeSecond = (at: number): number => Math.floor(at / second) * second

function timeBefore(lifetime: number, { before, beforePercent }: RenewalInput): number {
  const asked = before ?? (beforePercent === undefined ? undefined : (lifetime * beforePercent) / 100)
  if (asked === undefined || asked >= lifetime) return lifetime > shortLifetime ? lifetime / 3 : lifetime / 2
  return Math.min(asked, lifetime * (1 - leastUse))
}

/** A number from 0 up to 1 that depends on `seed` alone. */
export const fraction = (seed: string): number => createHash('sha256').update(seed).digest().readUInt32BE(0) / 2 ** 32
