import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { format, inspect } from 'node:util'
import { Sensitive } from './sensitive.ts'

const secret = 'hunter2'
const held = new Sensitive(secret)

test('gives the value away when asked', () => assert.equal(held.expose(), secret))

suite('does not show the value', () => {
  const rows: readonly [string, () => string][] = [
    ['in a template', () => `${held}`],
    ['joined to a text', () => `password: ${String(held)}`],
    ['as JSON', () => JSON.stringify({ password: held, list: [held] })],
    ['inspected', () => inspect({ password: held }, { depth: null, showHidden: true })],
    ['formatted', () => format('%s %o %O %j', held, held, held, held)],
    ['in the message of an error', () => inspect(new Error(`cannot log in with ${held}`, { cause: held }))],
    ['copied', () => JSON.stringify({ ...held, ...Object.fromEntries(Object.entries(held)) })],
  ]
  for (const [name, show] of rows) {
    test(name, () => assert.ok(!show().includes(secret)))
  }

  test('and says so', () => assert.equal(JSON.stringify({ password: held }), '{"password":"[redacted]"}'))
})
