import { Readable, type Writable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { spec, type TestEvent } from 'node:test/reporters'

/**
 * Writes Node's own spec report of a test run. The numbers come last, after the failures that the reporter repeats at
 * its end, so that the last lines of a log always say how the run went.
 * @returns whether no test failed
 */
export async function report(tests: AsyncIterable<TestEvent>, output: Writable): Promise<boolean> {
  const numbers: string[] = []
  let passed = false
  async function* withoutNumbers(): AsyncGenerator<unknown> {
    for await (const event of tests) {
      if (event.type === 'test:summary' && event.data.file === undefined) passed = event.data.success
      if (event.type === 'test:diagnostic' && isNumber(event.data)) numbers.push(`ℹ ${event.data.message}\n`)
      else yield event
    }
  }
  const text = Readable.from(withoutNumbers()).pipe(new spec())
  text.pipe(output, { end: false })
  await finished(text)
  output.write(`\n${numbers.join('')}`)
  return passed
}

/** Whether a diagnostic is one of the numbers that the runner reports at its end, such as `tests 12`. */
const isNumber = ({ nesting, message }: { nesting: number; message: string }): boolean =>
  nesting === 0 && /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [0-9.]+$/.test(message)
