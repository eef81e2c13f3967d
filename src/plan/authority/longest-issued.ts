import type { AuthoritySpec } from '#api'
import { parseDuration } from '#base'
import { defaultDuration } from '../certificate/request.ts'
import { subordinateDurationMs } from './ca.ts'

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
  const defaultMs = parseDuration(defaults?.duration ?? defaultDuration)
  const leaves = [...new Set(certificates)].map((each) => (each === undefined ? defaultMs : parseDuration(each)))
  const cas = [...new Set(subordinates)].map((each) =>
    each === undefined ? subordinateDurationMs : parseDuration(each),
  )
  const caps = policy?.rules.map(({ maxDuration }) => maxDuration) ?? []
  const cap =
    caps.length > 0 && caps.every((each) => each !== undefined) ? Math.max(...caps.map(parseDuration)) : Infinity
  return Math.max(Math.min(cap, Math.max(defaultMs, ...leaves)), ...cas)
}
