import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { annotations, type Certificate, type ObjectMeta, secretLabel } from '#api'
import { certificate, soleClaim } from '#test/make'
import { type Claims, foreignness } from './secret-owner.ts'

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
  isIssuing: (asked) => all.some(({ certificate, isIssuing }) => certificate === asked && isIssuing),
})

const secret = (said: Record<string, string> = {}, labels: Record<string, string> = {}): ObjectMeta => ({
  name: 'tls',
  namespace: 'shop',
  labels,
  annotations: said,
})
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
        const found = foreignness(claimsOf(own, claimants), metadata)
        if (own.certificate.metadata.name === holder) assert.notEqual(found?.reason, 'SecretTaken')
        else
          assert.match(found?.why ?? '', new RegExp(`^Secret tls is that of Certificate ${holder}, which names it too`))
      }
    })
  }
})

suite('a Secret is', () => {
  const alone = (metadata: ObjectMeta | undefined, parts: Parts = {}) =>
    foreignness(soleClaim(claimant('web', parts).certificate), metadata)

  test('free, when there is none', () => assert.equal(alone(undefined), undefined))
  test('its own by the annotation, label or not', () => assert.equal(alone(secret(of('web'))), undefined))
  test('its own when both agree', () => assert.equal(alone(secret(offered('web')), { adopt: true }), undefined))

  const foreign: readonly [name: string, metadata: ObjectMeta, parts: Parts, why: RegExp][] = [
    ['made by nobody known', secret(), {}, /^Secret tls was not made for it\. .* set spec\.adopt: true$/],
    ['made by nobody known, who is asked', secret(), { adopt: true }, /sifaka\.dev\/adopt-by: web on it$/],
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
})
