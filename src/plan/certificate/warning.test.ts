import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { annotations, type CertificateSpec, type KeyAlgorithm, type Usage } from '#api'
import { day, type Instant, minute, terminal, toRfc3339, waiting } from '#base'
import {
  authorityView,
  certificate,
  certificateWorld,
  checkConditions,
  heldCertificate,
  heldSecret,
  noon,
} from '#test/make'
import { timeOfRenewal } from './due.ts'
import { outputsHash } from './outputs.ts'
import { planCertificate } from './plan.ts'
import { certificateRequest } from './request.ts'
import { certificateStatus } from './status.ts'
import { certificateWarnings, reminderAt } from './warning.ts'
import type { CertificateWorld, HeldCertificate } from './world.ts'

const worldWith = (spec: Partial<CertificateSpec>, parts: Partial<CertificateWorld> = {}): CertificateWorld =>
  certificateWorld({ certificate: certificate({ spec }), ...parts })

function warningOf(world: CertificateWorld, now: Instant = noon): string | undefined {
  const [warning] = certificateWarnings(world, now)
  return warning && `${warning.reason}: ${warning.message}`
}

/** The conditions that a visit leaves, by type. */
function conditionsOf(world: CertificateWorld, now: Instant): Record<string, string> {
  const plan = planCertificate(world, now)
  const failure = plan.do === 'refuse' ? plan.failure : terminal('Bug', 'the plan is another one')
  const outcome =
    plan.do === 'keep'
      ? ({ result: 'unchanged' } as const)
      : ({ result: 'failed', failure, nextAttemptAt: undefined } as const)
  const status = certificateStatus(world, plan, outcome, now)
  checkConditions({ ...world.certificate, status })
  return Object.fromEntries((status.conditions ?? []).map((each) => [each.type, `${each.status} ${each.reason}`]))
}

test('a certificate that renews itself gives no warning', () => {
  const windows = [{ schedule: '0 2 * * *', length: '1h', timeZone: 'Europe/Berlin' }]
  assert.equal(warningOf(certificateWorld(), noon + 89 * day), undefined)
  assert.equal(warningOf(worldWith({ renewal: { windows } }), noon + 89 * day), undefined)
})

suite('usages that the key cannot have', () => {
  const table: readonly [algorithm: KeyAlgorithm, usages: readonly Usage[], said: string | undefined][] = [
    ['ECDSA', ['digitalSignature', 'keyAgreement', 'serverAuth'], undefined],
    ['RSA', ['digitalSignature', 'keyEncipherment', 'dataEncipherment'], undefined],
    ['Ed25519', ['digitalSignature', 'contentCommitment'], undefined],
    ['ECDSA', ['keyEncipherment', 'dataEncipherment'], 'dataEncipherment and keyEncipherment'],
    ['RSA', ['keyAgreement'], 'keyAgreement'],
    ['Ed25519', ['keyAgreement', 'digitalSignature'], 'keyAgreement'],
    ['ML-DSA', ['dataEncipherment'], 'dataEncipherment'],
  ]
  for (const [algorithm, usages, said] of table) {
    test(`${algorithm}: ${usages.join(', ')}`, () => {
      const request = certificateRequest({
        dnsNames: ['a.example.com'],
        privateKey: { algorithm },
        usages: [...usages],
      })
      const warning = warningOf(certificateWorld({ request }))
      if (said === undefined) assert.equal(warning, undefined)
      else assert.ok(warning?.includes(`${said} are nothing that ${algorithm} keys are for (RFC `), warning)
    })
  }
})

suite('windows that never open', () => {
  const good = { schedule: '0 2 * * SAT', length: '1h' }

  test('are named, each by its place, and the certificate stays as it is', () => {
    const windows = [
      { ...good, timeZone: 'Mars/Olympus' },
      good,
      { ...good, schedule: '61 2 * * *' },
      { ...good, schedule: '0 0 31 2 *' },
    ]
    const world = worldWith({ renewal: { windows } })
    const said = warningOf(world) ?? ''
    assert.match(said, /^WindowNeverOpens: spec\.renewal: windows\[0\] never opens: timeZone: Mars\/Olympus is no /)
    assert.match(said, /; spec\.renewal: windows\[2\] never opens: schedule: "61 2 \* \* \*" is no cron schedule /)
    assert.match(
      said,
      /; spec\.renewal: windows\[3\] never opens: schedule: "0 0 31 2 \*" names a day that never comes$/,
    )
    assert.doesNotMatch(said, /windows\[1\]/)
    assert.deepEqual(conditionsOf(world, noon), { Ready: 'True Issued', Warning: 'True WindowNeverOpens' })
  })

  test('are those of the Authority where the spec says nothing', () => {
    const renewal = { windows: [{ ...good, timeZone: 'Nowhere' }] }
    const authority = authorityView({ spec: { internal: {}, defaults: { renewal } } })
    const said =
      /^WindowNeverOpens: spec\.defaults\.renewal of Authority shop\/ca: windows\[0\] never opens: timeZone: Nowhere/
    assert.match(warningOf(certificateWorld({ authority })) ?? '', said)
    assert.equal(warningOf(worldWith({ renewal: {} }, { authority })), undefined)
  })

  test('do not matter to what is renewed by hand', () => {
    const renewal: CertificateSpec['renewal'] = { policy: 'Manual', windows: [{ ...good, timeZone: 'Nowhere' }] }
    assert.equal(warningOf(worldWith({ renewal })), undefined)
  })
})

