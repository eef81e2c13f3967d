import { judgeWalls, proveWalls } from './walls/index.ts'

/** Proves the walls on planted violations, then holds the tree against them. Prints one line per problem. */
const root = new URL('..', import.meta.url).pathname
const blind = await proveWalls()
const problems = blind.length > 0 ? ['The walls do not hold what they should:', ...blind] : await judgeWalls(root)
const shownMax = 40
for (const problem of problems.slice(0, shownMax)) process.stdout.write(`${problem}\n`)
if (problems.length > shownMax) process.stdout.write(`and ${problems.length - shownMax} more\n`)
process.exitCode = problems.length > 0 ? 1 : 0
