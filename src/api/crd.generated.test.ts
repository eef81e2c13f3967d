import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'

const root = new URL('../..', import.meta.url).pathname
const script = join(root, 'scripts/generate.ts')

const generate = (cwd: string, ...args: string[]): { status: number | null; stderr: string } =>
  spawnSync(process.execPath, [script, ...args], { cwd, encoding: 'utf8' })

/** A copy of the generated files, in a folder that goes when the test ends. */
function copy(t: { after(run: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'sifaka-generate-'))
  t.after(() => rmSync(folder, { recursive: true }))
  for (const part of ['crds', 'docs/kinds', 'charts', 'config']) {
    cpSync(join(root, part), join(folder, part), { recursive: true })
  }
  return folder
}

test('crds/ and docs/kinds/ say what the schemas say', () => {
  const { status, stderr } = generate(root, '--check')
  assert.equal(stderr, '')
  assert.equal(status, 0)
})

test('--check names stale files and leaves them alone', (t) => {
  const folder = copy(t)
  const crd = join(folder, 'crds/sifaka.dev_certificates.yaml')
  writeFileSync(crd, 'stale')
  rmSync(join(folder, 'docs/kinds/authority.md'))
  const { status, stderr } = generate(folder, '--check')
  assert.equal(status, 1)
  assert.deepEqual(stderr.trim().split('\n'), [
    'docs/kinds/authority.md is stale: run node scripts/generate.ts',
    'crds/sifaka.dev_certificates.yaml is stale: run node scripts/generate.ts',
  ])
  assert.equal(readFileSync(crd, 'utf8'), 'stale')
})

test('writing makes them current and keeps what is written by hand', (t) => {
  const folder = copy(t)
  const page = join(folder, 'docs/kinds/certificate.md')
  const before = readFileSync(page, 'utf8')
  writeFileSync(page, before.replace('# Certificate', '# By hand').replaceAll(/^\| `spec.*\n/gm, ''))
  assert.equal(generate(folder).status, 0)
  assert.equal(readFileSync(page, 'utf8'), before.replace('# Certificate', '# By hand'))
  assert.equal(generate(folder, '--check').status, 0)
})
