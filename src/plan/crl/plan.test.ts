import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { day, hour, minute, second } from '#base'
import { noon } from '#test/make'
import type { RegisterEntry } from '../register/entry.ts'
import { type CrlPlan, type CrlWorld, crlEntriesMax, type HeldCrl, planCrl } from './plan.ts'

const url = 'http://pki.example.com/1.crl'

function revokedEntry(serialNumber: string, parts: Partial<RegisterEntry> = {}): RegisterEntry {
  return {
    serialNumber,
    fingerprint: 'f1'.repeat(32),
    ...{ generation: 1, kind: 'Certificate', holder: 'shop/web', revision: 1, names: [] },
    ...{ issuedAt: noon - day, notAfter: noon + 90 * day },
    revoked: { at: noon - minute + 250, reason: 'keyCompromise' },
    ...parts,
  }
}

const heldOf = (parts: Partial<HeldCrl> = {}): HeldCrl => ({
  number: 7n,
  thisUpdate: noon - hour,
  nextUpdate: noon - hour + 7 * day,
  distributionPoints: [url],
  entries: [],
  ...parts,
})

const plan = (parts: Partial<CrlWorld> = {}, now = noon): CrlPlan =>
  planCrl(
    {
      published: { state: 'held', held: heldOf() },
      revoked: [],
      url,
      validityMs: 7 * day,
      highestNumber: 0n,
      signedAgoMs: undefined,
      ...parts,
    },
    now,
  )

const held = (parts: Partial<HeldCrl>): Partial<CrlWorld> => ({ published: { state: 'held', held: heldOf(parts) } })

/** The plan, which must be to sign. */
function signed(parts: Partial<CrlWorld>, now = noon): Extract<CrlPlan, { do: 'sign' }> {
  const found = plan(parts, now)
  assert.equal(found.do, 'sign')
  return found as Extract<CrlPlan, { do: 'sign' }>
}

const serials = (entries: readonly { readonly serialNumber: string }[]): string[] =>
  entries.map(({ serialNumber }) => serialNumber).sort()

suite('when a CRL is signed', () => {
  const on = (serialNumber: string) => ({ serialNumber, revokedAt: noon - hour, notAfter: noon + day })
  const rows: readonly [string, Partial<CrlWorld>, string | undefined][] = [
    ['none is there', { published: { state: 'absent' } }, 'there is none'],
    ['what is there is none', { published: { state: 'damaged', why: 'what is there is no CRL' } }, 'no CRL'],
    ['it is as it should be', {}, undefined],
    ['a certificate is revoked that is not on it', { revoked: [revokedEntry('4a01')] }, 'have been revoked'],
    ['all are on it', { ...held({ entries: [on('4a01')] }), revoked: [revokedEntry('4a01')] }, undefined],
    [
      'the register writes the serial number shorter',
      { ...held({ entries: [on('0a')] }), revoked: [revokedEntry('a')] },
      undefined,
    ],
    ['one on it is not in the register', held({ entries: [on('4a01')] }), undefined],
    ['it is for another URL', { url: 'http://other.example.com/1.crl' }, 'another URL'],
    ['it is for a URL and should be for none', { url: undefined }, 'another URL'],
    ['half of it is not over', held({ thisUpdate: noon - 3.5 * day + 1, nextUpdate: noon + 3.5 * day + 1 }), undefined],
    [
      'half of it is over',
      held({ thisUpdate: noon - 3.5 * day, nextUpdate: noon + 3.5 * day }),
      'half of its validity',
    ],
    ['it is past its end', held({ thisUpdate: noon - 9 * day, nextUpdate: noon - 2 * day }), 'half of its validity'],
    ['its validity is shorter since', { validityMs: 2 * hour }, 'half of its validity'],
    ['the clock was set back', held({ thisUpdate: noon + second, nextUpdate: noon + 8 * day }), 'later than now'],
  ]
  for (const [name, parts, why] of rows) {
    test(name, () => {
      const found = plan(parts)
      if (why === undefined) assert.equal(found.do, 'keep')
      else
        assert.ok(
          found.do === 'sign' && found.why.includes(why),
          JSON.stringify(found, (_, each) => String(each)),
        )
    })
  }

  test('and kept, it is looked at again when half of it is over', () =>
    assert.deepEqual(plan(), { do: 'keep', againInMs: 3.5 * day - hour }))

  test('not twice in five seconds: revocations that come together are signed together', () => {
    const world = { revoked: [revokedEntry('4a01')], signedAgoMs: 4 * second }
    assert.deepEqual(plan(world), { do: 'keep', againInMs: second })
    assert.equal(signed({ ...world, signedAgoMs: 5 * second }).entries.length, 1)
  })

  test("not in the place of somebody else's ConfigMap", () => {
    const found = plan({ published: { state: 'foreign', why: 'not ours' } })
    assert.deepEqual(found, {
      do: 'refuse',
      flaw: { reason: 'ConfigMapNotOurs', message: 'not ours' },
      againInMs: 5 * minute,
    })
  })
})

