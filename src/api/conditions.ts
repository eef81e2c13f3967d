import { z } from 'zod'
import { type Instant, toRfc3339 } from '#base'
import { listMapOf } from './schema.ts'

/** A time as RFC 3339 text. Kept a string: a column of type date shows a time to come as <invalid>. */
export const timestamp = z.string().max(64)

/** The same bounds as metav1.Condition. */
const condition = z.object({
  type: z.string().min(1).max(316).describe('What the condition is about.'),
  status: z.enum(['True', 'False', 'Unknown']).describe('Whether it holds.'),
  observedGeneration: z.int().min(0).optional().describe('Generation of the object that this was said of.'),
  lastTransitionTime: z.iso.datetime().describe('When the status last changed.'),
  reason: z.string().min(1).max(1024).describe('One word for the cause, for programs.'),
  message: z.string().max(32768).describe('The cause and what to do, for people.'),
})

export const conditions = listMapOf(condition, 'type', 16)

export type Condition = z.infer<typeof condition>
export type ConditionStatus = Condition['status']

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
