import assert from 'node:assert/strict'
import { test } from 'node:test'
import { day } from '#base'
import type { RegisterEntry } from '#plan'
import { noon } from '#test/make'
import { AuthorityRegister } from './authority-register.ts'

const version = { uid: 'u', resourceVersion: '1' }
const revoked = { at: noon, reason: 'superseded' } as const
const entry = (number: number, parts: Partial<RegisterEntry> = {}): RegisterEntry => ({
  serialNumber: number.toString(16).padStart(8, '0'),
  fingerprint: number.toString(16).padStart(64, '0'),
  generation: 1,
  kind: 'Certificate',
  holder: `shop/web-${number}`,
  revision: 1,
  names: [],
  issuedAt: noon,
  notAfter: noon + 90 * day,
  ...parts,
})

test('what one holder has is found without a look at what others have', () => {
  const register = new AuthorityRegister()
  let looks = 0
  for (let number = 1; number <= 1000; number++) {
    const others = entry(number)
    register.add({
      ...others,
      get kind() {
        looks += 1
        return others.kind
      },
    })
  }
  const wanted = entry(1001)
  register.add(wanted)
  looks = 0
  assert.deepEqual(register.ofHolder(wanted), [wanted])
  assert.equal(looks, 0)
})

test('a holder has what is known of its kind: as revoked once that is stored, and until it expires', () => {
  const register = new AuthorityRegister()
  const holder = 'shop/web'
  const [first, second, ca] = [
    entry(1, { holder }),
    entry(2, { holder, notAfter: noon + 100 * day }),
    entry(3, { holder, kind: 'Authority' }),
  ]
  for (const each of [first, second, ca]) register.add(each)
  register.revoke(first, revoked)
  const write = register.nextWrite(3)
  assert.ok(write?.verb === 'store')
  assert.deepEqual(register.stored(1, version, write), [{ ...first, revoked }])
  const certificates = register.ofHolder({ kind: 'Certificate', holder })
  assert.deepEqual(new Set(certificates), new Set([{ ...first, revoked }, second]))
  assert.deepEqual(register.ofHolder({ kind: 'Authority', holder }), [ca])
  register.prune(noon + 95 * day)
  assert.deepEqual(register.ofHolder({ kind: 'Certificate', holder }), [second])
  register.prune(noon + 100 * day)
  assert.deepEqual(register.ofHolder({ kind: 'Certificate', holder }), [])
})

test('a shard that somebody has revoked in tells what was not known as revoked', () => {
  const register = new AuthorityRegister()
  const [known, before, found] = [entry(1), entry(2, { revoked }), entry(3, { revoked })]
  register.adopt(1, version, [known, before], noon)
  const told = register.adopt(1, version, [{ ...known, revoked }, before, found, entry(4)], noon)
  assert.deepEqual(told, [{ ...known, revoked }, found])
})
