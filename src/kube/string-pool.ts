/** Longer strings are seldom said twice, and what the pool keeps outlives the objects. */
const lengthMax = 256
const depthMax = 32

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

  /**
   * Puts a string of the pool in place of each equal one in `value`, which is plain JSON and the caller's alone. What
   * lies deeper than objects of ours do is left as it is.
   */
  share<T>(value: T, depth = 0): T {
    if (typeof value === 'string') return this.#shared(value) as T
    if (typeof value !== 'object' || value === null || depth > depthMax) return value
    const fields = value as Record<string, unknown>
    for (const name of Object.keys(fields)) fields[name] = this.share(fields[name], depth + 1)
    return value
  }

  #shared(text: string): string {
    if (text.length > lengthMax) return text
    const known = this.#strings.get(text)
    if (known !== undefined) return known
    if (this.#strings.size >= this.#max) this.#strings.clear()
    this.#strings.set(text, text)
    return text
  }
}
