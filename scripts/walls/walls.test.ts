import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { judgeWalls, writtenImports } from './judge.ts'
import { proveWalls } from './prove.ts'
import { packages, rooms } from './rooms.ts'

test('every wall stops its plant and no good import', async () => {
  assert.deepEqual(await proveWalls(), [])
})

test('the proof fails when a wall does not stop its plant', async () => {
  const harmless = { path: 'src/plan/plant.ts', source: 'export const y = 1\n', rule: 'wall of plan' }
  const [first] = await proveWalls([harmless])
  assert.equal(first, 'src/plan/plant.ts (export const y = 1) should give "wall of plan", gave nothing')
})

test('the proof fails when a good import is reported', async () => {
  const wrong = { path: 'src/pki/plant.ts', source: "export { x } from '#api'\n", rule: undefined }
  const [first] = await proveWalls([wrong])
  assert.equal(first, `src/pki/plant.ts (export { x } from '#api') should give nothing, gave "wall of pki"`)
})

test('rooms are listed from the ground up, so they cannot import each other in a circle', () => {
  const names = Object.keys(rooms)
  for (const [room, allowed] of Object.entries(rooms)) {
    for (const other of allowed) {
      assert.ok(names.includes(other), `${room} may import ${other}, which is no room`)
      assert.ok(names.indexOf(other) < names.indexOf(room), `${other} must be listed before ${room}`)
    }
  }
})

test('every dependency has a place, and every place is for a dependency', () => {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> }
  assert.deepEqual(Object.keys(packages).sort(), Object.keys(dependencies).sort())
})

test('a tree is judged in the words of the table', async () => {
  const problems = await judge({
    'src/base/index.ts': 'export const x = 1\n',
    'src/plan/index.ts': "export { x } from '#base'\n",
    'src/base/bad.ts': "export { x } from '#plan'\n",
    'src/cellar/index.ts': 'export const x = 1\n',
    'src/pki/index.ts': 'export const x = 1\n',
  })
  assert.deepEqual(problems, [
    'src/base/bad.ts imports src/plan/index.ts: base may import nothing of ours (scripts/walls/rooms.ts)',
    'src/cellar is not a room of scripts/walls/rooms.ts',
    'package.json: imports["#pki"] must be "./src/pki/index.ts"',
  ])
})

async function judge(files: Readonly<Record<string, string>>): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), 'sifaka-walls-test-'))
  const imports = { '#base': './src/base/index.ts', '#plan': './src/plan/index.ts' }
  const all = { 'package.json': JSON.stringify({ type: 'module', imports }), 'tsconfig.json': '{}', ...files }
  try {
    for (const [path, text] of Object.entries(all)) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    return await judgeWalls(root)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

test('imports are found as they are written', () => {
  const source = [
    "import './a.ts'",
    "import type { B } from './b.ts'",
    "import {\n  c,\n  type D,\n} from '#c'",
    "export * from './e.ts'",
    "const text = 'not from this'",
  ].join('\n')
  assert.deepEqual(writtenImports(source), ['./a.ts', './b.ts', '#c', './e.ts'])
})
