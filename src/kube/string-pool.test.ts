import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { StringPool } from './string-pool.ts'

setFlagsFromString('--expose-gc')
const collectGarbage: () => void = runInNewContext('gc')

/** Bytes that what `make` returns keeps. */
function kept(make: () => unknown): number {
  collectGarbage()
  const before = process.memoryUsage().heapUsed
  const made = make()
  collectGarbage()
  const bytes = process.memoryUsage().heapUsed - before
  assert.ok(made)
  return bytes
}

/** Parsed objects with the same 250 characters in them. */
const parsed = (): unknown[] => {
  const text = JSON.stringify({ status: { conditions: [{ message: 'x'.repeat(250) }] } })
  return Array.from({ length: 20_000 }, () => JSON.parse(text))
}

test('equal strings of many objects take the room of one', () => {
  const apart = kept(parsed)
  const pool = new StringPool()
  const shared = kept(() => parsed().map((object) => pool.share(object)))
  assert.ok(apart - shared > 20_000 * 200, `${apart} bytes apart, ${shared} shared`)
})

test('a pool starts over when it is full, and keeps nothing that is not said again', () => {
  const pool = new StringPool(2)
  const many = kept(() => {
    for (let i = 0; i < 20_000; i++) pool.share(JSON.parse(`"${i}${'x'.repeat(240)}"`))
    return pool
  })
  assert.ok(many < 1e6, `${many} bytes`)
})

test('a pool keeps no long string', () => {
  const pool = new StringPool()
  const many = kept(() => {
    for (let i = 0; i < 100; i++) pool.share(JSON.parse(`"${i}${'x'.repeat(100_000)}"`))
    return pool
  })
  assert.ok(many < 1e6, `${many} bytes`)
})

test('what it returns is equal to what it was given', () => {
  const text = '{"a":["x",1,null,true,{"b":"x"}],"__proto__":{"c":"x"},"d":""}'
  const pool = new StringPool()
  assert.equal(JSON.stringify(pool.share(JSON.parse(text))), text)
  assert.equal(JSON.stringify(pool.share(JSON.parse(text))), text)
})

test('an object may be as deep as the API server takes it', () => {
  const depth = 10_000
  const deep = JSON.parse(`${'{"a":'.repeat(depth)}"x"${'}'.repeat(depth)}`)
  assert.equal(new StringPool().share(deep), deep)
})
