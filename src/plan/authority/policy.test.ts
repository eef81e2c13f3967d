import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { CertificateSpec, PolicyRule } from '#api'
import { certificate } from '#test/make'
import { certificateRequest } from '../certificate/request.ts'
import { policyDenials } from './policy.ts'

function denials(rules: PolicyRule[], spec: Partial<CertificateSpec> = {}): readonly string[] {
  return policyDenials({ rules }, certificateRequest(certificate({ spec }).spec), 'shop')
}

const dns = (...patterns: string[]): PolicyRule => ({ names: { dns: patterns } })
const noName = { dnsNames: [] }

test('without a policy every request is permitted', () => {
  assert.deepEqual(policyDenials(undefined, certificateRequest(certificate().spec), 'shop'), [])
})

test('a policy without rules permits nothing', () => assert.deepEqual(denials([]), ['it has no rules']))

suite('permitted', () => {
  const cases: readonly [name: string, rule: PolicyRule, spec: Partial<CertificateSpec>][] = [
    ['the very name', dns('www.example.com'), {}],
    ['a name by its pattern', dns('*.example.com'), { dnsNames: ['a.example.com', 'b.example.com'] }],
    ['any depth', dns('**.example.com'), { dnsNames: ['a.b.c.example.com'] }],
    ['a wildcard where the pattern has one', dns('*.example.com'), { dnsNames: ['*.example.com'] }],
    ["the requester's namespace", dns('*.{namespace}.svc'), { dnsNames: ['web.shop.svc'] }],
    ['the namespace more than once', dns('{namespace}.{namespace}.svc'), { dnsNames: ['shop.shop.svc'] }],
    [
      'an address of a range',
      { names: { ipRanges: ['10.0.0.0/8', 'fd00::/8'] } },
      { ...noName, ipAddresses: ['fd00::1'] },
    ],
    ['a common name that is a permitted DNS name', dns('*.example.com'), { commonName: 'WWW.example.com' }],
    [
      'a common name that is a permitted address',
      { names: { ipRanges: ['192.0.2.0/24'] } },
      { ...noName, commonName: '192.0.2.1' },
    ],
    ['as long as the longest', { ...dns('**'), maxDuration: '2160h' }, {}],
  ]
  for (const [name, rule, spec] of cases) test(name, () => assert.deepEqual(denials([rule], spec), []))
})

suite('denied, and why', () => {
  const cases: readonly [rule: PolicyRule, spec: Partial<CertificateSpec>, denial: string][] = [
    [
      dns('*.example.com'),
      { dnsNames: ['example.com'] },
      'DNS name example.com is not permitted (permitted: *.example.com)',
    ],
    [
      dns('*.example.com'),
      { dnsNames: ['a.b.example.com'] },
      'DNS name a.b.example.com is not permitted (permitted: *.example.com)',
    ],
    [
      dns('www.example.com', 'a.com'),
      { dnsNames: ['*.example.com'] },
      'DNS name *.example.com is not permitted (permitted: www.example.com and a.com)',
    ],
    [
      dns('*.{namespace}.svc'),
      { dnsNames: ['web.bank.svc'] },
      'DNS name web.bank.svc is not permitted (permitted: *.shop.svc)',
    ],
    [{ names: { ipRanges: ['10.0.0.0/8'] } }, {}, 'DNS name www.example.com is not permitted (none is permitted)'],
    [{}, {}, 'DNS name www.example.com is not permitted (none is permitted)'],
    [
      { names: { ipRanges: ['10.0.0.0/8'] } },
      { ...noName, ipAddresses: ['192.0.2.1'] },
      'IP address 192.0.2.1 is not permitted (permitted: 10.0.0.0/8)',
    ],
    [dns('**'), { ...noName, ipAddresses: ['192.0.2.1'] }, 'IP address 192.0.2.1 is not permitted (none is permitted)'],
    [dns('**'), { ...noName, commonName: '192.0.2.1' }, 'IP address 192.0.2.1 is not permitted (none is permitted)'],
    [
      dns('**'),
      { uris: ['spiffe://example.org/web'] },
      'URI spiffe://example.org/web is not permitted (none is permitted)',
    ],
    [
      dns('**'),
      { emailAddresses: ['web@example.com'] },
      'e-mail address web@example.com is not permitted (none is permitted)',
    ],
    [dns('**'), { commonName: 'Web Server' }, 'common name Web Server is not permitted (permitted: **)'],
    [
      dns('www.example.com'),
      { commonName: 'api.example.com' },
      'DNS name api.example.com is not permitted (permitted: www.example.com)',
    ],
    [
      dns('k.com'),
      { dnsNames: ['k.com'], commonName: '\u212a.com' },
      'common name \u212a.com is not permitted (permitted: k.com)',
    ],
    [{ ...dns('**'), maxDuration: '24h' }, {}, 'duration 2160h is longer than the permitted 24h'],
  ]
  for (const [rule, spec, denial] of cases) test(denial, () => assert.deepEqual(denials([rule], spec), [denial]))
})

suite('several rules', () => {
  test('one must permit the whole request', () => {
    const spec = { dnsNames: ['a.com', 'b.com'] }
    assert.deepEqual(denials([dns('a.com', 'b.com')], spec), [])
    assert.equal(denials([dns('a.com'), dns('b.com')], spec).length, 1)
  })

  test('the reasons are those of the rule that came closest, the first of equals', () => {
    const spec = { dnsNames: ['a.com', 'b.com', 'c.com'] }
    assert.deepEqual(denials([dns('x.com'), dns('a.com', 'c.com'), dns('b.com', 'c.com')], spec), [
      'DNS name b.com is not permitted (permitted: a.com and c.com)',
    ])
  })
})

test('of many reasons and patterns the first few are given', () => {
  const dnsNames = Array.from({ length: 8 }, (_, i) => `n${i}.com`)
  const found = denials([dns(...dnsNames.map((name) => `x.${name}`))], { dnsNames })
  assert.equal(found.length, 6)
  assert.equal(
    found[0],
    'DNS name n0.com is not permitted (permitted: x.n0.com, x.n1.com, x.n2.com, x.n3.com, x.n4.com and 3 more)',
  )
  assert.equal(found[5], '3 more')
})

test('a range that is none permits nothing, and the others still do', () => {
  const spec = { dnsNames: [], ipAddresses: ['10.1.1.1'] }
  assert.equal(denials([{ names: { ipRanges: ['10.0.0.1/8'] } }], spec).length, 1)
  assert.deepEqual(denials([{ names: { ipRanges: ['10.0.0.1/8', '10.0.0.0/8'] } }], spec), [])
})
