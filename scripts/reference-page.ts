import { customResourceDefinition, type Kind, type StructuralSchema } from '#api'

/** What stands above this line in a page is written by hand, what stands below it follows from the schema. */
const boundary = '<!-- Below this line: generated from src/api by scripts/generate.ts. Change the schema instead. -->'

interface Row {
  readonly path: string
  readonly schema: StructuralSchema
  readonly required: boolean
}

/** The reference page of a kind: the hand-written part of `page`, then tables of its fields and of its rules. */
export function referencePage(kind: Kind, page: string): string {
  const written = page.split(boundary)[0]?.trim() || `# ${kind.kind}\n\n${kind.description}`
  const properties = customResourceDefinition(kind).spec.versions[0]?.schema.openAPIV3Schema.properties
  if (!properties?.spec || !properties.status) throw new Error(`${kind.kind} has no spec or no status`)
  const spec = rowsBelow('spec', properties.spec)
  const status = rowsBelow('status', properties.status)
  return [
    written,
    boundary,
    '## Spec',
    table(['Field', 'Type', 'Default', 'Description'], spec.map(fieldCells)),
    '## Status',
    table(
      ['Field', 'Type', 'Description'],
      status.map(({ path, schema }) => [code(path), typeOf(schema), prose(schema.description)]),
    ),
    '## Validation messages',
    'What the API server answers to a manifest that breaks a rule between fields, or the form of one.',
    table(['Field', 'Message'], [{ path: 'spec', schema: properties.spec }, ...spec].flatMap(ruleCells)),
    '',
  ]
    .join('\n\n')
    .replace(/\n+$/, '\n')
}

/** Every field below a schema, depth first: `spec.dnsNames`, `spec.policy.rules[].names`. */
function rowsBelow(path: string, schema: StructuralSchema): Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]) => {
    const row = { path: `${path}.${name}`, schema: member, required: schema.required?.includes(name) ?? false }
    const inner = member.items ? rowsBelow(`${row.path}[]`, member.items) : rowsBelow(row.path, member)
    return [row, ...inner]
  })
}

const fieldCells = ({ path, schema, required }: Row): string[] => [
  code(path),
  typeOf(schema),
  required ? 'required' : schema.default === undefined ? '' : code(JSON.stringify(schema.default)),
  prose(schema.description),
]

/** The rules of a field and those of its list items, which have no row of their own. */
function ruleCells({ path, schema }: Pick<Row, 'path' | 'schema'>): string[][] {
  const own = (schema['x-kubernetes-validations'] ?? []).map((rule) => [
    code(path + (rule.fieldPath ?? '')),
    prose(rule.message),
  ])
  return schema.items ? [...own, ...ruleCells({ path: `${path}[]`, schema: schema.items })] : own
}

function typeOf(schema: StructuralSchema): string {
  if (schema.enum) return schema.enum.map((value) => code(String(value))).join(', ')
  if (schema.items) return `list of ${typeOf(schema.items)}`
  if (schema.additionalProperties) return `map to ${typeOf(schema.additionalProperties)}`
  return schema.type
}

const code = (text: string): string => `\`${text}\``

/** Text in which nothing is taken for markup. */
const prose = (text = ''): string => text.replace(/[*_|<\\]/g, '\\$&')

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
