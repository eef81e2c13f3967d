import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { day } from '#base'
import { noon } from '#test/make'
import { type Registered, type RegisterQuery, searchRegister } from './search.ts'
import { isExpired, liveUntil, unexpired } from './validity.ts'

const line = (serialNumber: string, parts: Partial<Registered> = {}): Registered => ({
  authority: 'pki/ca',
  serialNumber,
  fingerprint: 'f1'.repeat(32),
  generation: 1,
  kind: 'Certificate',
  holder: `shop/web-${serialNumber}`,
  revision: 1,
  names: [`${serialNumber}.example.com`],
  issuedAt: noon,
  notAfter: noon + 90 * day,
  ...parts,
})

const revoked = { at: noon, reason: 'keyCompromise' } as const
const all: readonly Registered[] = [
  line('0a'),
  line('0b', { names: ['*.Example.org', '10.0.0.1'], owner: 'shop@example.com' }),
  line('0c', { authority: 'pki/old', generation: 2, notAfter: noon + day, revoked }),
  line('0d', { kind: 'Authority', holder: 'pki/sub', names: ['CN=Sub'], notAfter: noon + 900 * day }),
]

suite('finds', () => {
  const rows: readonly [string, RegisterQuery, string][] = [
    ['everything', {}, '0a 0b 0c 0d'],
    ['a whole name', { name: '0a.example.com' }, '0a'],
    ['no part of a name', { name: 'example.com' }, ''],
    ['a name in any case', { name: '*.example.org' }, '0b'],
    ['names by their end', { name: '*.example.com' }, '0a 0c'],
    ['names by their start', { name: '10.*' }, '0b'],
    ['names by what is in them', { name: '*example*' }, '0a 0b 0c'],
    ['names by several parts in order', { name: '0*x*p*com' }, '0a 0c'],
    ['no overlapping parts', { name: '0a.example.com*.com' }, ''],
    ['by the name of the holder', { name: 'web-0b' }, '0b'],
    ['by the holder as a name', { name: 'shop/web-0*' }, '0a 0b 0c'],
    ['by holder', { holder: 'pki/sub' }, '0d'],
    ['by serial number', { serialNumber: '0C' }, '0c'],
    ['by serial number with colons', { serialNumber: '0:c' }, '0c'],
    ['by owner', { owner: '*@example.com' }, '0b'],
    ['by Authority', { authority: 'pki/old' }, '0c'],
    ['by the name of the Authority', { authority: 'ca' }, '0a 0b 0d'],
    ['by generation', { generation: 2 }, '0c'],
    ['what expires soon', { expiresBefore: noon + 2 * day }, '0c'],
    ['what expires late', { expiresAfter: noon + 90 * day }, '0d'],
    ['what is revoked', { revoked: true }, '0c'],
    ['what is not', { revoked: false, authority: 'pki/*' }, '0a 0b 0d'],
    ['nothing that fits only half', { name: '0a.example.com', owner: 'shop@example.com' }, ''],
  ]
  for (const [name, query, expected] of rows) {
    test(name, () => {
      const found = [...searchRegister(all, query)].map(({ serialNumber }) => serialNumber)
      assert.equal(found.join(' '), expected)
    })
  }
})

suite('a generation is live until', () => {
  const rows: readonly [string, Registered[], number | undefined][] = [
    ['never without certificates', [], undefined],
    ['the end of its last certificate', [line('1'), line('2', { notAfter: noon + 5 * day })], noon + 90 * day],
    ['not that of another generation', [line('1', { generation: 2 })], undefined],
    ['not that of a revoked one', [line('1', { revoked }), line('2', { notAfter: noon + day })], noon + day],
    ['not that of a subordinate', [line('1', { kind: 'Authority' })], undefined],
    ['not that of one that has just ended', [line('1', { notAfter: noon })], undefined],
  ]
  for (const [name, entries, expected] of rows) {
    test(name, () => assert.equal(liveUntil(entries, 1, noon), expected))
  }
})

test('what has expired goes, revoked or not', () => {
  const live = line('1', { revoked })
  assert.deepEqual(unexpired([live, line('2', { notAfter: noon }), line('3', { notAfter: 0, revoked })], noon), [live])
  assert.equal(isExpired(live, noon + 90 * day), true)
})
