import {
  durationOfAtLeast,
  invalid,
  keySize,
  objectName,
  outOfBounds,
  tooMany,
  unknownField,
  unsupported,
  wrongType,
} from './errors.ts'
import type { BadChange, BadSpec } from './manifest.ts'

/** A policy that permits every DNS name. */
const rules = [{ names: { dns: ['**'] } }]
const withRule = (rule: object): object => ({ internal: {}, policy: { rules: [rule] } })
const withSelector = (selector: object): object => ({
  internal: {},
  allowedNamespaces: { from: 'Selector', selector },
  policy: { rules },
})

const commonName = 'a common name has at most 64 characters: choose a shorter one'
const dnsPattern = 'must be a DNS pattern of whole labels, such as *.example.com, **.example.com or *.{namespace}.svc'
const ipRange =
  'must be a CIDR range such as 10.0.0.0/8 or fd00::/8, no bits set behind the prefix; one address is 10.0.0.1/32'
const needsPolicy =
  'spec: Invalid value: an Authority that other namespaces may use needs policy.rules: say which names it may issue'
const selectorFits = 'spec.allowedNamespaces: Invalid value: selector goes with from: Selector, and only with it'
const namesNothing = 'a rule permits the names that it lists and no others: set names.dns or names.ipRanges'
const expression = 'spec.allowedNamespaces.selector.matchExpressions'

