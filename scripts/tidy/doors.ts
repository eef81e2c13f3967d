/** A door is `src/<room>/index.ts`: its first line says what the room is for, and then it only passes names on. */
export function doors(path: string, source: string): string[] {
  if (!/^src\/[^/]+\/index[.]ts$/.test(path)) return []
  const problems: string[] = []
  if (!source.startsWith('/** ')) {
    problems.push(`${path}: the first line of a door is a comment that says what the room is for`)
  }
  const code = source.replaceAll(/\/\*[\s\S]*?\*\//g, '').replaceAll(/^export (type )?\{[^}]*\} from '[^']+'$/gm, '')
  if (code.trim() !== '') problems.push(`${path}: a door only passes names on: export { x } from './x.ts'`)
  return problems
}
