import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { survey } from './cruise.ts'
import { type Plant, plants, unlistedPackage } from './plants.ts'
import { packages, pluginRooms, rooms } from './rooms.ts'
import { rules } from './rules.ts'

/**
 * Plants a violation of every rule in a tree of its own and returns one line for each that is not reported, and for
 * each good import that is. A cruiser that sees nothing fails here: it cannot use the compiler, or resolve an import.
 */
export async function proveWalls(planted: readonly Plant[] = plants): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'sifaka-walls-'))
  const root = join(folder, 'house')
  try {
    for (const [path, text] of [...emptyHouse(), ...planted.map((p) => [p.path, p.source] as const)]) {
      mkdirSync(dirname(join(root, path)), { recursive: true })
      writeFileSync(join(root, path), text)
    }
    const { violations } = await survey(root, ['src', 'test', 'scripts'])
    const reported = Map.groupBy(violations, (violation) => violation.from)
    return [
      ...planted.flatMap((p) => judge(p, new Set(reported.get(p.path)?.map((violation) => violation.rule)))),
      ...rulesWithoutPlant(planted),
    ]
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function judge({ path, source, rule }: Plant, reported: ReadonlySet<string>): string[] {
  const expected = rule === undefined ? [] : [rule]
  if (reported.size === expected.length && expected.every((name) => reported.has(name))) return []
  const got = reported.size === 0 ? 'nothing' : [...reported].map((name) => `"${name}"`).join(', ')
  return [`${path} (${source.split('\n')[0]}) should give ${rule ? `"${rule}"` : 'nothing'}, gave ${got}`]
}

function rulesWithoutPlant(planted: readonly Plant[]): string[] {
  const covered = new Set(planted.map((p) => p.rule))
  return rules.flatMap(({ name }) => (covered.has(name) ? [] : [`no plant proves the rule "${name}"`]))
}

/** The rooms, doors, plugins and packages that the plants import. */
function* emptyHouse(): Generator<readonly [path: string, text: string]> {
  const names = Object.keys(rooms)
  const doors = Object.fromEntries(names.map((room) => [`#${room}`, `./src/${room}/index.ts`]))
  const imports = { ...doors, '#test/*': './test/*/index.ts' }
  const everyPackage = [...Object.keys(packages), unlistedPackage]
  const dependencies = Object.fromEntries(everyPackage.map((name) => [name, '1.0.0']))
  yield ['package.json', JSON.stringify({ name: 'planted', type: 'module', imports, dependencies })]
  const compilerOptions = { module: 'nodenext', allowImportingTsExtensions: true, noEmit: true }
  yield ['tsconfig.json', JSON.stringify({ compilerOptions, include: ['src', 'test', 'scripts'] })]
  for (const room of names) for (const file of ['index', 'inner']) yield [`src/${room}/${file}.ts`, exported]
  for (const room of pluginRooms) for (const name of ['left', 'right']) yield [`src/${room}/${name}/inner.ts`, exported]
  for (const path of ['src/main.ts', 'test/make/index.ts', 'scripts/inner.ts', '../outside.ts']) yield [path, exported]
  for (const name of everyPackage) {
    yield [`node_modules/${name}/package.json`, JSON.stringify({ name, version: '1.0.0', main: './index.js' })]
    yield [`node_modules/${name}/index.js`, 'export const x = 1\n']
  }
}

const exported = 'export const x = 1\nexport type X = number\n'
