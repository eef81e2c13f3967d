import {
  controlCharacters,
  cronSchedule,
  durationOfAtLeast,
  emailAddress,
  invalid,
  keySize,
  numbered,
  outOfBounds,
  repeated,
  timeZoneName,
  tooMany,
  unsupported,
  usages,
  wrongType,
} from './errors.ts'
import type { BadSpec } from './manifest.ts'

/** Where a part that several fields have stands: its path in errors, and a spec that is good but for the part. */
export interface Place {
  readonly path: string
  readonly specWith: (part: unknown) => unknown
}

const row = ({ path, specWith }: Place, part: unknown, error: string): BadSpec => {
  const shown = JSON.stringify(part)
  return { name: `${path}: ${shown.length > 100 ? `${shown.slice(0, 100)}…` : shown}`, spec: specWith(part), error }
}

/** A member of a part, as a place of its own. */
export const member = ({ path, specWith }: Place, name: string, others: object = {}): Place => ({
  path: `${path}.${name}`,
  specWith: (part) => specWith({ ...others, [name]: part }),
})

/** An item of a list, as a place of its own. */
export const item = ({ path, specWith }: Place): Place => ({ path: `${path}[0]`, specWith: (part) => specWith([part]) })

/** A text that is refused for its form, whatever it is. */
export const badTexts = (place: Place, says: string, ...texts: string[]): BadSpec[] =>
  texts.map((text) => row(place, text, invalid(place.path, text, says)))

/** A list with an item that is refused for its form, and with one item more than there may be. */
export const badList = (place: Place, says: string, most: number, good: string, ...texts: string[]): BadSpec[] => [
  ...badTexts(item(place), says, ...texts),
  tooLong(place, most, good),
]

/** A list of as many different texts as there may be, and one more. `good` has the number in the place of `#`. */
export const tooLong = (place: Place, most: number, good = 'a#'): BadSpec =>
  row(
    place,
    numbered(most + 1, (index) => good.replace('#', String(index))),
    tooMany(place.path, most + 1, most),
  )

export const emptyText = (place: Place): BadSpec =>
  row(place, '', outOfBounds(place.path, '', 'be at least 1 chars long'))

export const emptyList = (place: Place): BadSpec => row(place, [], outOfBounds(place.path, 0, 'have at least 1 items'))

export const badEnum = (place: Place, value: string, ...supported: string[]): BadSpec =>
  row(place, value, unsupported(place.path, value, ...supported))

export const badInteger = (place: Place, min: number, max: number): BadSpec[] => [
  row(place, min - 1, outOfBounds(place.path, min - 1, `be greater than or equal to ${min}`)),
  row(place, max + 1, outOfBounds(place.path, max + 1, `be less than or equal to ${max}`)),
  row(place, min + 0.5, wrongType(place.path, 'integer', 'number')),
]

export const badDuration = (place: Place, min: string, shorter: string): BadSpec[] => [
  ...badTexts(place, durationOfAtLeast(min), '90d', shorter),
  row(place, 3600, wrongType(place.path, 'string', 'integer')),
]

export const badEmail = (place: Place): BadSpec => row(place, 'web-team', invalid(place.path, 'web-team', emailAddress))

export const badSubject = (place: Place): BadSpec[] => [
  ...['organizations', 'organizationalUnits', 'localities', 'provinces', 'streetAddresses', 'postalCodes'].flatMap(
    (name) => [
      emptyText(item(member(place, name))),
      ...badTexts(item(member(place, name)), controlCharacters, 'a\nb', '\u0000'),
      tooLong(member(place, name), 8),
    ],
  ),
  ...badTexts(
    item(member(place, 'countries')),
    'must be a country of two capital letters (ISO 3166), such as DE',
    'de',
    'D',
    '49',
    '',
  ),
  row(
    member(place, 'countries'),
    ['DE', 'FR', 'IT', 'ES', 'PL', 'SE', 'FI', 'NO', 'DK'],
    tooMany(`${place.path}.countries`, 9, 8),
  ),
  emptyText(member(place, 'serialNumber')),
  ...badTexts(member(place, 'serialNumber'), controlCharacters, 'a\tb'),
]

/** Algorithm and size of a key. */
export const badKey = (place: Place): BadSpec[] => [
  badEnum(member(place, 'algorithm'), 'rsa', 'ECDSA', 'RSA', 'Ed25519', 'ML-DSA'),
  row(member(place, 'size'), '256', wrongType(`${place.path}.size`, 'integer', 'string')),
  ...[
    { size: 2048 },
    { size: 0 },
    { algorithm: 'ECDSA', size: 255 },
    { algorithm: 'RSA', size: 1024 },
    { algorithm: 'RSA', size: 16384 },
    { algorithm: 'RSA', size: 256 },
    { algorithm: 'ML-DSA', size: 66 },
    { algorithm: 'Ed25519', size: 256 },
  ].map((part) => row(place, part, `${place.path}: Invalid value: ${keySize}`)),
]

