import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AuthoritySpec } from '#api'
import { day, hour, minute } from '#base'
import { authority, caGeneration, caWorld, heldCa, noon } from '#test/make'
import {
  activeFrom,
  activeOf,
  bundleText,
  caSpecHash,
  type Generation,
  generationsOf,
  lastActiveOf,
  reissueWithinMs,
  retireAt,
  rotateAt,
  trustedRoots,
  trustHash,
} from './generations.ts'
import type { CaWorld, GenerationView, HeldCa, ParentView } from './world.ts'

const internal = (options: NonNullable<AuthoritySpec['internal']>) => authority({ spec: { internal: options } })
const subordinate = internal({ parentRef: { name: 'root' } })
const damaged = { state: 'damaged', why: 'tls.key is missing' } as const
const foreign = { state: 'foreign', why: 'not made for it' } as const
/** Made, and has not signed. */
const unused = { trustedAt: undefined, activatedAt: undefined }

const parentWith = (distrusted: readonly number[]): ParentView => ({
  state: 'ready',
  notAfter: noon + 3650 * day,
  generation: 2,
  distrusted,
  roots: [],
})

/** The states of generations, in their order. */
function statesOf(parts: Partial<CaWorld>, of = authority(), now = noon): string[] {
  return generationsOf(of, caWorld(parts), now).map(({ number, state }) => `${number} ${state}`)
}

suite('the state of a generation', () => {
  const cases: readonly [name: string, generations: readonly GenerationView[], lastActive: number, states: string[]][] =
    [
      ['the first one signs', [caGeneration()], 1, ['1 Active']],
      ['none is there yet', [], 0, []],
      ['the next one waits', [caGeneration(), caGeneration({ number: 2, ...unused })], 1, ['1 Active', '2 Next']],
      ['the first one waits too', [caGeneration(unused)], 0, ['1 Next']],
      ['it has taken over', [caGeneration(), caGeneration({ number: 2 })], 2, ['1 Retiring', '2 Active']],
      ['its mark is still to be written', [caGeneration(), caGeneration({ number: 2 })], 1, ['1 Retiring', '2 Active']],
      [
        'its last certificate is gone',
        [caGeneration({ retiredAt: noon }), caGeneration({ number: 2 })],
        2,
        ['1 Retired', '2 Active'],
      ],
      [
        'it has expired',
        [caGeneration({}, { notAfter: noon }), caGeneration({ number: 2 })],
        2,
        ['1 Retired', '2 Active'],
      ],
      [
        'it was overtaken before it signed',
        [caGeneration(), caGeneration({ number: 2, ...unused }), caGeneration({ number: 3 })],
        3,
        ['1 Retiring', '2 Retired', '3 Active'],
      ],
      ['the one that signed last is lost: none signs in its place', [caGeneration()], 2, ['1 Retiring']],
      [
        'the one that signed last is damaged',
        [caGeneration(), caGeneration({ number: 2, secret: damaged })],
        0,
        ['1 Retiring'],
      ],
      [
        'one that a stranger has made says nothing',
        [caGeneration(), caGeneration({ number: 2, secret: foreign })],
        1,
        ['1 Active'],
      ],
      ['the successor of a lost one is still next', [caGeneration({ number: 2, ...unused })], 1, ['2 Next']],
      ['its own time of activation is lost', [caGeneration(unused)], 1, ['1 Next']],
    ]
  for (const [name, generations, lastActive, states] of cases) {
    test(name, () => assert.deepEqual(statesOf({ generations, lastActive }), states))
  }

  test('one that expires is retired in that very moment', () => {
    const generations = [caGeneration({}, { notAfter: noon + day })]
    assert.deepEqual(statesOf({ generations }, authority(), noon + day - 1), ['1 Active'])
    assert.deepEqual(statesOf({ generations }, authority(), noon + day), ['1 Retired'])
  })

  test('the one that signs is found', () => {
    const found = (generations: GenerationView[]) =>
      activeOf(generationsOf(authority(), caWorld({ generations }), noon))?.number
    assert.equal(found([caGeneration(), caGeneration({ number: 2 }), caGeneration({ number: 3, ...unused })]), 2)
    assert.equal(found([caGeneration(unused)]), undefined)
  })

  test('the one that signed last is remembered by whatever is left', () => {
    assert.equal(lastActiveOf(caWorld({ lastActive: 3 })), 3)
    assert.equal(lastActiveOf(caWorld({ lastActive: 0 })), 1)
    assert.equal(lastActiveOf(caWorld({ lastActive: 0, generations: [] })), 0)
    assert.equal(lastActiveOf(caWorld({ lastActive: 0, generations: [caGeneration({ secret: foreign })] })), 0)
  })
})

