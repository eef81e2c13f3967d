import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type Authority, type AuthoritySpec, apiVersion, type Certificate, type CertificateSpec } from '#api'
import { day, toRfc3339 } from '#base'
import { type ClusterObjects, checkPolicies as checkPoliciesAt } from './check.ts'

const noon = Date.UTC(2026, 10, 22, 12)
const checkPolicies = (judging: readonly Authority[], cluster: ClusterObjects, at = noon) =>
  checkPoliciesAt(judging, cluster, at)

const authority = (key: string, spec: Partial<AuthoritySpec> = {}, creationTimestamp?: string): Authority => {
  const [namespace = '', name = ''] = key.split('/')
  const metadata = { namespace, name, ...(creationTimestamp !== undefined && { creationTimestamp }) }
  return { apiVersion, kind: 'Authority', metadata, spec: { internal: {}, ...spec } }
}

const certificate = (key: string, spec: Partial<CertificateSpec> = {}, chosen?: string): Certificate => {
  const [namespace = '', name = ''] = key.split('/')
  return {
    apiVersion,
    kind: 'Certificate',
    metadata: { namespace, name },
    spec: { dnsNames: ['www.example.com'], ...spec },
    ...(chosen !== undefined && { status: { authority: chosen } }),
  }
}

const cluster = (parts: Partial<ClusterObjects>): ClusterObjects => ({
  authorities: [],
  certificates: [],
  namespaces: new Map([['shop', {}]]),
  systemNamespace: 'system',
  ...parts,
})

const named = { authorityRef: { name: 'ca' } }
const denying = { policy: { rules: [{ names: { dns: ['a.com'] } }] } }
const permitting = { policy: { rules: [{ names: { dns: ['**'] } }] } }
const reason = 'DNS name www.example.com is not permitted (permitted: a.com)'

test('Certificates that a rule would deny are found, sorted, with the reasons', () => {
  const certificates = [certificate('shop/b', named), certificate('shop/a', named)]
  assert.deepEqual(checkPolicies([authority('shop/ca', denying)], cluster({ certificates })), [
    { authority: 'shop/ca', certificate: 'shop/a', denials: [reason], violations: [] },
    { authority: 'shop/ca', certificate: 'shop/b', denials: [reason], violations: [] },
  ])
})

test('so are those that only a rule on trial would deny', () => {
  const policy = { ...permitting.policy, auditRules: denying.policy.rules }
  const found = checkPolicies(
    [authority('shop/ca', { policy })],
    cluster({ certificates: [certificate('shop/a', named)] }),
  )
  assert.deepEqual(found, [{ authority: 'shop/ca', certificate: 'shop/a', denials: [], violations: [reason] }])
})

suite('a Certificate is judged by the Authority in charge', () => {
  const own = authority('shop/own', { default: true })
  const system = authority('system/ca', { default: true, allowedNamespaces: { from: 'All' } })
  const judged = (of: Certificate, deniedBy: Authority, authorities: Authority[]): boolean => {
    const judging = [{ ...deniedBy, spec: { ...deniedBy.spec, ...denying } }]
    return checkPolicies(judging, cluster({ authorities, certificates: [of] })).length === 1
  }
  const cases: readonly [name: string, of: Certificate, by: Authority, authorities: Authority[], isJudged: boolean][] =
    [
      ['the one that it names', certificate('shop/a', named), authority('shop/ca'), [], true],
      ['not another of that name', certificate('shop/a', named), authority('bank/ca'), [], false],
      [
        'one of another namespace',
        certificate('shop/a', { authorityRef: { name: 'ca', namespace: 'system' } }),
        system,
        [],
        true,
      ],
      ['the default of its namespace', certificate('shop/a'), own, [own, system], true],
      ['not that of the system then', certificate('shop/a'), system, [own, system], false],
      ['the default of the system', certificate('shop/a'), system, [system], true],
      ['a default that is only in the file', certificate('shop/a'), own, [], true],
      ['the choice that was made', certificate('shop/a', {}, 'system/ca'), system, [own, system], true],
      ['another once that is gone', certificate('shop/a', {}, 'shop/gone'), own, [own, system], true],
      ['none', certificate('shop/a'), authority('shop/ca'), [], false],
    ]
  for (const [name, of, by, authorities, isJudged] of cases) {
    test(name, () => assert.equal(judged(of, by, authorities), isJudged))
  }

  test('of two defaults by the older', () => {
    const older = authority('shop/z', { ...denying, default: true }, '2026-01-01T00:00:00Z')
    const younger = authority('shop/a', { default: true }, '2026-02-01T00:00:00Z')
    const found = checkPolicies([younger, older], cluster({ certificates: [certificate('shop/a')] }))
    assert.deepEqual(
      found.map((each) => each.authority),
      ['shop/z'],
    )
  })
})

test('an Authority that does not allow the namespace denies, and says so', () => {
  const certificates = [certificate('shop/a', { authorityRef: { name: 'ca', namespace: 'system' } })]
  const [found] = checkPolicies([authority('system/ca', permitting)], cluster({ certificates }))
  assert.deepEqual(found?.denials, ['namespace shop may not use this Authority (spec.allowedNamespaces)'])
})

test('defaults of the Authority are judged with the request', () => {
  const spec = { ...permitting, defaults: { subject: { organizations: ['Example'] } } }
  const [found] = checkPolicies([authority('shop/ca', spec)], cluster({ certificates: [certificate('shop/a', named)] }))
  assert.deepEqual(found?.denials, ['organization Example is not permitted (none is permitted)'])
})

test('a request that cannot be made is a finding, a large key and a deleted Certificate are none', () => {
  const deleted = certificate('shop/b', { ...named, dnsNames: ['a b'] })
  const certificates = [
    certificate('shop/a', { ...named, dnsNames: ['a b'] }),
    { ...deleted, metadata: { ...deleted.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
    certificate('shop/c', { ...named, privateKey: { algorithm: 'RSA', size: 8192 } }),
  ]
  const found = checkPolicies([authority('shop/ca', permitting)], cluster({ certificates }))
  assert.deepEqual(
    found.map(({ certificate: of, denials }) => [of, denials]),
    [['shop/a', ['"a b" is not a DNS name']]],
  )
})

test('a CA is found that spec.allowedSubordinates does not permit', () => {
  const certificates = [certificate('shop/ca', { ...named, isCA: true, commonName: 'Team CA', dnsNames: [] })]
  const found = (spec: Partial<AuthoritySpec>) =>
    checkPolicies([authority('shop/ca', spec)], cluster({ certificates })).flatMap(({ denials }) => denials)
  assert.match(found({}).join(), /^a CA certificate is not permitted to namespace shop/)
  assert.deepEqual(found({ allowedSubordinates: { from: 'Same' } }), [])
})

test('a fixed end is judged by what is left until then', () => {
  const policy = { rules: [{ names: { dns: ['**'] }, maxDuration: '720h' }] }
  const certificates = [certificate('shop/a', { ...named, notAfter: toRfc3339(noon + 40 * day) })]
  const deniedAt = (at: number) =>
    checkPolicies([authority('shop/ca', { policy })], cluster({ certificates }), at).flatMap(({ denials }) => denials)
  assert.match(deniedAt(noon).join(), /^the time left until notAfter is longer than the permitted/)
  assert.deepEqual(deniedAt(noon + 10 * day), [])
})
