import type { ConditionStatus, NewCondition, Reason } from '#api'
import { plainText } from '#base'

/** A message may quote names, patterns and foreign errors; a longer one helps nobody, and the API server refuses it. */
const messageMax = 2048

/** Characters of a distinguished name in a status: one can be longer, as an attribute may have many values. */
export const nameMax = 1024

/** Why a condition is what it is. */
export interface Cause {
  readonly reason: string
  readonly message: string
}

/** Why something is done or is worth a look, in our own words. */
export interface Finding extends Cause {
  readonly reason: Reason
}

/** What is said of an object, in a form that the API server takes and a terminal can show. */
export function condition(
  type: string,
  status: ConditionStatus,
  { reason, message }: Cause,
  observedGeneration: number,
): NewCondition {
  return { type, status, reason, message: plainText(message, messageMax), observedGeneration }
}