suite('a generation is distrusted', () => {
  const two = [caGeneration({ signedBy: 'shop/root', parentGeneration: 1 }), caGeneration({ number: 2 })]
  const cases: readonly [name: string, of: typeof subordinate, parent: ParentView, states: string[]][] = [
    ['by its number', internal({ distrustedGenerations: [1] }), { state: 'none' }, ['1 Distrusted', '2 Active']],
    ['though it signs', internal({ distrustedGenerations: [2] }), { state: 'none' }, ['1 Retiring', '2 Distrusted']],
    ['with the generation that signed it', subordinate, parentWith([1]), ['1 Distrusted', '2 Active']],
    ['not with another one', subordinate, parentWith([2, 3]), ['1 Retiring', '2 Active']],
    ['not while nobody says so', subordinate, { state: 'notReady', why: 'it is new' }, ['1 Retiring', '2 Active']],
    [
      'not with a generation of another parent',
      internal({ parentRef: { name: 'other' } }),
      parentWith([1]),
      ['1 Retiring', '2 Active'],
    ],
  ]
  for (const [name, of, parent, states] of cases) {
    test(name, () => assert.deepEqual(statesOf({ generations: two, lastActive: 2, parent }, of), states))
  }
})

/** A generation whose validity is as told, counted from noon. */
function living(lifeMs: number, parts: Partial<GenerationView> = {}): Generation {
  const held = heldCa({ notBefore: noon, notAfter: noon + lifeMs })
  return { ...caGeneration(parts), held, state: 'Active' }
}

suite('the next generation is made', () => {
  const cases: readonly [name: string, lifeMs: number, longestMs: number, propagation: string, afterMs: number][] = [
    ['a root of ten years', 3650 * day, 90 * day, '24h', 3559 * day],
    ['one that signs subordinates', 3650 * day, 1825 * day, '24h', 1825 * day],
    ['one with slow trust', 3650 * day, 90 * day, '720h', 3530 * day],
    ['a CA of a day', day, 90 * day, '24h', 12 * hour],
    ['a CA as short as its certificates', 90 * day, 90 * day, '24h', 45 * day],
    ['a CA whose certificates are short', day, hour, '1h', 22 * hour],
  ]
  for (const [name, lifeMs, longestMs, trustPropagation, afterMs] of cases) {
    test(`${name}: ${afterMs / hour} h after it began`, () => {
      assert.equal(rotateAt(internal({ trustPropagation }), living(lifeMs), longestMs), noon + afterMs)
    })
  }

  test('trust takes a day to spread unless told otherwise', () => {
    assert.equal(rotateAt(authority(), living(3650 * day), 90 * day), noon + 3559 * day)
  })
})

suite('a generation may begin to sign', () => {
  const cases: readonly [name: string, parts: Partial<GenerationView>, trustPropagation: string, at: number][] = [
    ['when it was activated', { activatedAt: noon + minute }, '24h', noon + minute],
    ['when trust has spread since all bundles hold it', { ...unused, trustedAt: noon + hour }, '2h', noon + 3 * hour],
    ['until then, since it is there, at the earliest', { ...unused, madeAt: noon + minute }, '2h', noon + 121 * minute],
    ['since it began, where nobody knows more', { ...unused, madeAt: undefined }, '2h', noon + 2 * hour],
  ]
  for (const [name, parts, trustPropagation, at] of cases) {
    test(name, () => assert.equal(activeFrom(internal({ trustPropagation }), living(day, parts)), at))
  }
})

suite('a generation leaves the bundles', () => {
  const successor = living(3650 * day, { number: 2, activatedAt: noon + day })
  const cases: readonly [name: string, liveUntil: number | undefined, lifeMs: number, at: number][] = [
    ['when its last certificate has ended', noon + 90 * day, 3650 * day, noon + 90 * day],
    ['a minute after its successor began, without one', undefined, 3650 * day, noon + day + minute],
    ['not before that', noon + hour, 3650 * day, noon + day + minute],
    ['at its own end in any case', noon + 90 * day, 30 * day, noon + 30 * day],
  ]
  for (const [name, liveUntil, lifeMs, at] of cases) {
    test(name, () => assert.equal(retireAt(living(lifeMs, { liveUntil }), successor), at))
  }

  test('at its own end, where nobody knows when its successor began', () => {
    assert.equal(retireAt(living(365 * day), { ...successor, ...unused }), noon + 365 * day)
  })
})

