import { day, hour, minute, toRfc3339 } from '#base'
import { certificateRequest, requestHash } from '#plan'
import { type Chance, chance } from '#test/make'
import type { Subject } from './cluster.ts'
import type { Simulation } from './simulation.ts'

type Happening = (simulation: Simulation, random: Chance) => void

/** Some of the Certificates. */
const some = ({ subjects }: Simulation, random: Chance, share: number): readonly Subject[] =>
  subjects.filter(() => random.happens(share))

/** What happens to an operator over the years; to whom, and for how long, is chance. */
const happenings: Readonly<Record<string, Happening>> = {
  'the operator is down': (simulation, random) => simulation.stop(simulation.time + hour + random.below(5 * day)),
  'the operator is restarted': (simulation) => simulation.restart(simulation.time),
  'the operator is started with --freeze': (simulation, random) =>
    simulation.freeze(simulation.time + hour + random.below(day)),
  'an Authority is not ready': (simulation, random) => {
    const authority = random.pick(simulation.authorities)
    const until = simulation.time + hour + random.below(3 * day)
    simulation.disturb(until, authority)
    authority.setOutage('its key cannot be read')
    simulation.wake(authority)
    simulation.later(until, () => {
      authority.setOutage(undefined)
      simulation.wake(authority)
    })
  },
  'an Authority fails': (simulation, random) =>
    simulation.fail(random.pick(simulation.authorities), simulation.time + hour + random.below(2 * day)),
  'the clock jumps, and is set right': (simulation, random) => {
    const ms = random.pick([minute, 10 * minute, hour, 7 * hour, day, 3 * day]) * random.pick([1, -1])
    simulation.jump(ms)
    simulation.later(simulation.time + hour + random.below(7 * day), () => simulation.jump(-ms))
  },
  'Certificates are suspended': (simulation, random) => {
    const until = simulation.time + day + random.below(9 * day)
    const those = some(simulation, random, 0.05)
    for (const subject of those) {
      subject.quietFrom = until
      simulation.edit(subject, { suspend: true })
    }
    simulation.later(until, () => {
      for (const subject of those) simulation.edit(subject, { suspend: false })
    })
  },
  'Certificates are edited': (simulation, random) => {
    for (const subject of some(simulation, random, 0.02)) {
      const commonName = `web-${random.below(1_000_000)}.example.com`
      simulation.edit(subject, { commonName })
      subject.request = certificateRequest(subject.certificate.spec)
      subject.requestHash = requestHash(subject.request)
      const { secret } = subject
      if (secret.state !== 'held') continue
      subject.secret = { ...secret, held: { ...secret.held, differences: ['the common name is another one'] } }
    }
  },
  'Secrets are deleted': (simulation, random) => {
    for (const subject of some(simulation, random, 0.01)) simulation.lose(subject)
  },
  'an Authority is asked to issue all anew': (simulation, random) => {
    const authority = random.pick(simulation.authorities)
    authority.askReissue(toRfc3339(simulation.now))
    simulation.wake(authority)
  },
  'a person has a CA replaced': (simulation, random) => {
    const authority = random.pick(simulation.authorities)
    authority.change({ generation: authority.generation + 1 })
    simulation.wake(authority)
  },
}

/** Lets things happen, two months apart on average. @returns how often each has happened, as the simulation goes on */
export function letThingsHappen(simulation: Simulation, seed: string): ReadonlyMap<string, number> {
  const random = chance(`${seed} happenings`)
  const counts = new Map(Object.keys(happenings).map((name) => [name, 0]))
  const next = (): void => {
    const name = random.pick(Object.keys(happenings))
    counts.set(name, (counts.get(name) ?? 0) + 1)
    happenings[name]?.(simulation, random)
    simulation.later(simulation.time + day + random.below(120 * day), next)
  }
  simulation.later(simulation.time + 20 * day, next)
  return counts
}