/** What a certificate's key has beside algorithm and size. */
export const badCertificateKey = (place: Place): BadSpec[] => [
  ...badKey(place),
  badEnum(member(place, 'encoding', { algorithm: 'RSA' }), 'SEC1', 'PKCS8', 'PKCS1'),
  badEnum(member(place, 'rotation'), 'Sometimes', 'Always', 'Never'),
  ...[
    { encoding: 'PKCS1' },
    ...['ECDSA', 'Ed25519', 'ML-DSA'].map((algorithm) => ({ algorithm, encoding: 'PKCS1' })),
  ].map((part) =>
    row(
      place,
      part,
      `${place.path}: Invalid value: encoding PKCS1 exists for RSA only: set algorithm: RSA or leave encoding out`,
    ),
  ),
]

export const badUsages = (place: Place): BadSpec[] => [
  badEnum(item(place), 'server auth', ...usages),
  emptyList(place),
  row(place, ['serverAuth', 'serverAuth'], repeated(`${place.path}[1]`, 'serverAuth')),
]

export const badRenewal = (place: Place): BadSpec[] => [
  row(
    place,
    { before: '1h', beforePercent: 10 },
    `${place.path}: Invalid value: set before or beforePercent, not both`,
  ),
  ...badDuration(member(place, 'before'), '1s', '999ms'),
  ...badInteger(member(place, 'beforePercent'), 1, 99),
  badEnum(member(place, 'policy'), 'Never', 'Auto', 'Manual'),
  ...badWindows(member(place, 'windows')),
  row(
    place,
    { policy: 'Manual', windows: [{ schedule: '0 2 * * SAT', length: '2h' }] },
    `${place.path}.windows: Invalid value: with policy Manual nothing is renewed by itself, so nothing waits for ` +
      'windows: leave them out',
  ),
]

function badWindows(place: Place): BadSpec[] {
  const good = { schedule: '0 2 * * SAT', length: '2h' }
  const inWindow = (name: string): Place => member(item(place), name, good)
  return [
    emptyList(place),
    row(place, Array(9).fill(good), tooMany(place.path, 9, 8)),
    row(place, [{ length: '2h' }], `${place.path}[0].schedule: Required value`),
    row(place, [{ schedule: '0 2 * * *' }], `${place.path}[0].length: Required value`),
    ...badTexts(
      inWindow('schedule'),
      cronSchedule,
      '@daily',
      '0 2 * *',
      '0 0 2 * * SAT',
      '0  2 * * SAT',
      '0 2 * * SAT; rm',
    ),
    ...badDuration(inWindow('length'), '1m', '59s'),
    ...badTexts(inWindow('timeZone'), timeZoneName, '+01:00', 'Europe/', '/etc', 'Europe Berlin'),
  ]
}

export const badSelector = (place: Place): BadSpec[] => {
  const labels = member(place, 'matchLabels')
  const expressions = member(place, 'matchExpressions')
  const values = member(item(expressions), 'values', { key: 'a', operator: 'In' })
  const fits = 'In and NotIn need values; Exists and DoesNotExist take none'
  const seventeen = Object.fromEntries(numbered(17, (index) => `label-${index}`).map((label) => [label, 'a']))
  return [
    row(labels, seventeen, tooMany(labels.path, 17, 16)),
    row(labels, { team: 5 }, wrongType(`${labels.path}.team`, 'string', 'integer')),
    row(expressions, [{ operator: 'Exists' }], `${expressions.path}[0].key: Required value`),
    row(expressions, [{ key: 'a' }], `${expressions.path}[0].operator: Required value`),
    row(
      expressions,
      [{ key: '', operator: 'Exists' }],
      outOfBounds(`${expressions.path}[0].key`, '', 'be at least 1 chars long'),
    ),
    badEnum(
      member(item(expressions), 'operator', { key: 'a', values: ['b'] }),
      'Equals',
      ...['In', 'NotIn', 'Exists', 'DoesNotExist'],
    ),
    ...[
      { key: 'a', operator: 'In' },
      { key: 'a', operator: 'NotIn', values: [] },
      { key: 'a', operator: 'Exists', values: ['b'] },
    ].map((part) => row(item(expressions), part, `${expressions.path}[0]: Invalid value: ${fits}`)),
    row(values, Array(33).fill('b'), tooMany(values.path, 33, 32)),
    row(expressions, Array(17).fill({ key: 'a', operator: 'Exists' }), tooMany(expressions.path, 17, 16)),
  ]
}
