import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AuthoritySpec, PolicyRule } from '#api'
import { policyFlaws } from './flaws.ts'

type Cell = readonly [name: string, rule: PolicyRule, spec: Partial<AuthoritySpec>]

const flaws = (rule: PolicyRule, spec: Partial<AuthoritySpec> = {}): string[] =>
  policyFlaws({ ...spec, policy: { ...spec.policy, rules: [rule] } }, 'shop')

const dns = (...patterns: string[]): PolicyRule => ({ names: { dns: patterns } })
const sensitive = (...sensitiveNames: string[]) => ({ policy: { rules: [], sensitiveNames } })
const within = (...dnsDomains: string[]) => ({ internal: { nameConstraints: { permitted: { dnsDomains } } } })
const without = (...dnsDomains: string[]) => ({ internal: { nameConstraints: { excluded: { dnsDomains } } } })
const publicTrust = { publicTrust: true }

suite('no flaw', () => {
  const cases: readonly Cell[] = [
    ['a rule for the own namespace', { ...dns('**'), namespaces: ['shop', 'bank'] }, {}],
    [
      'a rule for another namespace that may use it',
      { ...dns('**'), namespaces: ['bank'] },
      { allowedNamespaces: { from: 'All' } },
    ],
    ['a pattern that is sensitive in part', dns('**.example.com'), sensitive('admin.example.com')],
    ['a sensitive name as it is', dns('admin.example.com'), sensitive('*.example.com')],
    ['one name that is not sensitive', dns('*.a.com', '*.b.com'), sensitive('*.a.com')],
    ['another kind of name beside', { names: { dns: ['*.a.com'], ipRanges: ['10.0.0.0/8'] } }, sensitive('*.a.com')],
    ['names within the constraints', dns('www.example.com', '*.example.org'), within('example.com')],
    ['a domain that the constraints cut', dns('**'), within('.example.com')],
    ['{namespace} within the constraints', dns('{namespace}.example.com'), within('.example.com')],
    ['names that are excluded in part', dns('**.example.com'), without('bank.example.com')],
    ['names with a dot above the excluded', dns('example.com'), without('.example.com')],
    [
      'public names',
      { names: { dns: ['**.example.com', '*.com'], ipRanges: ['9.0.0.0/8', '0.0.0.0/0'] } },
      publicTrust,
    ],
    ['a public usage', { ...dns('**'), usages: ['clientAuth', 'serverAuth'] }, publicTrust],
    ['a public key', { ...dns('**'), keys: [{ algorithm: 'Ed25519' }, { algorithm: 'RSA' }] }, publicTrust],
    ['the largest keys', { ...dns('**'), keys: [{ algorithm: 'ECDSA', minSize: 521 }] }, {}],
    [
      'names of another kind, and an extension',
      { names: { otherNames: [{ oid: '1.2.3', values: ['*'] }], registeredIDs: ['1.2.4'] }, extensions: ['1.2.5'] },
      {},
    ],
    [
      'permitted defaults',
      { ...dns('**'), subject: { organizations: ['*'] } },
      { defaults: { subject: { organizations: ['Example'] } } },
    ],
  ]
  for (const [name, rule, spec] of cases) test(name, () => assert.deepEqual(flaws(rule, spec), []))
  test('without a policy', () => assert.deepEqual(policyFlaws({ internal: {} }, 'shop'), []))
  test('of namespaces where the own one is not known', () => {
    assert.deepEqual(policyFlaws({ policy: { rules: [{ ...dns('**'), namespaces: ['bank'] }] } }), [])
  })
})

