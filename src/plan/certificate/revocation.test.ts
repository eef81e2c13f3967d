import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { suite, test } from 'node:test'
import { type CertificateSpec, type CertificateStatus, finalizer, type ObjectMeta, type Revocation } from '#api'
import { day, type Failure, hour, minute, retryable, second, terminal, toRfc3339, waiting } from '#base'
import { certificate, certificateWorld, heldSecret, noon } from '#test/make'
import { planCertificate } from './plan.ts'
import { planRevocation, revocationAt, revocationFacts } from './revocation.ts'
import { revocationCondition } from './revocation-condition.ts'
import type { CertificateWorld, OwnCertificate, RevocationView } from './world.ts'

/** A certificate of `shop/web` that `shop/ca` issued at noon; the one in use has the serial number 4a01. */
function own(parts: Partial<OwnCertificate> = {}): OwnCertificate {
  return {
    authorityKey: 'shop/ca',
    generation: 1,
    serialNumber: '4a01',
    fingerprint: 'f1'.repeat(32),
    issuedAt: noon,
    notAfter: noon + 90 * day,
    revoked: undefined,
    isReachable: true,
    refused: undefined,
    ...parts,
  }
}

const earlier = own({ serialNumber: '4a00', issuedAt: noon - day })
const revoked = { at: noon, reason: 'superseded' } as const
const later = noon + hour

interface Parts {
  readonly metadata?: Partial<ObjectMeta>
  readonly spec?: Partial<CertificateSpec>
  readonly status?: CertificateStatus
  readonly certificates?: readonly OwnCertificate[] | Failure
  readonly lastFailure?: RevocationView['lastFailure']
  readonly world?: Partial<CertificateWorld>
}

/** The world of a Certificate of which this is to be revoked. */
function world(revocation: Revocation | undefined, parts: Parts = {}): CertificateWorld {
  const { metadata = {}, spec, status, certificates = [earlier, own()], lastFailure } = parts
  return certificateWorld({
    certificate: certificate({
      metadata,
      spec: { ...spec, ...(revocation && { revocation }) },
      ...(status && { status }),
    }),
    revocation: { certificates, lastFailure },
    ...parts.world,
  })
}

const serialsOf = (seen: CertificateWorld, now = later): readonly string[] =>
  planRevocation(seen, now)?.certificates.map(({ serialNumber }) => serialNumber) ?? []

function saidOf(seen: CertificateWorld, now = later): string {
  const [said] = revocationCondition(seen, undefined, now)
  return said ? `${said.status} ${said.reason}: ${said.message}` : ''
}

