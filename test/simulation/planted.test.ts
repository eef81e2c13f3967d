import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { CertificateStatus, ObjectMeta } from '#api'
import { day, fromRfc3339, hour, second, toRfc3339 } from '#base'
import { type CertificatePlan, certificateStatus, planAuthority, planCertificate, type SecretView } from '#plan'
import { heldCertificate, noon } from '#test/make'
import { Oracle } from './oracle.ts'
import { Simulation, type SimulationOptions } from './simulation.ts'

/**
 * Errors that a planner could have, each planted into the one that there is: what the simulation does not find, it
 * would not find in the real one either.
 */
type Planted = Partial<Pick<SimulationOptions, 'plan' | 'planAuthority' | 'spoil'>>

/** Changes the time of renewal, for the plan and the status alike; `left` is what the certificate has left then. */
function renewedLater(shiftOf: (left: number) => number): Planted {
  const shiftIn = ({ notAfter, renewAt }: CertificateStatus): number => {
    const [end, due] = [notAfter, renewAt].map(fromRfc3339)
    return end === undefined || due === undefined ? 0 : Math.floor(shiftOf(end - due) / second) * second
  }
  return {
    plan: (world, now) => {
      const plan = planCertificate(world, now)
      const { secret, certificate } = world
      if (secret.state !== 'held') return plan
      const honest = certificateStatus(world, { do: 'keep' }, { result: 'unchanged' }, now)
      const isOther = plan.do === 'issue' && plan.cause.reason !== 'RenewalDue'
      if (isOther || plan.do === 'refuse' || certificate.spec.renewal?.windows) return plan
      const due = (fromRfc3339(honest.renewAt) ?? 0) + shiftIn(honest)
      if (due > now) return plan.do === 'issue' ? { do: 'keep' } : plan
      return plan.do === 'issue' ? plan : planCertificate({ ...world, secret: lost(secret.metadata) }, now)
    },
    spoil: (certificate) => {
      const { status, spec } = certificate
      const due = fromRfc3339(status?.renewAt)
      if (!status || due === undefined || spec.renewal?.windows) return certificate
      return { ...certificate, status: { ...status, renewAt: toRfc3339(due + shiftIn(status)) } }
    },
  }
}

const lost = (metadata: ObjectMeta): SecretView => ({ state: 'damaged', metadata, why: 'for the sake of it' })

const changed =
  (change: (plan: Extract<CertificatePlan, { do: 'issue' }>) => Partial<typeof plan>): NonNullable<Planted['plan']> =>
  (world, now) => {
    const plan = planCertificate(world, now)
    return plan.do === 'issue' ? { ...plan, ...change(plan) } : plan
  }

const withoutWindows: Planted['plan'] = (world, now) => {
  const { renewal: { windows: _, ...renewal } = {}, ...spec } = world.certificate.spec
  return planCertificate({ ...world, certificate: { ...world.certificate, spec: { ...spec, renewal } } }, now)
}

/** Issues once more what it has issued two days before. */
const twice: Planted['plan'] = (world, now) => {
  const plan = planCertificate(world, now)
  const { secret } = world
  const isSecond = plan.do === 'keep' && secret.state === 'held' && secret.held.issuedAt < now - 2 * day
  return isSecond ? planCertificate({ ...world, secret: lost(secret.metadata) }, now) : plan
}

/** Takes the roots of what has been replaced out of the bundle at once. */
const early: Planted['planAuthority'] = (world, now) => {
  const generations = world.ca?.generations.map((each) => ({ ...each, liveUntil: undefined }))
  return planAuthority({ ...world, ...(world.ca && generations && { ca: { ...world.ca, generations } }) }, now)
}

/** Waits for a moment that is now. */
const restless: Planted['plan'] = (world, now) => {
  const plan = planCertificate(world, now)
  return plan.do === 'keep' && now > Date.UTC(2026, 11, 1) ? { do: 'wait', until: now } : plan
}

const unsteady: Planted['spoil'] = (certificate, now) => {
  const { status } = certificate
  const renewAt = fromRfc3339(status?.renewAt)
  if (!status || renewAt === undefined || renewAt < now) return certificate
  return { ...certificate, status: { ...status, renewAt: toRfc3339(renewAt + (now % hour)) } }
}

const planted: readonly [what: string, error: Planted, found: RegExp][] = [
  ['renewal forgotten', renewedLater((left) => left), /overdue for [0-9.]+ minutes/],
  ['renewal late by a day', renewedLater(() => day), /overdue for|minutes late/],
  ['jitter that makes renewal later', renewedLater((left) => left / 10), /overdue for|minutes late/],
  ['renewal early by a fifth', renewedLater((left) => -left / 5), /without a cause, as SecretDamaged/],
  ['a second issuance', { plan: twice }, /without a cause, as SecretDamaged/],
  ['windows passed over', { plan: withoutWindows }, /while no window is open/],
  ['a revision that is not counted', { plan: changed(() => ({ revision: 1 })) }, /issued twice, or left out/],
  ['a day too many', { plan: changed(({ notAfter }) => ({ notAfter: notAfter + day })) }, /ends -1 days before/],
  [
    'a start in the past',
    { plan: changed(({ notBefore }) => ({ notBefore: notBefore - hour })) },
    /does not begin now/,
  ],
  ['a root that leaves too early', { planAuthority: early }, /its root has left the bundle/],
  ['a time of renewal that moves', { spoil: unsteady }, /renewAt moved from/],
  ['a visit that asks for the next at once', { plan: restless }, /visited without end/],
]

test('the oracle permits that a certificate expires only where nothing could be issued for long', () => {
  const oracle = new Oracle()
  const [held, now] = [heldCertificate(), noon + 90 * day]
  oracle.checkExpired('web', held, hour, now)
  oracle.checkExpired('web', held, -hour, now)
  assert.throws(() => oracle.checkExpired('web', held, 11 * hour, now), /although nothing has stood in the way/)
})

suite('the simulation finds', () => {
  for (const [what, error, found] of planted) {
    test(what, async () => {
      const start = Date.UTC(2026, 10, 22)
      const simulation = new Simulation({ start, days: 120, certificates: 60, seed: what, ...error })
      for (const days of [2, 3, 5, 30]) simulation.later(start + days * day, () => simulation.restart(simulation.time))
      simulation.later(start + 40 * day, () => {
        for (const authority of simulation.authorities) {
          authority.change({ generation: 2 })
          simulation.wake(authority)
        }
      })
      await assert.rejects(simulation.run(), found)
    })
  }

  test('nothing where nothing is planted', async () => {
    await new Simulation({ start: Date.UTC(2026, 10, 22), days: 120, certificates: 60, seed: 'none' }).run()
  })
})
