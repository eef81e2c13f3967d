import { isWrite, type RecordedRequest } from './request.ts'

type Predicate = (requests: readonly RecordedRequest[]) => boolean

/** Every request since the last reset, in order of arrival. */
export class Journal {
  readonly #requests: RecordedRequest[] = []
  readonly #waiting = new Set<() => void>()

  get requests(): readonly RecordedRequest[] {
    return this.#requests
  }

  add(request: RecordedRequest): void {
    this.#requests.push(request)
    this.changed()
  }

  /** Something in a record has changed. */
  changed(): void {
    for (const look of this.#waiting) look()
  }

  writes({ exclude = [] }: { exclude?: readonly string[] } = {}): RecordedRequest[] {
    return this.#requests.filter((request) => isWrite(request) && !exclude.includes(request.resource))
  }

  reset(): void {
    this.#requests.length = 0
  }

  /**
   * Returns when the predicate holds.
   * @throws Error that lists the last requests, when it does not hold within `timeoutMs`
   */
  waitFor(predicate: Predicate, timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (settle: () => void): void => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        settle()
      }
      const look = (): void => {
        try {
          if (predicate(this.#requests)) end(resolve)
        } catch (error) {
          end(() => reject(error))
        }
      }
      const timer = setTimeout(() => end(() => reject(this.#tooLate(timeoutMs))), timeoutMs)
      this.#waiting.add(look)
      look()
    })
  }

  #tooLate(timeoutMs: number): Error {
    const last = this.#requests.slice(-10).map(({ seq, verb, resource, namespace, name, status, fault }) => {
      return `  ${seq} ${verb} ${resource} ${namespace}/${name} ${status ?? 'unanswered'} ${fault ?? ''}`.trimEnd()
    })
    return new Error(`not within ${timeoutMs} ms; the last of ${this.#requests.length} requests:\n${last.join('\n')}`)
  }
}
