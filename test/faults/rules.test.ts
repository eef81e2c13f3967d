import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drop, freeze } from './actions.ts'
import { type RecordedRequest, recordRequest } from './request.ts'
import { matches, type Rule, Rules, type When } from './rules.ts'

const secret = request('GET', '/api/v1/namespaces/a/secrets/s')
const status = request('PATCH', '/apis/sifaka.dev/v1alpha1/namespaces/a/certificates/c/status')
const watch = request('GET', '/api/v1/secrets?watch=true')

function request(method: string, url: string): RecordedRequest {
  return recordRequest('one', method, url, Buffer.alloc(0), undefined)
}

const cases: [When, RecordedRequest, boolean][] = [
  [{}, secret, true],
  [{ verb: 'get', resource: 'secrets', namespace: 'a', name: 's', who: 'one', group: '' }, secret, true],
  [{ verb: ['list', 'get'] }, secret, true],
  [{ verb: ['list', 'watch'] }, secret, false],
  [{ who: 'two' }, secret, false],
  [{ name: 'other' }, secret, false],
  [{ resource: 'certificates' }, status, true],
  [{ resource: 'certificates', subresource: 'status' }, status, true],
  [{ resource: 'certificates', subresource: '' }, status, false],
  [{ test: ({ verb }) => verb === 'patch' }, status, true],
  [{ test: () => false }, status, false],
]

test('a rule matches requests with every value it gives', () => {
  for (const [when, of, expected] of cases) assert.equal(matches(when, of), expected, JSON.stringify(when))
})

/** How many of ten equal requests, by their place from 1, a rule acts on. */
function acted(rule: Omit<Rule, 'do'>): number[] {
  const rules = new Rules()
  rules.add({ ...rule, do: drop() })
  return Array.from({ length: 10 }, (_, at) => at + 1).filter(() => rules.take(secret, undefined))
}

test('nth and times count matching requests', () => {
  assert.deepEqual(acted({ when: {} }), [1])
  assert.deepEqual(acted({ when: { nth: 3 } }), [3])
  assert.deepEqual(acted({ when: { nth: 3 }, times: 2 }), [3, 4])
  assert.deepEqual(acted({ when: { name: 'other' }, times: 5 }), [])
})

test('the first rule that is due acts, and the others count on', () => {
  const rules = new Rules()
  const [first, second] = [drop(), drop()]
  rules.add({ when: { resource: 'secrets' }, do: first })
  rules.add({ when: { nth: 2 }, do: second })
  assert.equal(rules.take(secret, undefined), first)
  assert.equal(rules.take(secret, undefined), second)
  assert.equal(rules.take(secret, undefined), undefined)
})

test('an action for watches leaves other requests alone and does not count them', () => {
  const rules = new Rules()
  const action = freeze()
  rules.add({ when: { resource: 'secrets' }, do: action })
  assert.equal(rules.take(secret, undefined), undefined)
  assert.equal(rules.take(watch, undefined), action)
})

test('a removed rule does nothing', () => {
  const rules = new Rules()
  const rule = { when: {}, do: drop() }
  rules.add(rule)
  rules.remove(rule)
  assert.equal(rules.take(secret, undefined), undefined)
  rules.add(rule)
  rules.clear()
  assert.equal(rules.take(secret, undefined), undefined)
})
