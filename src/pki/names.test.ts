import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { PkiError } from './error.ts'
import { ipInRange, isIpAddress } from './ip-address.ts'
import { dnsNameMatches, isDnsName, normalizeNames } from './names.ts'

const invalidNames = (error: unknown) => error instanceof PkiError && error.reason === 'InvalidNames'

test('DNS names', () => {
  const label63 = 'a'.repeat(63)
  const table: [string, boolean][] = [
    ['example.com', true],
    ['EXAMPLE.com', true],
    ['localhost', true],
    ['*.example.com', true],
    ['_dmarc.example.com', true],
    ['a-b.example', true],
    ['xn--bcher-kva.example', true],
    [`${label63}.com`, true],
    [`a${label63}.com`, false],
    [`${`${label63}.`.repeat(4)}com`, false],
    ['', false],
    ['*', false],
    ['a.*.com', false],
    ['w*.example.com', false],
    ['**.example.com', false],
    ['example.com.', false],
    ['.example.com', false],
    ['a..b', false],
    ['-a.com', false],
    ['a-.com', false],
    ['10.0.0.1', false],
    ['example.1', false],
    ['bücher.example', false],
    ['a\u0000.com', false],
    ['a.com\n', false],
    ['a b.com', false],
  ]
  for (const [text, expected] of table) assert.equal(isDnsName(text), expected, text)
})

test('IP addresses', () => {
  for (const text of ['10.0.0.1', '::', '2001:DB8::1', '::ffff:1.2.3.4']) assert.ok(isIpAddress(text), text)
  for (const text of ['', '10.0.0', '010.0.0.1', '10.0.0.1/8', 'fe80::1%eth0', '1::2::3']) {
    assert.equal(isIpAddress(text), false, text)
  }
})

test('ranges', () => {
  const table: [string, string, boolean][] = [
    ['10.1.2.3', '10.0.0.0/8', true],
    ['11.1.2.3', '10.0.0.0/8', false],
    ['10.1.2.3', '10.1.2.3/32', true],
    ['10.1.2.4', '10.1.2.3/32', false],
    ['1.2.3.4', '0.0.0.0/0', true],
    ['192.168.5.129', '192.168.5.128/25', true],
    ['192.168.5.127', '192.168.5.128/25', false],
    ['fd00::1', 'fd00::/8', true],
    ['fe00::1', 'fd00::/8', false],
    ['2001:db8:0:7::', '2001:db8::/61', true],
    ['2001:db8:0:8::', '2001:db8::/61', false],
    ['::ffff:10.0.0.1', '10.0.0.0/8', false],
    ['10.0.0.1', '::/0', false],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.0/104', true],
    ['example.com', '0.0.0.0/0', false],
  ]
  for (const [ip, range, expected] of table) assert.equal(ipInRange(ip, range), expected, `${ip} in ${range}`)
  for (const range of ['', '10.0.0.0', '10.0.0.0/33', '10.0.0.0/-1', '10.0.0.0/8/8', '10.0.0.1/8', '::1/64', 'x/8']) {
    assert.throws(() => ipInRange('10.0.0.1', range), invalidNames, range)
  }
})