suite('what is renewed by hand', () => {
  const manual = { renewal: { policy: 'Manual', before: '240h' } } as const
  const end = noon + 90 * day

  test('is reminded of from the time at which it would be renewed', () => {
    const world = worldWith(manual)
    const { due } = timeOfRenewal(world, heldCertificate())
    assert.equal(reminderAt(world), due)
    assert.equal(warningOf(world, due - 1), undefined)
    assert.equal(
      warningOf(world, due),
      'RenewalManual: the certificate expires at 2027-02-20T12:00:00Z and is not renewed by itself, as ' +
        'renewal.policy is Manual: run sifaka certificates renew web -n shop, or kubectl annotate --overwrite ' +
        'certificates.sifaka.dev web -n shop sifaka.dev/reissue-requested-at=$(date -u +%FT%TZ)',
    )
    assert.deepEqual(conditionsOf(world, due), { Ready: 'True Issued', Warning: 'True RenewalManual' })
  })

  test('says so in Ready once it has expired', () => {
    assert.deepEqual(conditionsOf(worldWith(manual), end), { Ready: 'False Expired', Stalled: 'True Expired' })
  })

  test('is not reminded of when it will be issued anew', () => {
    const metadata = { annotations: { [annotations.reissueRequestedAt]: toRfc3339(end - day) } }
    const world = certificateWorld({ certificate: certificate({ metadata, spec: manual }) })
    assert.equal(reminderAt(world), undefined)
  })

  test('is not reminded of when there is nothing', () => {
    assert.equal(reminderAt(worldWith(manual, { secret: { state: 'absent' } })), undefined)
    assert.equal(reminderAt(certificateWorld()), undefined)
  })

  test('has a later end set, or is had again where the authority has cut it short', () => {
    const said = (notAfter: number) => warningOf(worldWith({ notAfter: toRfc3339(notAfter) }), end - minute) ?? ''
    assert.match(said(end), / is not renewed by itself, as spec\.notAfter is set: set a later one$/)
    assert.match(said(end + day), / as spec\.notAfter is set: run sifaka certificates renew /)
  })
})

suite('the password of keystores that is missing', () => {
  const passwords = waiting('PasswordNotFound', 'Secret mine does not exist: put it there', minute)
  const outputs = { jks: { passwordSecretRef: { name: 'mine' } } }
  const { fingerprint, trust } = heldCertificate()
  const made = outputsHash(
    { certificate: certificate({ spec: { outputs } }), passwords: { jks: 'u/1/password' } },
    { fingerprint, trust },
  )
  assert.ok(typeof made === 'string')
  const worldOf = (held: Partial<HeldCertificate>) => worldWith({ outputs }, { passwords, secret: heldSecret(held) })

  test('is told of while they are good, and the certificate with them', () => {
    const world = worldOf({ outputs: made })
    assert.equal(warningOf(world), `PasswordNotFound: ${passwords.message}`)
    assert.deepEqual(conditionsOf(world, noon), { Ready: 'True Issued', Warning: 'True PasswordNotFound' })
  })

  test('is told of once, by what cannot be had without it', () => {
    const due = worldOf({ outputs: made, notBefore: noon - 80 * day, notAfter: noon + 10 * day })
    assert.deepEqual(conditionsOf(due, noon), { Ready: 'True Issued', Issuing: 'True PasswordNotFound' })
    const wanted = worldOf({ outputs: undefined })
    assert.deepEqual(conditionsOf(wanted, noon), {
      Ready: 'False PasswordNotFound',
      Reconciling: 'True PasswordNotFound',
    })
  })
})

test('an annotation that is no time is told of', () => {
  const metadata = { annotations: { [annotations.reissueRequestedAt]: 'now' } }
  assert.equal(
    warningOf(certificateWorld({ certificate: certificate({ metadata }) })),
    'InvalidRequest: the annotation sifaka.dev/reissue-requested-at is no time such as 2027-01-31T12:00:00Z: ' +
      'nothing is issued anew because of it',
  )
})
