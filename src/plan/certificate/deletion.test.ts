import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type CertificateSpec, finalizer } from '#api'
import { day, minute, toRfc3339 } from '#base'
import { certificate, certificateWorld, heldSecret, noon, secretMetadata } from '#test/make'
import { planCertificate } from './plan.ts'
import type { CertificateWorld, SecretView } from './world.ts'

type Policy = CertificateSpec['deletionPolicy']

suite('our finalizer', () => {
  const planned = (deletionPolicy: Policy, finalizers: string[]) =>
    planCertificate(
      certificateWorld({
        certificate: certificate({ metadata: { finalizers }, spec: { ...(deletionPolicy && { deletionPolicy }) } }),
      }),
      noon,
    )
  const cases: readonly [name: string, policy: Policy, before: string[], after: string[] | undefined][] = [
    ['is not needed', undefined, [], undefined],
    ['is not needed to keep the Secret', { secret: 'Retain' }, [], undefined],
    ['is set to delete the Secret', { secret: 'Delete' }, ['a/b'], ['a/b', finalizer]],
    ['is set to revoke', { revoke: true }, [], [finalizer]],
    ['is there', { secret: 'Delete' }, [finalizer], undefined],
    ['goes when nothing is to be done any more', { secret: 'Retain', revoke: false }, ['a/b', finalizer], ['a/b']],
  ]
  for (const [name, policy, before, after] of cases) {
    test(name, () => {
      const made = planned(policy, before)
      assert.deepEqual(made.do === 'mark' ? made.finalizers : undefined, after)
    })
  }
})

suite('the Secret of a Certificate that is being deleted', () => {
  const planned = (secret: SecretView, deletionPolicy: Policy, parts: Partial<CertificateWorld> = {}, ago = minute) => {
    const metadata = { finalizers: ['a/b', finalizer], deletionTimestamp: toRfc3339(noon - ago) }
    const spec = { ...(deletionPolicy && { deletionPolicy }) }
    const made = planCertificate(
      certificateWorld({ certificate: certificate({ metadata, spec }), secret, ...parts }),
      noon,
    )
    assert.ok(made.do === 'release', made.do)
    assert.deepEqual(made.finalizers, ['a/b'])
    return made
  }
  const goes = { secret: 'Delete' } as const
  const metadata = secretMetadata()

  const ours: readonly SecretView[] = [heldSecret(), { state: 'damaged', metadata, why: 'no key' }]
  for (const secret of ours) {
    test(`goes where that is asked for: ${secret.state}`, () => {
      assert.deepEqual(planned(secret, goes).secret, metadata)
      assert.equal(planned(secret, undefined).secret, undefined)
      assert.equal(planned(secret, { secret: 'Retain' }).secret, undefined)
    })
  }

  const others: readonly SecretView[] = [
    { state: 'absent' },
    { state: 'foreign', reason: 'SecretNotOurs', why: 'it was not made for it' },
    { state: 'foreign', reason: 'SecretTaken', why: 'it is that of another one' },
    { state: 'offered', metadata, held: 'no key' },
  ]
  for (const secret of others) {
    test(`stays where it is not ours: ${secret.state}`, () => assert.equal(planned(secret, goes).secret, undefined))
  }

  test('is waited for a day, and only once when the namespace goes', () => {
    assert.equal(planned(heldSecret(), goes).isLastTry, false)
    assert.equal(planned(heldSecret(), goes, {}, day).isLastTry, true)
    assert.equal(planned(heldSecret(), goes, { isNamespaceTerminating: true }).isLastTry, true)
  })
})
