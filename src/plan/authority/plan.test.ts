import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type AuthoritySpec, annotations, finalizer, type ObjectMeta } from '#api'
import { day, hour, minute, terminal } from '#base'
import { authority, authorityWorld, caGeneration, caWorld, noon } from '#test/make'
import { type AuthorityPlan, inUseMessage, planAuthority } from './plan.ts'
import type { AuthorityWorld } from './world.ts'

const plan = (parts: Partial<AuthorityWorld> = {}, now = noon): AuthorityPlan =>
  planAuthority(authorityWorld(parts), now)

const { metadata: marked } = authorityWorld().authority
const byMarks = (metadata: Partial<ObjectMeta>, spec: Partial<AuthoritySpec> = {}) =>
  authority({ metadata: { ...marked, ...metadata }, spec })
const going = (said: Record<string, string> = {}) =>
  byMarks({ deletionTimestamp: '2026-11-22T11:00:00Z', annotations: { ...marked.annotations, ...said } })

test('an Authority that is in order is kept, and looked at again', () => {
  assert.deepEqual(plan(), { do: 'keep', recheckAt: noon + 10 * minute })
})

suite('its mark', () => {
  const hasCA = (value: string) => ({ [annotations.hasCA]: value })
  const second = { ca: caWorld({ generations: [caGeneration(), caGeneration({ number: 2 })], lastActive: 2 }) }
  const cases: readonly [name: string, Partial<ObjectMeta>, Partial<AuthorityWorld>, expected: object | undefined][] = [
    ['is there', {}, {}, undefined],
    ['is missing', { finalizers: [], annotations: {} }, {}, { finalizers: [finalizer], annotations: hasCA('1') }],
    [
      'is missing beside that of a stranger',
      { finalizers: ['example.org/x'] },
      {},
      { finalizers: ['example.org/x', finalizer], annotations: hasCA('1') },
    ],
    ['is of an earlier CA', {}, second, { finalizers: [finalizer], annotations: hasCA('2') }],
    ['is none without a CA that signs', { finalizers: [] }, { ca: undefined }, { finalizers: [finalizer] }],
    ['of what needs no CA is there', {}, { ca: undefined }, undefined],
    [
      'is not made on what is being deleted',
      { finalizers: ['example.org/x'], deletionTimestamp: 'now' },
      { dependents: { certificates: 1, authorities: 0 } },
      undefined,
    ],
  ]
  for (const [name, metadata, parts, expected] of cases) {
    test(name, () => {
      const made = plan({ ...parts, authority: byMarks(metadata) })
      assert.deepEqual(made.do === 'mark' ? made.metadata : undefined, expected)
    })
  }

  test('is made before the bundle is published, and after the CA is there', () => {
    const bare = { authority: byMarks({ annotations: {} }), bundle: { state: 'absent' } } as const
    assert.equal(plan(bare).do, 'mark')
    assert.equal(plan({ ...bare, ca: caWorld({ generations: [], lastActive: 0 }) }).do, 'create')
  })
})

suite('the bundle', () => {
  const metadata: ObjectMeta = { namespace: 'shop', name: 'ca-ca' }
  const text = 'PEM of caca\n'
  const cases: readonly [name: string, bundle: AuthorityWorld['bundle'], does: AuthorityPlan['do']][] = [
    ['is there', { state: 'held', metadata, text }, 'keep'],
    ['is missing', { state: 'absent' }, 'publish'],
    ['is empty', { state: 'held', metadata, text: undefined }, 'publish'],
    ['is another', { state: 'held', metadata, text: 'PEM of dddd\n' }, 'publish'],
    ["is somebody else's", { state: 'foreign', why: 'not made for it' }, 'keep'],
  ]
  for (const [name, bundle, does] of cases) test(name, () => assert.equal(plan({ bundle }).do, does))

  test('holds the next root and the one before, in the order of their fingerprints', () => {
    const unused = { trustedAt: undefined, activatedAt: undefined, lacking: 1 }
    const ca = caWorld({ generations: [caGeneration(), caGeneration({ number: 2, ...unused })] })
    const made = plan({ ca, bundle: { state: 'held', metadata, text } })
    assert.deepEqual(made, { do: 'publish', text: 'PEM of 0202\nPEM of caca\n' })
  })
})

