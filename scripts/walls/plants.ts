import { nodeModules, packages, pluginRooms, rooms } from './rooms.ts'

/** A file with one import, and the rule that must report it; undefined when the import is a good one. */
export interface Plant {
  readonly path: string
  readonly source: string
  readonly rule: string | undefined
}

/** Every way to write an import. A wall must stop each of them. */
const forms: Readonly<Record<string, (specifier: string) => string>> = {
  value: (specifier) => `import { x } from '${specifier}'\nexport const y = x\n`,
  type: (specifier) => `import type { X } from '${specifier}'\nexport type Y = X\n`,
  inline: (specifier) => `export type Y = import('${specifier}').X\n`,
  export: (specifier) => `export { x } from '${specifier}'\n`,
  dynamic: (specifier) => `export const y = await import('${specifier}')\n`,
}

const plant = (folder: string, specifier: string, form: string, rule?: string): Plant => ({
  path: `${folder}/plant-${`${form} ${specifier}`.replaceAll(/[^a-z0-9]+/g, '-')}.ts`,
  source: forms[form]?.(specifier) ?? '',
  rule,
})

const good = (folder: string, specifier: string): Plant => plant(folder, specifier, 'type')

const bad = (folder: string, specifier: string, rule: string): Plant[] =>
  Object.keys(forms).map((form) => plant(folder, specifier, form, rule))

const asTest = (of: Plant): Plant => ({ ...of, path: of.path.replace(/[.]ts$/, '.test.ts') })

const allRooms = Object.keys(rooms)

const wallPlants = Object.entries(rooms).flatMap(([room, allowed]) => [
  ...allowed.map((other) => good(`src/${room}`, `#${other}`)),
  ...allRooms
    .filter((other) => other !== room && !allowed.includes(other))
    .flatMap((other) => bad(`src/${room}`, `#${other}`, `wall of ${room}`)),
])

const doorPlants = [
  ...Object.entries(rooms).flatMap(([room, allowed]) =>
    allowed.flatMap((other) => [
      ...bad(`src/${room}`, `../${other}/inner.ts`, 'door'),
      ...bad(`src/${room}`, `../${other}/index.ts`, 'name of a door'),
    ]),
  ),
  ...['test', 'scripts'].flatMap((folder) => [
    good(folder, '#pki'),
    ...bad(folder, '../src/pki/inner.ts', 'door from outside'),
    ...bad(folder, '../src/pki/index.ts', 'name of a door'),
  ]),
]

const pluginPlants = pluginRooms.flatMap((room) => [
  good(`src/${room}/left`, './inner.ts'),
  good(`src/${room}/left`, '../inner.ts'),
  ...bad(`src/${room}/left`, '../right/inner.ts', 'sibling plugin'),
])

const directionPlants = [
  good('src/kube', './inner.ts'),
  asTest(good('src/kube', '#test/make')),
  ...bad('src/kube', '#test/make', 'tests stay outside'),
  ...bad('src/kube', '../../scripts/inner.ts', 'tests stay outside'),
  ...bad('src/kube', '../../scripts/inner.ts', 'scripts stay outside').map(asTest),
  ...bad('src/kube', '../../../outside.ts', 'outside'),
  ...bad('src/kube', './missing.ts', 'unresolved'),
  ...bad('src/kube', '#missing', 'unresolved'),
  ...bad('src/app', '../main.ts', 'main'),
]

/** A circle is reported once, at its first file. */
const ringPlants: readonly Plant[] = [
  { path: 'src/kube/ring-a.ts', source: "import './ring-b.ts'\n", rule: 'cycle' },
  { path: 'src/kube/ring-b.ts', source: "import './ring-a.ts'\n", rule: undefined },
  { path: 'src/kube/type-ring-a.ts', source: "export type { X } from './type-ring-b.ts'\n", rule: 'cycle' },
  { path: 'src/kube/type-ring-b.ts', source: "export type { Y as X } from './type-ring-a.ts'\n", rule: undefined },
]

function guarded(specifier: string, rule: string, places: readonly string[]): Plant[] {
  const shut = allRooms.filter((room) => !places.includes(room))
  return [
    asTest(good('src/base', specifier)),
    ...places.filter((place) => place !== 'main').map((place) => good(`src/${place.replace('*', 'left')}`, specifier)),
    ...shut.flatMap((room) => bad(`src/${room}`, specifier, rule)),
  ]
}

/** A package that is installed in the planted tree and has no place in the table. */
export const unlistedPackage = 'unlisted-package'

/** A violation of every rule, in every form of import, and good imports that no rule may report. */
export const plants: readonly Plant[] = [
  ...wallPlants,
  ...doorPlants,
  ...pluginPlants,
  ...directionPlants,
  ...ringPlants,
  ...Object.entries(packages).flatMap(([name, places]) => guarded(name, `package ${name}`, places)),
  ...Object.entries(nodeModules).flatMap(([name, places]) => guarded(`node:${name}`, `node:${name}`, places)),
  ...guarded(unlistedPackage, 'unlisted package', []),
]
