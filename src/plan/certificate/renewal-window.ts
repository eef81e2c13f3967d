import { Cron } from 'croner'
import type { CertificateSpec } from '#api'
import { type Instant, parseDuration, second } from '#base'
import type { RenewalTime } from '#pki'

/** A window as a spec writes it. */
export type RenewalWindow = NonNullable<NonNullable<CertificateSpec['renewal']>['windows']>[number]

/** The part of a window over which renewals are spread: the rest is for attempts that take their time. */
const spreadOver = 0.9

/**
 * The moment of a renewal that waits for windows. One that falls due while a window is open waits for nothing; else it
 * has its own moment in the next window, so that not all certificates are renewed when it opens. What has missed a
 * window, as nothing could be issued while it was open, waits for the next one; none waits beyond the deadline.
 *
 * A window that never opens, or that cannot be understood, is never open.
 * @param share where in a window the moment lies, from 0 to 1: what tells the certificate from others
 */
export function momentInWindows(
  windows: readonly RenewalWindow[],
  { due, deadline }: RenewalTime,
  share: number,
  now: Instant,
): Instant {
  const from = Math.max(due, now)
  if (from >= deadline) return deadline
  const moments = windows.map((window) => {
    const schedule = scheduleOf(window)
    if ('flaw' in schedule) return deadline
    const lengthMs = parseDuration(window.length)
    const opensAt = schedule.firstAfter(from - lengthMs)
    if (opensAt <= due) return due
    if (opensAt >= deadline) return deadline
    const openMs = Math.min(lengthMs, deadline - opensAt)
    return opensAt + Math.floor((share * spreadOver * openMs) / second) * second
  })
  return Math.min(deadline, ...moments)
}

/** Why a window never opens: the field and what is wrong with it. Undefined when it does. */
export function flawOf(window: RenewalWindow): string | undefined {
  const schedule = scheduleOf(window)
  return 'flaw' in schedule ? schedule.flaw : undefined
}

interface Schedule {
  /** The first opening after a time. */
  readonly firstAfter: (time: Instant) => Instant
}

type Reading = Schedule | { readonly flaw: string }

/** What was read, by the texts that it was read from: many certificates have the same windows. */
const readings = new Map<string, Reading>()
const maxReadings = 512

function scheduleOf({ schedule, timeZone = 'UTC' }: RenewalWindow): Reading {
  const text = `${timeZone} ${schedule}`
  const known = readings.get(text)
  if (known) return known
  const reading = read(schedule, timeZone)
  if (readings.size >= maxReadings) readings.clear()
  readings.set(text, reading)
  return reading
}

/**
 * From where on a day is looked for that may never come: croner gives up in the year 3000, and each earlier century
 * would take it longer. What is not in a century never comes.
 */
const lastCentury: Instant = Date.UTC(2900, 0, 1)

function read(schedule: string, timeZone: string): Reading {
  if (!isTimeZone(timeZone)) {
    return { flaw: `timeZone: ${timeZone} is no time zone that is known here, such as Europe/Berlin or UTC` }
  }
  try {
    // A window whose hour is skipped when clocks go forward opens when they have.
    const cron = new Cron(schedule, { timezone: timeZone, mode: '5-part', fixedTimeRule: 'no-wildcard' })
    if (!cron.nextRun(new Date(lastCentury))) return { flaw: `schedule: "${schedule}" names a day that never comes` }
    return { firstAfter: remembering(cron) }
  } catch (error) {
    const cause = error instanceof Error ? error.message.replace(/^CronPattern: /, '') : String(error)
    return { flaw: `schedule: "${schedule}" is no cron schedule of five fields: ${cause}` }
  }
}

function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name })
    return true
  } catch {
    return false
  }
}

const maxOpenings = 64

/** Openings are looked for once: to find one in a time zone takes longer than all else that a plan does. */
function remembering(cron: Cron): Schedule['firstAfter'] {
  /** Each opening with the earliest time after which it is known to be the first. */
  const openings = new Map<Instant, Instant>()
  return (time) => {
    for (const [opening, since] of openings) if (since <= time && time < opening) return opening
    // None: beyond all that croner looks at.
    const opening = cron.nextRun(new Date(time))?.getTime() ?? Number.POSITIVE_INFINITY
    if (openings.size >= maxOpenings) openings.clear()
    openings.set(opening, time)
    return opening
  }
}
