import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { annotations, type CertificateSpec } from '#api'
import { day, hour, minute, second, toRfc3339 } from '#base'
import { authorityView, certificate, certificateWorld, heldCertificate, heldSecret, noon } from '#test/make'
import { reissueDue, renewAt } from './due.ts'
import { planCertificate } from './plan.ts'
import type { AuthorityView, CertificateWorld, SecretView } from './world.ts'

const absent: SecretView = { state: 'absent' }

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

  test('is by the defaults of the Authority where the spec says nothing', () => {
    const spec = { internal: {}, defaults: { renewal: { before: '240h' } } }
    const world = certificateWorld({ authority: authorityView({ spec }) })
    between(renewAt(world, heldCertificate()), noon + 79 * day, noon + 80 * day)
    const own = { ...world, certificate: certificate({ spec: { renewal: { before: '480h' } } }) }
    between(renewAt(own, heldCertificate()), noon + 68 * day, noon + 70 * day)
  })
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
    for (const at of times) assert.ok(noon <= at && at < noon + hour, toRfc3339(at))
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
