import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { Authority, AuthoritySpec, CaGenerationState } from '#api'
import { day, toRfc3339 } from '#base'
import { authority, noon } from '#test/make'
import type { RegisterEntry } from '../register/entry.ts'
import { crlGenerations } from './generations.ts'
import { dueRevocations, unknownSerials } from './revocations.ts'

function entry(serialNumber: string, parts: Partial<RegisterEntry> = {}): RegisterEntry {
  const identity = { generation: 1, kind: 'Certificate', holder: 'shop/web', revision: 1, names: [] } as const
  return { serialNumber, fingerprint: `${serialNumber}`, ...identity, issuedAt: noon, notAfter: noon + day, ...parts }
}

const revoked = { at: noon, reason: 'superseded' } as const

const generation = (number: number, state: CaGenerationState) => ({
  generation: number,
  state,
  fingerprint: `ca-${number}`,
  notAfter: toRfc3339(noon + 100 * day),
})

const ca = (spec: Partial<AuthoritySpec> = {}, ...states: CaGenerationState[]): Authority =>
  authority({ spec, status: { generations: states.map((state, at) => generation(at + 1, state)) } })

/** `authority serial reason` of what is to be revoked. */
const due = (of: Authority, registers: Readonly<Record<string, readonly RegisterEntry[]>>, signers: string[] = []) =>
  dueRevocations(of, signers, (key) => registers[key] ?? []).map(
    (each) => `${each.authority} ${each.entry.serialNumber} ${each.reason}`,
  )

suite('what an Authority revokes', () => {
  test('is what its spec lists, of any generation, with the reason', () => {
    const revocations = [{ serialNumber: '01', reason: 'keyCompromise' as const }, { serialNumber: '02' }]
    const entries = [entry('01'), entry('02', { generation: 2 }), entry('03')]
    assert.deepEqual(due(ca({ revocations }, 'Retiring', 'Active'), { 'shop/ca': entries }), [
      'shop/ca 01 keyCompromise',
      'shop/ca 02 unspecified',
    ])
  })

  test('is not what is revoked already', () =>
    assert.deepEqual(
      due(ca({ revocations: [{ serialNumber: '01' }] }, 'Active'), { 'shop/ca': [entry('01', { revoked })] }),
      [],
    ))

  test('is nothing of another Authority', () => {
    const of = ca({ revocations: [{ serialNumber: '01' }] }, 'Active')
    assert.deepEqual(due(of, { 'bank/ca': [entry('01')], 'shop/other': [entry('01')] }, ['bank/ca', 'shop/other']), [])
  })

  test('is all that a distrusted generation has issued', () => {
    const entries = [entry('01'), entry('02', { generation: 2 }), entry('03', { revoked })]
    assert.deepEqual(due(ca({}, 'Distrusted', 'Active'), { 'shop/ca': entries }), ['shop/ca 01 cACompromise'])
  })

  test('is the certificate of a distrusted subordinate, and no other of its parent', () => {
    const own = { kind: 'Authority', holder: 'shop/ca' } as const
    const parent = [
      entry('11', { ...own, fingerprint: 'ca-1' }),
      entry('12', { ...own, fingerprint: 'ca-2' }),
      entry('13', { ...own, fingerprint: 'ca-1', revoked }),
      entry('14', { kind: 'Authority', holder: 'shop/other', fingerprint: 'ca-1' }),
      entry('15', { holder: 'shop/ca', fingerprint: 'ca-1' }),
    ]
    const of = ca({}, 'Distrusted', 'Active')
    assert.deepEqual(due(of, { 'pki/root': parent }, ['pki/root']), ['pki/root 11 cACompromise'])
    assert.deepEqual(due(ca({}, 'Retiring', 'Active'), { 'pki/root': parent }, ['pki/root']), [])
  })
})

test('serial numbers that the Authority has not issued are told', () => {
  const of = ca({ revocations: [{ serialNumber: '01' }, { serialNumber: '02' }] })
  assert.deepEqual(unknownSerials(of, [entry('02', { revoked })]), ['01'])
  assert.deepEqual(unknownSerials(ca(), []), [])
})

test('a generation has a CRL from when it signs until the last of its certificates has expired', () => {
  const numbers = (of: Authority, entries: readonly RegisterEntry[], now = noon): number[] =>
    crlGenerations(of, entries, now).map((each) => each.generation)
  const all = ca({}, 'Retired', 'Retired', 'Distrusted', 'Retiring', 'Active', 'Next')
  assert.deepEqual(numbers(all, []), [3, 4, 5])
  assert.deepEqual(numbers(all, [entry('01', { generation: 2 })]), [2, 3, 4, 5])
  assert.deepEqual(numbers(all, [], noon + 100 * day - 1), [3, 4, 5], 'distrusted, and not expired')
  assert.deepEqual(numbers(all, [], noon + 100 * day), [4, 5])
  assert.deepEqual(numbers(all, [entry('01', { generation: 3 })], noon + 100 * day), [3, 4, 5])
  assert.deepEqual(numbers(authority(), []), [])
})
