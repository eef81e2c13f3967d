import { matchesGlob } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import type { Finding } from './specimen.ts'

const cells = z.array(z.string().min(1)).min(1)
const why = z.string().regex(/^\S.{19,}$/s, 'say why, in a sentence')

const judge = z.strictObject({
  /** What it does with a cell. */
  does: z.string().min(1),
  /** Whose code it is: two judges of one implementation make the same mistakes. */
  implementation: z.string().min(1),
  /** Cells that it is not shown. */
  cannot: z.array(z.strictObject({ cells, why })).default([]),
})

const schema = z.strictObject({
  judges: z.record(z.string(), judge),
  /** Cells that one implementation alone can judge. */
  alone: z.array(z.strictObject({ cells, why })).default([]),
  /** Findings that are no flaw of ours. */
  allowed: z.array(z.strictObject({ judge: z.string(), code: z.string(), cells, why })),
})

/** What `test/judges.yaml` says: who can judge what, and which findings are explained. */
export type Declarations = z.infer<typeof schema>

/** @throws ZodError for anything else than declarations, such as one without a reason */
export const readDeclarations = (yaml: string): Declarations => schema.parse(parse(yaml))

/** Cells are paths: `*` stands for a part, `**` for any number of them. */
const isAmong = (cell: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => matchesGlob(cell, pattern))

/** Whether a judge is asked about a cell. */
export function canJudge({ judges }: Declarations, name: string, cell: string): boolean {
  const declared = judges[name]
  return declared !== undefined && !declared.cannot.some((each) => isAmong(cell, each.cells))
}

/** Findings of one judge that nothing explains, a line for each. */
export function unexplained({ allowed }: Declarations, name: string, findings: readonly Finding[]): string[] {
  const explaining = allowed.filter(({ judge: judges }) => judges === name)
  return findings
    .filter(({ cell, code }) => !explaining.some((each) => each.code === code && isAmong(cell, each.cells)))
    .map(({ cell, code, level, message }) => `${cell}: ${name}: ${level} ${code}: ${message}`)
}

/** Patterns that concern no cell, and allowed findings that did not occur, a line for each. */
export function stale(
  declarations: Declarations,
  all: readonly string[],
  findings: ReadonlyMap<string, readonly Finding[]>,
): string[] {
  const { judges, alone, allowed } = declarations
  const groundless = Object.entries(judges).flatMap(([name, { cannot }]) =>
    cannot
      .flatMap((each) => each.cells)
      .filter((pattern) => !all.some((cell) => isAmong(cell, [pattern])))
      .map((pattern) => `${name} cannot judge ${pattern}, and there is no such cell`),
  )
  const shared = alone
    .flatMap((each) => each.cells)
    .filter((pattern) => !all.some((cell) => isAmong(cell, [pattern]) && implementations(declarations, cell) === 1))
    .map((pattern) => `one implementation alone can judge ${pattern}, and that is not so`)
  const needless = allowed.flatMap(({ judge: name, code, cells: patterns }) => {
    const found = (findings.get(name) ?? []).filter((each) => each.code === code)
    return patterns
      .filter((pattern) => !found.some(({ cell }) => isAmong(cell, [pattern])))
      .map((pattern) => `${name} is allowed to find ${code} in ${pattern}, and does not`)
  })
  return [...groundless, ...shared, ...needless]
}

/** How many implementations judge a cell. */
function implementations(declarations: Declarations, cell: string): number {
  const judging = Object.entries(declarations.judges).filter(([name]) => canJudge(declarations, name, cell))
  return new Set(judging.map(([, { implementation }]) => implementation)).size
}

/** Cells that fewer than two implementations judge, without a reason, or none at all. */
export function uncovered(declarations: Declarations, all: readonly string[]): string[] {
  const patterns = declarations.alone.flatMap((each) => each.cells)
  return all.filter((cell) => implementations(declarations, cell) < (isAmong(cell, patterns) ? 1 : 2))
}