suite('what is on it', () => {
  test('its times are whole seconds; it begins earlier, for clocks that run behind', () => {
    const { thisUpdate, nextUpdate, entries } = signed(
      { revoked: [revokedEntry('4a01')], validityMs: hour },
      noon + 999,
    )
    assert.deepEqual([thisUpdate, nextUpdate], [noon - 5 * minute, noon + 55 * minute])
    assert.deepEqual(entries, [
      { serialNumber: '4a01', revokedAt: noon - minute, reason: 'keyCompromise', notAfter: noon + 90 * day },
    ])
  })

  const on = (serialNumber: string, notAfter: number) => ({ serialNumber, revokedAt: noon - 9 * day, notAfter })
  const rows: readonly [string, number, boolean][] = [
    ['one that is valid', noon + day, true],
    ['one that has expired since the last CRL', noon - minute, true],
    ['one that was on a CRL after it had expired', noon - 2 * hour, false],
  ]
  for (const [name, notAfter, stays] of rows) {
    test(`${name} ${stays ? 'stays' : 'leaves'}, though the register does not know it`, () => {
      const { entries } = signed({ ...held({ entries: [on('01', notAfter)] }), revoked: [revokedEntry('4a01')] })
      assert.deepEqual(serials(entries), stays ? ['01', '4a01'] : ['4a01'])
    })
  }

  test('a clock that was far ahead drops nobody', () => {
    const published = { thisUpdate: noon + 400 * day, nextUpdate: noon + 407 * day, entries: [on('01', noon + day)] }
    assert.deepEqual(serials(signed(held(published)).entries), ['01'])
  })

  test('the first time and reason stay', () => {
    const first = { serialNumber: '01', revokedAt: noon - day, reason: 'superseded', notAfter: noon + day } as const
    const { entries } = signed({ ...held({ entries: [first] }), revoked: [revokedEntry('01'), revokedEntry('02')] })
    assert.deepEqual(
      entries.find(({ serialNumber }) => serialNumber === '01'),
      first,
    )
  })

  test('a revocation of the future is one of now', () => {
    const { entries } = signed({ revoked: [revokedEntry('01', { revoked: { at: 8e15, reason: 'unspecified' } })] })
    assert.equal(entries[0]?.revokedAt, noon)
  })

  test('more than it can hold are not cut short', () => {
    const many = (count: number) => Array.from({ length: count }, (_, at) => revokedEntry((at + 0x10000).toString(16)))
    assert.equal(signed({ revoked: many(crlEntriesMax) }).entries.length, crlEntriesMax)
    const found = plan({ revoked: many(crlEntriesMax + 1) })
    assert.ok(found.do === 'refuse' && found.flaw.reason === 'CRLTooLarge' && /16000/.test(found.flaw.message))
  })
})

