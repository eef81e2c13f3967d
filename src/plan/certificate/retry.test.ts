import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { type AuthoritySpec, annotations, type CertificateStatus, type ObjectMeta } from '#api'
import { type Failure, hour, minute, retryable, second, toRfc3339, waiting } from '#base'
import { authorityView, certificate, certificateWorld, noon } from '#test/make'
import { attemptedFor, attemptsOf, issuanceBackoff, nextAttemptAt, retryAt } from './retry.ts'
import type { AuthorityView, CertificateWorld } from './world.ts'

const down = retryable('TimedOut', 'the authority does not answer')
const quota = retryable('KubernetesRefused', 'exceeded quota')
const busy = (retryAfterMs: number): Failure => retryable('TooManyRequests', 'slow down', { retryAfterMs })

suite('the wait after a failed attempt', () => {
  type Retry = AuthoritySpec['retry']
  const cases: readonly [failure: Failure, retry: Retry, attempts: number, random: number, waitMs: number][] = [
    [down, undefined, 1, 0, minute],
    [down, undefined, 1, 1, minute / 2],
    [down, undefined, 2, 0, 2 * minute],
    [down, undefined, 9, 0, 256 * minute],
    [down, undefined, 10, 0, 8 * hour],
    [down, undefined, 1_000_000, 0, 8 * hour],
    [down, { initial: '1s' }, 1, 0, second],
    [down, { initial: '1s', max: '5s' }, 9, 0, 5 * second],
    [down, { max: '30m' }, 9, 0, 30 * minute],
    [down, { max: '48h' }, 20, 0, 48 * hour],
    [quota, undefined, 1, 0, minute],
    [quota, undefined, 20, 0, 5 * minute],
    [quota, { max: '2m' }, 20, 0, 2 * minute],
    [busy(minute), { initial: '1h' }, 9, 0.5, minute],
    [busy(48 * hour), { max: '1m' }, 1, 0.5, 8 * hour],
    [busy(0), undefined, 1, 0.5, second],
    [busy(-hour), undefined, 1, 0.5, second],
    [waiting('AuthorityNotFound', 'it has just gone', second), undefined, 1, 0, second],
  ]
  for (const [failure, retry, attempts, random, waitMs] of cases) {
    const named = failure.retryAfterMs === undefined ? '' : ` with ${failure.retryAfterMs} ms named`
    test(`${failure.reason}${named}, ${JSON.stringify(retry)}, attempt ${attempts}, ${random}: ${waitMs} ms`, () => {
      const backoff = issuanceBackoff(retry, failure)
      assert.equal(retryAt(failure, backoff, attempts, noon, random) - noon, waitMs)
    })
  }
})

test('the next attempt is not before the time that the status says', () => {
  const at = retryAt(down, issuanceBackoff({ initial: '1s', max: '1s' }, down), 1, noon + 1, 0.9)
  assert.equal(at, noon + second)
  assert.equal(toRfc3339(at), toRfc3339(noon + second))
})

/** A world after three attempts that failed, the next one in an hour, and with what has changed since. */
function failed(
  since: { metadata?: Partial<ObjectMeta>; authority?: AuthorityView | undefined; status?: CertificateStatus } = {},
): CertificateWorld {
  const status: CertificateStatus = {
    attempts: 3,
    nextAttemptAt: toRfc3339(noon + hour),
    attemptedFor: attemptedFor(certificateWorld()),
    ...since.status,
  }
  const { metadata = {}, authority = authorityView() } = since
  return certificateWorld({ certificate: certificate({ metadata, status }), authority })
}

suite('after attempts that failed', () => {
  const asked = { [annotations.reissueRequestedAt]: toRfc3339(noon) }
  const cases: readonly [since: string, world: CertificateWorld, attempts: number, waits: boolean][] = [
    ['nothing changed', failed(), 4, true],
    ['an annotation did', failed({ metadata: { annotations: { note: 'x' } } }), 4, true],
    ['a person asked for it', failed({ metadata: { annotations: asked } }), 1, false],
    ['the spec did', failed({ metadata: { generation: 2 } }), 1, false],
    ['the Authority did', failed({ authority: authorityView({ version: 'uid-ca/2/ca' }) }), 1, false],
    ['the Authority went', { ...failed(), authority: undefined }, 1, false],
    ['the status was lost', certificateWorld(), 1, false],
    ['the time was spoilt', failed({ status: { nextAttemptAt: 'soon' } }), 4, false],
    ['the clock was set back by a day', failed({ status: { nextAttemptAt: toRfc3339(noon + 25 * hour) } }), 4, false],
  ]
  for (const [since, world, attempts, waits] of cases) {
    test(`and ${since}: number ${attempts} is next, ${waits ? 'when it is due' : 'at once'}`, () => {
      assert.equal(attemptsOf(world), attempts)
      assert.equal(nextAttemptAt(world, noon), waits ? noon + hour : undefined)
      assert.equal(nextAttemptAt(world, noon + hour), undefined)
    })
  }

  test('an Authority that permits longer waits has them', () => {
    const authority = authorityView({ spec: { internal: {}, retry: { max: '48h' } } })
    const status = { nextAttemptAt: toRfc3339(noon + 25 * hour) }
    assert.equal(nextAttemptAt(failed({ authority, status }), noon), noon + 25 * hour)
  })
})