export const badAuthorities: readonly BadSpec[] = [
  { name: 'no spec', spec: undefined, error: 'spec: Required value' },
  { name: 'nothing that signs', spec: {}, error: 'spec: Invalid value: name what signs: set internal' },
  {
    name: 'an unknown issuer type',
    spec: { internal: {}, acmee: {} },
    error: unknownField('Authority', 'spec.acmee'),
  },

  {
    name: 'internal.commonName: empty',
    spec: { internal: { commonName: '' } },
    error: outOfBounds('spec.internal.commonName', '', 'be at least 1 chars long'),
  },
  {
    name: 'internal.commonName: 65 characters',
    spec: { internal: { commonName: 'a'.repeat(65) } },
    error: invalid('spec.internal.commonName', 'a'.repeat(65), commonName),
  },
  {
    name: 'internal.parentRef: no name',
    spec: { internal: { parentRef: {} } },
    error: 'spec.internal.parentRef.name: Required value',
  },
  {
    name: 'internal.parentRef: a bad name',
    spec: { internal: { parentRef: { name: 'Root' } } },
    error: invalid('spec.internal.parentRef.name', 'Root', objectName),
  },
  {
    name: 'internal.parentRef: another namespace',
    spec: { internal: { parentRef: { name: 'root', namespace: 'platform' } } },
    error: unknownField('Authority', 'spec.internal.parentRef.namespace'),
  },
  {
    name: 'internal.privateKey: unknown algorithm',
    spec: { internal: { privateKey: { algorithm: 'DSA' } } },
    error: unsupported('spec.internal.privateKey.algorithm', 'DSA', 'ECDSA', 'RSA'),
  },
  {
    name: 'internal.privateKey: a size of the other algorithm',
    spec: { internal: { privateKey: { size: 4096 } } },
    error: `spec.internal.privateKey: Invalid value: ${keySize}`,
  },
  {
    name: 'internal.duration: years',
    spec: { internal: { duration: '10y' } },
    error: invalid('spec.internal.duration', '10y', durationOfAtLeast('1h')),
  },
  {
    name: 'internal.duration: too short',
    spec: { internal: { duration: '59m' } },
    error: invalid('spec.internal.duration', '59m', durationOfAtLeast('1h')),
  },

  {
    name: 'allowedNamespaces: unknown from',
    spec: { internal: {}, allowedNamespaces: { from: 'Any' } },
    error: unsupported('spec.allowedNamespaces.from', 'Any', 'Same', 'All', 'Selector'),
  },
  {
    name: 'allowedNamespaces: all, without a policy',
    spec: { internal: {}, allowedNamespaces: { from: 'All' } },
    error: needsPolicy,
  },
  {
    name: 'allowedNamespaces: some, without a policy',
    spec: { internal: {}, allowedNamespaces: { from: 'Selector', selector: {} } },
    error: needsPolicy,
  },
  {
    name: 'allowedNamespaces: Selector without one',
    spec: { internal: {}, allowedNamespaces: { from: 'Selector' }, policy: { rules } },
    error: selectorFits,
  },
  {
    name: 'allowedNamespaces: a selector that nobody asks',
    spec: { internal: {}, allowedNamespaces: { selector: {} } },
    error: selectorFits,
  },
  {
    name: 'allowedSubordinates: unknown from',
    spec: { internal: {}, allowedSubordinates: { from: 'All' } },
    error: unsupported('spec.allowedSubordinates.from', 'All', 'None', 'Same'),
  },
  {
    name: 'selector: 17 labels',
    spec: withSelector({
      matchLabels: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`label-${index}`, 'a'])),
    }),
    error: tooMany('spec.allowedNamespaces.selector.matchLabels', 17, 16),
  },
  {
    name: 'selector: a number for a label',
    spec: withSelector({ matchLabels: { team: 5 } }),
    error: wrongType('spec.allowedNamespaces.selector.matchLabels.team', 'string', 'integer'),
  },
  {
    name: 'selector: an expression without a key',
    spec: withSelector({ matchExpressions: [{ operator: 'Exists' }] }),
    error: `${expression}[0].key: Required value`,
  },
  {
    name: 'selector: an expression without an operator',
    spec: withSelector({ matchExpressions: [{ key: 'a' }] }),
    error: `${expression}[0].operator: Required value`,
  },
  {
    name: 'selector: an unknown operator',
    spec: withSelector({ matchExpressions: [{ key: 'a', operator: 'Equals', values: ['b'] }] }),
    error: unsupported(`${expression}[0].operator`, 'Equals', 'In', 'NotIn', 'Exists', 'DoesNotExist'),
  },
  ...[
    { key: 'a', operator: 'In' },
    { key: 'a', operator: 'NotIn', values: [] },
    { key: 'a', operator: 'Exists', values: ['b'] },
  ].map((requirement) => ({
    name: `selector: ${JSON.stringify(requirement)}`,
    spec: withSelector({ matchExpressions: [requirement] }),
    error: `${expression}[0]: Invalid value: In and NotIn need values; Exists and DoesNotExist take none`,
  })),
  {
    name: 'selector: 33 values',
    spec: withSelector({ matchExpressions: [{ key: 'a', operator: 'In', values: Array(33).fill('b') }] }),
    error: tooMany(`${expression}[0].values`, 33, 32),
  },
  {
    name: 'selector: 17 expressions',
    spec: withSelector({ matchExpressions: Array(17).fill({ key: 'a', operator: 'Exists' }) }),
    error: tooMany(expression, 17, 16),
  },

  { name: 'policy: no rules', spec: { internal: {}, policy: {} }, error: 'spec.policy.rules: Required value' },
  {
    name: 'policy: an empty list of rules',
    spec: { internal: {}, policy: { rules: [] } },
    error: outOfBounds('spec.policy.rules', 0, 'have at least 1 items'),
  },
  {
    name: 'policy: 33 rules',
    spec: { internal: {}, policy: { rules: Array(33).fill(rules[0]) } },
    error: tooMany('spec.policy.rules', 33, 32),
  },
  {
    name: 'policy: a rule that names nothing',
    spec: withRule({ maxDuration: '1h' }),
    error: `spec.policy.rules[0]: Invalid value: ${namesNothing}`,
  },
  {
    name: 'policy: a rule with empty lists',
    spec: withRule({ names: { dns: [], ipRanges: [] } }),
    error: `spec.policy.rules[0]: Invalid value: ${namesNothing}`,
  },
  ...['', 'a.**', '***', 'w*.example.com', '**.**.com', '{ns}.example.com', 'example.com.', 'a b'].map((pattern) => ({
    name: `policy: the pattern "${pattern}"`,
    spec: withRule({ names: { dns: [pattern] } }),
    error: invalid('spec.policy.rules[0].names.dns[0]', pattern, dnsPattern),
  })),
  ...['10.0.0.1', '10.0.0.0/33', '10.0.0.1/8', 'example.com', ''].map((range) => ({
    name: `policy: the range "${range}"`,
    spec: withRule({ names: { ipRanges: [range] } }),
    error: invalid('spec.policy.rules[0].names.ipRanges[0]', range, ipRange),
  })),
  {
    name: 'policy: 65 patterns',
    spec: withRule({ names: { dns: Array(65).fill('a') } }),
    error: tooMany('spec.policy.rules[0].names.dns', 65, 64),
  },
  {
    name: 'policy: 65 ranges',
    spec: withRule({ names: { ipRanges: Array(65).fill('10.0.0.0/8') } }),
    error: tooMany('spec.policy.rules[0].names.ipRanges', 65, 64),
  },
  {
    name: 'policy: maxDuration in days',
    spec: withRule({ names: { dns: ['**'] }, maxDuration: '90d' }),
    error: invalid('spec.policy.rules[0].maxDuration', '90d', durationOfAtLeast('1m')),
  },
]

const cannotChange = 'spec.internal cannot change: a CA keeps its key and name; create another Authority instead'
const ca = { commonName: 'CA', privateKey: { size: 256 }, duration: '87600h' }

export const badAuthorityChanges: readonly BadChange[] = [
  { name: 'another common name', from: ca, to: { ...ca, commonName: 'Other' } },
  { name: 'no common name', from: ca, to: { ...ca, commonName: undefined } },
  { name: 'a common name for the first time', from: {}, to: { commonName: 'CA' } },
  { name: 'another key size', from: ca, to: { ...ca, privateKey: { size: 384 } } },
  { name: 'another key algorithm', from: ca, to: { ...ca, privateKey: { algorithm: 'RSA' } } },
  { name: 'another duration', from: ca, to: { ...ca, duration: '43800h' } },
  { name: 'a parent for a root', from: ca, to: { ...ca, parentRef: { name: 'root' } } },
  { name: 'no parent any more', from: { ...ca, parentRef: { name: 'root' } }, to: ca },
  { name: 'another parent', from: { parentRef: { name: 'root' } }, to: { parentRef: { name: 'other' } } },
].map(({ name, from, to }) => ({
  name,
  from: { internal: from },
  to: { internal: to },
  error: `spec.internal: Invalid value: ${cannotChange}`,
}))
