import { durationInWords, minute, second } from '#base'
import type { Check, LoopLag } from '#telemetry'
import type { Parts } from './wire.ts'

/** A loop that stood still this long answers nothing in time. */
const loopLagMsMax = 2 * second
/** Views older than this are no ground for decisions. */
const staleMsMax = 3 * minute
/** Every call of a visit has a limit of a minute and less, and no visit makes many. */
const visitMsMax = 15 * minute

/**
 * What must hold, or the process is to be killed: only what a fresh process would do better. An API server that is away
 * is none of it.
 */
export const livenessChecks = ({ kinds, leaseSilentMs, leaseSilentMsMax }: Parts): Check[] => [
  {
    name: 'lease',
    problem() {
      const silentMs = leaseSilentMs()
      return silentMs > leaseSilentMsMax ? `nobody has asked for the Lease for ${inWords(silentMs)}` : undefined
    },
  },
  {
    name: 'workers',
    problem() {
      const stuck = kinds.filter(({ controller }) => controller.oldestVisitMs() > visitMsMax)
      const visits = stuck.map(({ controller }) => `${controller.name} for ${inWords(controller.oldestVisitMs())}`)
      return visits.length > 0 ? `at the same visit: ${visits.join(', ')}` : undefined
    },
  },
]

/** What must hold, or the process is of no use for now. One that stands by is: it could take over. */
export const readinessChecks = ({ caches }: Parts, lag: LoopLag, isStopping: () => boolean): Check[] => [
  {
    name: 'caches',
    problem() {
      const missing = Object.entries(caches).flatMap(([name, cache]) => (cache.hasSynced() ? [] : [name]))
      return missing.length > 0 ? `not filled yet: ${missing.join(', ')}` : undefined
    },
  },
  {
    name: 'api-server',
    problem() {
      const stale = Object.entries(caches).filter(([, cache]) => cache.staleMs() > staleMsMax)
      const silent = stale.map(([name, cache]) => `${name} for ${inWords(cache.staleMs())}`)
      return silent.length > 0 ? `not heard of ${silent.join(', ')}` : undefined
    },
  },
  {
    name: 'event-loop',
    problem() {
      const lagMs = lag.recentMaxMs()
      return lagMs > loopLagMsMax ? `stood still for ${Math.round(lagMs)} ms a moment ago` : undefined
    },
  },
  { name: 'shutdown', problem: () => (isStopping() ? 'the operator is stopping' : undefined) },
]

const inWords = (ms: number): string => durationInWords(Math.round(ms / second) * second)