test('names are normalized, and a name that is none is refused', () => {
  const names = normalizeNames(
    {
      dnsNames: ['b.Example.com', 'a.example.com', 'b.example.com'],
      ipAddresses: ['2001:DB8:0:0::1', '10.0.0.1', '2001:db8::1'],
      emailAddresses: ['Jo@Example.com'],
      otherNames: ['1.3.6.1.4.1.311.20.2.3=Jo=a@example.com', '1.3.6.1.4.1.311.20.2.3=Jo=a@example.com'],
      registeredIDs: ['1.2.3', '1.2.3'],
    },
    'C.example.com',
  )
  assert.deepEqual(names, {
    dnsNames: ['a.example.com', 'b.example.com', 'c.example.com'],
    ipAddresses: ['10.0.0.1', '2001:db8::1'],
    uris: [],
    emailAddresses: ['Jo@example.com'],
    otherNames: ['1.3.6.1.4.1.311.20.2.3=Jo=a@example.com'],
    registeredIDs: ['1.2.3'],
  })
  assert.deepEqual(normalizeNames({}, '10.0.0.1').ipAddresses, ['10.0.0.1'])
  assert.deepEqual(normalizeNames({}, 'A person').dnsNames, [])
  const wrong = [
    { dnsNames: ['bücher.example'] },
    { ipAddresses: ['example.com'] },
    { uris: ['/path'] },
    { uris: ['spiffe://a/\u0000'] },
    { emailAddresses: ['a@b@c.com'] },
    { emailAddresses: ['example.com'] },
    { otherNames: ['someone@example.com'] },
    { otherNames: ['=a'] },
    { otherNames: ['1.2.3='] },
    { otherNames: ['1.2.3=a\u0000b'] },
    { otherNames: ['1.2.3=\ud800'] },
    { otherNames: [`1.2.3=${'a'.repeat(2048)}`] },
    ...[
      '',
      '1',
      '1.2',
      '1.40.1',
      '3.1.1',
      '1.2.03',
      '1.2.-3',
      '1.2.3.',
      '1.2.123456789012345',
      `1.2${'.1'.repeat(19)}`,
    ].map((id) => ({ registeredIDs: [id] })),
    { dnsNames: Array.from({ length: 10_000 }, (_, index) => `n${index}.example.com`) },
  ]
  for (const each of wrong) assert.throws(() => normalizeNames(each), invalidNames, JSON.stringify(each).slice(0, 60))
})

test('normalizing twice changes nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.domain()), fc.array(fc.oneof(fc.ipV4(), fc.ipV6())), (domains, ipAddresses) => {
      const once = normalizeNames({ dnsNames: domains.filter(isDnsName), ipAddresses })
      assert.deepEqual(normalizeNames(once), once)
    }),
  )
})

test('DNS patterns', () => {
  const table: [string, string, boolean][] = [
    ['a.example.com', 'A.example.com', true],
    ['a.example.com', 'b.example.com', false],
    ['example.com', 'a.example.com', false],
    ['a.example.com', 'example.com', false],
    ['*.example.com', 'a.example.com', true],
    ['*.example.com', 'a.b.example.com', false],
    ['*.example.com', 'example.com', false],
    ['*.example.com', '*.example.com', true],
    ['a.example.com', '*.example.com', false],
    ['*.*.com', 'a.b.com', true],
    ['a.*.com', 'a.b.com', true],
    ['**.example.com', 'a.example.com', true],
    ['**.example.com', 'a.b.c.example.com', true],
    ['**.example.com', '*.b.example.com', true],
    ['**.example.com', 'example.com', false],
    ['**.example.com', 'badexample.com', false],
    ['**', 'anything.at.all', true],
    ['**', 'localhost', true],
    ['*', '*.com', false],
    ['a.**.com', 'a.b.com', false],
    ['w*.example.com', 'www.example.com', false],
    ['', 'example.com', false],
    ['*.example.com', 'a.example.com.evil.com', false],
    ['*.example.com', 'a\u0000.example.com', false],
    ['**.example.com', '10.0.0.1', false],
  ]
  for (const [pattern, name, expected] of table) {
    assert.equal(dnsNameMatches(pattern, name), expected, `${pattern} permits ${name}`)
  }
})

const label = fc.stringMatching(/^[a-z]([a-z0-9-]{0,5}[a-z0-9])?$/)
const domain = fc.array(label, { minLength: 1, maxLength: 6 })

test('a name matches itself, itself with a label starred, and ** above each of its ends', () => {
  fc.assert(
    fc.property(domain, fc.nat(), (labels, at) => {
      const name = labels.join('.')
      const index = at % labels.length
      assert.ok(dnsNameMatches(name, name))
      assert.ok(dnsNameMatches(labels.with(index, '*').join('.'), name))
      assert.ok(dnsNameMatches(['**', ...labels.slice(index + 1)].join('.'), name))
      assert.equal(dnsNameMatches(['**', ...labels].join('.'), name), false)
    }),
  )
})

test('a literal label never permits a wildcard', () => {
  fc.assert(
    fc.property(domain, label, (labels, first) => {
      assert.equal(dnsNameMatches([first, ...labels].join('.'), ['*', ...labels].join('.')), false)
    }),
  )
})
