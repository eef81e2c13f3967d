import assert from 'node:assert/strict'
import { PassThrough, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { test } from 'node:test'
import type { TestEvent } from 'node:test/reporters'
import { report } from './test-report.ts'

async function reported(success: boolean, messages: readonly string[]): Promise<{ passed: boolean; lines: string[] }> {
  const diagnostics = messages.map((message) => ({ type: 'test:diagnostic', data: { message, nesting: 0 } }))
  const after = [
    { type: 'test:stdout', data: { message: 'said later\n' } },
    { type: 'test:summary', data: { success } },
  ]
  const output = new PassThrough()
  const passed = await report(Readable.from([...diagnostics, ...after]) as AsyncIterable<TestEvent>, output)
  output.end()
  return { passed, lines: (await text(output)).trimEnd().split('\n') }
}

test('the numbers of the run are the last lines', async () => {
  const { lines } = await reported(true, ['tests 2', 'a remark', 'duration_ms 12.5'])
  assert.match(lines[0] ?? '', /a remark/)
  assert.ok(lines.includes('said later'))
  assert.deepEqual(lines.slice(-2), ['ℹ tests 2', 'ℹ duration_ms 12.5'])
})

test('the verdict is that of the whole run', async () => {
  assert.equal((await reported(true, [])).passed, true)
  assert.equal((await reported(false, [])).passed, false)
})
