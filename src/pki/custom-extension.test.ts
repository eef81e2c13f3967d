import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { type CustomExtension, checkCustomExtensions, customExtensions } from './custom-extension.ts'
import { isDer, octetString, sequence, utf8String } from './der.ts'

const oid = '1.3.6.1.4.1.32473.1'
const value = new Uint8Array(utf8String('a'))

suite('custom extensions', () => {
  test('are written in their order, critical or not', () => {
    const wanted = [
      { oid: '1.3.6.1.4.1.32473.9', critical: true, value },
      { oid, critical: false, value },
    ]
    const [first, second] = customExtensions(wanted).map((each) => Buffer.from(each).toString('hex'))
    assert.equal(first, '301306092b0601040181fd59090101ff04030c0161')
    assert.ok(second?.endsWith('04030c0161') && !second.includes('0101ff'))
    assert.deepEqual(customExtensions(undefined), [])
  })

  const extension = (change: Partial<CustomExtension>): CustomExtension => ({ oid, critical: false, value, ...change })
  const flaws: readonly [name: string, wanted: readonly CustomExtension[], about: RegExp][] = [
    ['basic constraints', [extension({ oid: '2.5.29.19' })], /2\.5\.29\.19: RFC 5280 defines it/],
    ['the TLS feature', [extension({ oid: '1.3.6.1.5.5.7.1.24' })], /RFC 5280 defines it/],
    ['the poison of a precertificate', [extension({ oid: '1.3.6.1.4.1.11129.2.4.3' })], /certificate transparency/],
    ['timestamps of logs', [extension({ oid: '1.3.6.1.4.1.11129.2.4.2' })], /certificate transparency/],
    ['no identifier', [extension({ oid: 'a' })], /not an object identifier/],
    ['an identifier that not all read alike', [extension({ oid: '1.2.123456789012345' })], /at most 14 digits/],
    ['no value', [extension({ value: new Uint8Array() })], /not exactly one DER element/],
    ['two values', [extension({ value: Buffer.concat([value, value]) })], /not exactly one DER element/],
    ['a text', [extension({ value: Buffer.from('hello') })], /not exactly one DER element/],
    ['a large value', [extension({ value: octetString(Buffer.alloc(4093)) })], /has 4097 octets, at most 4096/],
    ['one twice', [extension({}), extension({})], /stands there twice/],
    ['too many', Array.from({ length: 17 }, (_, index) => extension({ oid: `1.2.${index}` })), /17 are too many/],
  ]
  for (const [name, wanted, message] of flaws) {
    test(`${name}: refused`, () => {
      assert.throws(() => checkCustomExtensions(wanted), { kind: 'Terminal', reason: 'InvalidRequest', message })
      assert.throws(() => customExtensions(wanted), { reason: 'InvalidRequest' })
    })
  }

  test('the largest value is none too large', () => {
    checkCustomExtensions([extension({ value: octetString(Buffer.alloc(4092)) })])
  })
})

test('octets are DER only when they are one element of the shortest form', () => {
  const table: [string, boolean][] = [
    ['0500', true],
    ['0101ff', true],
    ['30030101ff', true],
    ['a0020500', true],
    [`0481800${'0'.repeat(255)}`, true],
    ['', false],
    ['05', false],
    ['0501', false],
    ['050000', false],
    ['058100', false],
    ['30800000', false],
    ['3003010100ff', false],
    ['30020101', false],
    ['0485000000000100', false],
    ['00', false],
    ['0000', false],
    ['1f8100', false],
    ['30'.repeat(40), false],
  ]
  for (const [text, expected] of table) assert.equal(isDer(Buffer.from(text, 'hex')), expected, text)
  let nested: Uint8Array = utf8String('a')
  for (let depth = 0; depth < 40; depth++) nested = sequence(nested)
  assert.equal(isDer(nested), false)
})

test('no octets keep it from an answer', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (octets) => typeof isDer(octets) === 'boolean'))
})
