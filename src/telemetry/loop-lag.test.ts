import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { measureLoopLag } from './loop-lag.ts'

test('a loop that stood still is found out once', async () => {
  const lag = measureLoopLag()
  try {
    await setTimeout(50)
    lag.takeMaxMs()
    // The histogram counts from the first beat after a reset.
    await setTimeout(50)
    const until = performance.now() + 300
    while (performance.now() < until);
    await setTimeout(50)
    assert.ok(lag.takeMaxMs() >= 200)
    await setTimeout(50)
    assert.ok(lag.takeMaxMs() < 200)
  } finally {
    lag.stop()
  }
})
