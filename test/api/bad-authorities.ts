import type { BadChange, BadSpec } from './manifest.ts'

const rules = [{ names: { dns: ['**'] } }]
const withRule = (rule: object): object => ({ internal: {}, policy: { rules: [rule] } })
const withSelector = (selector: object): object => ({
  internal: {},
  allowedNamespaces: { from: 'Selector', selector },
  policy: { rules },
})

const objectName = 'must be the name of an object: lowercase letters, digits, "-" and "." between them, such as web-tls'
const needsPolicy =
  'spec: Invalid value: an Authority that other namespaces may use needs policy.rules: say which names it may issue'
const selectorFits = 'spec.allowedNamespaces: Invalid value: selector goes with from: Selector, and only with it'
const namesNothing =
  'spec.policy.rules[0]: Invalid value: a rule permits the names that it lists and no others: set names.dns or names.ipRanges'
const expression = 'spec.allowedNamespaces.selector.matchExpressions'

export const badAuthorities: readonly BadSpec[] = [
  { name: 'no spec', spec: undefined, error: 'spec: Required value' },
  { name: 'nothing that signs', spec: {}, error: 'spec: Invalid value: name what signs: set internal' },
  {
    name: 'an unknown issuer type',
    spec: { internal: {}, acmee: {} },
    error:
      'Authority in version "v1alpha1" cannot be handled as a Authority: strict decoding error: unknown field "spec.acmee"',
  },

  {
    name: 'internal.commonName: empty',
    spec: { internal: { commonName: '' } },
    error:
      'spec.internal.commonName: Invalid value: "": spec.internal.commonName in body should be at least 1 chars long',
  },
  {
    name: 'internal.commonName: 65 characters',
    spec: { internal: { commonName: 'a'.repeat(65) } },
    error: `spec.internal.commonName: Invalid value: "${'a'.repeat(65)}": a common name has at most 64 characters: choose a shorter one`,
  },
  {
    name: 'internal.parentRef: no name',
    spec: { internal: { parentRef: {} } },
    error: 'spec.internal.parentRef.name: Required value',
  },
  {
    name: 'internal.parentRef: a bad name',
    spec: { internal: { parentRef: { name: 'Root' } } },
    error: `spec.internal.parentRef.name: Invalid value: "Root": ${objectName}`,
  },
  {
    name: 'internal.parentRef: a bad namespace',
    spec: { internal: { parentRef: { name: 'root', namespace: '-' } } },
    error:
      'spec.internal.parentRef.namespace: Invalid value: "-": must be the name of a namespace: lowercase letters, digits and "-" between them, such as team-a',
  },
  {
    name: 'internal.privateKey: unknown algorithm',
    spec: { internal: { privateKey: { algorithm: 'DSA' } } },
    error: 'spec.internal.privateKey.algorithm: Unsupported value: "DSA": supported values: "ECDSA", "RSA"',
  },
  {
    name: 'internal.privateKey: a size of the other algorithm',
    spec: { internal: { privateKey: { size: 4096 } } },
    error:
      'spec.internal.privateKey: Invalid value: size must be 256, 384 or 521 for ECDSA (the default algorithm) and 2048, 3072 or 4096 for RSA',
  },
  {
    name: 'internal.duration: years',
    spec: { internal: { duration: '10y' } },
    error:
      'spec.internal.duration: Invalid value: "10y": must be a duration of at least 1h in h, m and s, such as 2160h (90 days) or 1h30m',
  },
  {
    name: 'internal.duration: too short',
    spec: { internal: { duration: '59m' } },
    error:
      'spec.internal.duration: Invalid value: "59m": must be a duration of at least 1h in h, m and s, such as 2160h (90 days) or 1h30m',
  },

  {
    name: 'allowedNamespaces: unknown from',
    spec: { internal: {}, allowedNamespaces: { from: 'Any' } },
    error: 'spec.allowedNamespaces.from: Unsupported value: "Any": supported values: "Same", "All", "Selector"',
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
    name: 'selector: 17 labels',
    spec: withSelector({
      matchLabels: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`label-${index}`, 'a'])),
    }),
    error: 'spec.allowedNamespaces.selector.matchLabels: Too many: 17: must have at most 16 items',
  },
  {
    name: 'selector: a number for a label',
    spec: withSelector({ matchLabels: { team: 5 } }),
    error:
      'spec.allowedNamespaces.selector.matchLabels.team: Invalid value: "integer": spec.allowedNamespaces.selector.matchLabels.team in body must be of type string: "integer"',
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
    error: `${expression}[0].operator: Unsupported value: "Equals": supported values: "In", "NotIn", "Exists", "DoesNotExist"`,
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
    error: `${expression}[0].values: Too many: 33: must have at most 32 items`,
  },
  {
    name: 'selector: 17 expressions',
    spec: withSelector({ matchExpressions: Array(17).fill({ key: 'a', operator: 'Exists' }) }),
    error: `${expression}: Too many: 17: must have at most 16 items`,
  },

  { name: 'policy: no rules', spec: { internal: {}, policy: {} }, error: 'spec.policy.rules: Required value' },
  {
    name: 'policy: an empty list of rules',
    spec: { internal: {}, policy: { rules: [] } },
    error: 'spec.policy.rules: Invalid value: 0: spec.policy.rules in body should have at least 1 items',
  },
  {
    name: 'policy: 33 rules',
    spec: { internal: {}, policy: { rules: Array(33).fill(rules[0]) } },
    error: 'spec.policy.rules: Too many: 33: must have at most 32 items',
  },
  { name: 'policy: a rule that names nothing', spec: withRule({ maxDuration: '1h' }), error: namesNothing },
  {
    name: 'policy: a rule with empty lists',
    spec: withRule({ names: { dns: [], ipRanges: [] } }),
    error: namesNothing,
  },
  ...['', 'a.**', '***', 'w*.example.com', '**.**.com', '{ns}.example.com', 'example.com.', 'a b'].map((pattern) => ({
    name: `policy: the pattern "${pattern}"`,
    spec: withRule({ names: { dns: [pattern] } }),
    error: `spec.policy.rules[0].names.dns[0]: Invalid value: "${pattern}": must be a pattern for DNS names such as *.example.com, **.example.com or *.{namespace}.svc: * and ** stand for whole labels, ** only as the first`,
  })),
  ...['10.0.0.1', '10.0.0.0/33', 'example.com', ''].map((range) => ({
    name: `policy: the range "${range}"`,
    spec: withRule({ names: { ipRanges: [range] } }),
    error: `spec.policy.rules[0].names.ipRanges[0]: Invalid value: "${range}": must be a CIDR range such as 10.0.0.0/8 or fd00::/8; a single address is 10.0.0.1/32`,
  })),
  {
    name: 'policy: 65 patterns',
    spec: withRule({ names: { dns: Array(65).fill('a') } }),
    error: 'spec.policy.rules[0].names.dns: Too many: 65: must have at most 64 items',
  },
  {
    name: 'policy: 65 ranges',
    spec: withRule({ names: { ipRanges: Array(65).fill('10.0.0.0/8') } }),
    error: 'spec.policy.rules[0].names.ipRanges: Too many: 65: must have at most 64 items',
  },
  {
    name: 'policy: maxDuration in days',
    spec: withRule({ names: { dns: ['**'] }, maxDuration: '90d' }),
    error:
      'spec.policy.rules[0].maxDuration: Invalid value: "90d": must be a duration of at least 1m in h, m and s, such as 2160h (90 days) or 1h30m',
  },
]

const cannotChange =
  'spec.internal: Invalid value: spec.internal cannot change: a CA keeps its key and name; create another Authority instead'
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
].map(({ name, from, to }) => ({ name, from: { internal: from }, to: { internal: to }, error: cannotChange }))
