/** A block of commands in a README. */
export interface Step {
  readonly script: string
  /** What the README says that they print; empty: it says nothing. */
  readonly printed: string
}

/** Every block of commands (```sh), each with the block that follows it at once: what it prints. */
export function stepsOf(markdown: string): Step[] {
  const blocks = /^( *)```sh\n(.*?)\n\1```\n(?:\1```\n(.*?)\n?\1```\n)?/gms
  return [...markdown.matchAll(blocks)].map(([, indent = '', script = '', printed = '']) => ({
    script: outdented(script, indent),
    printed: outdented(printed, indent),
  }))
}

const outdented = (text: string, indent: string): string =>
  text
    .split('\n')
    .map((line) => (line.startsWith(indent) ? line.slice(indent.length) : line))
    .join('\n')

/** What differs and says nothing. */
const changing: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z/g, '<time>'],
  [/[A-Z][a-z]{2} \d{1,2}, \d{4}/g, '<date>'],
  [/\b(\d+[smh])+\b/g, '<age>'],
  [/ *= */g, '='],
  [/[ \t]+/g, ' '],
  [/ $/gm, ''],
]

/** A text without what differs between runs (times, ages), between versions of openssl, or in blanks. */
export const timeless = (text: string): string =>
  changing.reduce((left, [what, name]) => left.replaceAll(what, name), text).trim()
