import { cruise, type ICruiseResult } from 'dependency-cruiser'
import { rules } from './rules.ts'

/** One import that breaks a rule. Paths are relative to the root of the tree. */
export interface Violation {
  readonly rule: string
  readonly from: string
  readonly to: string
}

/** What the cruiser saw of a tree. */
export interface Survey {
  readonly violations: readonly Violation[]
  /** Per file, the imports it was found to have, as they are written; `node:` is left out. */
  readonly imports: ReadonlyMap<string, ReadonlySet<string>>
}

/** Reads every TypeScript file in `folders` of the tree at `root` and holds each import against every rule. */
export async function survey(root: string, folders: readonly string[]): Promise<Survey> {
  const { output } = await cruise([...folders], {
    baseDir: root,
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: ['^node_modules/', '^[.][.]/', '^/'] },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['node', 'import', 'types', 'default'] },
    validate: true,
    ruleSet: { forbidden: [...rules] },
  })
  const { modules, summary } = output as ICruiseResult
  return {
    violations: summary.violations.map(({ rule, from, to }) => ({ rule: rule.name, from, to })),
    imports: new Map(modules.map((m) => [m.source, new Set(m.dependencies.map((d) => d.module))])),
  }
}
