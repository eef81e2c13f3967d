import { InvalidArgumentError } from 'commander'
import { day, fromRfc3339, type Instant, parseDuration, systemClock } from '#base'

/**
 * Milliseconds of a duration on the command line: as in the API, and days too, which come first (`30d`, `1d12h`).
 * @throws InvalidArgumentError, which commander tells with the option
 */
export function intervalOf(text: string): number {
  const [, days, rest = ''] = /^(?:([0-9]{1,5})d)?(.*)$/s.exec(text) ?? []
  try {
    return Number(days ?? 0) * day + (days !== undefined && rest === '' ? 0 : parseDuration(rest))
  } catch {
    throw new InvalidArgumentError('Give a duration such as 30d, 720h or 90m.')
  }
}

/**
 * A time on the command line: RFC 3339, or how long from now.
 * @throws InvalidArgumentError
 */
export function momentOf(text: string): Instant {
  const at = fromRfc3339(text)
  if (at !== undefined) return at
  try {
    return systemClock.now() + intervalOf(text)
  } catch {
    throw new InvalidArgumentError(
      'Give a time such as 2027-01-31T00:00:00Z, or how long from now, such as 30d or 720h.',
    )
  }
}
