import { tidy } from './tidy/index.ts'

/** Prints one line for everything that breaks a rule of the house. */
const problems = tidy(new URL('..', import.meta.url).pathname)
for (const problem of problems) process.stdout.write(`${problem}\n`)
process.exitCode = problems.length > 0 ? 1 : 0
