import { readFileSync } from 'node:fs'
import { Agent, request } from 'undici'
import { parse } from 'yaml'
import { apiVersion } from '#api'

/** What the API server answers: an object, or a Status that says why not. */
export interface ApiAnswer {
  readonly status: number
  readonly body: {
    readonly message?: string
    readonly details?: { readonly causes?: readonly { readonly field?: string; readonly message?: string }[] }
    readonly metadata?: Readonly<Record<string, unknown>>
    readonly spec?: unknown
    readonly status?: unknown
    readonly columnDefinitions?: readonly { readonly name: string; readonly priority: number }[]
    readonly rows?: readonly { readonly cells: readonly unknown[] }[]
  }
}

/** Speaks to an API server with the rights of a kubeconfig, and no further help: tests see the answers as they are. */
export class ApiClient {
  readonly #server: string
  readonly #agent: Agent

  constructor(kubeconfig: string) {
    const { clusters, users } = parse(readFileSync(kubeconfig, 'utf8'))
    const decode = (base64: string): string => Buffer.from(base64, 'base64').toString()
    this.#server = clusters[0].cluster.server
    this.#agent = new Agent({
      connect: {
        ca: decode(clusters[0].cluster['certificate-authority-data']),
        cert: decode(users[0].user['client-certificate-data']),
        key: decode(users[0].user['client-key-data']),
      },
    })
  }

  async send(method: 'GET' | 'POST' | 'PUT', path: string, object?: object, accept = '*/*'): Promise<ApiAnswer> {
    const { statusCode, body } = await request(this.#server + path, {
      method,
      dispatcher: this.#agent,
      headers: { accept, 'content-type': 'application/json' },
      body: object === undefined ? null : JSON.stringify(object),
    })
    return { status: statusCode, body: (await body.json()) as ApiAnswer['body'] }
  }

  close(): Promise<void> {
    return this.#agent.close()
  }
}

/** Path of the objects of a kind in a namespace. */
export const pathOf = (plural: string, namespace: string): string =>
  `/apis/${apiVersion}/namespaces/${namespace}/${plural}`

/**
 * What the API server objects to, one entry per error: `spec.dnsNames[0]: Invalid value: ...`. Its remark that an
 * invalid object was not checked further is left out.
 */
export function errorsOf({ status, body }: ApiAnswer): string[] {
  if (status < 300) return []
  const { causes } = body.details ?? {}
  if (!causes) return [body.message ?? '']
  return causes.filter(({ field }) => field !== '<nil>').map(({ field, message }) => `${field}: ${message}`)
}
