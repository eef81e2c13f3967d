import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import { reasons } from '#api'

const page = readFileSync(new URL('../../docs/troubleshooting.md', import.meta.url), 'utf8')
const linesMax = 10

/** Headings of reasons with the text below each. Those with a blank in them are no reason's. */
const entries = page
  .split(/^#{2,} /m)
  .map((section) => /^(?<reason>\w+)\n(?<text>.*)$/s.exec(section)?.groups)
  .filter((entry) => entry !== undefined)
  .filter(({ text }) => text?.trim() !== '')

suite('the troubleshooting page', () => {
  test('has one entry for each reason, and no other', () => {
    assert.deepEqual(entries.map(({ reason }) => reason).sort(), [...reasons].sort())
  })

  test('is brief in each', () => {
    for (const { reason, text = '' } of entries) {
      assert.ok(text.trim().split('\n').length <= linesMax, `${reason} takes more than ${linesMax} lines`)
    }
  })

  test('speaks of kinds by their full names, as other software has kinds of the same names', () => {
    const named = page.match(/^kubectl .*[ ,](certificates?|authority|authorities)([ /,]|$)/gm)
    assert.equal(named, null)
  })
})
