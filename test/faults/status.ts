import type { Verb } from './request.ts'

/** An answer of the API server, whole. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly body: Buffer
}

export interface StatusOptions {
  /** Seconds, for the Retry-After header and the Status' details. */
  readonly retryAfter?: number
  /** A metav1.StatusReason; by default the one that the API server gives with this code. */
  readonly reason?: string
  readonly message?: string
}

const reasons: Readonly<Record<number, string>> = {
  400: 'BadRequest',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  413: 'RequestEntityTooLarge',
  422: 'Invalid',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
  504: 'Timeout',
}

/** A metav1.Status of a failed request (k8s.io/apimachinery, meta/v1/types.go). */
export function failureStatus(code: number, verb: Verb, options: StatusOptions = {}): object {
  const usual = code === 409 && verb === 'create' ? 'AlreadyExists' : (reasons[code] ?? 'Unknown')
  return {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: options.message ?? `the fault proxy answers ${code}`,
    reason: options.reason ?? usual,
    ...(options.retryAfter === undefined ? {} : { details: { retryAfterSeconds: options.retryAfter } }),
    code,
  }
}

/** The answer that carries such a Status. */
export function failureAnswer(code: number, verb: Verb, options: StatusOptions = {}): Answer {
  return {
    status: code,
    headers: {
      'content-type': 'application/json',
      ...(options.retryAfter === undefined ? {} : { 'retry-after': String(options.retryAfter) }),
    },
    body: Buffer.from(JSON.stringify(failureStatus(code, verb, options))),
  }
}
