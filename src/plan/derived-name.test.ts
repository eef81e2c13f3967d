import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { derivedName } from './derived-name.ts'

/** RFC 1123: what the API server takes for the name of a Secret. */
const subdomain = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/

suite('a derived name', () => {
  test('is the name and the ending', () => {
    assert.equal(derivedName('web', '-pending'), 'web-pending')
    assert.equal(derivedName('a'.repeat(229), '-pending'), `${'a'.repeat(229)}-pending`)
  })

  test('of a name that is too long is the same each time, and another one for each name', () => {
    const long = derivedName('a'.repeat(253), '-pending')
    assert.equal(long, `${'a'.repeat(212)}-32859a3ab65ac529-pending`)
    assert.notEqual(derivedName('a'.repeat(252), '-pending'), long)
    assert.notEqual(derivedName(`${'a'.repeat(252)}b`, '-pending'), long)
  })

  test('begins alike whatever the ending, so that numbers may grow', () => {
    for (const length of [229, 230, 246, 253]) {
      const name = 'a'.repeat(length)
      assert.equal(derivedName(name, '-ca-10'), `${derivedName(name, '-ca-')}10`)
    }
  })

  test('is one that the API server takes', () => {
    const label = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
    const name = fc.array(label, { minLength: 1, maxLength: 8 }).map((labels) => labels.join('.').slice(0, 253))
    fc.assert(
      fc.property(
        name.filter((text) => subdomain.test(text)),
        fc.constantFrom('-pending', '-ca', '-ca-9007199254740991', '-ca-request', '-register-999999999'),
        (text, ending) => {
          const derived = derivedName(text, ending)
          assert.match(derived, subdomain)
          assert.ok(derived.length <= 253 && derived.endsWith(ending))
        },
      ),
    )
    assert.match(derivedName(`${'a'.repeat(211)}.-b`.padEnd(253, 'c'), '-ca'), subdomain)
  })
})
