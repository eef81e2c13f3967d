import type { Dispatcher } from 'undici'
import { type Clock, type Logger, sleep } from '#base'
import { ApiError, type RequestSubject, refused, unanswered } from './api-error.ts'
import type { Connection } from './connection.ts'
import { type Deadline, startDeadline } from './deadline.ts'
import { LineSplitter } from './lines.ts'
import { type Lane, Pools, sameTls } from './pools.ts'
import { retryDelayMs } from './retry.ts'

export interface HttpRequest {
  readonly subject: RequestSubject
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** With the query. */
  readonly path: string
  readonly accept: string
  readonly contentType?: string | undefined
  readonly body?: string | undefined
  readonly lane: Lane
  /** For the whole call; of a stream: between two pieces of it. */
  readonly timeoutMs: number
  /** Length of the longest answer that is accepted, or of the longest line of a stream. */
  readonly maxBytes: number
  readonly signal?: AbortSignal | undefined
}

export interface TransportOptions {
  readonly connection: Connection
  readonly userAgent: string
  readonly clock: Clock
  readonly logger: Logger
  readonly random: () => number
  /** Told of every answer and how long it took to begin, and of status 0 when there was none. */
  readonly onAnswer?:
    | ((subject: RequestSubject, status: number, durationMs: number, date: string | undefined) => void)
    | undefined
}

type Response = Dispatcher.ResponseData

/** Sends requests over few connections, with the newest credentials, and decides on retries. */
export class Transport {
  readonly #options: TransportOptions
  /** Path under which the server is reached, as with Rancher's proxy; empty as a rule. */
  readonly #prefix: string
  #pools: Pools | undefined
  /** Replaced ones whose last requests are still under way. */
  readonly #retired = new Set<Pools>()
  #closed = false

  constructor(options: TransportOptions) {
    this.#options = options
    this.#prefix = options.connection.server.pathname.replace(/\/$/, '')
  }

  /** The parsed JSON of a successful answer. @throws ApiError */
  async send(request: HttpRequest): Promise<unknown> {
    const { clock, random } = this.#options
    const deadline = startDeadline(clock, request.timeoutMs, request.signal)
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await this.#authorized(() => this.#exchange(request, deadline))
        } catch (error) {
          const isRead = request.method === 'GET'
          const delayMs = error instanceof ApiError ? retryDelayMs({ isRead, attempt }, error, random) : undefined
          if (delayMs === undefined || this.#closed) throw error
          await sleep(clock, delayMs, deadline.signal)
          if (deadline.signal.aborted) throw error
        }
      }
    } finally {
      deadline.end()
    }
  }

  /** Hands over each line of the answer; resolves when the server ends it. Nothing is retried. @throws ApiError */
  async stream(request: HttpRequest, onLine: (line: string) => void): Promise<void> {
    const deadline = startDeadline(this.#options.clock, request.timeoutMs, request.signal)
    try {
      const response = await this.#authorized(() => this.#open(request, deadline))
      const lines = new LineSplitter(request.maxBytes)
      for await (const chunk of pieces(request.subject, response)) {
        deadline.touch()
        for (const line of lines.push(chunk)) {
          if (deadline.signal.aborted) throw unanswered(request.subject, 'the watch was cancelled')
          onLine(line)
        }
      }
    } finally {
      deadline.end()
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    const open = [...this.#retired, ...(this.#pools ? [this.#pools] : [])]
    await Promise.allSettled(open.map((pools) => pools.shutDown()))
  }

  /** Credentials may have been replaced a moment ago: a 401 is tried once more with what is there now. */
  async #authorized<T>(attempt: () => Promise<T>): Promise<T> {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 401)) throw error
      this.#options.connection.expire()
      return attempt()
    }
  }

  async #exchange(request: HttpRequest, deadline: Deadline): Promise<unknown> {
    const response = await this.#open(request, deadline)
    const json = jsonOf(await readAll(request, response))
    if (json !== undefined) return json
    throw unanswered(request.subject, 'the answer is not JSON; is this address a Kubernetes API server?')
  }

  /** A successful answer, its body not yet read. */
  async #open(request: HttpRequest, deadline: Deadline): Promise<Response> {
    const { connection, userAgent, clock, onAnswer } = this.#options
    const [pools, token] = await Promise.all([this.#currentPools(), connection.token()])
    const headers = {
      accept: request.accept,
      'user-agent': userAgent,
      ...(token && { authorization: `Bearer ${token.expose()}` }),
      ...(request.contentType !== undefined && { 'content-type': request.contentType }),
    }
    const startedMs = clock.monotonicMs()
    const answered = (status: number, date?: string): void =>
      onAnswer?.(request.subject, status, clock.monotonicMs() - startedMs, date)
    const response = await pools
      .lane(request.lane)
      .request({
        method: request.method,
        path: this.#prefix + request.path,
        headers,
        body: request.body ?? null,
        signal: deadline.signal,
      })
      .catch((error: unknown) => {
        answered(0)
        throw noAnswer(request.subject, connection.server, error)
      })
    answered(response.statusCode, first(response.headers.date))
    if (response.statusCode < 300) return response
    const status = jsonOf(await readAll(request, response))
    throw refused(request.subject, response.statusCode, status, first(response.headers['retry-after']))
  }

  async #currentPools(): Promise<Pools> {
    const { connection, logger } = this.#options
    const tls = await connection.tls()
    const current = this.#pools
    if (current && sameTls(current.tls, tls)) return current
    const fresh = new Pools(connection, tls)
    this.#pools = fresh
    if (current) {
      logger.info({ server: connection.server.origin }, 'certificates of the API connection changed, reconnecting')
      this.#retire(current)
    }
    return fresh
  }

  #retire(pools: Pools): void {
    this.#retired.add(pools)
    const forget = (): boolean => this.#retired.delete(pools)
    pools.close().then(forget, forget)
  }
}

async function* pieces(subject: RequestSubject, response: Response): AsyncGenerator<Buffer> {
  const body: AsyncIterable<Buffer> = response.body
  try {
    for await (const chunk of body) yield chunk
  } catch (error) {
    throw unanswered(subject, `the answer broke off: ${reasonOf(error)}`, error)
  }
}

async function readAll(request: HttpRequest, response: Response): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of pieces(request.subject, response)) {
    chunks.push(chunk)
    size += chunk.length
    if (size > request.maxBytes) {
      throw new ApiError(`the answer to ${request.subject.verb} is larger than ${request.maxBytes} bytes`, {
        status: response.statusCode,
      })
    }
  }
  return Buffer.concat(chunks, size).toString('utf8')
}

/** undefined when the text is not JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const first = (header: string | string[] | undefined): string | undefined =>
  Array.isArray(header) ? header[0] : header

const noAnswer = (subject: RequestSubject, server: URL, error: unknown): ApiError =>
  unanswered(subject, `no answer from ${server.origin}: ${reasonOf(error)}`, error)

/** Node reports several failed addresses as an AggregateError without a message. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join(', ')
  return error instanceof Error ? error.message : String(error)
}
