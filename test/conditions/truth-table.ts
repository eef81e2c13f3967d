/** One row of a truth table: what is said in which situation, and what others make of it. */
export interface Row {
  readonly situation: string
  /** Status and reason by type, such as `False PolicyDenied`. */
  readonly conditions: Readonly<Record<string, string>>
  readonly kstatus: string
  readonly argoCD: string
}

const columns = ['situation', 'Ready', 'Reconciling', 'Stalled', 'others', 'kstatus', 'Argo CD']

/**
 * The rows of the truth table below a heading of a Markdown page.
 * @throws Error when there is no such table, or a cell cannot be read
 */
export function rowsBelow(heading: string, page: string): Row[] {
  const [, section = ''] = page.split(`\n## ${heading}\n`)
  const lines = section.split('\n## ')[0]?.split('\n') ?? []
  const [head = '', , ...rows] = lines.filter((line) => line.startsWith('|'))
  if (cellsOf(head).join() !== columns.join()) throw new Error(`the columns below ${heading} are not ${columns}`)
  return rows.map((line) => rowOf(cellsOf(line)))
}

const cellsOf = (line: string): string[] =>
  line
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim())

function rowOf(cells: readonly string[]): Row {
  const [situation = '', ready = '', reconciling, stalled, others = '', kstatus = '', argoCD = ''] = cells
  const said = conditionOf(`Ready ${ready}`)
  const [, , reason] = said
  const all = [
    said,
    ...(reconciling === 'True' ? [['Reconciling', 'True', reason]] : []),
    ...(stalled === 'True' ? [['Stalled', 'True', reason]] : []),
    ...(others === '' ? [] : others.split(', ').map(conditionOf)),
  ]
  const conditions = Object.fromEntries(all.map(([type, status, why]) => [type, `${status} ${why}`]))
  return { situation, conditions, kstatus, argoCD }
}

/** Of a text such as ``Issuing True `TimedOut` ``. */
function conditionOf(text: string): string[] {
  const [, ...parts] = /^(\w+) (True|False) `(\w+)`$/.exec(text) ?? []
  if (parts.length === 0) throw new Error(`"${text}" is no condition such as "Issuing True \`TimedOut\`"`)
  return parts
}
