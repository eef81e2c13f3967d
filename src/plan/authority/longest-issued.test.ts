import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AuthoritySpec, PolicyRule } from '#api'
import { day } from '#base'
import { longestIssued } from './longest-issued.ts'

const capped = (...maxDurations: (string | undefined)[]): AuthoritySpec => ({
  policy: {
    rules: maxDurations.map(
      (maxDuration): PolicyRule => ({ names: { dns: ['**'] }, ...(maxDuration && { maxDuration }) }),
    ),
  },
})
const defaulted: AuthoritySpec = { defaults: { duration: '240h' } }

const cases: readonly [
  name: string,
  days: number,
  spec: AuthoritySpec,
  certificates: (string | undefined)[],
  subordinates?: (string | undefined)[],
][] = [
  ['nobody asks yet', 90, {}, []],
  ['all ask for less', 90, {}, ['24h', undefined]],
  ['one asks for more', 365, {}, ['8760h', '24h']],
  ['the default is shorter', 10, defaulted, [undefined]],
  ['the default is shorter, and one asks for more', 20, defaulted, ['480h']],
  ['no rule permits as much', 30, capped('720h', '24h'), ['8760h']],
  ['one rule permits any', 365, capped('720h', undefined), ['8760h']],
  ['rules permit more than is asked for', 90, capped('8760h'), [undefined]],
  ['a subordinate lives five years', 1825, {}, [], [undefined]],
  ['a subordinate lives shorter than certificates', 90, {}, [undefined], ['24h']],
  ['rules do not bind subordinates', 1000, capped('24h'), [], ['24000h']],
]
for (const [name, days, spec, certificates, subordinates = []] of cases) {
  test(`${name}: ${days} days`, () => assert.equal(longestIssued(spec, certificates, subordinates), days * day))
}
