import type { CertificateSpec } from '#api'
import { day, hour } from '#base'

/** What the Certificates of a simulation ask for. */
export interface Wish {
  readonly durationMs: number
  readonly renewal?: CertificateSpec['renewal']
}

/** Lifetimes of certificates as they are today, and as they will be. */
const lifetimes = { quarter: 90 * day, month: 47 * day, week: 6 * day }

const nightly = { schedule: '0 2 * * *', length: '4h', timeZone: 'Europe/Berlin' }
const saturdays = { schedule: '30 1 * * SAT', length: '3h', timeZone: 'America/New_York' }
const workdays = { schedule: '0 9 * * MON-FRI', length: '8h', timeZone: 'Australia/Lord_Howe' }

/** A third each of 90, 47 and 6 days, most of them with nothing said of renewal. */
const wishes: readonly Wish[] = [
  { durationMs: lifetimes.quarter },
  { durationMs: lifetimes.month },
  { durationMs: lifetimes.week },
  { durationMs: lifetimes.quarter, renewal: { before: '360h' } },
  { durationMs: lifetimes.month, renewal: { beforePercent: 40 } },
  { durationMs: lifetimes.week, renewal: { before: '48h' } },
  { durationMs: lifetimes.quarter, renewal: { windows: [saturdays] } },
  { durationMs: lifetimes.month, renewal: { before: '480h', windows: [workdays] } },
  { durationMs: lifetimes.week, renewal: { windows: [nightly] } },
  { durationMs: lifetimes.quarter, renewal: { beforePercent: 99 } },
  { durationMs: lifetimes.month },
  { durationMs: lifetimes.week },
  { durationMs: lifetimes.quarter },
  { durationMs: lifetimes.month, renewal: { before: '9999h' } },
]

/** In use for a day and a half only: renewed far more often than all others, so there are few of it. */
const hurried: Wish = { durationMs: lifetimes.week, renewal: { before: '110h' } }

/** What the Certificate of a number asks for. */
export const wishOf = (index: number): Wish =>
  index % 60 === 59 ? hurried : (wishes[index % wishes.length] ?? hurried)

export const specOf = ({ durationMs, renewal }: Wish): Pick<CertificateSpec, 'duration' | 'renewal'> => ({
  duration: `${durationMs / hour}h`,
  ...(renewal && { renewal }),
})