suite('while it is being deleted', () => {
  const none = { certificates: 0, authorities: 0 }
  const some = { certificates: 2, authorities: 1 }
  const cases: readonly [name: string, does: AuthorityPlan['do'], parts: Partial<AuthorityWorld>][] = [
    ['and used by nobody, it goes', 'release', { authority: going(), dependents: none }],
    ['and used by Certificates, it stays', 'keep', { authority: going(), dependents: { ...none, certificates: 1 } }],
    ['and used by Authorities, it stays', 'keep', { authority: going(), dependents: { ...none, authorities: 1 } }],
    [
      'and a person forces it, it goes',
      'release',
      { authority: going({ [annotations.forceDelete]: 'true' }), dependents: some },
    ],
    [
      'and forced by another word, it stays',
      'keep',
      { authority: going({ [annotations.forceDelete]: 'yes' }), dependents: some },
    ],
    ['with its namespace, it goes', 'release', { authority: going(), dependents: some, isNamespaceTerminating: true }],
    [
      'and suspended, it goes all the same',
      'release',
      { authority: { ...going(), spec: { internal: {}, suspend: true } } },
    ],
    ['and its CA is lost, it goes', 'release', { authority: going(), ca: caWorld({ generations: [] }) }],
  ]
  for (const [name, does, parts] of cases) test(name, () => assert.equal(plan(parts).do, does))

  test('is what the other cases are about: without it nothing is let go', () => {
    assert.equal(plan({ isNamespaceTerminating: true }).do, 'keep')
  })

  test('it says who uses it', () => {
    const advice = 'delete them first, or set the annotation sifaka.dev/force-delete: "true"'
    const said = (certificates: number, authorities: number) => inUseMessage({ certificates, authorities })
    assert.equal(said(1, 0), `in use by 1 Certificate: ${advice}`)
    assert.equal(said(2, 1), `in use by 2 Certificates and 1 subordinate Authority: ${advice}`)
    assert.equal(said(0, 3), `in use by 3 subordinate Authorities: ${advice}`)
  })
})

suite('what people have stopped', () => {
  const due = noon + 3600 * day
  const fresh = caWorld({ generations: [], lastActive: 0 })
  const lostWithNext = caWorld({ generations: [caGeneration({ number: 2, activatedAt: undefined })] })
  const suspended = byMarks({}, { suspend: true })

  const cases: readonly [name: string, does: string, parts: Partial<AuthorityWorld>, now: number][] = [
    ['suspended, no first CA is made', 'keep', { authority: suspended, ca: fresh }, noon],
    ['suspended, no bundle is published', 'keep', { authority: suspended, bundle: { state: 'absent' } }, noon],
    [
      'suspended, nothing is wrong with its issuer',
      'keep',
      { authority: suspended, issuerProblem: terminal('IssuerNotFound', 'none') },
      noon,
    ],
    ['frozen, no first CA is made', 'refuse', { isFrozen: true, ca: fresh }, noon],
    ['frozen, no CA is rotated', 'refuse', { isFrozen: true }, due],
    ['frozen and in order', 'keep', { isFrozen: true }, noon],
    ['frozen, none begins to sign', 'refuse', { isFrozen: true, ca: lostWithNext }, noon],
    ['frozen, the bundle is published', 'publish', { isFrozen: true, bundle: { state: 'absent' } }, due],
    ['not frozen, it is rotated', 'create', {}, due],
  ]
  for (const [name, does, parts, now] of cases) test(name, () => assert.equal(plan(parts, now).do, does))

  test('is looked at again within the hour', () => {
    assert.deepEqual(plan({ authority: suspended }), { do: 'keep', recheckAt: noon + hour })
    const refused = plan({ isFrozen: true, ca: fresh })
    assert.ok(refused.do === 'refuse')
    assert.deepEqual([refused.failure.reason, refused.failure.retryAfterMs], ['IssuanceFrozen', hour])
  })
})

test('without an issuer nothing can be done', () => {
  const issuerProblem = terminal('IssuerNotFound', 'this operator has no issuer of type x')
  assert.deepEqual(plan({ issuerProblem }), { do: 'refuse', failure: issuerProblem })
})

test('an Authority without a CA of its own is kept', () => {
  assert.deepEqual(plan({ ca: undefined }), { do: 'keep', recheckAt: noon + hour })
})
