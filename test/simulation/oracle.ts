import assert from 'node:assert/strict'
import { day, hour, type Instant, minute, parseDuration, second, toRfc3339 } from '#base'
import type { AuthorityView, HeldCertificate, IssuePlan } from '#plan'
import type { Wish } from './wishes.ts'

/** After trouble has ended a renewal comes within this: attempts that failed lie up to eight hours apart. */
const recoveryMs = 10 * hour
/** A renewal that nothing stands in the way of comes within this. */
const punctualMs = 15 * minute
const backdateMs = 5 * minute

/** Longest validity by day of issuance for public trust (CA/Browser Forum), less a day. */
const publicDays: readonly (readonly [from: Instant, days: number])[] = [
  [Date.UTC(2029, 2, 15), 46],
  [Date.UTC(2027, 2, 15), 99],
  [Date.UTC(2026, 2, 15), 199],
]

/** When a certificate may be renewed at the earliest, must be at the latest, and when windows count no more. */
export interface Due {
  readonly earliest: Instant
  readonly latest: Instant
  readonly deadline: Instant
}

/** What the documentation says of renewal, computed once more by other code: the jitter is between the two ends. */
export function dueOf(
  { renewal = {} }: Wish,
  { notBefore, notAfter }: Pick<HeldCertificate, 'notBefore' | 'notAfter'>,
): Due {
  const life = notAfter - notBefore - backdateMs
  const asked =
    renewal.before === undefined ? (life * (renewal.beforePercent ?? 0)) / 100 : parseDuration(renewal.before)
  const byDefault = life > 10 * day ? life / 3 : life / 2
  const before = asked === 0 || asked >= life ? byDefault : Math.min(asked, 0.9 * life)
  const jitter = Math.min(before / 10, (life - before) / 2)
  return {
    earliest: notAfter - before - jitter - second,
    latest: notAfter - before + second,
    deadline: notAfter - before / 2,
  }
}

/** What is known of one Certificate at the moment of an issuance. */
export interface Issuance {
  readonly name: string
  readonly wish: Wish
  readonly plan: IssuePlan
  /** What it replaces. */
  readonly before: HeldCertificate | undefined
  readonly view: AuthorityView
  readonly specGeneration: number
  readonly now: Instant
  /** Milliseconds since anything has stood in the way of issuing for it. */
  readonly quietMs: number
}

/** What the simulation knows of a Certificate's past. */
interface Past {
  revision: number
  specGeneration: number
  /** What has led to an issuance: nothing does so twice. */
  readonly causes: Set<string>
}

/**
 * Says whether what the planner does is right, without asking it: every issuance has a cause of its own, comes neither
 * too early nor too late, and has the dates that it should have.
 */
export class Oracle {
  readonly #pasts = new Map<string, Past>()
  issuances = 0

  /** @throws AssertionError */
  checkIssuance(issuance: Issuance): void {
    this.issuances += 1
    const { name, plan, specGeneration } = issuance
    const past = this.#pasts.get(name) ?? { revision: 0, specGeneration, causes: new Set<string>() }
    this.#pasts.set(name, past)
    assert.equal(plan.revision, past.revision + 1, `${at(issuance)}: a revision is issued twice, or left out`)
    const cause = causeOf(issuance, past)
    assert.ok(cause !== undefined, `${at(issuance)}: issued without a cause, as ${plan.cause.reason}`)
    assert.ok(!past.causes.has(cause), `${at(issuance)}: issued twice for ${cause}`)
    if (past.causes.size > 64) past.causes.clear()
    past.causes.add(cause)
    past.revision = plan.revision
    past.specGeneration = specGeneration
    if (cause.startsWith('due')) checkMoment(issuance)
    checkDates(issuance)
  }

  /** A certificate has expired: that may be only where nothing could be issued for too long. */
  checkExpired(name: string, held: HeldCertificate, quietMs: number, now: Instant): void {
    const said = `${name} at ${toRfc3339(now)}: expired at ${toRfc3339(held.notAfter)}, serial ${held.serialNumber}`
    assert.ok(quietMs < recoveryMs, `${said}, although nothing has stood in the way for ${quietMs / hour} hours`)
  }

  /** Nothing is long overdue while nothing stands in the way: asked before anything does, and now and then. */
  checkOverdue(name: string, wish: Wish, held: HeldCertificate, quietMs: number, now: Instant): void {
    const { latest, deadline } = dueOf(wish, held)
    const lateMs = now - (wish.renewal?.windows ? deadline : latest)
    if (lateMs < punctualMs || quietMs < recoveryMs) return
    assert.fail(`${name} at ${toRfc3339(now)}: overdue for ${lateMs / minute} minutes, serial ${held.serialNumber}`)
  }

