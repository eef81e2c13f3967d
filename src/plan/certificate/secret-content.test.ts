import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { annotations, type CertificateSpec, type ObjectMeta, secretLabel } from '#api'
import { day, Failure, minute, retryable, second, terminal, waiting } from '#base'
import {
  authorityView,
  certificate,
  certificateWorld,
  heldCertificate,
  heldSecret,
  noon,
  secretMetadata,
} from '#test/make'
import { encodeApplied } from '../applied.ts'
import { trustHash } from '../authority/generations.ts'
import { orderedHash } from './order.ts'
import { outputsHash } from './outputs.ts'
import { planCertificate } from './plan.ts'
import { needsPasswords, planRefresh, staleMarks } from './secret-content.ts'
import { unfulfilled } from './unfulfilled.ts'
import { certificateWarnings } from './warning.ts'
import type { CertificateWorld, OpenOrder, SecretView } from './world.ts'

const template = { labels: { team: 'shop' }, annotations: { 'example.com/x': 'y' } }
const ours = (labels: string[], marks: string[]): Record<string, string> => ({
  [annotations.applied]: encodeApplied({ data: [], labels, annotations: marks }),
})

/** Metadata of a Secret that has all of the template. */
const dressed = (parts: Partial<ObjectMeta> = {}): ObjectMeta => {
  const labels = { [secretLabel]: 'certificate', ...template.labels, ...parts.labels }
  const said = { ...template.annotations, ...ours(['team'], ['example.com/x']), ...parts.annotations }
  return secretMetadata({ ...parts, labels, annotations: said })
}

const worldOf = (spec: Partial<CertificateSpec>, secret: SecretView, parts: Partial<CertificateWorld> = {}) =>
  certificateWorld({ certificate: certificate({ spec }), secret, ...parts })

const withMetadata = (metadata: ObjectMeta): SecretView => ({ state: 'held', metadata, held: heldCertificate() })

suite('the template', () => {
  const refresh = (metadata: ObjectMeta, spec: Partial<CertificateSpec> = { secretTemplate: template }) =>
    planRefresh(worldOf(spec, withMetadata(metadata)))

  test('that is there is left', () => assert.equal(refresh(dressed()), undefined))
  test("and so is what is others'", () => assert.equal(refresh(dressed({ labels: { colour: 'red' } })), undefined))
  test('that is not asked for is nothing', () => assert.equal(refresh(secretMetadata(), {}), undefined))

  const wanting: readonly [name: string, metadata: ObjectMeta, spec?: Partial<CertificateSpec>][] = [
    ['lacks a label', dressed({ labels: { team: '' } })],
    ['has another annotation', dressed({ annotations: { 'example.com/x': 'z' } })],
    ['has it, set by somebody else', dressed({ annotations: ours([], []) })],
    ['has a label too many', dressed(), { secretTemplate: { annotations: template.annotations } }],
    ['has an annotation too many', dressed(), { secretTemplate: { labels: template.labels } }],
    ['has all too many', dressed(), {}],
  ]
  for (const [name, metadata, spec] of wanting) {
    test(`a Secret that ${name} is brought in line, and nothing is issued`, () => {
      const expected = { do: 'refresh', metadata, caBundle: undefined, outputs: { as: 'kept' } }
      assert.deepEqual(refresh(metadata, spec), expected)
      const world = worldOf(spec ?? { secretTemplate: template }, withMetadata(metadata))
      assert.deepEqual(planCertificate(world, noon), expected)
      assert.equal(unfulfilled(world, noon), undefined)
    })
  }

  test('what has left it is told from what was never ours', () => {
    const metadata = dressed({ labels: { colour: 'red' } })
    assert.deepEqual(staleMarks(metadata, { labels: { team: 'x' } }), { labels: [], annotations: ['example.com/x'] })
    assert.deepEqual(staleMarks(metadata), { labels: ['team'], annotations: ['example.com/x'] })
    const odd = dressed({ annotations: ours(['constructor'], []) })
    assert.deepEqual(staleMarks(odd).labels, ['constructor'], 'a name that every object has')
  })
})

