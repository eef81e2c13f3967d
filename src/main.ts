import { readFileSync } from 'node:fs'
import { createCli } from '#app'
import { isFailure } from '#base'

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))

try {
  await createCli(version, process.env).parseAsync(process.argv)
} catch (error) {
  // A failure says what to do; anything else is ours to mend, and its stack helps.
  process.stderr.write(`sifaka: ${isFailure(error) ? error.message : (error as Error).stack}\n`)
  // What had been opened before would keep the process alive.
  process.exit(2)
}
