import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { day, isFailure } from '#base'
import { noon } from '#test/make'
import { boundedEntry } from './bounded-entry.ts'
import type { RegisterEntry } from './entry.ts'
import { decodeShard, encodeShard, shardEntriesMax, shardFor } from './shard.ts'

const mebibyte = 1024 * 1024

const instant = fc.integer({ min: 0, max: 253_402_300_799_000 })
const number = fc.integer({ min: 1, max: 999_999_999 })
const entry: fc.Arbitrary<RegisterEntry> = fc
  .record(
    {
      serialNumber: fc.stringMatching(/^([0-9a-f]{2}){1,20}$/),
      fingerprint: fc.stringMatching(/^[0-9a-f]{64}$/),
      generation: number,
      kind: fc.constantFrom('Certificate' as const, 'Authority' as const),
      holder: fc.stringMatching(/^[a-z][a-z0-9-]{0,62}\/[a-z][a-z0-9.-]{0,252}$/),
      revision: number,
      names: fc.array(fc.string({ unit: 'binary', maxLength: 1100 }), { maxLength: 40 }),
      owner: fc.string({ unit: 'binary', maxLength: 400 }),
      issuedAt: instant,
      notAfter: instant,
      revoked: fc.record(
        { at: instant, reason: fc.constantFrom('keyCompromise' as const, 'superseded' as const) },
        { noNullPrototype: true },
      ),
    },
    {
      noNullPrototype: true,
      requiredKeys: [
        'serialNumber',
        'fingerprint',
        'generation',
        'kind',
        'holder',
        'revision',
        'names',
        'issuedAt',
        'notAfter',
      ],
    },
  )
  .map(boundedEntry)

const plain: RegisterEntry = {
  serialNumber: '4a01',
  fingerprint: 'f1'.repeat(32),
  generation: 1,
  kind: 'Certificate',
  holder: 'shop/web',
  revision: 1,
  names: ['www.example.com'],
  issuedAt: noon,
  notAfter: noon + 90 * day,
}

/** The largest entry that there can be: every part at its limit, every character as long as JSON makes it. */
const largest = boundedEntry({
  ...plain,
  serialNumber: 'f'.repeat(40),
  generation: Number.MAX_SAFE_INTEGER,
  revision: Number.MAX_SAFE_INTEGER,
  holder: `${'n'.repeat(63)}/${'c'.repeat(253)}`,
  names: Array.from({ length: 30 }, () => '\u0000'.repeat(8)),
  owner: `${'o'.repeat(242)}@example.com`,
  revoked: { at: noon, reason: 'cessationOfOperation' },
})

suite('a shard', () => {
  test('is read back as it was written', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        assert.deepEqual(decodeShard(encodeShard(entries)), entries)
      }),
    )
  })

  test('of arbitrary bytes is refused with a failure, and nothing else', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        assert.throws(() => decodeShard(bytes), isFailure)
      }),
    )
  })

  test('of arbitrary JSON is refused with a failure, and nothing else', () => {
    const row = fc.oneof(
      fc.jsonValue(),
      fc.jsonValue().map((value) => ({ ...plain, names: value })),
    )
    fc.assert(
      fc.property(row, (value) => {
        try {
          const [read] = decodeShard(gzipSync(`${JSON.stringify(value)}\n`))
          assert.deepEqual(read?.serialNumber, plain.serialNumber)
        } catch (error) {
          assert.ok(isFailure(error))
        }
      }),
    )
  })

  test('with any byte changed is read, or refused with a failure', () => {
    const stored = encodeShard([plain, { ...plain, serialNumber: '4a02' }])
    fc.assert(
      fc.property(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const changed = Uint8Array.from(stored)
        changed[at] = (changed[at] ?? 0) ^ change
        try {
          assert.equal(decodeShard(changed).length, 2)
        } catch (error) {
          assert.ok(isFailure(error))
        }
      }),
    )
  })

  test('of the largest entries is below 1 MiB, even uncompressed', () => {
    const entries = Array.from({ length: shardEntriesMax }, () => largest)
    assert.ok(JSON.stringify(largest).length > 1900, 'the largest entry is large')
    assert.ok(Buffer.byteLength(entries.map((each) => `${JSON.stringify(each)}\n`).join('')) < mebibyte)
    assert.deepEqual(decodeShard(encodeShard(entries)), entries)
  })

  test('takes no more entries than it may hold, and no entry that is not bounded', () => {
    const many = Array.from({ length: shardEntriesMax + 1 }, () => plain)
    assert.throws(() => encodeShard(many), RangeError)
    assert.throws(() => encodeShard([{ ...plain, names: ['x'.repeat(3000)] }]), RangeError)
  })
})

