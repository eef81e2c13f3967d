import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bannedCalls } from './banned-calls.ts'
import { codeMap } from './code-map.ts'
import { doors } from './doors.ts'
import { sizes } from './sizes.ts'

const banned: readonly { source: string; name: string | undefined }[] = [
  { source: 'const a = Date.now()', name: 'Date.now' },
  { source: "const a = Date['now']()", name: 'Date.now' },
  { source: 'const a = new Date()', name: 'new Date()' },
  { source: 'const a = new Date', name: 'new Date()' },
  { source: 'const a = performance.now()', name: 'performance.now' },
  { source: 'const a = Math.random()', name: 'Math.random()' },
  { source: 'function f(random = Math.random) {}', name: undefined },
  { source: 'f(setTimeout)', name: 'setTimeout' },
  { source: 'return setInterval(f, 1)', name: 'setInterval' },
  { source: 'globalThis.setTimeout(f, 1)', name: 'setTimeout' },
  { source: 'const tools = { setTimeout }', name: 'setTimeout' },
  { source: "const a = process.env['HOME']", name: 'process.env' },
  { source: 'const { HOME } = process.env', name: 'process.env' },
  { source: 'console.error(a)', name: 'console' },
  { source: 'const a = new Date(0)', name: undefined },
  { source: '// Date.now() is not used', name: undefined },
  { source: "const a = 'console.log'", name: undefined },
  { source: 'const a = { console: 1 }.console', name: undefined },
  { source: 'let a: ReturnType<typeof setTimeout>', name: undefined },
]

for (const { source, name } of banned) {
  test(`${source} is ${name ? 'refused with what to use instead' : 'let through'}`, () => {
    const expected = name === undefined ? [] : [`src/plan/a.ts:1: ${name} is not used here; use `]
    const found = bannedCalls('src/plan/a.ts', source)
    assert.deepEqual(
      found.map((problem, at) => problem.slice(0, expected[at]?.length)),
      expected,
    )
  })
}

test('a banned call is free in its one place, in tests and outside src', () => {
  assert.deepEqual(bannedCalls('src/base/clock.ts', 'Date.now()'), [])
  assert.deepEqual(bannedCalls('src/config/load.ts', 'process.env'), [])
  assert.deepEqual(bannedCalls('src/plan/a.test.ts', 'Date.now()'), [])
  assert.deepEqual(bannedCalls('scripts/a.ts', 'console.log()'), [])
  assert.equal(bannedCalls('src/base/clock.ts', 'Math.random()').length, 1)
})

test('sizes stop at 400 lines, 600 for tests, and 120 columns', () => {
  assert.deepEqual(sizes('src/a.ts', 'x\n'.repeat(400)), [])
  assert.match(sizes('src/a.ts', 'x\n'.repeat(401))[0] ?? '', /^src\/a.ts: 401 lines; a source file has at most 400/)
  assert.deepEqual(sizes('src/a.test.ts', 'x\n'.repeat(600)), [])
  assert.match(sizes('src/a.test.ts', 'x\n'.repeat(601))[0] ?? '', /601 lines; a test file has at most 600/)
  assert.deepEqual(sizes('src/a.ts', `${'ü'.repeat(120)}\n`), [])
  assert.deepEqual(sizes('src/a.ts', `x\n${'x'.repeat(121)}\n`), ['src/a.ts:2: wider than 120 columns'])
})

test('a door says what its room is for and only passes names on', () => {
  const names = "export { a } from './a.ts'\nexport type {\n  B,\n  C,\n} from './b.ts'\n"
  assert.deepEqual(doors('src/pki/index.ts', `/** Keys. */\n${names}`), [])
  assert.deepEqual(doors('src/pki/parts/index.ts', 'const a = 1\n'), [])
  assert.equal(doors('src/pki/index.ts', names).length, 1)
  assert.equal(doors('src/pki/index.ts', `/** Keys. */\nexport const a = 1\n`).length, 1)
  assert.equal(doors('src/pki/index.ts', `/** Keys. */\nexport * from './a.ts'\n`).length, 1)
})

test('the code map names the folders that are there', () => {
  const folders = new Set(['src', 'src/pki', 'src/pki/deep', 'docs', '.ci'])
  assert.deepEqual(codeMap('`src/` has `pki/`, and `docs/`', folders), [])
  assert.deepEqual(codeMap('`src/` has `src/pki/`, `docs/` and `attic/`', folders), [
    'ARCHITECTURE.md: there is no folder src/attic/',
  ])
  assert.deepEqual(codeMap('`src/` and `docs/`', folders), ['ARCHITECTURE.md does not say what `src/pki/` is for'])
})
