import { stringify } from 'yaml'
import { z } from 'zod'
import { chartValues } from './values.ts'

/** As much of JSON Schema (draft 7, which every Helm 3 understands) as the values need. */
interface ValueSchema {
  readonly type?: string | undefined
  readonly description?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly anyOf?: readonly ValueSchema[]
  readonly items?: ValueSchema
  readonly properties?: Readonly<Record<string, ValueSchema>>
}

const source = 'scripts/chart/values.ts'
const columns = 100
const boundary = `<!-- Below this line: generated from ${source} by scripts/generate.ts. -->`

const schema = z.toJSONSchema(chartValues, { target: 'draft-7', io: 'input' }) as ValueSchema

/** `values.schema.json`: Helm holds all values against it, and refuses names that it does not know. */
export const valuesSchema = (): string => `${JSON.stringify(schema, undefined, 2)}\n`

/** `values.yaml`: every value with its description and default. */
export function valuesYaml(): string {
  const origin = `# Generated from ${source} by scripts/generate.ts. Change the values there.\n`
  return `${origin}\n${described(schema).map(topLevel).join('\n')}`
}

const topLevel = ([name, value]: readonly [string, ValueSchema]): string => block(name, value, '')

/** The fields that a user sets: those without a description are not for them. */
const described = ({ properties = {} }: ValueSchema): (readonly [string, ValueSchema])[] =>
  Object.entries(properties).filter(([, { description }]) => description !== undefined)

function block(name: string, value: ValueSchema, indent: string): string {
  const comment = wrapped(value.description ?? '', columns - indent.length - 2).map((line) => `${indent}# ${line}\n`)
  if (value.properties) {
    const inner = described(value).map(([each, member]) => block(each, member, `${indent}  `))
    return `${comment.join('')}${indent}${name}:\n${inner.join('')}`
  }
  const lines = stringify({ [name]: value.default }, { lineWidth: 0 })
    .trimEnd()
    .split('\n')
  return comment.join('') + lines.map((line) => `${indent}${line}\n`).join('')
}

function wrapped(text: string, width: number): string[] {
  const lines = ['']
  for (const word of text.split(' ')) {
    const last = lines.at(-1) ?? ''
    if (last === '') lines[lines.length - 1] = word
    else if (last.length + 1 + word.length > width) lines.push(word)
    else lines[lines.length - 1] = `${last} ${word}`
  }
  return lines
}

/** The chart's README: the hand-written part of `page`, then a table of all values. */
export function chartReadme(page: string): string {
  const written = page.split(boundary)[0]?.trim() ?? ''
  const rows = rowsBelow('', schema).map((cells) => `| ${cells.join(' | ')} |\n`)
  return `${written}\n\n${boundary}\n\n| Value | Type | Default | Description |\n|---|---|---|---|\n${rows.join('')}`
}

function rowsBelow(path: string, value: ValueSchema): string[][] {
  return described(value).flatMap(([name, member]) => {
    const full = `${path}${name}`
    if (member.properties) return rowsBelow(`${full}.`, member)
    return [[`\`${full}\``, typeOf(member), `\`${JSON.stringify(member.default)}\``, member.description ?? '']]
  })
}

function typeOf({ type, enum: choices, anyOf, items }: ValueSchema): string {
  if (choices) return choices.map((choice) => `\`${choice}\``).join(', ')
  if (anyOf) return anyOf.map(typeOf).join(' or ')
  return items ? `list of ${typeOf(items)}` : (type ?? 'any')
}