suite('outputs', () => {
  const outputs = { pkcs12: {} }
  const trust = trustHash('PEM of a root')
  const of = { fingerprint: 'f1'.repeat(32), trust }
  const hash = outputsHash({ certificate: certificate({ spec: { outputs } }), passwords: {} }, of)
  assert.ok(typeof hash === 'string')
  const world = (found: string | undefined, parts: Partial<CertificateWorld> = {}, spec: object = { outputs }) =>
    worldOf(spec, heldSecret({ trust, outputs: found }), parts)

  test('that are there are left', () => assert.equal(planRefresh(world(hash)), undefined))

  for (const [name, found] of [
    ['are missing', undefined],
    ['were changed by somebody', ''],
    ['were made of something else', '0a'],
  ] as const) {
    test(`that ${name} are rendered, and Ready says so`, () => {
      assert.deepEqual(planRefresh(world(found))?.outputs, { as: 'rendered', hash })
      assert.equal(unfulfilled(world(found), noon)?.reason, 'RequestChanged')
    })
  }

  test('that nobody asks for are removed', () => {
    assert.deepEqual(planRefresh(world(hash, {}, {}))?.outputs, { as: 'removed' })
  })

  test('follow new roots in the same write, and are good until then', () => {
    const authority = authorityView({ caBundle: 'PEM of two roots' })
    const made = planRefresh(world(hash, { authority }))
    assert.equal(made?.caBundle, 'PEM of two roots')
    assert.equal(made.outputs.as, 'rendered')
    assert.equal(unfulfilled(world(hash, { authority }), noon), undefined)
  })

  suite('without their password', () => {
    const passwords = waiting('PasswordNotFound', 'Secret mine does not exist', 10 * minute)
    const authority = authorityView({ caBundle: 'PEM of two roots' })

    const isMissed = { reason: 'PasswordNotFound', message: passwords.message }
    const newRoots = heldSecret({ trust: trustHash('PEM of two roots'), outputs: hash })

    test('stay as they are, while the roots change, and are wanted then', () => {
      assert.deepEqual(planRefresh(world(hash, { passwords, authority }))?.outputs, { as: 'kept' })
      const after = worldOf({ outputs }, newRoots, { passwords, authority })
      assert.equal(planRefresh(after), undefined)
      assert.deepEqual(unfulfilled(after, noon), isMissed)
    })
    test('are good for as long as nothing is to be made anew', () => {
      assert.deepEqual(planCertificate(world(hash, { passwords }), noon), { do: 'keep' })
      assert.equal(unfulfilled(world(hash, { passwords }), noon), undefined)
    })
    for (const [name, found, spec] of [
      ['are missing', undefined, { outputs }],
      ['were changed by somebody', '', { outputs }],
      ['are asked for in another way', hash, { outputs: { pkcs12: { alias: 'web' } } }],
    ] as const) {
      test(`the Certificate is not ready when they ${name}`, () => {
        assert.deepEqual(unfulfilled(world(found, { passwords }, spec), noon), isMissed)
        assert.deepEqual(planCertificate(world(found, { passwords }, spec), noon), { do: 'keep' })
      })
    }
    test('no renewal is made, and what is in use stays good', () => {
      const due = heldSecret({ trust, outputs: hash, notBefore: noon - 80 * day, notAfter: noon + 10 * day })
      const made = planCertificate(worldOf({ outputs }, due, { passwords }), noon)
      assert.ok(made.do === 'refuse' && made.failure === passwords)
      assert.equal(unfulfilled(worldOf({ outputs }, due, { passwords }), noon), undefined)
    })
    test('nothing is issued', () => {
      const made = planCertificate(worldOf({ outputs }, { state: 'absent' }, { passwords }), noon)
      assert.ok(made.do === 'refuse' && made.failure === passwords)
    })
  })
})

suite('passwords matter', () => {
  const outputs = { pkcs12: { passwordSecretRef: { name: 'mine' } } }
  const suspended = { outputs, suspend: true }
  const passwords = { pkcs12: 'u/1/password' }
  const trust = trustHash('PEM of a root')
  const of = { fingerprint: 'f1'.repeat(32), trust }
  const hash = outputsHash({ certificate: certificate({ spec: { outputs } }), passwords }, of)
  assert.ok(typeof hash === 'string')
  const secret = heldSecret({ trust, outputs: hash })
  const authority = authorityView({ caBundle: 'PEM of two roots' })
  const going = certificate({ spec: { outputs }, metadata: { deletionTimestamp: '2026-11-22T12:00:00Z' } })

  for (const [name, isSo, world] of [
    ['to a Certificate', true, worldOf({ outputs }, secret)],
    ['to one that is new', true, worldOf({ outputs }, { state: 'absent' })],
    ['to one that is suspended', false, worldOf(suspended, secret)],
    ['to one that is suspended and new', false, worldOf(suspended, { state: 'absent' })],
    ['to one that is suspended, when the roots change', true, worldOf(suspended, secret, { authority })],
    ['to one that is suspended, when its outputs change', true, worldOf(suspended, heldSecret({ trust }))],
    ['to one that is being deleted', false, certificateWorld({ certificate: going, secret: heldSecret({ trust }) })],
  ] as const) {
    test(`${isSo ? '' : 'not '}${name}`, () => {
      assert.equal(needsPasswords(world), isSo)
      const { do: what } = planCertificate({ ...world, passwords: undefined }, noon)
      assert.ok(isSo || !['refresh', 'issue'].includes(what), what)
    })
  }

  test('a Secret is good while they do not', () => {
    for (const world of [worldOf(suspended, secret), certificateWorld({ certificate: going, secret })]) {
      assert.equal(unfulfilled({ ...world, passwords: undefined }, noon), undefined)
    }
  })
})

