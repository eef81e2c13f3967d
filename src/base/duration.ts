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

/** The shortest text that `parseDuration` reads back as `ms`, in the largest units: `2160h`, `1h30m`, `0s`. */
export function formatDuration(ms: number): string {
  let left = Math.max(0, Math.round(ms))
  let text = ''
  for (const unit of ['h', 'm', 's', 'ms']) {
    const size = units[unit] ?? 1
    const count = Math.floor(left / size)
    if (count > 0) text += `${count}${unit}`
    left -= count * size
  }
  return text === '' ? '0s' : text
}
