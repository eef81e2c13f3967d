import { isFailure } from '#base'
import { PkiError } from '#pki'
import type { Form } from './mutate.ts'
import type { Specimens } from './specimens.ts'

/** One row of the table: something that reads what others have written. */
export interface Parser {
  readonly name: string
  /** The functions of the doors that it goes through. */
  readonly reads: readonly string[]
  readonly form: Form
  /** Words of its language, that an input may have anywhere. */
  readonly words?: readonly string[]
  /** What it accepts. */
  readonly specimens: (made: Specimens) => readonly (Buffer | string)[]
  /** How it refuses, as its documentation says. */
  readonly refusal: keyof typeof refusals
  /** How many inputs it gets, as a part of the usual number: fewer where one takes long. Default 1. */
  readonly share?: number
  readonly open: (made: Specimens) => Reader | Promise<Reader>
}

export interface Reader {
  /**
   * Reads one input, and holds what comes out against what must be true of it.
   * @throws what the parser throws, and an AssertionError when what comes out is wrong
   */
  read(input: Buffer): unknown
  close?(): Promise<void>
}

/** Whether an error is one that the documentation of a parser names. */
export const refusals = {
  PkiError: (error: unknown): boolean => error instanceof PkiError,
  Failure: isFailure,
  RangeError: (error: unknown): boolean => error instanceof RangeError,
  none: (): boolean => false,
} as const

/** What reads octets. */
export const octetReader = (read: (octets: Buffer) => unknown) => (): Reader => ({ read })

/** What reads text. */
export const textReader = (read: (text: string) => unknown) => (): Reader => ({ read: (input) => read(String(input)) })

/** What reads parsed JSON: other inputs are none of its. */
export const jsonReader = (read: (value: never) => unknown) => (): Reader => ({
  read(input) {
    let value: unknown
    try {
      value = JSON.parse(String(input))
    } catch {
      return undefined
    }
    return read(value as never)
  },
})
