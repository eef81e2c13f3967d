import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { annotations, type Certificate, type ObjectMeta, secretLabel } from '#api'
import { authority, certificate, soleClaim } from '#test/make'
import { type Claims, foreignness, takenFrom, whyInTheWay } from './secret-owner.ts'
import type { SecretForm } from './world.ts'

interface Parts {
  readonly createdAt?: string
  readonly isIssuing?: boolean
  readonly isGoing?: boolean
  readonly adopt?: boolean
}

/** One of those that name the Secret. */
interface Claimant {
  readonly certificate: Certificate
  readonly isIssuing: boolean
}

const claimant = (
  name: string,
  { createdAt = '12:00:00', isIssuing = false, isGoing, adopt }: Parts = {},
): Claimant => ({
  certificate: certificate({
    metadata: {
      name,
      creationTimestamp: `2026-11-23T${createdAt}Z`,
      ...(isGoing && { deletionTimestamp: '2026-11-23T13:00:00Z' }),
    },
    spec: { secretName: 'tls', ...(adopt !== undefined && { adopt }) },
  }),
  isIssuing,
})

const claimsOf = (own: Claimant, all: readonly Claimant[]): Claims => ({
  own: own.certificate,
  others: all.filter((each) => each !== own).map((each) => each.certificate),
  authorities: [],
  orderers: [],
  isIssuing: (asked) => all.some(({ certificate, isIssuing }) => certificate === asked && isIssuing),
})

const secret = (said: Record<string, string> = {}, labels: Record<string, string> = {}): ObjectMeta => ({
  name: 'tls',
  namespace: 'shop',
  labels,
  annotations: said,
})
/** As it was read: one that key and certificate could go into. */
const read = (metadata: ObjectMeta | undefined, form: Partial<SecretForm> = {}) =>
  metadata && { metadata, form: { type: 'kubernetes.io/tls', isImmutable: false, ...form } }
const of = (name: string): Record<string, string> => ({ [annotations.certificate]: name })
const offered = (name: string): Record<string, string> => ({ [annotations.adoptBy]: name })

suite('of several Certificates that name a Secret one has it', () => {
  const cases: readonly [
    why: string,
    claimants: readonly Claimant[],
    metadata: ObjectMeta | undefined,
    holder: string,
  ][] = [
    ['the oldest', [claimant('a'), claimant('b', { createdAt: '11:59:59' })], undefined, 'b'],
    ['the first by name among equals', [claimant('b'), claimant('a'), claimant('c')], undefined, 'a'],
    ['the one that is at it', [claimant('a'), claimant('b', { isIssuing: true })], undefined, 'b'],
    [
      'the oldest of those that are at it',
      [claimant('a'), claimant('c', { isIssuing: true }), claimant('b', { isIssuing: true })],
      undefined,
      'b',
    ],
    ['not one that is going', [claimant('a', { isGoing: true }), claimant('b')], undefined, 'b'],
    [
      'not one that is going and at it',
      [claimant('a', { isGoing: true, isIssuing: true }), claimant('b')],
      undefined,
      'b',
    ],
    ['the one that is noted on it', [claimant('a'), claimant('b')], secret(of('b')), 'b'],
    ['the noted one, although it is going', [claimant('a'), claimant('b', { isGoing: true })], secret(of('b')), 'b'],
    ['the noted one, whoever is at it', [claimant('a', { isIssuing: true }), claimant('b')], secret(of('b')), 'b'],
    ['the one that may take it over', [claimant('a'), claimant('b', { adopt: true })], secret(offered('b')), 'b'],
    [
      'the noted one, whoever may take it over',
      [claimant('a'), claimant('b', { adopt: true })],
      secret({ ...of('a'), ...offered('b') }),
      'a',
    ],
    ['the oldest, where the noted one is gone', [claimant('a'), claimant('b')], secret(of('c')), 'a'],
  ]
  for (const [why, claimants, metadata, holder] of cases) {
    test(why, () => {
      for (const own of claimants) {
        const found = foreignness(claimsOf(own, claimants), read(metadata))
        if (own.certificate.metadata.name === holder) assert.notEqual(found?.reason, 'SecretTaken')
        else
          assert.match(found?.why ?? '', new RegExp(`^Secret tls is that of Certificate ${holder}, which names it too`))
      }
    })
  }
})

