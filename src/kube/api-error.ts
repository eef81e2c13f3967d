import { z } from 'zod'
import { group as ourGroup } from '#api'
import { Failure, minute, type ObjectKey, plainText } from '#base'
import type { Resource } from './resource.ts'

/** One reason of a refusal, for example a field that validation rejected. */
export interface StatusCause {
  readonly reason: string
  readonly message: string
  readonly field: string
}

/** What a request was about; the words of its error message. */
export interface RequestSubject {
  /** `get`, `list`, `watch`, `create`, `patch`, `replace` or `delete`. */
  readonly verb: string
  readonly resource: Resource
  readonly key: Partial<ObjectKey>
}

const text = z.string().catch('')

const statusCause = z.object({ reason: text, message: text, field: text })

/** metav1.Status, as far as it is read. Every member may be missing: proxies in between answer as they like. */
const statusBody = z.object({
  code: z.number().catch(0),
  reason: text,
  message: text,
  details: z
    .object({ causes: z.array(statusCause).catch([]), retryAfterSeconds: z.number().catch(0) })
    .catch({ causes: [], retryAfterSeconds: 0 }),
})

const messageMax = 512
const causesMax = 20
/** A server that names a longer wait is asked again after this. */
const retryAfterMaxMs = 10 * minute

/** Whether a retry of the same request may succeed by itself. */
const heals = (status: number): boolean => status < 400 || status >= 500 || [401, 408, 409, 410, 429].includes(status)

/**
 * A request that the API server refused, or that got no answer. `reason` is `KubernetesUnavailable`, or
 * `KubernetesRefused` where the same request will be refused again.
 */
export class ApiError extends Failure {
  /** HTTP status code; 0 when there was no answer. */
  readonly status: number
  /** `reason` of the metav1.Status, for example `AlreadyExists`; empty when there is none. */
  readonly apiReason: string
  /** False: whether a write took effect is unknown. */
  readonly answered: boolean
  readonly causes: readonly StatusCause[]

  constructor(
    message: string,
    answer: {
      status: number
      apiReason?: string
      causes?: readonly StatusCause[]
      retryAfterMs?: number | undefined
      cause?: unknown
    },
  ) {
    super('Retryable', heals(answer.status) ? 'KubernetesUnavailable' : 'KubernetesRefused', message, {
      retryAfterMs: answer.retryAfterMs,
      cause: answer.cause,
    })
    this.name = 'ApiError'
    this.status = answer.status
    this.apiReason = answer.apiReason ?? ''
    this.answered = answer.status !== 0
    this.causes = answer.causes ?? []
  }
}

/**
 * The error of an answer that is not a success, or of an ERROR event.
 * @param status HTTP status code; 0 takes the code of the body
 * @param body parsed JSON, anything else when the answer was none
 * @param retryAfter the header of that name
 */
export function refused(subject: RequestSubject, status: number, body: unknown, retryAfter?: string): ApiError {
  const parsed = statusBody.safeParse(body)
  const said = parsed.success ? parsed.data : undefined
  const code = status || said?.code || 500
  const seconds = Number(retryAfter ?? said?.details.retryAfterSeconds)
  const message = said?.message ? plainText(said.message, messageMax) : withoutStatus(subject, code)
  return new ApiError(`cannot ${inWords(subject)}: ${message}`, {
    status: code,
    apiReason: said?.reason ? plainText(said.reason, 64) : '',
    causes: (said?.details.causes ?? []).slice(0, causesMax).map(cleanCause),
    retryAfterMs: seconds > 0 ? Math.min(seconds * 1000, retryAfterMaxMs) : undefined,
  })
}

/** An API server answers without a Status where it does not know the resource at all. */
function withoutStatus({ resource }: RequestSubject, code: number): string {
  if (code !== 404 || resource.group !== ourGroup)
    return `HTTP status ${code} without a Kubernetes Status in the answer`
  return 'the API server does not know it. Install the CustomResourceDefinitions: kubectl apply --server-side -f crds/'
}

/** The error of a request that got no, or not a whole, answer. */
export function unanswered(subject: RequestSubject, why: string, cause?: unknown): ApiError {
  return new ApiError(`cannot ${inWords(subject)}: ${plainText(why, messageMax)}`, { status: 0, cause })
}

/** `patch secrets shop/tls`: verb, resource, namespace and name. */
function inWords({ verb, resource, key }: RequestSubject): string {
  const at = [key.namespace, key.name].filter((part) => part).join('/')
  const plural = resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`
  return `${verb} ${plural}${at ? ` ${at}` : ''}`
}

const cleanCause = (cause: StatusCause): StatusCause => ({
  reason: plainText(cause.reason, 64),
  message: plainText(cause.message),
  field: plainText(cause.field),
})

const hasStatus = (error: unknown, status: number): error is ApiError =>
  error instanceof ApiError && error.status === status

export const isNotFound = (error: unknown): error is ApiError => hasStatus(error, 404)

/** There is no right to it. */
export const isForbidden = (error: unknown): error is ApiError => hasStatus(error, 403)

/** What a request for one object finds; undefined when there is no such object. */
export const ifFound = <T>(request: Promise<T>): Promise<T | undefined> =>
  request.catch((error: unknown) => {
    if (isNotFound(error)) return undefined
    throw error
  })

/** The name is taken. */
export const isAlreadyExists = (error: unknown): error is ApiError =>
  hasStatus(error, 409) && error.apiReason === 'AlreadyExists'

/**
 * A precondition did not hold: the object has changed since it was read, or is another one. A patch with the uid of
 * another object is refused as Invalid, since it would change a field that cannot change.
 */
export const isConflict = (error: unknown): error is ApiError =>
  (hasStatus(error, 409) && !isAlreadyExists(error)) ||
  (hasStatus(error, 422) && error.causes.some(({ field }) => field === 'metadata.uid'))

/** The resource version or continue token is too old: take a fresh list. */
export const isExpired = (error: unknown): error is ApiError =>
  hasStatus(error, 410) || (error instanceof ApiError && error.apiReason === 'Expired')
