import { createHash } from 'node:crypto'

/** Numbers that look like chance and are the same for the same seed. */
export interface Chance {
  /** At least 0, less than 1. */
  fraction(): number
  /** A whole number from 0 to `end`, without it. */
  below(end: number): number
  /** @throws RangeError when there is nothing to choose from */
  pick<T>(from: readonly T[]): T
  /** True in this share of the cases. */
  happens(share: number): boolean
}

/** The seed of the run, so that it can be repeated; each run has another one unless SIFAKA_TEST_SEED names it. */
export const runSeed = process.env.SIFAKA_TEST_SEED ?? String(Math.floor(Math.random() * 2 ** 31))

/** Whether there is time for long plans. */
export const isLongRun = process.env.SIFAKA_TEST_LONG === '1'

/** The generator sfc32 (Chris Doty-Humphrey, PractRand), which passes the usual batteries of tests. */
export function chance(seed: string): Chance {
  const state = new Uint32Array(4)
  createHash('sha256').update(seed).digest().copy(new Uint8Array(state.buffer), 0, 0, 16)
  const next = (): number => {
    const [a = 0, b = 0, c = 0, counter = 0] = state
    const result = (a + b + counter) >>> 0
    state[3] = counter + 1
    state[0] = b ^ (b >>> 9)
    state[1] = c + (c << 3)
    state[2] = ((c << 21) | (c >>> 11)) + result
    return result
  }
  const fraction = (): number => next() / 2 ** 32
  const below = (end: number): number => Math.floor(fraction() * end)
  return {
    fraction,
    below,
    pick<T>(from: readonly T[]): T {
      if (from.length === 0) throw new RangeError('there is nothing to choose from')
      return from[below(from.length)] as T
    },
    happens: (share) => fraction() < share,
  }
}
