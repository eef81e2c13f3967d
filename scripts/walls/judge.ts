import { existsSync, globSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { survey } from './cruise.ts'
import { rooms } from './rooms.ts'
import { rules } from './rules.ts'

const folders = ['src', 'test', 'scripts']

/** Holds the tree at `root` against every wall; one line per problem, also for what the cruiser did not see. */
export async function judgeWalls(root: string): Promise<string[]> {
  const { violations, imports } = await survey(
    root,
    folders.filter((folder) => existsSync(join(root, folder))),
  )
  const advice = new Map(rules.map((rule) => [rule.name, rule.comment]))
  return [
    ...violations.map(({ rule, from, to }) => `${from} imports ${to}: ${advice.get(rule)}`),
    ...unseen(root, imports),
    ...doorNames(root),
  ]
}

/** What a plain reading of the files finds and the cruiser did not: it must miss no file and no import. */
function unseen(root: string, imports: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  return globSync(
    folders.map((folder) => `${folder}/**/*.ts`),
    { cwd: root },
  ).flatMap((path) => {
    const seen = imports.get(path)
    if (!seen) return [`${path} was not seen by dependency-cruiser, so its imports are not checked`]
    return writtenImports(readFileSync(join(root, path), 'utf8'))
      .filter((specifier) => !seen.has(specifier.replace(/^node:/, '')) && !seen.has(specifier))
      .map((specifier) => `${path}: dependency-cruiser did not see the import of ${specifier}`)
  })
}

/** The specifiers of the import and export declarations of a formatted file. */
export function writtenImports(source: string): string[] {
  return [...source.matchAll(/^(?:import|export)\s(?:[^'"`;]*?\sfrom\s)?'([^']+)'$/gm)].map((match) => match[1] ?? '')
}

/** Every folder of src is a room of the table, and its name (#room) in package.json leads to its door. */
function doorNames(root: string): string[] {
  const names = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { imports: Record<string, string> })
    .imports
  return readdirSync(join(root, 'src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name: room }) => {
      const door = `./src/${room}/index.ts`
      if (!(room in rooms)) return [`src/${room} is not a room of scripts/walls/rooms.ts`]
      return names[`#${room}`] === door ? [] : [`package.json: imports["#${room}"] must be "${door}"`]
    })
}