suite('a rule that can never match', () => {
  const cases: readonly (readonly [flaw: string, rule: PolicyRule, spec: Partial<AuthoritySpec>])[] = [
    [
      'it is for bank and pay, but only namespace shop may use this Authority',
      { ...dns('**'), namespaces: ['bank', 'pay'] },
      {},
    ],
    ['it lists no names', { maxDuration: '1h' }, {}],
    ['keys is empty, which permits none: leave it out to permit all', { ...dns('**'), keys: [] }, {}],
    ['namespaces is empty, which permits none: leave it out to permit all', { ...dns('**'), namespaces: [] }, {}],
    [
      '*.a.com is within the sensitive **.a.com, which only a name without * permits',
      dns('*.a.com'),
      sensitive('**.a.com'),
    ],
    [
      '{namespace}.a.com is within the sensitive *.a.com, which only a name without * permits',
      dns('{namespace}.a.com'),
      sensitive('*.a.com'),
    ],
    ['*.example.org has no name within nameConstraints.permitted', dns('*.example.org'), within('example.com')],
    ['example.com has no name within nameConstraints.permitted', dns('example.com'), within('.example.com')],
    ['**.a.example.com is within nameConstraints.excluded', dns('**.a.example.com'), without('example.com')],
    ['web is internal, which public trust denies', dns('web'), publicTrust],
    ['**.svc is internal, which public trust denies', dns('**.svc'), publicTrust],
    ['10.1.0.0/16 is reserved', { names: { ipRanges: ['10.1.0.0/16'] } }, publicTrust],
    ['fd00::/8 is reserved', { names: { ipRanges: ['fd00::/8'] } }, publicTrust],
    ['URI https://a/* is not for servers', { names: { uris: ['https://a/*'] } }, publicTrust],
    [
      'other name 1.2.3 is not for servers; registered ID 1.2.4 is not for servers',
      { names: { otherNames: [{ oid: '1.2.3', values: ['*'] }], registeredIDs: ['1.2.4'] } },
      publicTrust,
    ],
    ['1.2.3 has no values', { names: { otherNames: [{ oid: '1.2.3', values: [] }] } }, {}],
    ['public trust denies the keys that it permits', { ...dns('**'), keys: [{ algorithm: 'ML-DSA' }] }, publicTrust],
    [
      'public trust denies clientAuth, and it permits no other usage',
      { ...dns('**'), usages: ['clientAuth'] },
      publicTrust,
    ],
  ]
  for (const [flaw, rule, spec] of cases) {
    test(flaw, () => assert.deepEqual(flaws(rule, spec), [`rules[0] can never match: ${flaw}`]))
  }
})

test('a key that is larger than any is named, and the rule where it has no other', () => {
  const large = { algorithm: 'ECDSA', minSize: 1024 } as const
  const said = '.keys[0] permits no key: ECDSA has none of 1024, at most 521'
  assert.deepEqual(flaws({ ...dns('**'), keys: [large, { algorithm: 'RSA' }] }), [`rules[0]${said}`])
  assert.deepEqual(flaws({ ...dns('**'), keys: [large] }), [
    'rules[0] can never match: no key is as large as it demands',
    `rules[0]${said}`,
  ])
})

test('a wildcard that is no whole segment is named', () => {
  const rule = { names: { dns: ['**'], uris: ['spiffe://a/web-*'], emails: ['web-*@a'] } }
  const advice = '* stands for a whole segment of a path or a whole local part only'
  assert.deepEqual(flaws(rule), [
    `rules[0].names.uris spiffe://a/web-* permits nothing: ${advice}`,
    `rules[0].names.emails web-*@a permits nothing: ${advice}`,
  ])
})

test('an extension that no certificate can ask for is named', () => {
  assert.deepEqual(flaws({ ...dns('**'), extensions: ['2.5.29.19', '1.2.3'] }), [
    'rules[0].extensions 2.5.29.19 permits nothing: RFC 5280 defines it: use the field of its own',
  ])
})

test('defaults that a rule denies are named', () => {
  const spec = { defaults: { subject: { organizations: ['Example'], serialNumber: '7', countries: [] } } }
  assert.deepEqual(flaws(dns('**'), spec), [
    'rules[0].subject permits no organizations, but defaults.subject fills them in',
    'rules[0].subject permits no serialNumbers, but defaults.subject fills them in',
  ])
})

test('rules on trial have flaws too, under their own name', () => {
  const policy = { rules: [dns('**')], auditRules: [dns('**'), { ...dns('**'), namespaces: ['bank'] }] }
  assert.match(policyFlaws({ policy }, 'shop').join(), /^auditRules\[1\] can never match/)
})
