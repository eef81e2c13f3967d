import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { annotations, type CertificateSpec } from '#api'
import { day, hour, minute, second, toRfc3339 } from '#base'
import { authorityView, certificate, certificateWorld, heldCertificate, heldSecret, noon } from '#test/make'
import { reissueDue, timeOfRenewal, renewAt as timeToRenew } from './due.ts'
import { planCertificate } from './plan.ts'
import type { AuthorityView, CertificateWorld, HeldCertificate, SecretView } from './world.ts'

const absent: SecretView = { state: 'absent' }

const renewAt = (world: CertificateWorld, held: HeldCertificate, now = noon): number =>
  timeToRenew(world, held, now) ?? Number.NaN

suite('the time of renewal', () => {
  const at = (renewal: CertificateSpec['renewal'], end?: number): number =>
    renewAt(
      certificateWorld({
        certificate: certificate({ spec: renewal ? { renewal } : {} }),
        authority: authorityView({ notAfter: end }),
      }),
      heldCertificate(),
    )
  const between = (time: number, from: number, to: number): void =>
    assert.ok(from <= time && time <= to, `${toRfc3339(time)} is not from ${toRfc3339(from)} to ${toRfc3339(to)}`)

  test('is with a third of the lifetime left, and up to a tenth of that before', () => {
    between(at(undefined), noon + 57 * day, noon + 60 * day)
  })
  test('is as asked for in a duration', () => between(at({ before: '240h' }), noon + 79 * day, noon + 80 * day))
  test('is as asked for in percent', () => between(at({ beforePercent: 50 }), noon + 40.5 * day, noon + 45 * day))

  test('is the end of a certificate that lives as long as its authority', () => {
    const end = noon + 90 * day
    assert.equal(at(undefined, end), end)
    assert.equal(at(undefined, end - 1), end)
    assert.notEqual(at(undefined, end + second), end)
  })

  test('does not depend on an Authority that is gone', () => {
    const held = heldCertificate()
    assert.equal(renewAt(certificateWorld({ authority: undefined }), held), renewAt(certificateWorld(), held))
  })

  test('is in time for what asks for less than it has', () => {
    const wanted = certificate({ spec: { duration: '24h' } })
    const world = certificateWorld({ certificate: wanted, authority: authorityView({ notAfter: noon + 90 * day }) })
    assert.ok(renewAt(world, heldCertificate()) <= noon + 60 * day)
  })

  test('is the end of what the weekend rule would cut short again', () => {
    // The authority ends on Sunday, 2027-02-21: what it signs ends on Friday, as the one in use does.
    const spec = { internal: {}, weekendExpiry: 'MoveEarlier' } as const
    const world = certificateWorld({ authority: authorityView({ notAfter: noon + 91 * day, spec }) })
    const friday = noon + 89 * day
    assert.equal(renewAt(world, heldCertificate({ notAfter: friday })), friday)
  })

  test('is in time for what only the rules of the day cut short', () => {
    // With a day in use the next one would end on Saturday, and so on the Friday before: sooner than the one in use.
    const weekend = authorityView({ spec: { internal: {}, weekendExpiry: 'MoveEarlier' } })
    const week = certificate({ spec: { duration: '144h', renewal: { before: '120h' } } })
    const friday = noon + 5 * day
    const held = heldCertificate({ notBefore: friday - 6 * day - 5 * minute, notAfter: friday })
    const at = renewAt(certificateWorld({ certificate: week, authority: weekend }), held)
    between(at, friday - 5.5 * day, friday - 5 * day)
    // Issued on the day before certificates of public trust become shorter.
    const issuedAt = Date.UTC(2029, 2, 14)
    const long = heldCertificate({ notBefore: issuedAt - 5 * minute, notAfter: issuedAt + 90 * day })
    const early = certificate({ spec: { renewal: { beforePercent: 80 } } })
    const trusted = authorityView({ spec: { internal: {}, publicTrust: true }, notAfter: issuedAt + 900 * day })
    const world = certificateWorld({ certificate: early, authority: trusted })
    between(renewAt(world, long, issuedAt), issuedAt + 9 * day, issuedAt + 18 * day)
  })

  test('is by the defaults of the Authority where the spec says nothing', () => {
    const spec = { internal: {}, defaults: { renewal: { before: '240h' } } }
    const world = certificateWorld({ authority: authorityView({ spec }) })
    between(renewAt(world, heldCertificate()), noon + 79 * day, noon + 80 * day)
    const own = { ...world, certificate: certificate({ spec: { renewal: { before: '480h' } } }) }
    between(renewAt(own, heldCertificate()), noon + 68 * day, noon + 70 * day)
  })
})

