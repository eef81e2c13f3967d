const newline = 0x0a

/**
 * Cuts a byte stream into lines of UTF-8. A newline byte is never part of a longer character, so a line is decoded only
 * when it is whole.
 */
export class LineSplitter {
  readonly #maxBytes: number
  #parts: Buffer[] = []
  #held = 0

  /** @param maxBytes length of the longest line that is accepted */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes
  }

  /**
   * The lines that `chunk` completes, without empty ones.
   * @throws RangeError when a line is longer than the limit
   */
  *push(chunk: Buffer): Generator<string> {
    let start = 0
    for (let end = chunk.indexOf(newline); end >= 0; end = chunk.indexOf(newline, start)) {
      this.#hold(chunk.subarray(start, end))
      start = end + 1
      const line = this.#take()
      if (line !== '') yield line
    }
    this.#hold(chunk.subarray(start))
  }

  #hold(part: Buffer): void {
    if (part.length === 0) return
    this.#held += part.length
    if (this.#held > this.#maxBytes) throw new RangeError(`a line is longer than ${this.#maxBytes} bytes`)
    this.#parts.push(part)
  }

  #take(): string {
    const [only] = this.#parts
    const line = this.#parts.length > 1 ? Buffer.concat(this.#parts, this.#held) : only
    this.#parts = []
    this.#held = 0
    return line?.toString('utf8') ?? ''
  }
}
