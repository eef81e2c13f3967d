import assert from 'node:assert/strict'
import { revocationReasons } from '#pki'
import { featureCases } from './features.ts'
import type { Tests } from './trial.ts'

const features: ReadonlySet<string> = new Set([
  ...featureCases.map(({ feature }) => feature),
  ...['pending', 'cancel', 'revoke', 'deactivate', 'subordinates'],
])
const decidable: readonly string[] = ['commonName', 'subject', 'usages', 'notAfter']

export const descriptionTests: Tests = {
  'its type is a word': async ({ type }) => {
    assert.match(type, /^[a-z][a-zA-Z0-9]*$/)
  },

  'its description is plain data of known words, the same each time': async ({ issuer, description, restarted }) => {
    assert.deepEqual(JSON.parse(JSON.stringify(description)), description)
    for (const again of [issuer, restarted()]) assert.deepEqual(again.describe(), description)
    const { decides, unsupported } = description
    for (const field of decides) assert.ok(decidable.includes(field), field)
    for (const feature of Object.keys(unsupported)) assert.ok(features.has(feature), feature)
    for (const reason of description.revocationReasons) assert.ok(reason in revocationReasons, reason)
  },

  'each unsupported feature has a reason, in words': async ({ description }) => {
    for (const [feature, why] of Object.entries(description.unsupported)) {
      assert.ok(why.trim().split(/\s+/).length >= 3, `${feature}: "${why}"`)
    }
  },

  'it has the methods of the features that it has, and no others': async ({ issuer, description }) => {
    const { unsupported, isLocal } = description
    assert.equal(issuer.signSubordinate === undefined, 'subordinates' in unsupported, 'signSubordinate')
    assert.equal(issuer.deactivate === undefined, 'deactivate' in unsupported, 'deactivate')
    if (issuer.signCrl) assert.ok(!('revoke' in unsupported), 'what is on a list of its own can be revoked')
    if (isLocal) assert.ok('pending' in unsupported, 'who signs in this process leaves nothing pending')
    if ('pending' in unsupported) assert.ok('cancel' in unsupported, 'without pending orders there is none to cancel')
    if ('revoke' in unsupported) assert.deepEqual(description.revocationReasons, [])
  },
}
