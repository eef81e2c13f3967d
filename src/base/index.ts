/** The words that every room uses: failures by kind, time, durations, secrets that cannot be printed, safe text. */
export { type Backoff, backoffMs } from './backoff.ts'
export { canonicalJson } from './canonical.ts'
export {
  type Clock,
  fromRfc3339,
  type Instant,
  sleep,
  systemClock,
  type Timer,
  toMicroTime,
  toRfc3339,
} from './clock.ts'
export { day, durationInWords, durationPattern, hour, minute, parseDuration, second } from './duration.ts'
export { type LogFields, type Logger, silentLogger } from './logger.ts'
export { fromKey, keyOf, type ObjectKey } from './object-key.ts'
export { classify, Failure, type FailureKind, isFailure, retryable, terminal, waiting } from './outcome.ts'
export { Sensitive } from './sensitive.ts'
export { listInWords, plainText } from './text.ts'
