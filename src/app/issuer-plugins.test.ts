import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { loadIssuerPlugins } from './issuer-plugins.ts'

let folder: string
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'sifaka-plugins-'))
})
after(() => rmSync(folder, { recursive: true }))

let files = 0

/** The absolute path of a module with this text. */
function module(source: string): string {
  const path = join(folder, `plugin-${++files}.mjs`)
  writeFileSync(path, source)
  return path
}

const good = (type: string): string => `export default { type: '${type}', create: () => 'made' }`

test('without packages there are no plugins', async () => {
  assert.deepEqual(await loadIssuerPlugins([], ['internal']), [])
})

test('plugins are loaded in their order, from absolute paths', async () => {
  const plugins = await loadIssuerPlugins([module(good('fileDrop')), module(good('hsm2'))], ['internal'])
  assert.deepEqual(
    plugins.map(({ type }) => type),
    ['fileDrop', 'hsm2'],
  )
})

suite('refuses, naming the package', () => {
  const cases: readonly [name: string, source: string, why: RegExp][] = [
    ['no default export', 'export const plugin = 1', /it has no default export/],
    ['null', 'export default null', /the type of its default export must match/],
    ['no type', 'export default { create() {} }', /the type of its default export must match/],
    ['a type that no Authority can name', good('File-Drop'), /the type of its default export must match/],
    ['no create', "export default { type: 'fileDrop' }", /no method create/],
    ["a type of Sifaka's own", good('internal'), /the type internal comes with Sifaka/],
    ['an import that is not there', "import 'not-there'", /cannot be loaded \(ERR_MODULE_NOT_FOUND\): .*not-there/],
    ['a syntax error', 'export default {', /cannot be loaded: /],
    ['an error of its own', "throw new Error('no\\nluck')", /cannot be loaded: no luck$/],
  ]
  for (const [name, source, why] of cases) {
    test(name, async () => {
      const path = module(source)
      await assert.rejects(loadIssuerPlugins([path], ['internal']), ({ kind, reason, message }) => {
        assert.deepEqual([kind, reason], ['Terminal', 'InvalidConfiguration'])
        assert.ok(message.startsWith(`--issuer-plugins ${path}: `), message)
        assert.match(message, why)
        return true
      })
    })
  }

  test('a package that is not installed', async () => {
    await assert.rejects(loadIssuerPlugins(['sifaka-issuer-not-there'], []), /ERR_MODULE_NOT_FOUND/)
  })

  test('all of them at once, two of one type among them', async () => {
    const paths = [module(good('fileDrop')), module(good('fileDrop')), module('export default 1')]
    await assert.rejects(loadIssuerPlugins(paths, []), ({ message }) => {
      assert.match(message, /another of the packages has the type fileDrop\n.* must match/)
      return true
    })
  })
})