suite('a Secret is', () => {
  const alone = (metadata: ObjectMeta | undefined, parts: Parts = {}, form: Partial<SecretForm> = {}) =>
    foreignness(soleClaim(claimant('web', parts).certificate), read(metadata, form))

  test('free, when there is none', () => assert.equal(alone(undefined), undefined))
  test('its own by the annotation, label or not', () => assert.equal(alone(secret(of('web'))), undefined))
  test('its own when both agree', () => assert.equal(alone(secret(offered('web')), { adopt: true }), undefined))

  const foreign: readonly [name: string, metadata: ObjectMeta, parts: Parts, why: RegExp][] = [
    [
      'made by nobody known',
      secret(),
      {},
      /^Secret tls was not made for it\. .* set spec\.adopt: true\. Its key and certificate are replaced then, unless /,
    ],
    [
      'made by nobody known, who is asked',
      secret(),
      { adopt: true },
      /sifaka\.dev\/adopt-by: web on it\. Its key and certificate/,
    ],
    [
      'of one that does not use it',
      secret(of('old')),
      {},
      /^Secret tls belongs to Certificate old, which does not use it/,
    ],
    ['offered to another one', secret(offered('other')), { adopt: true }, /was not made for it/],
    ['offered, and nobody asks', secret(offered('web')), {}, /was not made for it/],
    ['an order', secret(of('web'), { [secretLabel]: 'order' }), {}, /holds the key of an order\. Choose another/],
    ['a CA key', secret({ ...of('web'), [annotations.authority]: 'ca' }), {}, /holds a CA key/],
    ['a CA key that is offered', secret(offered('web'), { [secretLabel]: 'ca' }), { adopt: true }, /holds a CA key/],
    ['a CA key to be signed', secret(of('web'), { [secretLabel]: 'ca-request' }), {}, /holds a CA key/],
  ]
  for (const [name, metadata, parts, why] of foreign) {
    test(`foreign: ${name}`, () => {
      const found = alone(metadata, parts)
      assert.equal(found?.reason, 'SecretNotOurs')
      assert.match(found.why, why)
    })
  }

  const unfit: readonly [name: string, form: Partial<SecretForm>, why: RegExp][] = [
    [
      'of another type',
      { type: 'Opaque' },
      /^Secret tls was not made for it, and cannot be taken over, as it is of type Opaque, and key and certificate go/,
    ],
    ['immutable', { isImmutable: true }, /and cannot be taken over, as it is immutable\. Choose another secretName/],
  ]
  for (const [name, form, why] of unfit) {
    test(`foreign and not to be had: ${name}`, () => {
      const found = alone(secret(), {}, form)
      assert.match(found?.why ?? '', why)
      assert.doesNotMatch(found?.why ?? '', /adopt/)
    })
  }

  test('foreign, and could be had for a CSR, of which only the certificate would be replaced', () => {
    const own = certificate({ spec: { secretName: 'tls', csr: 'PEM' } })
    const found = foreignness(soleClaim(own), read(secret(), { type: 'Opaque' }))
    assert.match(found?.why ?? '', /have it taken over: .* Its certificate is replaced then, unless /)
  })
})

suite('a Secret that Sifaka needs for itself is taken', () => {
  const named = (secretName: string) => certificate({ spec: { secretName } })
  const claims = (secretName: string, parts: Partial<Claims>): Claims => ({ ...soleClaim(named(secretName)), ...parts })
  const authorities = [authority({ metadata: { name: 'other' } }), authority()]

  const cases: readonly [name: string, parts: Partial<Claims>, whose: string][] = [
    ['ca-ca-1', { authorities }, 'a CA key of Authority ca'],
    ['ca-ca-12', { authorities }, 'a CA key of Authority ca'],
    ['ca-ca-request', { authorities }, 'a CA key of Authority ca'],
    [
      'shop-pending',
      { orderers: [certificate({ metadata: { name: 'shop' } })] },
      'the key of an order of Certificate shop',
    ],
    ['web-pending', { orderers: [named('web-pending')] }, 'the key of an order of this Certificate'],
  ]
  for (const [name, parts, whose] of cases) {
    test(`${name}: ${whose}`, () => {
      const why = `Secret ${name} is where ${whose} lies, or will lie when there is one: choose another secretName`
      const taken = { state: 'foreign', reason: 'SecretTaken', why }
      const existing = { ...secret(), name }
      assert.deepEqual(takenFrom(claims(name, parts), undefined), taken)
      assert.deepEqual(takenFrom(claims(name, parts), existing), taken)
      assert.deepEqual(takenFrom(claims(name, parts), { ...existing, labels: { [secretLabel]: 'ca' } }), taken)
      // What the Certificate had before anybody else came stays its own.
      assert.equal(takenFrom(claims(name, parts), { ...existing, annotations: of('web') }), undefined)
    })
  }

  test('and no other', () => {
    for (const name of ['ca-ca', 'ca-ca-0', 'ca-ca-1-old', 'ca-2', 'tls']) {
      assert.equal(takenFrom(claims(name, { authorities }), undefined), undefined, name)
    }
  })

  test('and whose it is, where one is in the way already', () => {
    const purpose = 'a CA key of this Authority'
    assert.equal(
      whyInTheWay(secret(), purpose),
      'Secret tls is needed for a CA key of this Authority, and was not made for it: delete it if nobody needs it',
    )
    assert.match(whyInTheWay(secret(of('web')), purpose), /is that of Certificate web: choose another secretName there/)
    assert.match(whyInTheWay(secret({ [annotations.authority]: 'old' }), purpose), /for Authority old: back it up/)
  })
})
