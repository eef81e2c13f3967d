import assert from 'node:assert/strict'
import { type SpawnSyncReturns, spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, test } from 'node:test'

const root = new URL('../..', import.meta.url).pathname

let folder: string
/** The sample package by itself, as its author has it: beside it only what npm would install. */
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sifaka-sample-'))
  const filter = (path: string): boolean => basename(path) !== 'node_modules'
  cpSync(join(root, 'examples/issuer-plugin'), folder, { recursive: true, filter })
  mkdirSync(join(folder, 'node_modules'))
  symlinkSync(root, join(folder, 'node_modules/sifaka'), 'dir')
})
after(() => rmSync(folder, { recursive: true }))

function run(program: string, args: readonly string[]): SpawnSyncReturns<string> {
  // A test runner within a test runner runs nothing unless it is told that it is none.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env
  return spawnSync(program, args, { cwd: folder, env, encoding: 'utf8' })
}

test('the sample package passes the conformance suite with openssl as its CA', () => {
  const { status, stdout, stderr } = run(process.execPath, ['--test', '--test-reporter=spec'])
  assert.equal(status, 0, `${stdout}${stderr}`)
  assert.match(stdout, /✔ an order is pending until it is settled, and then a certificate/)
  assert.match(stdout, /ℹ fail 0\n/)
})

test('the types of the contract fit the sample package', () => {
  const compiler = join(root, 'node_modules/typescript-native/bin/tsc')
  const language = [
    '--noEmit',
    '--strict',
    '--target',
    'esnext',
    '--module',
    'nodenext',
    '--allowImportingTsExtensions',
  ]
  const node = ['--types', 'node', '--typeRoots', join(root, 'node_modules/@types')]
  const { status, stdout } = run(compiler, [...language, ...node, '--allowJs', '--checkJs', 'plugin.js'])
  assert.equal(status, 0, stdout)
})