suite('a Secret that cannot be changed', () => {
  const immutable = { type: 'kubernetes.io/tls', isImmutable: true }
  const spec = { secretTemplate: template }

  test('is left while it holds what is asked for', () => {
    const secret = { ...withMetadata(dressed()), form: immutable } as SecretView
    assert.deepEqual(planCertificate(worldOf(spec, secret), noon), { do: 'keep' })
  })

  for (const [name, secret] of [
    ['beside the certificate', { ...heldSecret(), form: immutable }],
    ['of the certificate', { ...heldSecret({ differences: ['it is old'] }), form: immutable }],
    ['that is damaged', { state: 'damaged', metadata: secretMetadata(), why: 'no key', form: immutable }],
    ['that is offered', { state: 'offered', metadata: secretMetadata(), held: heldCertificate(), form: immutable }],
  ] as const) {
    test(`is named when something is to change ${name}`, () => {
      const made = planCertificate(worldOf(spec, secret as SecretView), noon)
      assert.ok(made.do === 'refuse', made.do)
      assert.equal(made.failure.reason, 'SecretNotUsable')
      assert.match(made.failure.message, /^Secret web is immutable\. Delete Secret web, and it is made anew/)
    })
  }

  test('because of its type is named with both types', () => {
    const form = { type: 'Opaque', isImmutable: false }
    const made = planCertificate(worldOf({}, { ...heldSecret({ differences: ['old'] }), form } as SecretView), noon)
    assert.ok(made.do === 'refuse')
    assert.match(made.failure.message, /^Secret web is of type Opaque, and key and certificate go into one of type kub/)
  })
})

suite('a quarrel about a Secret', () => {
  const at = (count: number, ago: number) => Array.from({ length: count }, () => noon - ago)
  const planned = (refreshedLately: readonly number[], parts: Partial<CertificateWorld> = {}) =>
    planCertificate(worldOf({ secretTemplate: template }, heldSecret(), { refreshedLately, ...parts }), noon)

  test('is braked, and says when it goes on', () => {
    assert.equal(planned(at(9, minute)).do, 'refresh')
    assert.equal(planned(at(10, 10 * minute)).do, 'refresh')
    const made = planned(at(10, minute))
    assert.ok(made.do === 'refuse')
    assert.deepEqual([made.failure.reason, made.failure.retryAfterMs], ['SecretContested', 9 * minute])
  })

  test('hides no other trouble', () => {
    const made = planned(at(10, second), { request: terminal('InvalidNames', 'no name') })
    assert.ok(made.do === 'refuse' && made.failure.reason === 'InvalidRequest')
  })
})

suite('a change to the Secret that the API server has refused', () => {
  const refusal = (reason: string) => ({
    refreshFailure: { failure: retryable(reason, 'no'), attempts: 1, nextAttemptAt: noon + minute },
  })
  const world = (parts: Partial<CertificateWorld>, held: SecretView = heldSecret()) =>
    worldOf({ secretTemplate: template }, held, { ...refusal('KubernetesRefused'), ...parts })
  const due = heldSecret({ notBefore: noon - 80 * day, notAfter: noon + 10 * day })
  const order: OpenOrder = { metadata: { name: 'web-pending' }, journal: undefined }

  test('is told until it is tried again', () => {
    const made = planCertificate(world({}), noon)
    assert.ok(made.do === 'refuse' && made.failure.reason === 'KubernetesRefused')
    assert.equal(planCertificate(world({}), noon + minute).do, 'refresh')
  })

  test('is waited for in silence when there was no answer', () => {
    const made = planCertificate(world(refusal('KubernetesUnavailable')), noon)
    assert.deepEqual(made, { do: 'wait', until: noon + minute })
  })

  test('keeps nothing else waiting', () => {
    assert.equal(planCertificate(world({ order: orderOf(world({}, due)) }, due), noon).do, 'issue')
    assert.equal(planCertificate(world({ order }, due), noon).do, 'endOrder')
    const made = planCertificate(world({ authority: undefined }, due), noon)
    assert.ok(made.do === 'refuse' && made.failure.reason === 'AuthorityNotFound')
  })

  test('is told beside what is told of an order, as long as it is wanted', () => {
    const told = (parts: Partial<CertificateWorld>) => certificateWarnings(world(parts), noon)[0]?.message
    assert.match(told({}) ?? '', /^the Secret cannot be brought in line with the spec: no$/)
    assert.equal(certificateWarnings(world({}), noon, 'KubernetesRefused').length, 0)
    assert.equal(told(refusal('KubernetesUnavailable')), undefined)
    assert.equal(told({ secret: withMetadata(dressed()) }), undefined)
  })
})

/** An order for what the Certificate asks for. */
function orderOf({ request }: CertificateWorld): OpenOrder {
  assert.ok(!(request instanceof Failure))
  const times = { notBefore: noon, notAfter: noon + 90 * day, createdAt: noon, pollAt: noon }
  const asked = { id: '0123456789ab', requestHash: orderedHash(request), authorityKey: 'shop/ca', handle: 'order/7' }
  return { metadata: { name: 'web-pending' }, journal: { ...times, ...asked, revision: 2, hasKeptKey: false } }
}
