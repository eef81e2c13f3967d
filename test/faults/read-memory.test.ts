import assert from 'node:assert/strict'
import { test } from 'node:test'
import { mayAnswer, ReadMemory } from './read-memory.ts'
import { type RecordedRequest, recordRequest } from './request.ts'

const list = (query = ''): RecordedRequest =>
  recordRequest('one', 'GET', `/api/v1/namespaces/a/secrets?${query}`, Buffer.alloc(0), undefined)

const answer = (resourceVersion: string, more?: string) => ({
  status: 200,
  headers: {},
  body: Buffer.from(JSON.stringify({ metadata: { resourceVersion, continue: more } })),
})

/** Query, version of the state, whether an API server may answer with it. */
const answers: [string, string, boolean][] = [
  ['', '5', false],
  ['resourceVersion=0', '5', true],
  ['resourceVersion=0&resourceVersionMatch=NotOlderThan', '5', true],
  ['resourceVersion=5', '5', true],
  ['resourceVersion=10', '9', false],
  ['resourceVersion=9', '10', true],
  ['resourceVersion=5&limit=10', '9', false],
  ['resourceVersion=5&resourceVersionMatch=Exact', '5', false],
  ['watch=true&resourceVersion=0', '5', false],
]

test('a stale answer is one that an API server may give', () => {
  for (const [query, version, expected] of answers) assert.equal(mayAnswer(list(query), version), expected, query)
})

test('the oldest whole answer to the same question comes back', () => {
  const memory = new ReadMemory()
  memory.remember(list(), 'json', answer('4', 'token'))
  memory.remember(list(), 'json', answer('5'))
  memory.remember(list('limit=500'), 'json', answer('6'))
  memory.remember(list('labelSelector=x'), 'json', answer('1'))
  memory.remember(list(), 'table', answer('2'))
  assert.deepEqual(memory.oldest(list('resourceVersion=0'), 'json'), answer('5'))
  assert.deepEqual(memory.oldest(list('resourceVersion=6'), 'json'), answer('6'))
  assert.equal(memory.oldest(list('resourceVersion=7'), 'json'), undefined)
  memory.clear()
  assert.equal(memory.oldest(list('resourceVersion=0'), 'json'), undefined)
})
