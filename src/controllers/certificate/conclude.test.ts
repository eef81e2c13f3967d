import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { CertificateStatus } from '#api'
import { day, hour, minute, retryable, second, toRfc3339, waiting } from '#base'
import { type CertificateOutcome, type CertificateWorld, planCertificate } from '#plan'
import { certificate, certificateWorld, FakeClock, heldSecret, noon } from '#test/make'
import { Memory } from '../memory.ts'
import type { ControllerTools } from '../tools.ts'
import { concludeCertificate } from './conclude.ts'

const never = new AbortController().signal
const unchanged: CertificateOutcome = { result: 'unchanged' }

/** When the key comes back after a visit whose plan was made at noon and that ended `tookMs` later. */
async function againInMs(
  parts: Partial<CertificateWorld>,
  outcome: CertificateOutcome = unchanged,
  tookMs = 0,
): Promise<number | undefined> {
  const clock = new FakeClock(noon + tookMs)
  const client = { mergePatch: async () => ({ metadata: { resourceVersion: '101' } }) }
  const events = { record: () => {} }
  const tools = { clock, client, events, audit: { append: () => {} } } as unknown as ControllerTools
  const world = certificateWorld(parts)
  const plan = planCertificate(world, noon)
  const settled = await concludeCertificate(plan, { outcome, world }, tools, new Memory(clock), never)
  return settled.againInMs
}

suite('a Certificate is looked at again', () => {
  const endsIn = (ms: number) => heldSecret({ notBefore: noon - 80 * day, notAfter: noon + ms })
  const lived = (renewal: { before: string }) => ({ certificate: certificate({ spec: { renewal } }) })
  const caDown = retryable('CertificateRejected', 'no answer')

  test('within the hour in any case', async () => assert.equal(await againInMs({}), hour))

  test('when it ends, if that is sooner', async () => {
    const failed: CertificateOutcome = { result: 'failed', failure: caDown, nextAttemptAt: noon + day }
    assert.equal(await againInMs({ secret: endsIn(minute) }, failed), minute)
  })

  test('for the next attempt', async () => {
    const failed: CertificateOutcome = { result: 'failed', failure: caDown, nextAttemptAt: noon + 5 * second }
    assert.equal(await againInMs({ secret: { state: 'absent' } }, failed), 5 * second)
    const status: CertificateStatus = { observedGeneration: 1, nextAttemptAt: toRfc3339(noon + minute) }
    assert.equal(await againInMs({ secret: { state: 'absent' }, certificate: certificate({ status }) }), minute)
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
})
