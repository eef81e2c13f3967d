import { type Action, respond } from './actions.ts'
import type { RecordedRequest, Verb } from './request.ts'

/** Which requests a rule is about: those that have every value given here. */
export interface When {
  readonly verb?: Verb | readonly Verb[]
  readonly group?: string
  readonly resource?: string
  /** '' means the object itself and none of its subresources. */
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  readonly who?: string
  /** The first request to act on, counted from 1 over those that match since the rule was added. */
  readonly nth?: number
  /** `body` is the request's JSON, or undefined. */
  readonly test?: (request: RecordedRequest, body: unknown) => boolean
}

/** What to do to which requests. */
export interface Rule {
  readonly when: When
  /** How many requests it acts on before it is used up; 1 unless told. */
  readonly times?: number
  readonly do: Action
}

/** Refuses watches that ask for initial events, as an API server without WatchList does: clients list instead. */
export const refuseWatchList = (code: 400 | 422 = 422): Rule => ({
  when: { verb: 'watch', test: ({ query }) => query.sendInitialEvents !== undefined },
  times: Number.POSITIVE_INFINITY,
  do: respond(code, {
    message: 'sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless WatchList is enabled',
  }),
})

const fields = ['group', 'resource', 'subresource', 'namespace', 'name', 'who'] as const

/** Whether a request has every value that `when` gives; `nth` is for the caller to count. */
export function matches(when: When, request: RecordedRequest, body?: unknown): boolean {
  const verbs = when.verb === undefined ? [request.verb] : [when.verb].flat()
  return (
    verbs.includes(request.verb) &&
    fields.every((field) => when[field] === undefined || when[field] === request[field]) &&
    (when.test?.(request, body) ?? true)
  )
}

/** The rules in force. Every rule counts every request that matches it; the first one that is due acts. */
export class Rules {
  #counts = new Map<Rule, { seen: number; applied: number }>()

  add(rule: Rule): void {
    this.#counts.set(rule, { seen: 0, applied: 0 })
  }

  remove(rule: Rule): void {
    this.#counts.delete(rule)
  }

  clear(): void {
    this.#counts.clear()
  }

  /** The action for a request that has just come. */
  take(request: RecordedRequest, body: unknown): Action | undefined {
    const due = [...this.#counts.keys()].filter((rule) => this.#isDue(rule, request, body))
    return due[0] && this.#apply(due[0])
  }

  /** The action of one rule for a watch that was open before the rule was added: it counts as if it came now. */
  takeFor(rule: Rule, request: RecordedRequest): Action | undefined {
    return this.#isDue(rule, request, undefined) ? this.#apply(rule) : undefined
  }

  #isDue(rule: Rule, request: RecordedRequest, body: unknown): boolean {
    const count = this.#counts.get(rule)
    const able = rule.do.handle !== undefined || request.verb === 'watch'
    if (!count || !able || !matches(rule.when, request, body)) return false
    count.seen += 1
    return count.seen >= (rule.when.nth ?? 1) && count.applied < (rule.times ?? 1)
  }

  #apply(rule: Rule): Action {
    const count = this.#counts.get(rule)
    if (count) count.applied += 1
    return rule.do
  }
}