suite('renewal in windows', () => {
  const nights = [{ schedule: '0 2 * * SAT', length: '4h' }]
  const worldWith = (renewal: CertificateSpec['renewal'], parts: Partial<CertificateWorld> = {}): CertificateWorld =>
    certificateWorld({ certificate: certificate({ spec: { renewal } }), ...parts })
  const held = heldCertificate()
  const isSaturdayNight = (time: number): boolean => {
    const date = new Date(time)
    return date.getUTCDay() === 6 && date.getUTCHours() >= 2 && date.getUTCHours() < 6
  }

  test('each certificate has a moment of its own, which is always the same', () => {
    const world = worldWith({ windows: nights })
    const { due } = timeOfRenewal(world, held)
    const seeds = ['00', '3c', '7a', 'b1', 'ee']
    const times = seeds.map((seed) => renewAt(world, heldCertificate({ fingerprint: seed.repeat(32) })))
    assert.equal(new Set(times).size, seeds.length)
    for (const at of times) assert.ok(isSaturdayNight(at) && at >= due - 9 * day && at <= due + 9 * day, toRfc3339(at))
    assert.equal(renewAt(world, held), renewAt(world, held, renewAt(world, held)))
  })

  test('one that nothing was issued in is followed by the next', () => {
    const world = worldWith({ windows: nights }, { secret: heldSecret(held) })
    const at = renewAt(world, held)
    assert.equal(planCertificate(world, at).do, 'issue')
    assert.ok(isSaturdayNight(at + hour / 20))
    const afterwards = at + 6 * hour
    assert.equal(planCertificate(world, afterwards).do, 'keep')
    const next = renewAt(world, held, afterwards)
    assert.ok(isSaturdayNight(next) && next > afterwards && next < at + 8 * day, toRfc3339(next))
  })

  test('what is left until half of `before` is waited for, and no longer', () => {
    const world = worldWith({ before: '240h', windows: [{ schedule: '0 0 31 2 *', length: '1h' }] })
    assert.equal(renewAt(world, held), held.notAfter - 5 * day)
    assert.equal(planCertificate(world, held.notAfter - 5 * day - 1).do, 'keep')
    assert.equal(planCertificate(world, held.notAfter - 5 * day).do, 'issue')
  })

  test('come from the defaults of the Authority, too', () => {
    const authority = authorityView({ spec: { internal: {}, defaults: { renewal: { windows: nights } } } })
    assert.ok(isSaturdayNight(renewAt(certificateWorld({ authority }), held)))
    assert.ok(!isSaturdayNight(renewAt(worldWith({ before: '240h' }, { authority }), held)))
  })

  const atOnce: readonly [name: string, parts: Partial<CertificateWorld>][] = [
    ['a Secret that is gone', { secret: absent }],
    ['a changed spec', { secret: heldSecret({ differences: ['it is short'] }) }],
    ['a CA that was rotated', { authority: authorityView({ generation: 2, activeFrom: noon - hour }) }],
    ['a request on the Authority', { authority: authorityView({ reissueRequestedAt: noon - hour / 2 }) }],
  ]
  for (const [name, parts] of atOnce) {
    test(`are not waited for by ${name}`, () => {
      const secret = heldSecret({ issuedAt: noon - hour })
      const world = worldWith({ windows: nights }, { secret, ...parts })
      assert.equal(planCertificate(world, noon + hour).do, 'issue')
    })
  }

  test('a request on the Certificate does not wait for them', () => {
    const metadata = { annotations: { [annotations.reissueRequestedAt]: toRfc3339(noon + minute) } }
    const wanted = certificate({ metadata, spec: { renewal: { windows: nights } } })
    assert.equal(renewAt(certificateWorld({ certificate: wanted }), held), noon + minute)
  })
})

