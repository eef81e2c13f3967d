import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { CertificateStatus } from '#api'
import type { AuditEntry } from '#audit'
import { day, hour, minute, retryable, second, terminal, waiting } from '#base'
import type { ObjectEvent } from '#kube'
import {
  type CertificateOutcome,
  type CertificateWorld,
  certificateStatus,
  planCertificate,
  refusalOf,
  type SecretView,
} from '#plan'
import { authorityView, certificate, certificateWorld, FakeClock, heldSecret, noon } from '#test/make'
import { Memory } from '../memory.ts'
import type { ControllerTools } from '../tools.ts'
import { concludeCertificate } from './conclude.ts'

const never = new AbortController().signal
const absent: SecretView = { state: 'absent' }
const unchanged: CertificateOutcome = { result: 'unchanged' }

/** What a visit leaves whose plan was made at noon and that ended `tookMs` later. */
async function conclude(parts: Partial<CertificateWorld>, outcome: CertificateOutcome = unchanged, tookMs = 0) {
  const clock = new FakeClock(noon + tookMs)
  const client = { mergePatch: async () => ({ metadata: { resourceVersion: '101' } }) }
  const said: string[] = []
  const events = { record: ({ type, reason, note }: ObjectEvent) => said.push(`${type} ${reason}: ${note}`) }
  const audited: AuditEntry[] = []
  const audit = { append: (line: AuditEntry) => audited.push(line) }
  const tools = { clock, client, events, audit } as unknown as ControllerTools
  const world = certificateWorld(parts)
  const plan = planCertificate(world, noon)
  // What was issued is in the world that is concluded about.
  const after = outcome.result === 'issued' ? { ...world, secret: heldSecret() } : world
  const { againInMs } = await concludeCertificate(plan, { outcome, world: after }, tools, new Memory(clock), never)
  return { againInMs, said, audited }
}

/** When the key comes back. */
const againInMs = async (...visit: Parameters<typeof conclude>): Promise<number | undefined> =>
  (await conclude(...visit)).againInMs

suite('a Certificate is looked at again', () => {
  const endsIn = (ms: number) => heldSecret({ notBefore: noon - 80 * day, notAfter: noon + ms })
  const lived = (renewal: { before: string }) => ({ certificate: certificate({ spec: { renewal } }) })
  const caDown = retryable('CertificateRejected', 'no answer')

  test('within the hour in any case', async () => assert.equal(await againInMs({}), hour))

  test('when it ends, if that is sooner', async () => {
    const failed: CertificateOutcome = { result: 'failed', failure: caDown, nextAttemptAt: noon + day }
    assert.equal(await againInMs({ secret: endsIn(minute) }, failed), minute)
  })

  test('at once when the visit has taken longer than an order or an attempt was to wait', async () => {
    const none = { secret: absent }
    const pending: CertificateOutcome = { result: 'pending', of: 'shop/ca', since: noon, pollAt: noon + second }
    assert.equal(await againInMs(none, pending), second)
    assert.equal(await againInMs(none, pending, 3 * second), 0)
    const failed: CertificateOutcome = { result: 'failed', failure: caDown, nextAttemptAt: noon + second }
    assert.equal(await againInMs(none, failed, second), 0)
  })

  test('for the next attempt', async () => {
    const failed: CertificateOutcome = { result: 'failed', failure: caDown, nextAttemptAt: noon + 5 * second }
    assert.equal(await againInMs({ secret: { state: 'absent' } }, failed), 5 * second)
    const world = certificateWorld({ secret: absent })
    const later: CertificateOutcome = { ...failed, nextAttemptAt: noon + minute }
    const status = certificateStatus(world, planCertificate(world, noon), later, noon)
    assert.equal(await againInMs({ secret: absent, certificate: certificate({ status }) }), minute)
  })

  test('for the next look at an obstacle', async () => {
    const failure = waiting('AuthorityNotFound', 'gone', 10 * minute)
    const failed: CertificateOutcome = { result: 'failed', failure, nextAttemptAt: undefined }
    assert.equal(await againInMs({ secret: { state: 'absent' }, authority: undefined }, failed), 10 * minute)
  })

  test('at once when its renewal has become due while it was looked at', async () => {
    const parts = { ...lived({ before: '1h' }), secret: endsIn(hour + 7 * minute) }
    const early = (await againInMs(parts)) ?? Number.NaN
    assert.ok(early > 0 && early <= 7 * minute, String(early))
    assert.equal(await againInMs(parts, unchanged, early), 0)
  })

  test('when the brake lets it go on', async () => {
    const issuedLately = Array.from({ length: 30 }, (_, i) => noon - (30 - i) * second)
    const failure = waiting('IssuedTooOften', 'too many', 10 * minute - 30 * second)
    const braked: CertificateOutcome = { result: 'failed', failure, nextAttemptAt: undefined }
    assert.equal(await againInMs({ secret: absent, issuedLately }, braked), 10 * minute - 30 * second)
  })

  test('within the hour when the authority has refused for good', async () => {
    const refused = refusalOf(certificateWorld({ secret: absent }))
    const status: CertificateStatus = { observedGeneration: 1, refused }
    assert.equal(await againInMs({ secret: absent, certificate: certificate({ status }) }), hour)
  })

  test('when it is to be issued anew after a rotation', async () => {
    const authority = authorityView({ generation: 2, activeFrom: noon, spec: { internal: {}, reissueWithin: '1m' } })
    const again = (await againInMs({ authority })) ?? Number.NaN
    assert.ok(again > 0 && again <= minute, String(again))
  })
})