suite('the roots to trust', () => {
  const root = (name: string) => ({ fingerprint: name.repeat(32), pem: `PEM of ${name}\n` })
  const generation = (
    number: number,
    names: readonly string[],
    parts: Partial<GenerationView> = {},
    held: Partial<HeldCa> = {},
  ) => caGeneration({ number, ...parts }, { ...held, roots: names.map(root) })
  const textOf = (parts: Partial<CaWorld>, of = authority()): string => {
    const ca = caWorld(parts)
    return bundleText(trustedRoots(generationsOf(of, ca, noon), ca))
      .replaceAll('PEM of ', '')
      .replaceAll('\n', '')
  }
  const ready = (names: readonly string[]): ParentView => ({ ...parentWith([]), roots: names.map(root) }) as ParentView

  const cases: readonly [name: string, parts: Partial<CaWorld>, text: string][] = [
    [
      'are those of next, active and retiring, in the order of their fingerprints',
      { generations: [generation(1, ['c3']), generation(2, ['a1']), generation(3, ['b2'], unused)] },
      'a1b2c3',
    ],
    ['are each there once', { generations: [generation(1, ['a1']), generation(2, ['a1', 'b2'])] }, 'a1b2'],
    [
      'are not those that have ended or are over',
      {
        generations: [
          generation(1, ['a1'], {}, { notAfter: noon }),
          generation(2, ['b2'], { retiredAt: noon }),
          generation(3, ['c3'], unused),
          generation(4, ['d4']),
        ],
      },
      'd4',
    ],
    [
      'are those of the parent too, its next one among them',
      { generations: [generation(1, ['b2'])], parent: ready(['b2', 'a1']) },
      'a1b2',
    ],
    ['are there while the key is lost', { generations: [generation(1, ['a1'])], lastActive: 2 }, 'a1'],
    ['are none before there is a CA', { generations: [], lastActive: 0 }, ''],
  ]
  for (const [name, parts, text] of cases) test(name, () => assert.equal(textOf(parts), text))

  test('are not those of a generation that is trusted no longer', () => {
    const generations = [generation(1, ['a1']), generation(2, ['b2'])]
    assert.equal(textOf({ generations }, internal({ distrustedGenerations: [1] })), 'b2')
  })

  test('have a hash that is another for another text only', () => {
    assert.equal(trustHash('PEM'), trustHash('PEM'))
    assert.notEqual(trustHash('PEM'), trustHash('PEM\n'))
    assert.match(trustHash(''), /^[0-9a-f]{16}$/)
  })
})

suite('the hash of what the spec says of the CA certificate', () => {
  const usual = caSpecHash(authority())
  type Options = NonNullable<AuthoritySpec['internal']>
  const same: readonly [name: string, options: Options][] = [
    ['the name said in full', { commonName: 'ca' }],
    [
      'another policy of rotation',
      { rotation: 'Manual', trustPropagation: '1h', generation: 3, distrustedGenerations: [1] },
    ],
    ['URLs for what it signs', { crl: { validity: '24h' }, issuerURLs: ['http://a.example/ca'] }],
  ]
  for (const [name, options] of same)
    test(`${name} is the same`, () => assert.equal(caSpecHash(internal(options)), usual))

  const other: readonly [name: string, options: Options][] = [
    ['another name', { commonName: 'Shop CA' }],
    ['another subject', { subject: { organizations: ['Shop'] } }],
    ['another key', { privateKey: { algorithm: 'RSA' } }],
    ['another validity', { duration: '24h' }],
    ['another path length', { pathLength: 0 }],
    ['name constraints', { nameConstraints: { permitted: { dnsDomains: ['example.com'] } } }],
    ['a parent', { parentRef: { name: 'root' } }],
    ['a Secret', { secretRef: { name: 'root' } }],
    ['a signature from elsewhere', { external: {} }],
  ]
  for (const [name, options] of other) {
    test(`${name} is another`, () => assert.notEqual(caSpecHash(internal(options)), usual))
  }

  test('does not depend on the order in which it is written', () => {
    const [one, two] = [
      { duration: '24h', subject: { countries: ['CH'], organizations: ['Shop'] } },
      { subject: { organizations: ['Shop'], countries: ['CH'] }, duration: '24h' },
    ]
    assert.equal(caSpecHash(internal(one)), caSpecHash(internal(two)))
  })

  test('stays when the chain of an external CA comes', () => {
    assert.equal(caSpecHash(internal({ external: {} })), caSpecHash(internal({ external: { chain: 'PEM' } })))
  })
})

test('certificates are issued anew within an hour unless told otherwise', () => {
  assert.equal(reissueWithinMs({}), hour)
  assert.equal(reissueWithinMs({ reissueWithin: '90s' }), 90_000)
})
