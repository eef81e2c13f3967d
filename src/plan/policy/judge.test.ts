import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import type { AllowedSubordinates, CertificateSpec, Policy, PolicyRule } from '#api'
import { isFailure } from '#base'
import { certificateRequest } from '../certificate/request.ts'
import { type Case, judgeRequest, type SubordinateGrant } from './judge.ts'

const request = (spec: Partial<CertificateSpec> = {}) => certificateRequest({ dnsNames: ['www.example.com'], ...spec })
const shop = { namespace: 'shop', labels: { team: 'shop' } }

const judged = (parts: Partial<Case>) =>
  judgeRequest({ policy: undefined, publicTrust: false, request: request(), requester: shop, ...parts })

const denials = (rules: PolicyRule[], spec?: Partial<CertificateSpec>, policy: Partial<Policy> = {}) =>
  judged({ policy: { rules, ...policy }, request: request(spec) }).denials

const dns = (...patterns: string[]): PolicyRule => ({ names: { dns: patterns } })
const noName = { dnsNames: [] }

test('without a policy every request is permitted', () => {
  assert.deepEqual(judged({}), { denials: [], violations: [] })
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
    ['a URI', { names: { uris: ['spiffe://a/ns/{namespace}/*'] } }, { ...noName, uris: ['spiffe://a/ns/shop/web'] }],
    [
      'an e-mail address',
      { names: { emails: ['*@{namespace}.example.com'] } },
      { ...noName, emailAddresses: ['web@shop.example.com'] },
    ],
    ['a common name by its pattern', { ...dns('**'), commonNames: ['Web *'] }, { commonName: 'Web Server' }],
    [
      'a subject',
      {
        ...dns('**'),
        subject: { organizations: ['Example *'], countries: ['DE', 'FR'], serialNumbers: ['*'], postalCodes: ['5*'] },
      },
      { subject: { organizations: ['Example Inc.'], countries: ['FR'], serialNumber: '7', postalCodes: ['53113'] } },
    ],
    ['a key of an algorithm', { ...dns('**'), keys: [{ algorithm: 'RSA' }, { algorithm: 'ECDSA' }] }, {}],
    [
      'a key that is large enough',
      { ...dns('**'), keys: [{ algorithm: 'ECDSA', minSize: 384 }] },
      { privateKey: { size: 384 } },
    ],
    ['usages', { ...dns('**'), usages: ['serverAuth', 'digitalSignature', 'clientAuth'] }, {}],
    [
      'names of another kind',
      { names: { otherNames: [{ oid: '1.2.3', values: ['a', '*@example.com'] }], registeredIDs: ['1.2.4'] } },
      { ...noName, otherNames: [{ oid: '1.2.3', utf8Value: 'jo@example.com' }], registeredIDs: ['1.2.4'] },
    ],
    [
      'a literal subject',
      { ...dns('**'), commonNames: ['Web'], subject: { organizations: ['Example'] } },
      { literalSubject: 'CN=Web,O=Example' },
    ],
    ['must-staple', dns('**'), { extensions: { mustStaple: true } }],
    [
      'an extension',
      { ...dns('**'), extensions: ['1.2.3'] },
      { extensions: { custom: [{ oid: '1.2.3', value: 'BQA=' }] } },
    ],
    ['an owner', { ...dns('**'), requireOwner: true }, { owner: 'web@example.com' }],
    ['as long as the longest', { ...dns('**'), maxDuration: '2160h' }, {}],
    ['a namespace by its name', { ...dns('**'), namespaces: ['bank', 'shop'] }, {}],
    ['a namespace by its labels', { ...dns('**'), namespaceSelector: { matchLabels: { team: 'shop' } } }, {}],
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
    [
      { names: { otherNames: [{ oid: '1.2.3', values: ['*@example.com', 'b'] }] } },
      { ...noName, otherNames: [{ oid: '1.2.3', utf8Value: 'jo@example.org' }] },
      'other name 1.2.3=jo@example.org is not permitted (permitted: 1.2.3=*@example.com and 1.2.3=b)',
    ],
    [
      { names: { otherNames: [{ oid: '1.2.3', values: ['*'] }] } },
      { ...noName, otherNames: [{ oid: '1.2.4', utf8Value: 'a' }] },
      'other name 1.2.4=a is not permitted (permitted: 1.2.3=*)',
    ],
    [
      { names: { registeredIDs: ['1.2.3'] } },
      { ...noName, registeredIDs: ['1.2.34'] },
      'registered ID 1.2.34 is not permitted (permitted: 1.2.3)',
    ],
    [dns('**'), { registeredIDs: ['1.2.3'] }, 'registered ID 1.2.3 is not permitted (none is permitted)'],
    [
      { ...dns('**'), commonNames: ['*'], subject: { organizations: ['*'] } },
      { literalSubject: 'CN=Web,O=Example,DC=example' },
      'attribute DC=example of the subject is not permitted (a rule has no field for it)',
    ],
    [
      { ...dns('**'), subject: { organizations: ['Shop'] } },
      { literalSubject: 'CN=a.com,O=Example' },
      'organization Example is not permitted (permitted: Shop)',
    ],
    [
      dns('**'),
      { extensions: { custom: [{ oid: '1.2.3', value: 'BQA=' }] } },
      'extension 1.2.3 is not permitted (none is permitted)',
    ],
    [dns('**'), { commonName: 'Web Server' }, 'common name Web Server is not permitted (none is permitted)'],
    [
      { ...dns('**'), commonNames: ['Web *'] },
      { commonName: 'My Web Server' },
      'common name My Web Server is not permitted (permitted: Web *)',
    ],
    [
      { ...dns('**'), commonNames: ['*'], names: { dns: ['a.com'] } },
      { dnsNames: ['a.com'], commonName: 'b.com' },
      'DNS name b.com is not permitted (permitted: a.com)',
    ],
    [
      { names: { uris: ['spiffe://a/ns/{namespace}/*'] } },
      { ...noName, uris: ['spiffe://a/ns/bank/web'] },
      'URI spiffe://a/ns/bank/web is not permitted (permitted: spiffe://a/ns/shop/*)',
    ],
    [
      { names: { emails: ['*@example.com'] } },
      { ...noName, emailAddresses: ['web@example.org'] },
      'e-mail address web@example.org is not permitted (permitted: *@example.com)',
    ],
    [
      dns('**'),
      { subject: { organizations: ['Example'] } },
      'organization Example is not permitted (none is permitted)',
    ],
    [
      { ...dns('**'), subject: { organizationalUnits: ['Shop'] } },
      { subject: { organizationalUnits: ['Shop', 'Bank'] } },
      'organizational unit Bank is not permitted (permitted: Shop)',
    ],
    [
      { ...dns('**'), subject: { serialNumbers: ['1*'] } },
      { subject: { serialNumber: '21' } },
      'serial number of the subject 21 is not permitted (permitted: 1*)',
    ],
    [
      { ...dns('**'), keys: [{ algorithm: 'RSA', minSize: 3072 }, { algorithm: 'Ed25519' }] },
      {},
      'key ECDSA 256 is not permitted (permitted: RSA from 3072 and Ed25519)',
    ],
    [
      { ...dns('**'), usages: ['digitalSignature'] },
      {},
      'usage serverAuth is not permitted (permitted: digitalSignature)',
    ],
    [{ ...dns('**'), usages: [] }, { usages: ['serverAuth'] }, 'usage serverAuth is not permitted (none is permitted)'],
    [{ ...dns('**'), keys: [] }, {}, 'key ECDSA 256 is not permitted (none is permitted)'],
    [{ ...dns('**'), namespaces: [] }, {}, 'no rule is for namespace shop'],
    [{ ...dns('**'), requireOwner: true }, {}, 'the certificate names no owner: set spec.owner'],
    [{ ...dns('**'), namespaces: ['bank'] }, {}, 'no rule is for namespace shop'],
    [{ ...dns('**'), namespaceSelector: { matchLabels: { team: 'bank' } } }, {}, 'no rule is for namespace shop'],
    [
      { ...dns('**'), namespaces: ['shop'], namespaceSelector: { matchLabels: { team: 'bank' } } },
      {},
      'no rule is for namespace shop',
    ],
    [
      dns('www.example.com'),
      { commonName: 'api.example.com' },
      'DNS name api.example.com is not permitted (permitted: www.example.com)',
    ],
    [
      dns('k.com'),
      { dnsNames: ['k.com'], commonName: '\u212a.com' },
      'common name \u212a.com is not permitted (none is permitted)',
    ],
    [{ ...dns('**'), maxDuration: '24h' }, {}, 'duration 90 days is longer than the permitted 1 day'],
  ]
  for (const [rule, spec, denial] of cases) test(denial, () => assert.deepEqual(denials([rule], spec), [denial]))
})

