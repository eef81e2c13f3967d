import { AssertionError } from 'node:assert/strict'
import { type Chance, chance } from '#test/make'
import { mutate } from './mutate.ts'
import { type Parser, type Reader, refusals } from './parser.ts'
import type { Specimens } from './specimens.ts'

/** What came of fuzzing one parser. */
export interface Result {
  readonly parser: string
  readonly inputs: number
  readonly accepted: number
  /** Ways in which it refuses: messages without what is from the input. */
  readonly refusals: number
  readonly slowestMs: number
  /** An input that was neither read nor refused as documented. */
  readonly finding: Finding | undefined
}

export interface Finding {
  readonly why: string
  readonly input: Buffer
}

/** Inputs that found a new way to be refused join the specimens, up to so many. */
const specimensMax = 150

/**
 * Gives a parser its specimens, which it must accept, and then inputs that are made of them. An input that it refuses
 * in a new way is changed further, as it got where others did not.
 * @param onInput told of each input before it is read
 */
export async function fuzz(
  parser: Parser,
  made: Specimens,
  { seed, inputs, onInput }: { seed: string; inputs: number; onInput: (input: Buffer) => void },
): Promise<Result> {
  const reader = await parser.open(made)
  const random = chance(`${seed} ${parser.name}`)
  const specimens = parser.specimens(made).map((each) => Buffer.from(each))
  const count = Math.ceil(inputs * (parser.share ?? 1))
  const known = new Set<string>()
  let [accepted, slowestMs, tried] = [0, 0, 0]
  let finding: Finding | undefined
  try {
    for (const input of inputsOf(parser, specimens, count, random)) {
      onInput(input)
      const startedAt = performance.now()
      const answer = await tryOne(parser, reader, input)
      slowestMs = Math.max(slowestMs, performance.now() - startedAt)
      const isSpecimen = tried < specimens.length && known.size === 0 && accepted === tried
      tried += 1
      if (answer.is === 'accepted') accepted += 1
      else if (answer.is === 'refused' && !isSpecimen) learn(answer.how, input, known, specimens)
      else {
        const why = answer.is === 'refused' ? `a specimen is refused: ${answer.how}` : answer.why
        finding = { why, input }
        break
      }
    }
  } finally {
    await reader.close?.()
  }
  return { parser: parser.name, inputs: tried, accepted, refusals: known.size, slowestMs, finding }
}

/** The specimens as they are, then what is made of them. */
function* inputsOf(
  { form, words = [] }: Parser,
  specimens: Buffer[],
  count: number,
  random: Chance,
): Generator<Buffer> {
  yield* specimens.slice()
  for (let left = count; left > 0; left--) yield mutate({ form, specimens, words }, random)
}

function learn(how: string, input: Buffer, known: Set<string>, specimens: Buffer[]): void {
  if (known.has(how)) return
  known.add(how)
  if (specimens.length < specimensMax && input.length < 16 * 1024) specimens.push(input)
}

type Answer =
  | { readonly is: 'accepted' }
  | { readonly is: 'refused'; readonly how: string }
  | { readonly is: 'broken'; readonly why: string }

async function tryOne({ refusal }: Parser, reader: Reader, input: Buffer): Promise<Answer> {
  try {
    await reader.read(input)
    return { is: 'accepted' }
  } catch (error) {
    if (error instanceof AssertionError || !refusals[refusal](error)) {
      return { is: 'broken', why: error instanceof Error ? (error.stack ?? error.message) : String(error) }
    }
    return { is: 'refused', how: (error as Error).message.replace(/".*"|[0-9]+/gs, '').slice(0, 80) }
  }
}
