import { inspect } from 'node:util'

const shown = '[redacted]'

/** Holds a key, a token or a password. It cannot be printed by accident: only `expose()` gives the value away. */
export class Sensitive<T> {
  readonly #value: T

  constructor(value: T) {
    this.#value = value
  }

  /** The value itself. Each call is a place to look at in a review. */
  expose(): T {
    return this.#value
  }

  toString(): string {
    return shown
  }

  toJSON(): string {
    return shown
  }

  [inspect.custom](): string {
    return shown
  }
}
