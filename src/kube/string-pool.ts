/**
 * Lets equal strings share their room. Parsed JSON has a string of its own for every value, and objects of one kind say
 * mostly the same: versions, kinds, times, reasons, messages.
 */
export class StringPool {
  readonly #max: number
  readonly #strings = new Map<string, string>()

  /** @param max strings that are remembered; then it starts over, so that what is never said again does not stay */
  constructor(max = 2000) {
    this.#max = max
  }

  /** Puts a string of the pool in place of each equal one in `value`, which is plain JSON and the caller's alone. */
  share<T>(value: T): T {
    if (typeof value === 'string') return this.#shared(value) as T
    if (typeof value !== 'object' || value === null) return value
    const fields = value as Record<string, unknown>
    for (const name of Object.keys(fields)) fields[name] = this.share(fields[name])
    return value
  }

  #shared(text: string): string {
    const known = this.#strings.get(text)
    if (known !== undefined) return known
    if (this.#strings.size >= this.#max) this.#strings.clear()
    this.#strings.set(text, text)
    return text
  }
}
