import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { bannedCalls } from './banned-calls.ts'
import { codeMap } from './code-map.ts'
import { doors } from './doors.ts'
import { sizes } from './sizes.ts'

/** Rules on one source file: its path relative to the root and its text give one line per problem. */
const fileRules: readonly ((path: string, source: string) => string[])[] = [sizes, doors, bannedCalls]

/** Holds every TypeScript file and the code map against the rules; one line per problem. */
export function tidy(root: string): string[] {
  const files = projectFiles(root)
  const sources = files.filter((path) => path.endsWith('.ts'))
  return [
    ...sources.flatMap((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return fileRules.flatMap((rule) => rule(path, text))
    }),
    ...mapProblems(root, files),
  ]
}

/** The files that are in git or will be: ignored ones are left out. */
function projectFiles(root: string): string[] {
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const
  return execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], options)
    .split('\0')
    .filter((path) => path !== '' && existsSync(join(root, path)))
}

function mapProblems(root: string, files: readonly string[]): string[] {
  const page = join(root, 'ARCHITECTURE.md')
  return existsSync(page) ? codeMap(readFileSync(page, 'utf8'), foldersOf(files)) : []
}

function foldersOf(files: readonly string[]): Set<string> {
  const folders = new Set<string>()
  for (const file of files) {
    for (let folder = dirname(file); folder !== '.'; folder = dirname(folder)) folders.add(folder)
  }
  return folders
}