suite('refuses', () => {
  const line = (change: object): Uint8Array => gzipSync(JSON.stringify({ ...plain, ...change }))
  const rows: readonly [string, Uint8Array][] = [
    ['what is not compressed', Buffer.from(JSON.stringify(plain))],
    ['what becomes too large', gzipSync('\n'.repeat(64 * mebibyte))],
    ['too many lines', gzipSync(`${JSON.stringify(plain)}\n`.repeat(shardEntriesMax + 1))],
    ['a line that is not JSON', gzipSync('{"serialNumber":\n')],
    ['a serial number in capitals', line({ serialNumber: '4A01' })],
    ['a fingerprint that is too short', line({ fingerprint: 'f1' })],
    ['a holder without a namespace', line({ holder: 'web' })],
    ['a generation that is no number', line({ generation: '1' })],
    ['an unknown kind', line({ kind: 'Secret' })],
    ['names that are no texts', line({ names: [1] })],
    ['too many names', line({ names: Array.from({ length: 21 }, () => 'a') })],
    ['names that are too long', line({ names: ['a'.repeat(2000)] })],
    ['an owner that is too long', line({ owner: 'a'.repeat(2000) })],
    ['a time that is none', line({ notAfter: 1e300 })],
    ['an unknown reason', line({ revoked: { at: noon, reason: 'toString' } })],
    ['a revocation that is none', line({ revoked: null })],
    ['nothing', new Uint8Array()],
  ]
  for (const [name, bytes] of rows) {
    test(name, () => assert.throws(() => decodeShard(bytes), { kind: 'Terminal', reason: 'RegisterDamaged' }))
  }
})

suite('an entry is cut to', () => {
  const cut = (names: string[], owner?: string): RegisterEntry => boundedEntry({ ...plain, names, owner })
  test('its first twenty names', () => {
    const names = Array.from({ length: 30 }, (_, at) => `n${at}.example.com`)
    assert.deepEqual(cut(names).names, names.slice(0, 20))
  })
  test('the names that fit', () => assert.equal(cut(Array.from({ length: 5 }, () => 'n'.repeat(253))).names.length, 4))
  test('the start of a first name that is too long', () => {
    assert.deepEqual(cut(['u'.repeat(5000), 'short']).names, [`${'u'.repeat(160)}…`])
  })
  test('itself, with a URI of the greatest length', () => {
    assert.deepEqual(cut(['u'.repeat(1024)], 'pki@example.com'), {
      ...plain,
      names: ['u'.repeat(1024)],
      owner: 'pki@example.com',
    })
  })
  test('what is left without an owner that is too long', () =>
    assert.deepEqual(cut(['a'], 'o'.repeat(400)), { ...plain, names: ['a'] }))
})

suite('a batch goes to', () => {
  const rows: readonly [string, number[], number, number | undefined][] = [
    ['no shard where there is none', [], 1, undefined],
    ['the one with room', [100], 400, 1],
    ['none when it would have to be split', [101], 400, undefined],
    ['the fullest with room', [3, 450, 499], 50, 2],
    ['the first of equal ones', [7, 7], 1, 1],
  ]
  for (const [name, counts, size, expected] of rows) {
    test(name, () => {
      const shards = counts.map((count, at) => ({ number: at + 1, count }))
      assert.equal(shardFor(shards, size)?.number, expected)
    })
  }
})
