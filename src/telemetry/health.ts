import { classify } from '#base'
import type { HttpAnswer } from '#publish'

/** One thing that must hold. */
export interface Check {
  /** One word. */
  readonly name: string
  /** What stands in its way; undefined: nothing. */
  readonly problem: () => string | undefined
}

/**
 * The state of all checks, in the words of Kubernetes' own endpoints: 200 and `ok`, or 503 and a line for each check. A
 * check that cannot be made has failed.
 * @param isVerbose a line for each check also when all hold
 */
export function health(endpoint: string, checks: readonly Check[], isVerbose: boolean): HttpAnswer {
  const found = checks.map(({ name, problem }) => ({ name, problem: outcomeOf(problem) }))
  const lines = found.map(({ name, problem }) =>
    problem === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${problem}\n`,
  )
  if (found.some(({ problem }) => problem !== undefined)) {
    return { status: 503, body: `${lines.join('')}${endpoint} check failed\n` }
  }
  return { status: 200, body: isVerbose ? `${lines.join('')}${endpoint} check passed\n` : 'ok\n' }
}

function outcomeOf(problem: Check['problem']): string | undefined {
  try {
    return problem()
  } catch (error) {
    return classify(error).message
  }
}
