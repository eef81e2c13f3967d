import { badAuthorityInternals } from './bad-authority-internal.ts'
import { badDuration, badEmail, badEnum, badSelector, badTexts, item, member, type Place } from './bad-parts.ts'
import { badDefaults, badPolicies, rules } from './bad-policies.ts'
import { repeated, revocationReasons, serialNumber, tooMany, unknownField, wrongType } from './errors.ts'
import type { BadSpec } from './manifest.ts'

const spec: Place = { path: 'spec', specWith: (part) => part }
const field = (name: string, others: object = {}): Place => member(spec, name, { internal: {}, ...others })

const signer = 'spec: Invalid value: name what signs: set exactly one of internal and plugin'
const needsPolicy =
  'spec: Invalid value: an Authority that other namespaces may use needs policy.rules: say which names it may issue'
const pluginName = 'must be the type of an issuer plugin, such as fileDrop'
const selectorFits = (path: string): string =>
  `${path}: Invalid value: selector goes with from: Selector, and only with it`

const badSigners: readonly BadSpec[] = [
  { name: 'no spec', spec: undefined, error: 'spec: Required value' },
  { name: 'nothing that signs', spec: {}, error: signer },
  { name: 'two that sign', spec: { internal: {}, plugin: { name: 'fileDrop' } }, error: signer },
  {
    name: 'an unknown issuer type',
    spec: { internal: {}, acmee: {} },
    error: unknownField('Authority', 'spec.acmee'),
  },
  { name: 'plugin: no name', spec: { plugin: { options: {} } }, error: 'spec.plugin.name: Required value' },
  ...badTexts(
    { path: 'spec.plugin.name', specWith: (name) => ({ plugin: { name } }) },
    pluginName,
    ...['FileDrop', 'file-drop', '@sifaka/file-drop', ''],
  ),
  {
    name: 'plugin: options in text',
    spec: { plugin: { name: 'fileDrop', options: 'a=b' } },
    error: wrongType('spec.plugin.options', 'object', 'string'),
  },
]

const badGrants: readonly BadSpec[] = [
  badEnum(member(field('allowedNamespaces', { policy: { rules } }), 'from'), 'Any', 'Same', 'All', 'Selector'),
  badEnum(member(field('allowedSubordinates'), 'from'), 'All', 'None', 'Same', 'Selector'),
  ...[{ from: 'All' }, { from: 'Selector', selector: {} }].map((allowedNamespaces) => ({
    name: `no policy, and allowedNamespaces: ${JSON.stringify(allowedNamespaces)}`,
    spec: { internal: {}, allowedNamespaces },
    error: needsPolicy,
  })),
  ...['allowedNamespaces', 'allowedSubordinates'].flatMap((name) => [
    ...[{ from: 'Selector' }, { selector: {} }, { from: 'Same', selector: {} }].map((part) => ({
      name: `${name}: ${JSON.stringify(part)}`,
      spec: field(name, { policy: { rules } }).specWith(part),
      error: selectorFits(`spec.${name}`),
    })),
    ...badSelector(member(field(name, { policy: { rules } }), 'selector', { from: 'Selector' })),
  ]),
]

const revocation = item(field('revocations'))
const serial = { serialNumber: '00a1' }

const badSettings: readonly BadSpec[] = [
  badEnum(field('intake'), 'Shut', 'Open', 'RenewalsOnly', 'Closed'),
  badEnum(field('weekendExpiry'), 'MoveLater', 'Keep', 'MoveEarlier'),
  ...['default', 'suspend', 'publicTrust'].map((name) => ({
    name: `${name}: a text`,
    spec: field(name).specWith('true'),
    error: wrongType(`spec.${name}`, 'boolean', 'string'),
  })),
  ...badDuration(field('reissueWithin'), '1s', '999ms'),
  ...badDuration(member(field('retry'), 'initial'), '1s', '999ms'),
  ...badDuration(member(field('retry'), 'max'), '1s', '999ms'),
  {
    name: 'retry: less and less',
    spec: field('retry').specWith({ initial: '2m', max: '1m' }),
    error: 'spec.retry: Invalid value: initial must not be longer than max',
  },
  badEmail(field('owner')),

  {
    name: 'revocations: nothing',
    spec: revocation.specWith({}),
    error: 'spec.revocations[0].serialNumber: Required value',
  },
  ...badTexts(
    member(revocation, 'serialNumber'),
    serialNumber,
    ...['00A1', '0a1', '00:a1', '0xa1', '', 'a1'.repeat(20).slice(1)],
  ),
  badEnum(member(revocation, 'reason', serial), 'removeFromCRL', ...revocationReasons),
  {
    name: 'revocations: the same twice',
    spec: field('revocations').specWith([serial, { ...serial, reason: 'superseded' }]),
    error: repeated('spec.revocations[1]', serial),
  },
  {
    name: 'revocations: 257',
    spec: field('revocations').specWith(
      Array.from({ length: 257 }, (_, index) => ({ serialNumber: index.toString(16).padStart(4, '0') })),
    ),
    error: tooMany('spec.revocations', 257, 256),
  },
]

export const badAuthorities: readonly BadSpec[] = [
  ...badSigners,
  ...badAuthorityInternals,
  ...badGrants,
  ...badPolicies,
  ...badDefaults,
  ...badSettings,
]