suite('what is revoked now', () => {
  const at = (time: number): Revocation => ({ issuedBefore: toRfc3339(time), replace: 'Never' })
  const cases: readonly [what: string, seen: CertificateWorld, serials: readonly string[]][] = [
    ['nothing is asked for', world(undefined), []],
    ['all that was issued before', world(at(noon + 1 * second)), ['4a00', '4a01']],
    ['not what was issued in that second', world(at(noon)), ['4a00']],
    ['nothing while the time is to come', world(at(later + minute)), []],
    ['offsets count', world({ issuedBefore: '2026-11-22T13:00:00+02:00', replace: 'Never' }), ['4a00']],
    [
      'a part of a second is as the whole',
      world({ issuedBefore: '2026-11-22T12:00:00.5Z', replace: 'Never' }),
      ['4a00', '4a01'],
    ],
    ['a time that does not exist', world({ issuedBefore: '2026-11-22T23:59:60Z', replace: 'Never' }), []],
    ['by serial number', world({ serials: ['4a00'] }), ['4a00']],
    ['the one in use waits for another', world({ serials: ['4a00', '4a01'] }), ['4a00']],
    ['the one in use, with replace: Never', world({ serials: ['4a01'], replace: 'Never' }), ['4a01']],
    ['a serial number of nobody', world({ serials: ['ffff'] }), []],
    ['what has expired', world({ serials: ['4a00'] }, { certificates: [own({ ...earlier, notAfter: later })] }), []],
    ['what is revoked', world({ serials: ['4a00'] }, { certificates: [{ ...earlier, revoked }] }), []],
    [
      'an Authority out of reach',
      world({ serials: ['4a00'] }, { certificates: [{ ...earlier, isReachable: false }] }),
      [],
    ],
    ['suspended', world({ serials: ['4a00'] }, { spec: { suspend: true } }), []],
    [
      'the register is not there',
      world({ serials: ['4a00'] }, { certificates: waiting('RegisterNotLoaded', 'soon', 1) }),
      [],
    ],
  ]
  for (const [what, seen, serials] of cases) test(what, () => assert.deepEqual(serialsOf(seen), serials))

  test('a part of a second is waited out, or what is issued in it would be revoked again and again', () => {
    const seen = world({ issuedBefore: '2026-11-22T13:00:00.5Z', replace: 'Never' })
    assert.deepEqual(serialsOf(seen, later + 900), [])
    assert.equal(revocationAt(seen, later + 900), later + second)
    assert.deepEqual(serialsOf(seen, later + second), ['4a00', '4a01'])
  })

  test('the same serial number of another Authority is not the one in use', () => {
    const other = own({ authorityKey: 'shop/other' })
    assert.deepEqual(
      planRevocation(world({ serials: ['4a01'] }, { certificates: [other, own()] }), later)?.certificates,
      [other],
    )
  })

  test('the same serial number of another generation is not the one in use', () => {
    const other = own({ generation: 2 })
    assert.deepEqual(
      planRevocation(world({ serials: ['4a01'] }, { certificates: [other, own()] }), later)?.certificates,
      [other],
    )
  })

  test('ten at a time, the oldest first', () => {
    const many = Array.from({ length: 25 }, (_, i) => own({ serialNumber: `b${i + 10}`, issuedAt: noon - i * minute }))
    const seen = world({ issuedBefore: toRfc3339(later) }, { certificates: many })
    const serials = Array.from({ length: 10 }, (_, i) => `b${34 - i}`)
    assert.deepEqual(serialsOf(seen), serials)
  })

  test('after a failure it waits, what is refused for good is left out', () => {
    const failure = retryable('Down', 'down')
    const failed = { failure, attempts: 1, nextAttemptAt: later + minute }
    const seen = world({ serials: ['4a00'] }, { lastFailure: failed })
    assert.deepEqual([serialsOf(seen), serialsOf(seen, later + minute)], [[], ['4a00']])
    assert.equal(revocationAt(seen, later), later + minute)
    const refused = { ...earlier, refused: terminal('NotRevocable', 'never') }
    assert.deepEqual(serialsOf(world({ serials: ['4a00'] }, { certificates: [refused] })), [])
  })
})

suite('the certificate in use', () => {
  test('is replaced first, with a new key', () => {
    const plan = planCertificate(world({ serials: ['4a01'] }, { spec: { privateKey: { rotation: 'Never' } } }), later)
    assert.ok(plan.do === 'issue')
    assert.deepEqual([plan.cause.reason, plan.needsNewKey], ['RevocationRequested', true])
  })

  test('its successor is not replaced, and the old one is revoked then', () => {
    const issuedBefore = toRfc3339(later)
    const successor = own({ serialNumber: '4a02', issuedAt: later })
    const secret = heldSecret({ serialNumber: '4a02', issuedAt: later })
    const seen = world({ issuedBefore }, { certificates: [own(), successor], world: { secret } })
    const plan = planCertificate(seen, later + second)
    assert.deepEqual(plan.do === 'revoke' && plan.certificates, [own()])
    const done = world({ issuedBefore }, { certificates: [own({ revoked }), successor], world: { secret } })
    assert.equal(planCertificate(done, later + second).do, 'keep')
    assert.match(saidOf(done, later + second), /^True Revoked: revoked: 4a01 at 2026-11-22T12:00:00Z/)
  })

  test('with a csr it needs another csr', () => {
    const { publicKey } = generateKeyPairSync('ed25519')
    const seen = world({ serials: ['4a01'] })
    assert.ok(!(seen.request instanceof Error))
    const plan = planCertificate({ ...seen, request: { ...seen.request, publicKey } }, later)
    assert.equal(plan.do === 'refuse' && plan.failure.reason, 'InvalidRequest')
  })

  test('with replace: Never nothing takes its place, whatever else is wanted', () => {
    const revocation: Revocation = { serials: ['4a01'], replace: 'Never' }
    const certificates = [own({ revoked })]
    const known = { serialNumber: '4a01', reason: 'superseded', revokedAt: toRfc3339(noon) } as const
    const status: CertificateStatus = { serialNumber: '4a01', revocations: [known] }
    const cases: readonly CertificateWorld[] = [
      world(revocation, { certificates }),
      world(revocation, { certificates, world: { secret: heldSecret({ differences: ['another name'] }) } }),
      world(revocation, { certificates, status, world: { secret: { state: 'absent' } } }),
    ]
    for (const seen of cases) {
      const plan = planCertificate(seen, later)
      assert.equal(plan.do === 'refuse' && `${plan.failure.kind} ${plan.failure.reason}`, 'Terminal Revoked')
    }
  })

  test('once it is revoked and may be replaced, it is, with a new key, by what the status knows alone', () => {
    const status: CertificateStatus = {
      revocations: [{ serialNumber: '4a01', reason: 'superseded', revokedAt: toRfc3339(noon) }],
    }
    const seen = certificateWorld({ certificate: certificate({ status }) })
    const plan = planCertificate(seen, later)
    assert.ok(plan.do === 'issue')
    assert.deepEqual([plan.cause.reason, plan.needsNewKey], ['Revoked', true])
  })

  test('one with the serial number of an earlier one that was revoked is another', () => {
    const status: CertificateStatus = {
      revocations: [{ serialNumber: '4a01', reason: 'superseded', revokedAt: toRfc3339(noon - day) }],
    }
    assert.equal(planCertificate(certificateWorld({ certificate: certificate({ status }) }), later).do, 'keep')
  })
})

