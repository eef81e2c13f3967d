import { type Instant, toRfc3339 } from '#base'
import type { Condition } from './common.ts'

/** A condition before it is known when its status changed. */
export type NewCondition = Omit<Condition, 'lastTransitionTime'>

/**
 * The list that results from saying `wanted` of an object: those stay or come, all others of `managed` go, and what
 * somebody else has set is left alone. A transition time moves only when a status changes.
 */
export function withConditions(
  before: readonly Condition[] | undefined,
  managed: readonly string[],
  wanted: readonly NewCondition[],
  now: Instant,
): Condition[] {
  const earlier = new Map((before ?? []).map((condition) => [condition.type, condition]))
  const said = wanted.map((condition): Condition => {
    const old = earlier.get(condition.type)
    const lastTransitionTime = old?.status === condition.status ? old.lastTransitionTime : toRfc3339(now)
    return { ...condition, lastTransitionTime }
  })
  const foreign = (before ?? []).filter((condition) => !managed.includes(condition.type))
  return [...said, ...foreign]
}

/** Whether the condition of that type is True. */
export function isTrue(conditions: readonly Condition[] | undefined, type: string): boolean {
  return conditions?.some((condition) => condition.type === type && condition.status === 'True') ?? false
}

/** The condition of that type. */
export function findCondition(conditions: readonly Condition[] | undefined, type: string): Condition | undefined {
  return conditions?.find((condition) => condition.type === type)
}