  /** What was done before may lie ahead now, and be asked for again. */
  noteJump(): void {
    for (const { causes } of this.#pasts.values()) causes.clear()
  }

  /** The time of renewal does not move by itself. */
  checkStable(name: string, [before, after]: readonly [string | undefined, string | undefined], now: Instant): void {
    const isMissed = before !== undefined && Date.parse(before) < now
    assert.ok(before === after || isMissed, `${name} at ${toRfc3339(now)}: renewAt moved from ${before} to ${after}`)
  }
}

const at = ({ name, now }: Issuance): string => `${name} at ${toRfc3339(now)}`

/** Why it was right to issue, by the facts alone; undefined when it was not. */
function causeOf({ wish, before, view, specGeneration, now }: Issuance, past: Past): string | undefined {
  if (past.revision === 0) return 'first'
  if (!before) return `lost ${past.revision}`
  if (specGeneration > past.specGeneration) return `spec ${specGeneration}`
  const asked = view.reissueRequestedAt
  if (asked !== undefined && asked > before.issuedAt && asked <= now) return `reissue ${asked}`
  const { generation = 0, activeFrom = 0 } = view
  if ((before.caGeneration ?? 0) < generation && activeFrom <= now) return `generation ${generation}`
  if (now >= dueOf(wish, before).earliest) return `due ${before.serialNumber}`
  return undefined
}

/** Renewed when it is time, and in a window where there is one. */
function checkMoment({ quietMs, ...issuance }: Issuance): void {
  const { wish, before, now } = issuance
  if (!before) return
  const { latest, deadline } = dueOf(wish, before)
  const { windows } = wish.renewal ?? {}
  const late = now - (windows ? deadline : latest)
  const isExcused = late <= punctualMs || quietMs < recoveryMs
  assert.ok(isExcused, `${at({ ...issuance, quietMs })}: renewed ${late / minute} minutes late`)
  if (!windows || now >= deadline) return
  const isOpen = windows.some((window) => isOpenAt(window, now))
  assert.ok(isOpen, `${at({ ...issuance, quietMs })}: renewed while no window is open`)
}

type Window = NonNullable<NonNullable<Wish['renewal']>['windows']>[number]

const weekdays = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT']

/** What a clock on the wall shows: minutes since midnight, and the day. */
function onTheWall(at: Instant, timeZone: string): { readonly minutes: number; readonly day: string } {
  const parts = Object.fromEntries(
    formatFor(timeZone)
      .formatToParts(at)
      .map(({ type, value }) => [type, value]),
  )
  return { minutes: Number(parts.hour) * 60 + Number(parts.minute), day: (parts.weekday ?? '').toUpperCase() }
}

/**
 * Whether a window that opens once a day, on some days of the week, is open: looked up on the wall. Where clocks go
 * forward over its time, it opens when they have.
 */
function isOpenAt({ schedule, length, timeZone = 'UTC' }: Window, now: Instant): boolean {
  const [minutes = '0', hours = '0', , , days = '*'] = schedule.split(' ')
  const [first = '', last = first] = days.split('-').map((name) => weekdays.indexOf(name))
  const isDay = (name: string): boolean =>
    days === '*' || (weekdays.indexOf(name) >= Number(first) && weekdays.indexOf(name) <= Number(last))
  const opening = Number(hours) * 60 + Number(minutes)
  const wholeMinute = Math.floor(now / minute) * minute
  const sinceMs = ((onTheWall(now, timeZone).minutes - opening + 24 * 60) % (24 * 60)) * minute
  return [0, -30, 30, -60, 60].some((shift) => {
    const opened = wholeMinute - sinceMs + shift * minute
    if (opened > now || now >= opened + parseDuration(length)) return false
    const [before, at] = [opened - minute, opened].map((each) => onTheWall(each, timeZone))
    if (!before || !at || !isDay(at.day)) return false
    return at.minutes === opening || (before.minutes < opening && at.minutes > opening)
  })
}

const formats = new Map<string, Intl.DateTimeFormat>()

function formatFor(timeZone: string): Intl.DateTimeFormat {
  const options = { timeZone, weekday: 'short', hour: 'numeric', minute: 'numeric', hourCycle: 'h23' } as const
  const format = formats.get(timeZone) ?? new Intl.DateTimeFormat('en-US', options)
  formats.set(timeZone, format)
  return format
}

/** Starts now, lives as long as was asked for, or as long as its authority and the rules of the day permit. */
function checkDates(issuance: Issuance): void {
  const { wish, plan, view, now } = issuance
  const start = Math.floor(now / second) * second
  const { publicTrust, weekendExpiry } = view.spec
  const days = publicTrust ? publicDays.find(([from]) => start >= from)?.[1] : undefined
  const limits = [wish.durationMs, ...(days === undefined ? [] : [days * day])]
  const wanted = Math.min(start + Math.min(...limits), view.notAfter ?? Number.POSITIVE_INFINITY)
  assert.equal(plan.notBefore, start - backdateMs, `${at(issuance)}: it does not begin now`)
  const back = (wanted - plan.notAfter) / day
  const weekday = new Date(wanted).getUTCDay()
  const expected = weekendExpiry === 'MoveEarlier' ? ({ 6: 1, 0: 2 }[weekday] ?? 0) : 0
  assert.equal(back, expected, `${at(issuance)}: it ends ${back} days before ${toRfc3339(wanted)}`)
}