suite('what the condition says', () => {
  const lastFailure = { failure: retryable('Down', 'no answer'), attempts: 1, nextAttemptAt: later + minute }
  const cases: readonly [what: string, seen: CertificateWorld, said: RegExp][] = [
    ['nothing is asked for', certificateWorld(), /^$/],
    ['to come', world({ issuedBefore: toRfc3339(later + day) }), /^False RevocationRequested: .*still to come/],
    ['suspended', world({ serials: ['4a00'] }, { spec: { suspend: true } }), /^False Suspended: /],
    ['failed', world({ serials: ['4a00'] }, { lastFailure }), /^False RevocationFailed: certificate 4a00 .*no answer$/],
    ['of nobody', world({ serials: ['ffff'] }), /^False NotRevocable: no certificate of this object .* ffff: /],
    [
      'out of reach',
      world({ serials: ['4a00'] }, { certificates: [{ ...earlier, isReachable: false }] }),
      /^False AuthorityNotFound: certificate 4a00 .*Authority shop\/ca/,
    ],
    [
      'waiting for another',
      world({ serials: ['4a01'] }),
      /^False RevocationRequested: certificate 4a01 is revoked once/,
    ],
    [
      'nothing matches',
      world({ issuedBefore: toRfc3339(noon - 2 * day) }),
      /^True Revoked: there is nothing to revoke/,
    ],
    [
      'another reason',
      world({ serials: ['4a00'], reason: 'keyCompromise' }, { certificates: [{ ...earlier, revoked }] }),
      /^True Revoked: .*noted with reason superseded, not keyCompromise/,
    ],
  ]
  for (const [what, seen, said] of cases) test(what, () => assert.match(saidOf(seen), said))

  test('stays while the register is loaded', () => {
    const before = {
      type: 'Revoked',
      status: 'True',
      reason: 'Revoked',
      message: 'revoked: 4a00',
      observedGeneration: 1,
    } as const
    const status: CertificateStatus = { conditions: [{ ...before, lastTransitionTime: toRfc3339(noon) }] }
    const certificates = waiting('RegisterNotLoaded', 'soon', second)
    assert.equal(saidOf(world({ serials: ['4a00'] }, { status, certificates })), 'True Revoked: revoked: 4a00')
    assert.match(saidOf(world({ serials: ['4a00'] }, { certificates })), /^False RegisterNotLoaded/)
  })

  test('what has expired since stays revoked', () => {
    const status: CertificateStatus = {
      revocations: [{ serialNumber: '4a00', reason: 'superseded', revokedAt: toRfc3339(noon) }],
    }
    assert.match(
      saidOf(world({ serials: ['4a00'] }, { status, certificates: [own()] })),
      /^True Revoked: revoked: 4a00 at/,
    )
  })
})

