import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stepsOf, timeless } from './readme.ts'

const page = [
  'Text',
  '```sh',
  'one',
  'two',
  '```',
  '```',
  'printed',
  '```',
  '',
  '1. In a list',
  '',
  '   ```sh',
  '   three |',
  '     four',
  '   ```',
  '',
  '```',
  'no output of it: there is a line between',
  '```',
  '```yaml',
  'a: b',
  '```',
  '',
].join('\n')

test('commands are found with what they print', () => {
  assert.deepEqual(stepsOf(page), [
    { script: 'one\ntwo', printed: 'printed' },
    { script: 'three |\n  four', printed: '' },
  ])
})

test('runs at another time are the same, and other results are not', () => {
  const run = (name: string, reason: string, time: string, age: string): string =>
    `NAME   READY   NOT AFTER  AGE\n${name}  ${reason}   ${time}   ${age}\n`
  const one = timeless(run('web', 'Issued', '2026-11-23T02:50:48Z', '5s'))
  assert.equal(timeless(run('web', 'Issued', '2027-01-01T00:00:00Z', '1m12s')), one)
  assert.notEqual(timeless(run('web', 'PolicyDenied', '2026-11-23T02:50:48Z', '5s')), one)
  assert.equal(one, 'NAME READY NOT AFTER AGE\nweb Issued <time> <age>')
  assert.equal(timeless('certificate, Nov 2, 2026, PrivateKeyEntry'), 'certificate, <date>, PrivateKeyEntry')
})
