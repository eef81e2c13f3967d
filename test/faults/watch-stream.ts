import type { ServerResponse } from 'node:http'
import type { RecordedRequest } from './request.ts'
import { failureStatus } from './status.ts'

export interface TruncateOptions {
  /** Wait for a frame with a character of several bytes, and cut inside of that character. */
  readonly insideCharacter?: boolean
  /** End the HTTP message in order, as a server does, instead of only closing the connection. */
  readonly clean?: boolean
}

/** An open watch on its way to the operator: frames go through one by one, each a line of JSON. */
export class WatchStream {
  readonly request: RecordedRequest
  readonly #client: ServerResponse
  #rest = Buffer.alloc(0)
  #held: Buffer[] = []
  #frozen = false
  #ended = false
  #closed = false
  #truncation: TruncateOptions | undefined

  constructor(request: RecordedRequest, client: ServerResponse) {
    this.request = request
    this.#client = client
  }

  /** Takes bytes from the API server. */
  take(chunk: Buffer): void {
    let bytes = Buffer.concat([this.#rest, chunk])
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10)) {
      this.#held.push(bytes.subarray(0, end + 1))
      bytes = bytes.subarray(end + 1)
    }
    this.#rest = bytes
    this.#flow()
  }

  /** The API server has ended the watch; a frozen one ends when it thaws. */
  end(): void {
    this.#ended = true
    this.#flow()
  }

  freeze(): void {
    this.#frozen = true
  }

  thaw(): void {
    this.#frozen = false
    this.#flow()
  }

  /** Cuts the next frame that it can cut, and closes. */
  truncate(options: TruncateOptions): void {
    this.#truncation = options
  }

  /** Sends the event that says the watch's resourceVersion is too old, and ends. What is held is lost. */
  expire(): void {
    if (this.#closed) return
    const message = 'too old resource version: 1 (2)'
    const event = { type: 'ERROR', object: failureStatus(410, 'watch', { message }) }
    this.#client.write(`${JSON.stringify(event)}\n`)
    this.close()
  }

  /** Ends in order, as the API server does when a watch has lasted long enough. What is held is lost. */
  close(): void {
    this.#closed = true
    this.#client.end()
  }

  #flow(): void {
    while (!this.#frozen && !this.#closed) {
      const frame = this.#held.shift()
      if (!frame) break
      const cut = this.#truncation && cutPoint(frame, this.#truncation.insideCharacter ?? false)
      if (cut === undefined) this.#client.write(frame)
      else this.#cut(frame.subarray(0, cut))
    }
    if (this.#ended && !this.#frozen && !this.#closed) this.close()
  }

  #cut(part: Buffer): void {
    this.#closed = true
    if (this.#truncation?.clean) this.#client.end(part)
    else this.#client.write(part, () => this.#client.destroy())
  }
}

/** Where to cut a frame: at its half, or before the second byte of a character; undefined when all are single bytes. */
export function cutPoint(frame: Buffer, insideCharacter: boolean): number | undefined {
  if (!insideCharacter) return Math.floor(frame.length / 2)
  const second = frame.findIndex((byte) => (byte & 0b1100_0000) === 0b1000_0000)
  return second < 0 ? undefined : second
}
