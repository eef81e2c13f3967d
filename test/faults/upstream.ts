import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher, Pool } from 'undici'
import { type ClusterAccess, openPool } from './kubeconfig.ts'
import type { Answer } from './status.ts'

/** A request as the operator sent it. */
export interface Message {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** The API server did not answer; the operator sees its connection break. */
export class UpstreamError extends Error {}

/** Headers of one connection and not of the message (RFC 9110 section 7.6.1), and those that undici and node set. */
const ownToConnection: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'expect',
  'host',
  'content-length',
])

/** The API server behind the proxy. */
export class Upstream {
  readonly #pool: Pool
  readonly #dropped: ReadonlySet<string>

  constructor(access: ClusterAccess) {
    this.#pool = openPool(access)
    // A compressed answer could not be read. Beside a client certificate the token is a mere placeholder.
    const replaced = access.cert === undefined ? ['accept-encoding'] : ['accept-encoding', 'authorization']
    this.#dropped = ownToConnection.union(new Set(replaced))
  }

  /**
   * Sends the request and returns the answer once its headers are there.
   * @throws UpstreamError
   */
  async send({ method, url, headers, body }: Message): Promise<Dispatcher.ResponseData> {
    try {
      return await this.#pool.request({
        method: method as Dispatcher.HttpMethod,
        path: url,
        headers: without(headers, this.#dropped),
        ...(body.length > 0 ? { body } : {}),
      })
    } catch (error) {
      throw new UpstreamError('the API server did not answer', { cause: error })
    }
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }
}

/** The headers of an answer that are for the operator. */
export const messageHeaders = (headers: IncomingHttpHeaders): Answer['headers'] => without(headers, ownToConnection)

/**
 * Reads an answer to its end.
 * @throws UpstreamError
 */
export async function wholeAnswer(response: Dispatcher.ResponseData): Promise<Answer> {
  try {
    const body = Buffer.from(await response.body.arrayBuffer())
    return { status: response.statusCode, headers: messageHeaders(response.headers), body }
  } catch (error) {
    throw new UpstreamError('the answer of the API server broke off', { cause: error })
  }
}

function without(headers: IncomingHttpHeaders, dropped: ReadonlySet<string>): Record<string, string | string[]> {
  const kept: Record<string, string | string[]> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !dropped.has(name)) kept[name] = value
  }
  return kept
}
