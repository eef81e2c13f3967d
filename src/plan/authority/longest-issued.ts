import type { AuthoritySpec } from '#api'
import { day, parseDuration } from '#base'

const defaultCertificateMs = 90 * day
const defaultSubordinateMs = 1825 * day

/**
 * Milliseconds: the longest validity that this Authority has to grant, so that its successor is there in time.
 * @param certificates durations that its Certificates ask for; undefined is the default
 * @param subordinates durations that its subordinate CAs ask for
 */
export function longestIssued(
  { policy, defaults }: AuthoritySpec,
  certificates: Iterable<string | undefined>,
  subordinates: Iterable<string | undefined>,
): number {
  const defaultMs = defaults?.duration === undefined ? defaultCertificateMs : parseDuration(defaults.duration)
  const leaves = [...new Set(certificates)].map((each) => (each === undefined ? defaultMs : parseDuration(each)))
  const cas = [...new Set(subordinates)].map((each) =>
    each === undefined ? defaultSubordinateMs : parseDuration(each),
  )
  const caps = policy?.rules.map(({ maxDuration }) => maxDuration) ?? []
  const cap =
    caps.length > 0 && caps.every((each) => each !== undefined) ? Math.max(...caps.map(parseDuration)) : Infinity
  return Math.max(Math.min(cap, Math.max(defaultMs, ...leaves)), ...cas)
}