suite('its number', () => {
  const seconds = BigInt(noon / second)
  const rows: readonly [string, bigint | undefined, bigint, bigint][] = [
    ['is the time of day', undefined, 0n, seconds],
    ['is the time of day after a lower one', 7n, 7n, seconds],
    ['is one more than a higher one', seconds + 99n, 0n, seconds + 100n],
    ['is one more than one that is lost', undefined, seconds + 99n, seconds + 100n],
    ['is one more than one that was replaced by an older one', 7n, seconds + 99n, seconds + 100n],
    ['is one more within the same second', seconds, seconds, seconds + 1n],
  ]
  for (const [name, published, highestNumber, expected] of rows) {
    test(name, () => {
      const view = published === undefined ? { published: { state: 'absent' } as const } : held({ number: published })
      assert.equal(signed({ ...view, highestNumber, revoked: [revokedEntry('01')] }).number, expected)
    })
  }
})

/** A generation's CRL over time, as the API server, the register and the process have it. */
class Story {
  #now = noon
  #monotonic = 0
  #held: HeldCrl | undefined
  /** What the process remembers. */
  #known = 0n
  #signedAtMs: number | undefined
  readonly #revoked = new Map<string, RegisterEntry>()
  /** The highest number that was ever signed. */
  #highest = 0n
  /** All memory of numbers is gone, and the clock that stands in for it was set back. */
  #isLost = false

  pass(ms: number): void {
    this.#now += ms
    this.#monotonic += ms
  }

  jump(ms: number): void {
    this.#now += ms
  }

  revoke(serial: number): void {
    const serialNumber = String(serial + 10)
    if (!this.#revoked.has(serialNumber)) this.#revoked.set(serialNumber, revokedEntry(serialNumber))
  }

  lose(): void {
    this.#held = undefined
  }

  restart(): void {
    this.pass(second)
    this.#known = 0n
    this.#signedAtMs = undefined
    this.#isLost ||= this.#held === undefined && BigInt(Math.floor(this.#now / second)) <= this.#highest
  }

  /** What the plan says happens, and what must hold of it. */
  look(): void {
    const signedAgoMs = this.#signedAtMs === undefined ? undefined : this.#monotonic - this.#signedAtMs
    const published = this.#held ? ({ state: 'held', held: this.#held } as const) : ({ state: 'absent' } as const)
    const valid = [...this.#revoked.values()].filter(({ notAfter }) => notAfter > this.#now)
    const found = plan({ published, revoked: valid, highestNumber: this.#known, signedAgoMs }, this.#now)
    this.#known = this.#held?.number ?? this.#known
    if (found.do !== 'sign') return
    if (!this.#isLost) assert.ok(found.number > this.#highest, `${found.number} after ${this.#highest}`)
    const listed = new Set(serials(found.entries))
    for (const { serialNumber } of valid) assert.ok(listed.has(serialNumber), `${serialNumber} is missing`)
    this.#highest = found.number
    this.#known = found.number
    this.#signedAtMs = this.#monotonic
    this.#held = { ...found, distributionPoints: [url] }
  }
}

const happenings = fc.oneof(
  fc.integer({ min: second, max: 5 * day }).map((ms) => (story: Story) => story.pass(ms)),
  fc.integer({ min: -30 * day, max: 30 * day }).map((ms) => (story: Story) => story.jump(ms)),
  fc.integer({ min: 0, max: 80 }).map((serial) => (story: Story) => story.revoke(serial)),
  fc.constant((story: Story) => story.lose()),
  fc.constant((story: Story) => story.restart()),
)

test('whatever happens, numbers grow, and who is revoked stays on it until it has expired', () => {
  fc.assert(
    fc.property(fc.array(happenings, { maxLength: 40 }), (happened) => {
      const story = new Story()
      for (const happen of happened) {
        happen(story)
        story.look()
      }
    }),
  )
})
