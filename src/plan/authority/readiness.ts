import { type Authority, findCondition, isTrue } from '#api'

/**
 * Why an Authority cannot sign now; undefined when it can. Its status may be late: a CA key that the spec trusts no
 * longer signs nothing more.
 */
export function whyNotReady({ spec, status }: Authority): string | undefined {
  const { conditions, ca } = status ?? {}
  if (!isTrue(conditions, 'Ready')) return findCondition(conditions, 'Ready')?.message ?? 'it is new'
  const isDistrusted = ca !== undefined && spec.internal?.distrustedGenerations?.includes(ca.generation) === true
  return isDistrusted ? `generation ${ca.generation} of its CA is trusted no longer` : undefined
}
