import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AuthoritySpec } from '#api'
import { day, hour, minute } from '#base'
import { backdateMs } from '#pki'
import { authority, authorityWorld, heldCa, noon } from '#test/make'
import { type AuthorityPlan, caNotAfter, caSecretName, parentKeyOf, planAuthority } from './plan.ts'
import type { AuthorityWorld, ParentView } from './world.ts'

const fresh: Partial<AuthorityWorld> = { ca: { state: 'absent' }, hasSigned: false }
const plan = (parts: Partial<AuthorityWorld> = {}, now = noon): AuthorityPlan =>
  planAuthority(authorityWorld(parts), now)
const internal = (options: NonNullable<AuthoritySpec['internal']>) => authority({ spec: { internal: options } })
const subordinate = internal({ parentRef: { name: 'root' } })

test('a CA that is there is kept until its end', () => {
  const end = noon + 3650 * day
  assert.deepEqual(plan(), { do: 'keep', recheckAt: end })
  assert.deepEqual(plan({}, end - 1), { do: 'keep', recheckAt: end })
  assert.equal(plan({ parent: { state: 'absent' } }).do, 'keep')
})

suite('refused', () => {
  const wait = 10 * minute
  const cases: readonly [reason: string, kind: string, againMs: number | undefined, RegExp, Partial<AuthorityWorld>][] =
    [
      [
        'CAExpired',
        'Terminal',
        undefined,
        /^the CA certificate expired at 2026-11-22T12:00:00Z\. Create another Authority$/,
        { ca: { state: 'held', held: heldCa({ notAfter: noon }) } },
      ],
      [
        'SecretNotOurs',
        'Terminal',
        undefined,
        /^not made for it$/,
        { ca: { state: 'foreign', why: 'not made for it' } },
      ],
      [
        'CAKeyDamaged',
        'Terminal',
        undefined,
        /^Secret ca-ca-1 cannot be used: tls\.key is missing\. Restore it from a backup$/,
        { ca: { state: 'damaged', why: 'tls.key is missing' }, hasSigned: false },
      ],
      [
        'CAKeyMissing',
        'Terminal',
        undefined,
        /^Secret ca-ca-1 with the CA key is missing\. Restore it from a backup$/,
        { ca: { state: 'absent' }, hasSigned: true },
      ],
      [
        'ParentNotFound',
        'Waiting',
        wait,
        /^Authority shop\/root does not exist, or its allowedSubordinates do not permit this one$/,
        { ...fresh, authority: subordinate, parent: { state: 'absent' } },
      ],
      [
        'ParentCycle',
        'Terminal',
        undefined,
        /^the parents form a cycle and never end in a root: shop\/ca -> shop\/root -> shop\/ca$/,
        { ...fresh, authority: subordinate, parent: { state: 'cycle', path: ['shop/ca', 'shop/root', 'shop/ca'] } },
      ],
      [
        'ParentNotReady',
        'Waiting',
        wait,
        /^Authority shop\/root is not ready: it is new$/,
        { ...fresh, authority: subordinate, parent: { state: 'notReady', why: 'it is new' } },
      ],
      [
        'ParentNotReady',
        'Waiting',
        wait,
        /^Authority shop\/root is not ready: its CA certificate expired at 2026-11-22T12:00:00Z$/,
        { ...fresh, authority: subordinate, parent: { state: 'ready', notAfter: noon } },
      ],
    ]
  for (const [reason, kind, againMs, message, parts] of cases) {
    test(`${reason}: ${message.source}`, () => {
      const made = plan(parts)
      assert.equal(made.do, 'refuse')
      assert.deepEqual([made.failure.reason, made.failure.kind, made.failure.retryAfterMs], [reason, kind, againMs])
      assert.match(made.failure.message, message)
    })
  }
})

suite('created', () => {
  const none: ParentView = { state: 'none' }
  const ready = (notAfter: number): ParentView => ({ state: 'ready', notAfter })
  const far = noon + 9000 * day
  const ecdsa = { algorithm: 'ECDSA', size: 256 }
  const cases: readonly [
    name: string,
    options: NonNullable<AuthoritySpec['internal']>,
    parent: ParentView,
    expected: { key: object; commonName: string; notAfter: number; signedBy: string },
  ][] = [
    ['a root', {}, none, { key: ecdsa, commonName: 'ca', notAfter: noon + 3650 * day, signedBy: 'itself' }],
    [
      'a subordinate',
      {},
      ready(far),
      { key: ecdsa, commonName: 'ca', notAfter: noon + 1825 * day, signedBy: 'parent' },
    ],
    [
      'a subordinate that ends with its parent',
      {},
      ready(noon + 30 * day),
      { key: ecdsa, commonName: 'ca', notAfter: noon + 30 * day, signedBy: 'parent' },
    ],
    [
      'all that is asked for',
      { commonName: 'Shop CA', privateKey: { algorithm: 'RSA', size: 4096 }, duration: '24h' },
      none,
      { key: { algorithm: 'RSA', size: 4096 }, commonName: 'Shop CA', notAfter: noon + 24 * hour, signedBy: 'itself' },
    ],
    [
      'an RSA key of the usual size',
      { privateKey: { algorithm: 'RSA' } },
      none,
      { key: { algorithm: 'RSA', size: 2048 }, commonName: 'ca', notAfter: noon + 3650 * day, signedBy: 'itself' },
    ],
    [
      'whole seconds only',
      { privateKey: { size: 384 }, duration: '1h999ms' },
      none,
      { key: { algorithm: 'ECDSA', size: 384 }, commonName: 'ca', notAfter: noon + hour, signedBy: 'itself' },
    ],
  ]
  for (const [name, options, parent, { key, commonName, notAfter, signedBy }] of cases) {
    test(name, () => {
      assert.deepEqual(plan({ ...fresh, authority: internal(options), parent }, noon + 999), {
        do: 'create',
        key,
        profile: { commonName, notBefore: noon - backdateMs, notAfter },
        signedBy,
      })
    })
  }

  test('with a spec of another type all defaults hold', () => {
    const other = { ...authority(), spec: {} }
    const made = plan({ ...fresh, authority: other })
    assert.ok(made.do === 'create' && made.profile.commonName === 'ca')
  })
})

test('what an Authority refers to', () => {
  assert.equal(caSecretName(authority()), 'ca-ca-1')
  assert.equal(parentKeyOf(authority()), undefined)
  assert.equal(parentKeyOf(subordinate), 'shop/root')
  assert.equal(parentKeyOf(internal({ parentRef: { name: 'root' } })), 'shop/root')
})

test('the end of the CA is in the status', () => {
  assert.equal(caNotAfter(authority()), undefined)
  const ca = {
    generation: 1,
    subject: 'CN=ca',
    serialNumber: '1',
    fingerprint: 'f',
    notBefore: '2026-11-22T11:55:00Z',
    notAfter: '2026-11-22T12:00:00Z',
    secretName: 'ca-ca-1',
  }
  assert.equal(caNotAfter(authority({ status: { ca } })), noon)
})
