import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FakeClock } from '#test/make'
import { CachedValue } from './cached-value.ts'

test('a value is read once, again when it is old or expired, and kept when that fails', async () => {
  const clock = new FakeClock()
  let reads = 0
  let fails = false
  const read = async (): Promise<number> => {
    reads += 1
    if (fails) throw new Error('unreadable')
    return reads
  }
  const cached = new CachedValue(read, clock, 60_000)
  assert.deepEqual(await Promise.all([cached.get(), cached.get()]), [1, 1])
  clock.advance(59_999)
  assert.equal(await cached.get(), 1)
  clock.advance(1)
  assert.equal(await cached.get(), 2)
  cached.expire()
  assert.equal(await cached.get(), 3)
  fails = true
  cached.expire()
  assert.equal(await cached.get(), 3)
  fails = false
  assert.equal(await cached.get(), 5)
})

test('without a first value the failure is told, and the next call tries again', async () => {
  let fails = true
  const read = async (): Promise<string> => {
    if (fails) throw new Error('unreadable')
    return 'token'
  }
  const cached = new CachedValue(read, new FakeClock(), 60_000)
  await assert.rejects(cached.get(), /unreadable/)
  fails = false
  assert.equal(await cached.get(), 'token')
})
