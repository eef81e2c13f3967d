import { Option } from 'commander'
import { Document, type Scalar, stringify, visit } from 'yaml'
import { plainText } from '#base'

/** How every command that lists or shows something can write it. */
const formats = ['table', 'json', 'yaml', 'csv'] as const

export interface OutputSettings {
  readonly output: (typeof formats)[number]
}

/** What a command answers with, for people and for programs. */
export interface Answer {
  readonly heading: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly value: unknown
}

export const outputOption = (): Option =>
  new Option('-o, --output <format>', 'how to write the answer').choices(formats).default('table')

/** The answer as it was asked for. A table without rows is nothing at all. */
export function written({ output }: OutputSettings, { heading, rows, value }: Answer): string {
  switch (output) {
    case 'table':
      return rows.length === 0 ? '' : table(heading, rows)
    case 'json':
      return json(value)
    case 'yaml':
      return yaml(value)
    case 'csv':
      return csv(heading, rows)
  }
}

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

/** What a terminal would act on, but for the line breaks of the format itself. */
const steering = /(?!\n)[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu

/** Within double quotes, of JSON and of YAML, an escape is the same value. */
const escaped = (text: string): string =>
  text.replace(steering, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)

const json = (value: unknown): string => `${escaped(JSON.stringify(value, undefined, 2))}\n`

function yaml(value: unknown): string {
  const document = new Document(value, { aliasDuplicateObjects: false })
  visit(document, {
    Scalar(_, node: Scalar) {
      const { value: text } = node
      if (typeof text === 'string' && escaped(text) !== text) node.type = 'QUOTE_DOUBLE'
    },
  })
  return escaped(stringify(document, { lineWidth: 0 }))
}

/** RFC 4180. A cell that a spreadsheet would take for a formula is made a text by an apostrophe. */
function csv(heading: readonly string[], rows: readonly (readonly string[])[]): string {
  const cell = (text: string): string => {
    const plain = plainText(text, 2048)
    const harmless = /^[=+\-@]/.test(plain) ? `'${plain}` : plain
    return /[",]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless
  }
  return [heading, ...rows].map((cells) => `${cells.map(cell).join(',')}\r\n`).join('')
}
