import { parseJson, type RecordedRequest, versionIn } from './request.ts'
import type { Answer } from './status.ts'

/** Query parameters that do not change which objects are asked for. */
const unselective = ['resourceVersion', 'resourceVersionMatch', 'limit', 'timeoutSeconds', 'pretty']

const kept = 20

/** The first answers to each list and get, to be served again later. */
export class ReadMemory {
  readonly #answers = new Map<string, { version: string; answer: Answer }[]>()

  remember(request: RecordedRequest, accept: string | undefined, answer: Answer): void {
    const body = parseJson(answer.body.toString())
    const version = versionIn(body)
    if (answer.status !== 200 || version === undefined || isPage(request, body)) return
    const question = questionOf(request, accept)
    const answers = this.#answers.get(question) ?? []
    if (answers.length < kept) answers.push({ version, answer })
    this.#answers.set(question, answers)
  }

  /** The oldest answer that an API server whose cache lags might give to this request. */
  oldest(request: RecordedRequest, accept: string | undefined): Answer | undefined {
    const answers = this.#answers.get(questionOf(request, accept)) ?? []
    return answers.find(({ version }) => mayAnswer(request, version))?.answer
  }

  clear(): void {
    this.#answers.clear()
  }
}

function questionOf({ group, resource, subresource, namespace, name, query }: RecordedRequest, accept = ''): string {
  const selective = Object.entries(query).filter(([key]) => !unselective.includes(key))
  return JSON.stringify([accept, group, resource, subresource, namespace, name, selective.sort()])
}

function isPage({ query }: RecordedRequest, body: unknown): boolean {
  const { metadata } = body as { metadata?: { continue?: string } }
  return query.continue !== undefined || Boolean(metadata?.continue)
}

/**
 * Whether a state of this version is an answer to the request: any state for version 0, one not older than any other
 * version, none where the newest or an exact version is asked for
 * (kubernetes.io/docs/reference/using-api/api-concepts#resource-versions).
 */
export function mayAnswer({ verb, query }: Pick<RecordedRequest, 'verb' | 'query'>, version: string): boolean {
  const { resourceVersion: asked, resourceVersionMatch: match, limit } = query
  if ((verb !== 'get' && verb !== 'list') || !asked || match === 'Exact') return false
  if (asked === '0') return true
  return (match === 'NotOlderThan' || limit === undefined) && BigInt(version) >= BigInt(asked)
}
