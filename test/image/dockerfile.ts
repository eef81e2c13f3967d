/** One instruction of a Dockerfile: the word that it begins with, and the rest of its line. */
export interface Instruction {
  readonly word: string
  readonly rest: string
}

/** A stage of a Dockerfile. */
export interface Stage {
  /** The image that it begins with. */
  readonly base: string
  readonly name: string | undefined
  readonly instructions: readonly Instruction[]
}

const known = ['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'ENTRYPOINT', 'CMD']

/**
 * Reads a Dockerfile in which each instruction is one line.
 * @throws Error for an instruction that is not carried out here
 */
export function parseDockerfile(text: string): readonly Stage[] {
  const stages: (Stage & { instructions: Instruction[] })[] = []
  for (const line of text.split('\n')) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const [, word = '', rest = ''] = /^([A-Z]+) +(.+[^\\])$/.exec(line) ?? []
    if (!known.includes(word)) throw new Error(`this line of the Dockerfile is not carried out: ${line}`)
    if (word === 'FROM') stages.push(stageOf(rest))
    else stages.at(-1)?.instructions.push({ word, rest })
  }
  return stages
}

function stageOf(rest: string): Stage & { instructions: Instruction[] } {
  const [base = '', , name] = rest.split(/ +/)
  return { base, name, instructions: [] }
}

/** The words of the JSON form of ENTRYPOINT or CMD; none when the stage has no such instruction. */
export function wordsOf({ instructions }: Stage, word: string): readonly string[] {
  const found = instructions.findLast((each) => each.word === word)
  return found ? (JSON.parse(found.rest) as string[]) : []
}

/** The environment that ENV sets. */
export const environmentOf = ({ instructions }: Stage): Readonly<Record<string, string>> =>
  Object.fromEntries(instructions.filter(({ word }) => word === 'ENV').map(({ rest }) => rest.split('=', 2)))
