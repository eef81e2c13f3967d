/** Lengths of time, in milliseconds. */
export const second = 1000
export const minute = 60 * second
export const hour = 60 * minute
export const day = 24 * hour

const units: Readonly<Record<string, number>> = { h: hour, m: minute, s: second, ms: 1 }

/** What `parseDuration` accepts, as a pattern for API schemas: `2160h`, `1h30m`, `500ms`. */
export const durationPattern = '^([0-9]{1,7}(h|ms|m|s)){1,4}$'

/**
 * Milliseconds of a duration as Kubernetes' metav1.Duration writes it, in hours, minutes, seconds and milliseconds.
 * @throws RangeError when `text` is no such duration
 */
export function parseDuration(text: string): number {
  if (!new RegExp(durationPattern).test(text)) {
    throw new RangeError(`"${text.slice(0, 40)}" is not a duration such as 2160h, 30m or 1h30m`)
  }
  let total = 0
  for (const [, count, unit] of text.matchAll(/([0-9]+)(h|ms|m|s)/g)) total += Number(count) * (units[unit ?? ''] ?? 0)
  return total
}

const spoken: readonly (readonly [name: string, ms: number])[] = [
  ['day', day],
  ['hour', hour],
  ['minute', minute],
  ['second', second],
  ['millisecond', 1],
]

/** A length of time as a message says it: `90 days`, `1 hour 30 minutes`. Nothing is left out: two can be compared. */
export function durationInWords(ms: number): string {
  let left = Math.max(0, Math.round(ms))
  const parts: string[] = []
  for (const [name, size] of spoken) {
    const count = Math.floor(left / size)
    if (count > 0) parts.push(`${count} ${name}${count === 1 ? '' : 's'}`)
    left %= size
  }
  return parts.length > 0 ? parts.join(' ') : 'no time'
}
