import { judgeWalls, proveWalls } from './walls/index.ts'

/** Proves the walls on planted violations, then holds the tree against them. Prints one line per problem. */
const root = new URL('..', import.meta.url).pathname
const blind = await proveWalls()
const problems = blind.length > 0 ? ['The walls do not hold what they should:', ...blind] : await judgeWalls(root)
for (const problem of problems) process.stdout.write(`${problem}\n`)
process.exitCode = problems.length > 0 ? 1 : 0
