import { plainText } from '#base'

const cellLength = 512

/**
 * Rows under a heading, in columns that are as wide as their widest cell, two blanks apart; a line each. Cells may hold
 * foreign text: control characters are taken out. An empty cell is shown as `-`.
 */
export function table(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [heading, ...rows].map((cells) => cells.map((cell) => plainText(cell, cellLength) || '-'))
  const widthOf = (column: number): number =>
    lines.reduce((widest, cells) => Math.max(widest, cells[column]?.length ?? 0), 0)
  const widths = heading.map((_, column) => widthOf(column))
  const pad = (cell: string, column: number): string => cell.padEnd(widths[column] ?? 0)
  return lines.map((cells) => `${cells.map(pad).join('  ').trimEnd()}\n`).join('')
}

/** A value for programs: JSON in lines. What a terminal would act on is escaped, so that it stays the same value. */
export const json = (value: unknown): string =>
  `${JSON.stringify(value, undefined, 2).replace(
    /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )}\n`
