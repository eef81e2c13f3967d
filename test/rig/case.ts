import { type Fault, faultsOf } from './fault.ts'
import type { Workload } from './workload.ts'

/** One fault at one write of a workload. */
export interface Case {
  readonly workload: Workload
  /** One of the workload's writes. */
  readonly point: string
  readonly fault: Fault
}

/** Every fault at every write that is struck. */
export const casesOf = (workload: Workload): Case[] =>
  (workload.struck ?? workload.writes).flatMap((point) => faultsOf(point).map((fault) => ({ workload, point, fault })))

/** So many, chosen by `random`, which gives numbers from 0 to 1. */
export function sample<T>(all: readonly T[], size: number, random: () => number): T[] {
  return all
    .map((one) => ({ one, at: random() }))
    .sort((a, b) => a.at - b.at)
    .slice(0, size)
    .map(({ one }) => one)
}
