import { day, durationInWords, type Failure, type Instant, minute, second, terminal, toRfc3339 } from '#base'
import type { CertificateRequest } from './request.ts'

/** What decides how long a certificate lives. */
export interface ValidityInput {
  /** When it is issued. Dates in certificates are whole seconds: the rest is cut off. */
  readonly start: Instant
  /** How long it is asked to live. */
  readonly wantedMs: number
  /** Nothing outlives what signed it. */
  readonly authorityNotAfter?: Instant | undefined
  /** Whether the rules of public trust hold. */
  readonly publicTrust?: boolean | undefined
  readonly weekendExpiry?: 'Keep' | 'MoveEarlier' | undefined
}

/** When a certificate ends, and why it does not live as long as was asked. */
export interface Validity {
  readonly notAfter: Instant
  /** A clause for each reason, for people. Empty when it lives as long as was asked. */
  readonly clamps: readonly string[]
  /** Whether less than a tenth of what was asked is left. */
  readonly isSevere: boolean
}

/**
 * Longest validity by day of issuance, the latest first: one day under what the CA/Browser Forum permits (Baseline
 * Requirements section 6.3.2), as a period of validity counts its last second too.
 */
const publicMaximums: readonly { readonly from: Instant; readonly days: number }[] = [
  { from: Date.UTC(2029, 2, 15), days: 46 },
  { from: Date.UTC(2027, 2, 15), days: 99 },
  { from: Date.UTC(2026, 2, 15), days: 199 },
  { from: Date.UTC(2020, 8, 1), days: 397 },
]

interface Limit {
  readonly end: Instant
  readonly because: string
}

/** How long a certificate is asked to live that is issued at `start`; negative when its fixed end was before. */
export const wantedLifetime = ({ durationMs, notAfter }: CertificateRequest, start: Instant): number =>
  notAfter === undefined ? durationMs : notAfter - Math.floor(start / second) * second

/** A fixed end that is nearer than the shortest duration that may be asked for: Terminal InvalidRequest. */
export function endsTooSoon({ notAfter }: CertificateRequest, start: Instant): Failure | undefined {
  if (notAfter === undefined || notAfter - start >= minute) return undefined
  const how = notAfter <= start ? 'has passed' : 'is less than a minute ahead'
  return terminal('InvalidRequest', `spec.notAfter ${toRfc3339(notAfter)} ${how}: set a later one, or use duration`)
}

/** When a certificate ends. What depends on the date only ever shortens it: nothing is denied for it. */
export function validityOf(input: ValidityInput): Validity {
  const start = Math.floor(input.start / second) * second
  const wantedMs = Math.floor(input.wantedMs / second) * second
  const limit = tightest(limitsOf(input, start))
  const isCut = limit !== undefined && limit.end < start + wantedMs
  const end = isCut ? limit.end : start + wantedMs
  const cut = isCut ? [clause(end - start, wantedMs, limit.because)] : []
  const { notAfter, said } =
    input.weekendExpiry === 'MoveEarlier' ? offWeekend(start, end, wantedMs) : { notAfter: end }
  return {
    notAfter,
    clamps: said === undefined ? cut : [...cut, said],
    isSevere: notAfter - start < wantedMs / 10,
  }
}

function limitsOf({ authorityNotAfter, publicTrust }: ValidityInput, start: Instant): Limit[] {
  const limits: Limit[] = []
  const maximum = publicMaximums.find(({ from }) => start >= from)
  if (publicTrust && maximum) {
    const because = `public trust permits no more since ${toRfc3339(maximum.from).slice(0, 10)}`
    limits.push({ end: start + maximum.days * day, because })
  }
  if (authorityNotAfter !== undefined) {
    const end = Math.floor(authorityNotAfter / second) * second
    limits.push({ end, because: `the authority itself ends at ${toRfc3339(end)}` })
  }
  return limits
}

/** Only the tightest limit has an effect. */
const tightest = (limits: readonly Limit[]): Limit | undefined => limits.toSorted((a, b) => a.end - b.end)[0]

const clause = (givenMs: number, wantedMs: number, because: string): string =>
  `valid for ${durationInWords(givenMs)} instead of ${durationInWords(wantedMs)}, because ${because}`

/** Days back to Friday, by day of the week (UTC). */
const weekend: Readonly<Record<number, { readonly name: string; readonly back: number }>> = {
  6: { name: 'Saturday', back: 1 },
  0: { name: 'Sunday', back: 2 },
}

/** The same time on the Friday before, unless hardly anything of the certificate's life would be left. */
function offWeekend(start: Instant, end: Instant, wantedMs: number): { notAfter: Instant; said?: string } {
  const of = weekend[new Date(end).getUTCDay()]
  if (!of) return { notAfter: end }
  const friday = end - of.back * day
  if (friday < start + wantedMs / 10) {
    const said = `ends on a ${of.name}, because too little of its validity would be left on the Friday before`
    return { notAfter: end, said }
  }
  return { notAfter: friday, said: clause(friday - start, end - start, `it would end on a ${of.name}`) }
}
