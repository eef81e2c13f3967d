import type { IRegularForbiddenRuleType } from 'dependency-cruiser'
import { nodeModules, packages, pluginRooms, rooms } from './rooms.ts'

const testFile = '[.]test[.]ts$'
const anyRoom = '^src/([^/]+)/'
const where = 'scripts/walls/rooms.ts'

/** Pattern of the files in a place: a room, a file or folder in it, `*` for any one folder. */
export const placePattern = (place: string): string => `^src/${place.replaceAll('*', '[^/]+')}(/|[.]ts$)`

const anyDoor = '^src/[^/]+/index[.]ts$'
const either = (items: readonly string[]): string => `(${items.join('|')})`
const named = (items: readonly string[]): string => (items.length === 0 ? 'nothing of ours' : items.join(', '))

function rule(
  name: string,
  comment: string,
  from: IRegularForbiddenRuleType['from'],
  to: IRegularForbiddenRuleType['to'],
): IRegularForbiddenRuleType {
  return { name, comment, severity: 'error', from, to }
}

/** The room from which every door is open needs no rule. */
const walled = Object.entries(rooms).filter(([, allowed]) => allowed.length < Object.keys(rooms).length - 1)

const walls = walled.map(([room, allowed]) =>
  rule(
    `wall of ${room}`,
    `${room} may import ${named(allowed)} (${where})`,
    { path: `^src/${room}/` },
    { path: anyRoom, pathNot: `^src/${either([room, ...allowed])}/` },
  ),
)

const doors = [
  rule(
    'door',
    'outside a room only its index.ts may be imported: export the name there or keep it inside',
    { path: anyRoom },
    { path: anyRoom, pathNot: ['^src/$1/', anyDoor] },
  ),
  rule(
    'door from outside',
    'outside a room only its index.ts may be imported: export the name there or keep it inside',
    { path: '^((test|scripts)/|src/main[.]ts$)' },
    { path: anyRoom, pathNot: anyDoor },
  ),
  rule(
    'name of a door',
    'another room is imported by its name (#pki, #plan), not by a path',
    { path: '^(?:src/([^/]+)/|src/main[.]ts$|test/|scripts/)' },
    { path: anyDoor, pathNot: '^src/$1/', dependencyTypesNot: ['aliased-subpath-import'] },
  ),
]

const directions = [
  rule('main', 'main.ts is where the program starts: nothing imports it', {}, { path: '^src/main[.]ts$' }),
  rule(
    'sibling plugin',
    'a plugin knows no other plugin of its room: what both need goes into the room itself',
    { path: `^src/${either(pluginRooms)}/([^/]+)/` },
    { path: '^src/$1/[^/]+/', pathNot: '^src/$1/$2/' },
  ),
  rule(
    'tests stay outside',
    'src imports nothing of test or scripts; only its tests may use #test/...',
    { path: '^src/', pathNot: testFile },
    { path: '^(test|scripts)/' },
  ),
  rule(
    'scripts stay outside',
    'a test in src imports nothing of scripts',
    { path: `^src/.*${testFile}` },
    { path: '^scripts/' },
  ),
  rule('cycle', 'modules must not import each other in a circle, by type or by value', {}, { circular: true }),
  rule('outside', 'the import leaves the repository', {}, { path: '^([.][.]/|/)' }),
  rule('unresolved', 'the import leads nowhere', {}, { couldNotResolve: true }),
]

const npmPackages = Object.entries(packages).map(([name, places]) =>
  rule(
    `package ${name}`,
    `only ${named(places)} may import ${name} (${where})`,
    { path: '^src/', pathNot: [testFile, ...places.map(placePattern)] },
    { path: `^node_modules/${name}/` },
  ),
)

const unlisted = rule(
  'unlisted package',
  `this package has no place yet: decide on one in ${where}`,
  { path: '^src/', pathNot: testFile },
  { path: '^node_modules/', pathNot: `^node_modules/${either(Object.keys(packages))}/` },
)

const nodeRules = Object.entries(nodeModules).map(([name, places]) =>
  rule(
    `node:${name}`,
    `only ${places.length === 0 ? 'tests' : named(places)} may import node:${name} (${where})`,
    { path: '^src/', pathNot: [testFile, ...places.map(placePattern)] },
    { path: `^${name}(/|$)`, dependencyTypes: ['core'] },
  ),
)

/** Every wall as a rule of dependency-cruiser, made from the table; its comment tells the reader what to do. */
export const rules: readonly IRegularForbiddenRuleType[] = [
  ...walls,
  ...doors,
  ...directions,
  ...npmPackages,
  unlisted,
  ...nodeRules,
]
