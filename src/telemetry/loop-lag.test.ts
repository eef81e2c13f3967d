import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { second, systemClock } from '#base'
import { FakeClock } from '#test/make'
import { measureLoopLag } from './loop-lag.ts'

/** A clock whose timers come so much too late, each in its turn. */
class LateClock extends FakeClock {
  readonly #lateMs: number[]

  constructor(...lateMs: number[]) {
    super()
    this.#lateMs = lateMs
  }

  override after(delayMs: number, run: () => void) {
    return super.after(delayMs + (this.#lateMs.shift() ?? 0), run)
  }
}

test('every reader is told of the longest delay of the last 15 seconds, as often as it asks', () => {
  const clock = new LateClock(0, 2300, 400)
  const beats: number[] = []
  const lag = measureLoopLag(clock, (lagMs) => beats.push(lagMs))
  clock.advance(100)
  assert.deepEqual([beats, lag.recentMaxMs()], [[0], 0])
  clock.advance(2400 + 500 + 100)
  assert.deepEqual(beats, [0, 2300, 400, 0])
  assert.deepEqual([lag.recentMaxMs(), lag.recentMaxMs()], [2300, 2300])
  // The longest is over, the second longest not yet.
  clock.advance(14.5 * second)
  assert.equal(lag.recentMaxMs(), 400)
  clock.advance(second)
  assert.equal(lag.recentMaxMs(), 0)
  lag.stop()
  assert.equal(clock.timers, 0)
})

test('a real loop that stood still is found out', async (t) => {
  const lag = measureLoopLag(systemClock, () => {})
  t.after(() => lag.stop())
  await setTimeout(150)
  const until = performance.now() + 400
  while (performance.now() < until);
  await setTimeout(10)
  assert.ok(lag.recentMaxMs() >= 250)
})