test('whatever is asked, renewal is within the validity, in a window or with half of `before` left', () => {
  const hours = fc.integer({ min: 1, max: 9000 })
  const daily = fc.record({ from: fc.integer({ min: 0, max: 23 }), hours: fc.integer({ min: 1, max: 23 }) })
  const input = fc.record({
    lifetime: hours,
    before: fc.option(hours, { nil: undefined }),
    beforePercent: fc.option(fc.integer({ min: 1, max: 99 }), { nil: undefined }),
    windows: fc.option(fc.array(daily, { minLength: 1, maxLength: 3 }), { nil: undefined }),
    issuedAt: fc.integer({ min: 0, max: 40 * 365 * 24 * 3600 }).map((seconds) => noon + seconds * second),
    later: hours,
    fingerprint: fc.string(),
  })
  fc.assert(
    fc.property(input, ({ lifetime, before, beforePercent, windows, issuedAt, later, fingerprint }) => {
      const held = heldCertificate({ notBefore: issuedAt, notAfter: issuedAt + lifetime * hour, fingerprint })
      const renewal = {
        ...(before !== undefined && { before: `${before}h` }),
        ...(before === undefined && beforePercent !== undefined && { beforePercent }),
        ...(windows && {
          windows: windows.map((each) => ({ schedule: `0 ${each.from} * * *`, length: `${each.hours}h` })),
        }),
      }
      const wanted = certificate({ spec: { renewal } })
      const world = certificateWorld({ certificate: wanted, authority: authorityView({ notAfter: undefined }) })
      const { due, deadline } = timeOfRenewal(world, held)
      for (const now of [issuedAt, issuedAt + later * hour]) {
        const at = renewAt(world, held, now)
        assert.ok(held.notBefore <= at && at <= held.notAfter)
        if (!windows) assert.equal(at, due)
        else assert.ok(at === deadline || windows.some((window) => isOpen(window, at)), toRfc3339(at))
        assert.ok(due <= at && at <= deadline)
      }
    }),
  )

  function isOpen(window: { readonly from: number; readonly hours: number }, at: number): boolean {
    return (new Date(at).getUTCHours() - window.from + 24) % 24 < window.hours
  }
})

suite('renewal by hand', () => {
  const fixed = { notAfter: toRfc3339(noon + 90 * day) }
  const manual = { renewal: { policy: 'Manual' } } as const
  const worldWith = (spec: Partial<CertificateSpec>, parts: Partial<CertificateWorld> = {}): CertificateWorld =>
    certificateWorld({ certificate: certificate({ spec }), ...parts })

  for (const [name, spec] of [
    ['policy Manual', manual],
    ['a fixed end', fixed],
  ] as const) {
    test(`${name}: nothing is issued as time passes`, () => {
      const world = worldWith(spec)
      assert.equal(timeToRenew(world, heldCertificate(), noon), undefined)
      assert.equal(planCertificate(world, noon + 90 * day - 1).do, 'keep')
    })

    test(`${name}: what has expired waits for a person`, () => {
      const made = planCertificate(worldWith(spec), noon + 90 * day)
      assert.ok(made.do === 'refuse')
      assert.deepEqual([made.failure.kind, made.failure.reason], ['Terminal', 'Expired'])
      assert.match(
        made.failure.message,
        /^the certificate expired at 2027-02-20T12:00:00Z and is not renewed by itself, /,
      )
    })

    test(`${name}: what was ordered in time is brought to its end`, () => {
      const order = { metadata: { name: 'web-pending' }, journal: undefined }
      const made = planCertificate(worldWith(spec, { order }), noon + 90 * day)
      assert.notEqual(made.do, 'refuse')
    })
  }

  test('a request of a person is heard, before the end and after it', () => {
    for (const [asked, now] of [
      [noon + day, noon + day],
      [noon + 100 * day, noon + 100 * day],
      [noon + 80 * day, noon + 100 * day],
    ] as const) {
      const metadata = { annotations: { [annotations.reissueRequestedAt]: toRfc3339(asked) } }
      const world = certificateWorld({ certificate: certificate({ metadata, spec: manual }) })
      assert.equal(renewAt(world, heldCertificate()), asked)
      const made = planCertificate(world, now)
      assert.ok(made.do === 'issue' && made.cause.reason === 'ReissueRequested')
    }
  })

  test('a broken promise is mended', () => {
    const changed = heldSecret({ differences: ['it is short'] })
    for (const secret of [absent, changed]) {
      assert.equal(planCertificate(worldWith(manual, { secret }), noon).do, 'issue')
      assert.equal(planCertificate(worldWith(fixed, { secret }), noon).do, 'issue')
    }
  })

  test('is what an Authority says by default, unless the spec says otherwise', () => {
    const authority = authorityView({ spec: { internal: {}, defaults: manual } })
    assert.ok(Number.isNaN(renewAt(worldWith({}, { authority }), heldCertificate())))
    assert.ok(!Number.isNaN(renewAt(worldWith({ renewal: { policy: 'Auto' } }, { authority }), heldCertificate())))
  })
})

