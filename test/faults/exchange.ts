import type { ServerResponse } from 'node:http'
import { finished } from 'node:stream/promises'
import type { ReadMemory } from './read-memory.ts'
import { nameIn, parseJson, type RecordedRequest, versionIn } from './request.ts'
import type { Answer } from './status.ts'
import { type Message, messageHeaders, type Upstream, wholeAnswer } from './upstream.ts'
import { WatchStream } from './watch-stream.ts'

/** The connections of one operator. */
export interface Connections {
  /** Runs `work` while every request that comes in the meantime waits. */
  alone(work: () => Promise<void>): Promise<void>
  /** Breaks them all; requests that wait are never forwarded. */
  breakAll(): void
}

interface Parts {
  readonly request: RecordedRequest
  readonly message: Message
  readonly client: ServerResponse
  readonly connections: Connections
  readonly upstream: Upstream
  readonly memory: ReadMemory
  /** Called when the record has changed. */
  readonly changed: () => void
  /** Called when a watch has opened, before its first frame. */
  readonly opened: (watch: WatchStream) => void
}

/** One request between its arrival and the end of its answer: what an action may do with it. */
export class Exchange {
  readonly request: RecordedRequest
  readonly connections: Connections
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.request = parts.request
    this.connections = parts.connections
    this.#parts = parts
  }

  /**
   * Lets the request and its answer through.
   * @throws UpstreamError when the API server does not answer
   */
  async pass(): Promise<void> {
    await (this.request.verb === 'watch' ? this.#stream() : this.reply(await this.forward()))
  }

  /**
   * Sends the request to the API server and waits for the whole answer, of which the operator sees nothing yet.
   * @throws UpstreamError when the API server does not answer
   */
  async forward(): Promise<Answer> {
    const { request, message, memory, upstream } = this.#parts
    if (request.verb === 'watch') throw new Error('a watch has no whole answer: this action is not for watches')
    const answer = await wholeAnswer(await upstream.send(message))
    const body = parseJson(answer.body.toString())
    request.forwarded += 1
    request.responseVersion = versionIn(body)
    if (request.verb === 'create') request.name ||= nameIn(body)
    memory.remember(request, message.headers.accept, answer)
    this.#note(answer.status)
    return answer
  }

  /** Answers, and returns when the answer has left. */
  async reply(answer: Answer): Promise<void> {
    const { client } = this.#parts
    this.#note(answer.status)
    if (client.destroyed) return
    client.writeHead(answer.status, { ...answer.headers, 'content-length': answer.body.length })
    client.end(answer.body)
    await finished(client).catch(() => {})
  }

  /** An earlier answer that the API server might still give, if there is one. */
  earlier(): Answer | undefined {
    return this.#parts.memory.oldest(this.request, this.#parts.message.headers.accept)
  }

  /** Closes the connection without a word. */
  hangUp(): void {
    this.#parts.client.destroy()
  }

  async #stream(): Promise<void> {
    const { request, message, client, upstream, opened } = this.#parts
    const response = await upstream.send(message)
    request.forwarded += 1
    if (response.statusCode !== 200) return this.reply(await wholeAnswer(response))
    client.writeHead(200, messageHeaders(response.headers))
    client.flushHeaders()
    const watch = new WatchStream(request, client)
    opened(watch)
    this.#note(200)
    response.body.on('data', (chunk: Buffer) => watch.take(chunk))
    response.body.on('end', () => watch.end())
    response.body.on('error', () => client.destroy())
    await finished(client).catch(() => {})
    response.body.destroy()
  }

  #note(status: number): void {
    this.request.status = status
    this.#parts.changed()
  }
}
