import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { CertificateStatus } from '#api'
import { day } from '#base'
import { certificate, certificateWorld, heldCertificate, heldSecret, noon } from '#test/make'
import { earlierRevision, earlierRevisions } from './earlier-revisions.ts'
import { planCertificate } from './plan.ts'
import { certificateStatus } from './status.ts'
import type { CertificateWorld, EarlierRevision, SecretView } from './world.ts'

const fingerprintOf = (revision: number): string => revision.toString(16).padStart(2, '0').repeat(32)
const earlier = (revision: number, notAfter = noon + day): EarlierRevision =>
  earlierRevision(
    revision,
    heldCertificate({ serialNumber: `5${revision}`, fingerprint: fingerprintOf(revision), notAfter }),
  )
const numbers = (found: readonly EarlierRevision[] | undefined): number[] | undefined =>
  found?.map(({ revision }) => revision)

/** What is remembered after a visit, by revision. */
function after(
  known: readonly EarlierRevision[] | undefined,
  replaced: EarlierRevision | undefined,
  now = noon,
  parts: Partial<CertificateWorld> = {},
): number[] | undefined {
  const status = known && { earlierRevisions: [...known] }
  return numbers(earlierRevisions(certificateWorld({ certificate: certificate({ status }), ...parts }), replaced, now))
}

suite('earlier certificates', () => {
  test('are remembered, the latest first', () => assert.deepEqual(after([earlier(1)], earlier(2)), [2, 1]))
  test('of which there are none take no place', () => assert.equal(after(undefined, undefined), undefined))
  test('are forgotten when they end', () => {
    const known = [earlier(2, noon + 2 * day), earlier(1)]
    assert.deepEqual(after(known, undefined, noon + day - 1), [2, 1])
    assert.deepEqual(after(known, undefined, noon + day), [2])
    assert.equal(after(known, undefined, noon + 2 * day), undefined)
  })
  test('that had ended when they were replaced are not remembered', () => {
    assert.equal(after(undefined, earlier(1, noon)), undefined)
  })
  test('are in the status from the visit on that replaces them', () => {
    const world = certificateWorld()
    const outcome = { result: 'issued', remark: undefined, replaced: earlier(1) } as const
    const status = certificateStatus(world, planCertificate(world, noon), outcome, noon)
    assert.deepEqual(status.earlierRevisions, [earlier(1)])
  })
  test('are twenty at most', () => {
    const known = Array.from({ length: 20 }, (_, i) => earlier(20 - i))
    assert.deepEqual(after(known, earlier(21)), [21, ...known.slice(0, 19).map(({ revision }) => revision)])
  })
})

suite('one that was replaced while the status was lost', () => {
  test('is remembered, in its place', () => {
    assert.deepEqual(after([earlier(1)], undefined, noon, { overtaken: earlier(2) }), [2, 1])
    assert.deepEqual(after([earlier(1)], earlier(3), noon, { overtaken: earlier(2) }), [3, 2, 1])
  })
  test('is remembered once', () => {
    assert.deepEqual(after([earlier(1)], earlier(1), noon, { overtaken: earlier(1) }), [1])
  })
  test('is not remembered when it has ended', () => {
    assert.equal(after(undefined, undefined, noon, { overtaken: earlier(1, noon) }), undefined)
  })
  test('is what the status tells of until something has taken its place', () => {
    const states: SecretView[] = [
      { state: 'absent' },
      { state: 'damaged', metadata: { name: 'web' }, why: 'tls.key is missing' },
      heldSecret({ fingerprint: fingerprintOf(1) }),
    ]
    for (const secret of states) {
      assert.equal(after(undefined, undefined, noon, { overtaken: earlier(1), secret }), undefined, secret.state)
    }
  })

  test('is in the status that tells of its successor, and in every one after that', () => {
    const { serialNumber, fingerprint } = earlier(1)
    const lost: CertificateStatus = { revision: 1, serialNumber, fingerprint, caGeneration: 1 }
    const visit = (status: CertificateStatus, overtaken?: EarlierRevision): CertificateStatus => {
      const world = certificateWorld({ certificate: certificate({ status }), overtaken })
      return certificateStatus(world, planCertificate(world, noon), { result: 'unchanged' }, noon)
    }
    const first = visit(lost, earlier(1))
    assert.equal(first.fingerprint, heldCertificate().fingerprint)
    assert.deepEqual(first.earlierRevisions, [earlier(1)])
    assert.deepEqual(visit(first), first)
    assert.deepEqual(visit(first, earlier(1)), first)
  })
})