suite('a fixed end', () => {
  const planFor = (notAfter: string, parts: Partial<CertificateWorld> = {}) =>
    planCertificate(
      certificateWorld({ certificate: certificate({ spec: { notAfter } }), secret: absent, ...parts }),
      noon,
    )

  test('is the end of the certificate, in any time zone', () => {
    for (const notAfter of ['2027-06-30T21:59:59Z', '2027-06-30T23:59:59+02:00']) {
      const made = planFor(notAfter)
      assert.ok(made.do === 'issue' && !made.shortened)
      assert.equal(toRfc3339(made.notAfter), '2027-06-30T21:59:59Z')
    }
  })

  test('is cut as a duration is', () => {
    const made = planFor('2028-06-30T00:00:00Z', { authority: authorityView({ notAfter: noon + day }) })
    assert.ok(made.do === 'issue')
    assert.equal(made.notAfter, noon + day)
    assert.match(made.shortened ?? '', /because the authority itself ends at 2026-11-23T12:00:00Z$/)
  })

  test('is held against the longest duration that a policy permits', () => {
    const policy = { rules: [{ names: { dns: ['*.example.com'] }, maxDuration: '24h' }] }
    const authority = authorityView({ spec: { internal: {}, policy } })
    assert.equal(planFor('2026-11-23T12:00:00Z', { authority }).do, 'issue')
    const made = planFor('2026-11-23T12:00:01Z', { authority })
    assert.ok(made.do === 'refuse' && made.failure.reason === 'PolicyDenied')
    assert.match(made.failure.message, /the time left until notAfter is longer than the permitted 1 day/)
  })

  const tooSoon: readonly [notAfter: string, message: RegExp | undefined][] = [
    ['2020-01-01T00:00:00Z', /^spec\.notAfter 2020-01-01T00:00:00Z has passed: set a later one, or use duration$/],
    ['2026-11-22T12:00:00Z', /has passed/],
    ['2026-11-22T12:00:59Z', /^spec\.notAfter 2026-11-22T12:00:59Z is less than a minute ahead: /],
    ['2026-11-22T12:01:00Z', undefined],
  ]
  for (const [notAfter, message] of tooSoon) {
    test(`${notAfter}: ${message?.source ?? 'is far enough ahead'}`, () => {
      const made = planFor(notAfter)
      if (!message) return assert.equal(made.do, 'issue')
      assert.ok(made.do === 'refuse')
      assert.deepEqual([made.failure.kind, made.failure.reason], ['Terminal', 'InvalidRequest'])
      assert.match(made.failure.message, message)
    })
  }
})

test('near the end of its authority a certificate is not halved again and again', () => {
  const end = noon + 200 * day
  const authority = authorityView({ notAfter: end })
  const starts: number[] = []
  let secret: SecretView = absent
  for (let now = noon; now < end; ) {
    assert.ok(starts.length <= 3, starts.map(toRfc3339).join(', '))
    const world = certificateWorld({ authority, secret })
    const made = planCertificate(world, now)
    if (made.do === 'issue') {
      starts.push(now)
      const { notBefore, notAfter } = made
      secret = heldSecret({ notBefore, notAfter, fingerprint: String(starts.length).padStart(64, '0') })
    } else {
      assert.equal(made.do, 'keep')
      assert.ok(secret.state === 'held')
      now = renewAt(world, secret.held)
    }
  }
  // About every 60 days; the third one is the first that cannot last its 90 days, and lasts to the end.
  assert.equal(starts.length, 3)
  assert.deepEqual(planCertificate(certificateWorld({ authority, secret }), end).do, 'refuse')
})

/** A certificate of generation 1 that was issued an hour ago, of an Authority that is as told. */
function afterRotation(parts: Partial<AuthorityView>, seed = 'f1'): { world: CertificateWorld; at: number } {
  const held = heldCertificate({ fingerprint: seed.repeat(32), issuedAt: noon - hour })
  const world = certificateWorld({ authority: authorityView(parts), secret: heldSecret(held) })
  return { world, at: reissueDue(world, held)?.at ?? Number.NaN }
}