suite('several rules', () => {
  test('one must permit the whole request', () => {
    const spec = { dnsNames: ['a.com', 'b.com'] }
    assert.deepEqual(denials([dns('a.com', 'b.com')], spec), [])
    assert.equal(denials([dns('a.com'), dns('b.com')], spec).length, 1)
  })

  test('of rules that deny as much, the one that permits the names is meant', () => {
    const rules = [dns('*.shop.svc'), { ...dns('*.example.com'), requireOwner: true }]
    assert.deepEqual(denials(rules), ['the certificate names no owner: set spec.owner'])
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

test('while the labels of a namespace are not known, no rule with a selector is for it', () => {
  const rule = {
    ...dns('**'),
    namespaceSelector: { matchExpressions: [{ key: 'x', operator: 'DoesNotExist' as const }] },
  }
  const requester = { namespace: 'shop', labels: undefined }
  assert.deepEqual(judged({ policy: { rules: [rule] } }).denials, [])
  assert.equal(judged({ policy: { rules: [rule] }, requester }).denials.length, 1)
})

test('rules for other namespaces give no reasons', () => {
  const close = { ...dns('www.example.com'), namespaces: ['bank'], maxDuration: '1h' }
  assert.deepEqual(denials([close, { ...dns('a.com', 'b.com'), maxDuration: '1h' }]).length, 2)
})

suite('rules on trial', () => {
  const policy = { rules: [dns('**')], auditRules: [dns('a.com')] }
  test('deny nothing, and say what they would deny', () => {
    assert.deepEqual(judged({ policy }), {
      denials: [],
      violations: ['DNS name www.example.com is not permitted (permitted: a.com)'],
    })
  })

  test('are judged apart from the rules', () => {
    const { denials: said, violations } = judged({ policy: { rules: [dns('a.com')], auditRules: [dns('**')] } })
    assert.deepEqual([said.length, violations], [1, []])
  })
})

suite('a sensitive name', () => {
  const cases: readonly [sensitive: string, pattern: string, name: string, isPermitted: boolean][] = [
    ['admin.example.com', '*.example.com', 'admin.example.com', false],
    ['admin.example.com', '**', 'ADMIN.example.com', false],
    ['admin.example.com', '*.example.com', 'www.example.com', true],
    ['admin.example.com', 'admin.example.com', 'admin.example.com', true],
    ['admin.example.com', 'ADMIN.example.com', 'admin.example.com', true],
    ['admin.example.com', '{namespace}.example.com', 'admin.example.com', false],
    ['*.bank.com', '*.bank.com', 'www.bank.com', false],
    ['*.bank.com', 'www.bank.com', 'www.bank.com', true],
    ['**.bank.com', '**', 'a.b.bank.com', false],
    ['**.bank.com', '**', 'bank.com', true],
    ['shop.example.com', '{namespace}.example.com', 'shop.example.com', false],
    ['*.{namespace}.svc', '**', 'a.shop.svc', false],
    ['*.{namespace}.svc', '**', 'a.bank.svc', true],
    // Lemur compares the text only: a wildcard, or a name below, is let through.
    ['admin.example.com', '*.example.com', '*.example.com', false],
    ['**.example.com', '*.a.example.com', '*.a.example.com', false],
    ['admin.example.com', '*.example.org', '*.example.org', true],
  ]
  for (const [sensitive, pattern, name, isPermitted] of cases) {
    test(`${sensitive}: ${pattern} ${isPermitted ? 'permits' : 'does not permit'} ${name}`, () => {
      const found = denials([dns(pattern)], { dnsNames: [name] }, { sensitiveNames: [sensitive] })
      assert.equal(found.length, isPermitted ? 0 : 1)
    })
  }

  test('is named in the reason', () => {
    const policy = { sensitiveNames: ['admin.example.com'] }
    const spec = { dnsNames: ['*.example.com', 'admin.example.com'] }
    assert.deepEqual(denials([dns('**')], spec, policy), [
      'DNS name *.example.com is not permitted: it stands for admin.example.com too, which is sensitive',
      'DNS name admin.example.com is sensitive (admin.example.com): only a rule that lists it as it is permits it',
    ])
  })

  test('as a common name is sensitive too', () => {
    const policy = { sensitiveNames: ['admin.example.com'] }
    assert.equal(denials([dns('**')], { ...noName, commonName: 'Admin.Example.com' }, policy).length, 1)
  })
})

test('a pattern is held from end to end: example.com does not admit example.com.evil', () => {
  for (const pattern of ['example.com', '*.com', '*.example.com', '**.example.com']) {
    const names = ['example.com.evil', 'www.example.com.evil', 'notexample.com.evil', 'example.comevil']
    for (const name of names) assert.equal(denials([dns(pattern)], { dnsNames: [name] }).length, 1, name)
  }
})

suite('a CA', () => {
  const ca = { isCA: true, commonName: 'ca.example.com', dnsNames: [] }
  const of = (namespace: string, allowed: AllowedSubordinates | undefined) => ({ namespace, allowed })
  const permitted: readonly [name: string, subordinates: SubordinateGrant][] = [
    ['the same namespace', of('shop', { from: 'Same' })],
    ['a namespace by its labels', of('pki', { from: 'Selector', selector: { matchLabels: { team: 'shop' } } })],
  ]
  for (const [name, subordinates] of permitted) {
    test(`is permitted to ${name}`, () => {
      assert.deepEqual(judged({ subordinates, request: request(ca) }).denials, [])
    })
  }

  const denied: readonly [name: string, subordinates: SubordinateGrant | undefined][] = [
    ['nobody says so', undefined],
    ['the Authority says nothing', of('shop', undefined)],
    ['nobody may', of('shop', { from: 'None' })],
    ['it is of another namespace', of('pki', { from: 'Same' })],
    ['it has other labels', of('shop', { from: 'Selector', selector: { matchLabels: { team: 'bank' } } })],
  ]
  for (const [name, subordinates] of denied) {
    test(`is denied where ${name}, and it is said what permits it`, () => {
      const { denials: found } = judged({ subordinates, request: request(ca) })
      assert.equal(found.length, 1)
      assert.match(found[0] ?? '', /^a CA certificate is not permitted to namespace shop: .*spec\.allowedSubordinates/)
    })
  }

  test('has a name that is judged as text, and its host names as such', () => {
    const subordinates = of('shop', { from: 'Same' })
    const by = (rule: PolicyRule, spec: Partial<CertificateSpec>) =>
      judged({ subordinates, policy: { rules: [rule] }, request: request({ ...ca, ...spec }) }).denials
    assert.deepEqual(by({ commonNames: ['*.example.com'] }, {}), [])
    assert.deepEqual(by(dns('**'), {}), ['common name ca.example.com is not permitted (none is permitted)'])
    assert.deepEqual(by(dns('**'), { commonName: '10.0.0.1' }), [
      'common name 10.0.0.1 is not permitted (none is permitted)',
    ])
    const named = { dnsNames: ['ca.example.com'] }
    assert.deepEqual(by({ commonNames: ['*'] }, named), [
      'DNS name ca.example.com is not permitted (none is permitted)',
    ])
  })

  test('is never publicly trusted', () => {
    const { denials: found } = judged({
      publicTrust: true,
      subordinates: of('shop', { from: 'Same' }),
      request: request(ca),
    })
    assert.ok(found.includes('public trust: a CA certificate is not for servers'))
  })
})

suite('public trust', () => {
  const cases: readonly [spec: Partial<CertificateSpec>, denial: string | undefined][] = [
    [{}, undefined],
    [{ dnsNames: ['*.example.com'] }, undefined],
    [{ commonName: 'WWW.example.com' }, undefined],
    [{ ...noName, ipAddresses: ['9.9.9.9', '2620:fe::fe'] }, undefined],
    [{ privateKey: { algorithm: 'RSA' } }, undefined],
    [{ dnsNames: ['web'] }, 'DNS name web is internal'],
    [{ dnsNames: ['*.com'] }, 'DNS name *.com is internal'],
    [{ dnsNames: ['web.LOCAL'] }, 'DNS name web.local is internal'],
    [{ dnsNames: ['web.shop.svc.cluster.local'] }, 'DNS name web.shop.svc.cluster.local is internal'],
    [{ dnsNames: ['web.shop.svc'] }, 'DNS name web.shop.svc is internal'],
    [{ dnsNames: ['a.internal'] }, 'DNS name a.internal is internal'],
    [{ dnsNames: ['*.home.arpa'] }, 'DNS name *.home.arpa is internal'],
    [{ ...noName, ipAddresses: ['10.1.2.3'] }, 'IP address 10.1.2.3 is reserved'],
    [{ ...noName, ipAddresses: ['100.64.0.1'] }, 'IP address 100.64.0.1 is reserved'],
    [{ ...noName, ipAddresses: ['::1'] }, 'IP address ::1 is reserved'],
    [{ ...noName, ipAddresses: ['fd00::1'] }, 'IP address fd00::1 is reserved'],
    [{ ...noName, ipAddresses: ['::ffff:9.9.9.9'] }, 'IP address ::ffff:9.9.9.9 is reserved'],
    [{ ...noName, commonName: '127.0.0.1' }, 'IP address 127.0.0.1 is reserved'],
    [{ commonName: 'Web Server' }, 'common name Web Server is neither a DNS name nor an address'],
    [{ uris: ['https://example.com/'] }, 'URI https://example.com/ is not for servers'],
    [{ emailAddresses: ['a@example.com'] }, 'e-mail address a@example.com is not for servers'],
    [{ otherNames: [{ oid: '1.2.3', utf8Value: 'a' }] }, 'other name 1.2.3=a is not for servers'],
    [{ registeredIDs: ['1.2.3'] }, 'registered ID 1.2.3 is not for servers'],
    [{ literalSubject: 'O=Example' }, undefined],
    [{ privateKey: { algorithm: 'Ed25519' } }, 'Ed25519 keys are not accepted by clients'],
    [{ privateKey: { algorithm: 'ML-DSA' } }, 'ML-DSA keys are not accepted by clients'],
    [{ privateKey: { algorithm: 'RSA', size: 1024 } }, 'RSA keys below 2048 bits are not accepted'],
    [{ usages: ['serverAuth', 'clientAuth'] }, 'usage clientAuth is not for servers'],
  ]
  for (const [spec, denial] of cases) {
    test(`${denial ?? 'permits'}: ${JSON.stringify(spec)}`, () => {
      const found = judged({ publicTrust: true, request: request(spec) }).denials
      assert.deepEqual(found, denial === undefined ? [] : [`public trust: ${denial}`])
    })
  }

  test('holds beside the rules', () => {
    const parts = { policy: { rules: [dns('a.com')] }, publicTrust: true, request: request({ dnsNames: ['web'] }) }
    assert.equal(judged(parts).denials.length, 2)
  })

  test('never denies a duration', () => {
    assert.deepEqual(judged({ publicTrust: true, request: request({ duration: '87600h' }) }).denials, [])
  })
})

test('any request that can be made can be judged, by any rules', () => {
  const text = fc.oneof(fc.string({ maxLength: 60 }), fc.string({ unit: fc.constantFrom(...'*.a{}/%@:') }))
  const texts = fc.array(text, { maxLength: 4 })
  const otherNames = fc.array(fc.record({ oid: text, values: texts }), { maxLength: 2 })
  const names = fc.record(
    { dns: texts, ipRanges: texts, uris: texts, emails: texts, otherNames, registeredIDs: texts },
    { requiredKeys: [] },
  )
  const rule = fc.record({ names, commonNames: texts, namespaces: texts }, { requiredKeys: ['names'] })
  const policy = fc.record({ rules: fc.array(rule), auditRules: fc.array(rule), sensitiveNames: texts })
  const dnsName = fc.oneof(
    fc.domain(),
    fc.domain().map((domain) => `*.${domain}`),
    text,
  )
  const spec = fc.record({
    commonName: fc.oneof(fc.domain(), fc.ipV6(), text),
    dnsNames: fc.array(dnsName, { maxLength: 2 }),
    ipAddresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6()), { maxLength: 2 }),
    uris: fc.array(fc.oneof(fc.webUrl({ withQueryParameters: true }), text), { maxLength: 2 }),
    emailAddresses: fc.array(fc.oneof(fc.emailAddress(), text), { maxLength: 2 }),
    otherNames: fc.array(fc.record({ oid: fc.constant('1.2.3'), utf8Value: text }), { maxLength: 2 }),
  })
  fc.assert(
    fc.property(policy, spec, fc.string(), fc.boolean(), (rules, wanted, namespace, publicTrust) => {
      const made = requestOrNone(wanted)
      if (!made) return
      const { denials: found, violations } = judged({
        policy: rules,
        publicTrust,
        request: made,
        requester: { namespace, labels: undefined },
      })
      assert.ok([...found, ...violations].every((reason) => reason !== ''))
    }),
  )
})

function requestOrNone(spec: CertificateSpec) {
  try {
    return certificateRequest(spec)
  } catch (error) {
    if (isFailure(error)) return undefined
    throw error
  }
}