test('the status remembers the last 84, the same ones each time', () => {
  const many = Array.from({ length: 200 }, (_, i) => {
    return own({ serialNumber: (1000 + i).toString(16), revoked: { ...revoked, at: noon + i * second } })
  })
  const seen = world({ issuedBefore: toRfc3339(later) }, { certificates: many })
  const revocations = revocationFacts(seen)
  assert.equal(revocations?.length, 84)
  const again = world({ issuedBefore: toRfc3339(later) }, { certificates: many, status: { revocations } })
  assert.deepEqual(revocationFacts(again), revocations)
})

suite('deletion', () => {
  const revoke = { deletionPolicy: { revoke: true } } as const
  const going = (at = noon): Partial<ObjectMeta> => ({
    deletionTimestamp: toRfc3339(at),
    finalizers: ['a/b', finalizer],
  })
  const failed = (attempts: number) => ({
    failure: retryable('Down', 'no answer'),
    attempts,
    nextAttemptAt: later + minute,
  })
  const outOfReach = { ...earlier, isReachable: false }
  const terminating = { isNamespaceTerminating: true }
  const mute = waiting('RegisterNotLoaded', 'soon', second)
  const cases: readonly [what: string, parts: Parts, plan: string][] = [
    [
      'the finalizer comes when it is asked for',
      { spec: revoke, metadata: { finalizers: ['a/b'] } },
      'mark a/b sifaka.dev/in-use',
    ],
    ['and goes when it is not', { metadata: { finalizers: ['a/b', finalizer] } }, 'mark a/b'],
    ['all that is valid is revoked', { spec: revoke, metadata: going() }, 'revoke 4a00 4a01'],
    ['all is revoked', { spec: revoke, metadata: going(), certificates: [] }, 'release a/b'],
    ['it is asked for no more', { metadata: going() }, 'release a/b'],
    ['after a failure it waits', { spec: revoke, metadata: going(), lastFailure: failed(1) }, 'wait'],
    [
      'ten times',
      { spec: revoke, metadata: going(), lastFailure: failed(10) },
      'release a/b owing 4a00 4a01: no answer',
    ],
    ['a day', { spec: revoke, metadata: going(later - day) }, 'release a/b owing 4a00 4a01: '],
    ['the Authority may come back', { spec: revoke, metadata: going(), certificates: [outOfReach] }, 'wait'],
    [
      'but not in a namespace that goes',
      { spec: revoke, metadata: going(), certificates: [outOfReach], world: terminating },
      'release a/b owing 4a00: ',
    ],
    [
      'one attempt in a namespace that goes',
      { spec: revoke, metadata: going(later), world: terminating },
      'revoke 4a00 4a01',
    ],
    [
      'and no more',
      { spec: revoke, metadata: going(later), lastFailure: failed(1), world: terminating },
      'release a/b owing 4a00 4a01: no answer',
    ],
    ['the register is waited for', { spec: revoke, metadata: going(), certificates: mute }, 'wait'],
    [
      'but not for ever',
      { spec: revoke, metadata: going(later - day), certificates: mute },
      'release a/b owing : soon',
    ],
    ['suspended it waits', { spec: { ...revoke, suspend: true }, metadata: going() }, 'wait'],
    [
      'but holds up no namespace',
      { spec: { ...revoke, suspend: true }, metadata: going(), world: terminating },
      'release a/b owing 4a00 4a01: the Certificate is suspended',
    ],
  ]
  for (const [what, parts, expected] of cases) {
    test(what, () => {
      const said = inWords(planCertificate(world(undefined, parts), later))
      assert.ok(expected.endsWith(': ') ? said.startsWith(expected) : said === expected, said)
    })
  }

  function inWords(plan: ReturnType<typeof planCertificate>): string {
    const serials = (of: readonly OwnCertificate[]): string => of.map(({ serialNumber }) => serialNumber).join(' ')
    if (plan.do === 'revoke') return `revoke ${serials(plan.certificates)}`
    if (plan.do === 'mark') return `mark ${plan.finalizers.join(' ')}`
    if (plan.do !== 'release') return plan.do
    const owing = plan.debt ? ` owing ${serials(plan.debt.certificates)}: ${plan.debt.why}` : ''
    return `release ${plan.finalizers.join(' ')}${owing}`
  }
})