suite('a certificate of an earlier generation of the CA', () => {
  const seeds = ['00', '3c', '7a', 'b1', 'ee']
  const rotated = { generation: 2, activeFrom: noon }

  test('is issued anew at a moment of its own within the hour, which is always the same', () => {
    const times = seeds.map((seed) => afterRotation(rotated, seed).at)
    assert.equal(new Set(times).size, seeds.length)
    for (const at of times) assert.ok(noon <= at && at < noon + hour && at % second === 0, String(at))
    assert.deepEqual(
      seeds.map((seed) => afterRotation(rotated, seed).at),
      times,
    )
  })

  test('is issued anew within the time that the Authority says', () => {
    const spec = { internal: {}, reissueWithin: '10s' }
    for (const seed of seeds) {
      const { at } = afterRotation({ ...rotated, spec }, seed)
      assert.ok(noon <= at && at < noon + 10 * second, toRfc3339(at))
    }
  })

  test('is kept until that moment, and then the cause is the rotation', () => {
    const { world, at } = afterRotation(rotated)
    assert.equal(planCertificate(world, at - 1).do, 'keep')
    const made = planCertificate(world, at)
    assert.ok(made.do === 'issue')
    assert.deepEqual(made.cause, {
      reason: 'CARotated',
      message: 'generation 2 of the CA signs now; the certificate is of generation 1',
    })
  })

  test('is issued anew at once when that generation is trusted no longer', () => {
    const { world } = afterRotation({ ...rotated, distrusted: [1] })
    const made = planCertificate(world, noon)
    assert.ok(made.do === 'issue' && made.cause.reason === 'CARotated')
  })

  const stays: readonly [name: string, held: number | undefined, generation: number | undefined][] = [
    ['of the same generation', 2, 2],
    ['of a later one', 3, 2],
    ['of a CA without generations', undefined, 2],
    ['of an Authority that has none', 1, undefined],
  ]
  for (const [name, caGeneration, generation] of stays) {
    test(`one ${name} stays`, () => {
      const held = heldCertificate({ caGeneration })
      assert.equal(reissueDue(certificateWorld({ authority: authorityView({ generation }) }), held), undefined)
    })
  }

  test('nothing is known of an Authority that is gone', () => {
    assert.equal(reissueDue(certificateWorld({ authority: undefined }), heldCertificate()), undefined)
  })
})

suite('when a person asks for it', () => {
  const held = heldCertificate({ issuedAt: noon - hour })
  const asking = (text: string): CertificateWorld => {
    const metadata = { annotations: { [annotations.reissueRequestedAt]: text } }
    return certificateWorld({ certificate: certificate({ metadata }), secret: heldSecret(held) })
  }

  test('on the Certificate, it is issued anew at once', () => {
    const made = planCertificate(asking(toRfc3339(noon)), noon)
    assert.ok(made.do === 'issue' && made.cause.reason === 'ReissueRequested')
    assert.equal(made.cause.message, 'the annotation sifaka.dev/reissue-requested-at asks for it')
  })

  test('for a time to come, it is issued anew then', () => {
    const world = asking(toRfc3339(noon + day))
    assert.equal(planCertificate(world, noon + day - 1).do, 'keep')
    assert.equal(planCertificate(world, noon + day).do, 'issue')
  })

  const ignored: readonly [name: string, text: string][] = [
    ['before it was issued', toRfc3339(noon - 2 * hour)],
    ['in the second of its issuance', toRfc3339(noon - hour)],
    ['at no time', 'soon'],
  ]
  for (const [name, text] of ignored) {
    test(`${name}, it is ignored`, () => assert.equal(planCertificate(asking(text), noon).do, 'keep'))
  }

  test('in fractions of a second, it is issued anew once', () => {
    const world = asking(new Date(noon + 900).toISOString())
    assert.equal(planCertificate(world, noon + 950).do, 'keep')
    assert.equal(planCertificate(world, noon + second).do, 'issue')
    const after = { ...world, secret: heldSecret({ issuedAt: noon + second }) }
    assert.equal(planCertificate(after, noon + second).do, 'keep')
  })

  test('on the Authority, each is issued anew at a moment of its own', () => {
    const asked = { reissueRequestedAt: noon }
    const times = ['00', '3c', '7a'].map((seed) => afterRotation(asked, seed).at)
    assert.equal(new Set(times).size, 3)
    for (const at of times) assert.ok(noon <= at && at < noon + hour, toRfc3339(at))
    const { world, at } = afterRotation(asked)
    assert.equal(planCertificate(world, at - 1).do, 'keep')
    const made = planCertificate(world, at)
    assert.ok(made.do === 'issue' && /of the Authority asks for it$/.test(made.cause.message))
  })

  test('on the Authority, what is younger stays', () => {
    assert.ok(Number.isNaN(afterRotation({ reissueRequestedAt: noon - hour }).at))
    assert.ok(Number.isNaN(afterRotation({ reissueRequestedAt: noon - 90 * minute }).at))
  })

  test('the time is that of renewal, for all to see', () => {
    assert.equal(renewAt(asking(toRfc3339(noon + day)), held), noon + day)
  })
})