suite('an event tells', () => {
  const absentNow = { secret: absent }
  const issued: CertificateOutcome = { result: 'issued', remark: undefined, replaced: undefined }
  const policy = { rules: [{ names: { dns: ['*.internal'] } }] }
  const denying = { ...absentNow, authority: authorityView({ spec: { internal: {}, policy } }) }
  const denied: CertificateOutcome = {
    result: 'failed',
    failure: terminal('PolicyDenied', 'the policy denies it'),
    nextAttemptAt: undefined,
  }

  test('what was issued, where and why', async () => {
    assert.deepEqual((await conclude(absentNow, issued)).said, [
      'Normal Issued: Issued certificate 1 (serial 4a01) by shop/ca into Secret web, ' +
        'valid until 2027-02-20T12:00:00Z, because Secret web does not exist',
    ])
  })

  test('that it lives for much less than was asked', async () => {
    const { said } = await conclude({ ...absentNow, authority: authorityView({ notAfter: noon + day }) }, issued)
    assert.match(said.join(), /^Warning Issued: /)
  })

  test('why nothing was issued, once, and the audit stream does too', async () => {
    const { said, audited } = await conclude(denying, denied)
    assert.deepEqual(said, ['Warning PolicyDenied: the policy denies it'])
    assert.partialDeepStrictEqual(audited, [
      { event: 'PolicyDenied', authority: 'shop/ca', names: ['www.example.com'], cause: 'the policy denies it' },
    ])
    const world = certificateWorld(denying)
    const status = certificateStatus(world, planCertificate(world, noon), denied, noon)
    const again = await conclude({ ...denying, certificate: certificate({ status }) }, denied)
    assert.deepEqual([again.said, again.audited], [[], []])
  })

  test('of what is only waited for in a calm voice', async () => {
    const failure = waiting('AuthorityNotFound', 'there is none', minute)
    const { said } = await conclude(
      { ...absentNow, authority: undefined },
      { result: 'failed', failure, nextAttemptAt: undefined },
    )
    assert.deepEqual(said, ['Normal AuthorityNotFound: there is none'])
  })

  test('nothing when nothing happened', async () => assert.deepEqual((await conclude({})).said, []))
})
