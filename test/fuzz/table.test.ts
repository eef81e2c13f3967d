import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as base from '#base'
import * as config from '#config'
import * as issuers from '#issuers'
import * as kube from '#kube'
import * as pki from '#pki'
import * as plan from '#plan'
import type { Finding } from './fuzz.ts'
import { fuzzInWorker } from './fuzz-in-worker.ts'
import { parsers } from './parsers.ts'
import { parsers as planted } from './planted-parsers.ts'

const doors = { base, config, issuers, kube, pki, plan }

/** How functions are called that read what others have written. */
const readerName = /^(parse|read|decode|decrypt|load|open|from|view|check(ed)?|accept)[A-Z]/

const exported = Object.values(doors).flatMap((door) =>
  Object.entries(door).flatMap(([name, value]) => (typeof value === 'function' ? [name] : [])),
)

test('every function of a door that reads has a row in the table', () => {
  const rows = new Set(parsers.flatMap(({ reads }) => reads))
  const readers = exported.filter((name) => readerName.test(name))
  assert.ok(readers.length > 20, 'names of readers are recognized')
  const missing = readers.filter((name) => !rows.has(name))
  assert.deepEqual(missing, [], 'add a row to test/fuzz/parsers.ts')
})

test('each row has a name of its own', () => {
  assert.equal(new Set(parsers.map(({ name }) => name)).size, parsers.length)
})

test('fuzzing finds what is wrong with a parser', { timeout: 120_000 }, async () => {
  const findings = new Map<string, Finding | undefined>()
  await fuzzInWorker({
    table: new URL('./planted-parsers.ts', import.meta.url).href,
    names: planted.map(({ name }) => name),
    ...{ seed: '1', inputs: 1_000, patienceMs: 1_500, megabytes: 256 },
    onResult: ({ parser, finding }) => findings.set(parser, finding),
  })
  const expected: Readonly<Record<string, RegExp | undefined>> = {
    sound: undefined,
    'throws what it does not document': /RangeError/,
    'refuses its own specimen': /a specimen is refused: no/,
    'never ends': /longer than 1500 ms/,
    'backtracks without end': /longer than 1500 ms/,
    'sound after all these': undefined,
  }
  assert.deepEqual([...findings.keys()], Object.keys(expected))
  for (const [name, why] of Object.entries(expected)) {
    if (why) assert.match(findings.get(name)?.why ?? '', why, name)
    else assert.equal(findings.get(name)?.why, undefined, name)
  }
})
