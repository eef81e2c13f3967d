import { z } from 'zod'
import { durationPattern } from '#base'
import { cel, matches } from './schema.ts'

/** The CEL rule that a text is a duration. */
const isDuration = (text: string): string => matches(durationPattern, text)

/**
 * A duration of at least `min`. It is a plain string: with `format: duration` the API server lets hours overflow
 * silently, reads units that `parseDuration` does not know, and answers a wrong unit with nothing but the pattern.
 */
export const durationFrom = (min: string) =>
  cel(z.string().max(32).regex(new RegExp(durationPattern)), {
    rule: `${isDuration('self')} && duration(self) >= duration('${min}')`,
    message: `must be a duration of at least ${min} in h, m and s, such as 2160h (90 days) or 1h30m`,
  })

/** The CEL rule that one duration is shorter than another; true when either is none, which has a rule of its own. */
export const isShorter = (one: string, other: string): string =>
  `!${isDuration(one)} || !${isDuration(other)} || duration(${one}) < duration(${other})`

/** Validity of an end-entity certificate. */
export const certificateDuration = durationFrom('1m')
