import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { FakeClock } from '#test/make'
import { fromRfc3339, sleep, systemClock, toMicroTime, toRfc3339 } from './clock.ts'
import { day } from './duration.ts'

suite('texts of an instant', () => {
  const rows: readonly [number, string, string][] = [
    [0, '1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000000Z'],
    [Date.UTC(2026, 10, 22, 19, 51, 0, 123), '2026-11-22T19:51:00Z', '2026-11-22T19:51:00.123000Z'],
    [Date.UTC(2026, 11, 31, 23, 59, 59, 999), '2026-12-31T23:59:59Z', '2026-12-31T23:59:59.999000Z'],
    [-1, '1969-12-31T23:59:59Z', '1969-12-31T23:59:59.999000Z'],
    [Date.UTC(9999, 11, 31), '9999-12-31T00:00:00Z', '9999-12-31T00:00:00.000000Z'],
  ]
  for (const [at, rfc3339, microTime] of rows) {
    test(microTime, () => {
      assert.equal(toRfc3339(at), rfc3339)
      assert.equal(toMicroTime(at), microTime)
    })
  }

  test('a time is read back as the whole second before it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: Date.UTC(9999, 0) }), (at) => {
        assert.equal(fromRfc3339(toRfc3339(at)), Math.floor(at / 1000) * 1000)
        assert.equal(fromRfc3339(toMicroTime(at)), at)
      }),
    )
  })

  test('an offset is read', () => {
    assert.equal(fromRfc3339('2026-11-22T20:51:00+01:00'), Date.UTC(2026, 10, 22, 19, 51))
  })

  const none = ['', 'soon', '2026-13-01T00:00:00Z', '2026-11-22', 'Jan 1', '12345', '+020490-12-31T00:00:00Z']
  for (const text of [undefined, ...none, '9999-12-31T23:59:59-00:01', '0000-01-01T00:00:00+00:01']) {
    test(`${text} is no time`, () => assert.equal(fromRfc3339(text), undefined))
  }
})

suite('sleep', () => {
  test('ends after the delay', async () => {
    const clock = new FakeClock()
    let ended = false
    const slept = sleep(clock, 1000).then(() => {
      ended = true
    })
    clock.advance(999)
    await Promise.resolve()
    assert.equal(ended, false)
    clock.advance(1)
    await slept
    assert.equal(clock.timers, 0)
  })

  test('ends when it is aborted, and leaves no timer', async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    const slept = sleep(clock, day, controller.signal)
    assert.equal(clock.timers, 1)
    controller.abort()
    await slept
    assert.equal(clock.timers, 0)
  })

  test('does not begin when it is aborted already', async () => {
    const clock = new FakeClock()
    await sleep(clock, day, AbortSignal.abort())
    assert.equal(clock.timers, 0)
  })
})

suite('the system clock', () => {
  test('cuts a delay that a native timer cannot hold', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let runs = 0
    systemClock.after(60 * day, () => runs++)
    const piece = 2 ** 31 - 1
    for (const ms of [piece, piece, 60 * day - 2 * piece - 1]) t.mock.timers.tick(ms)
    assert.equal(runs, 0)
    t.mock.timers.tick(1)
    assert.equal(runs, 1)
  })

  test('asks for no delay above 2^31 - 1 ms', (t) => {
    const delays: unknown[] = []
    t.mock.method(globalThis, 'setTimeout', (run: () => void, delay: unknown) => {
      delays.push(delay)
      run()
    })
    systemClock.after(2 ** 32, () => {})
    assert.deepEqual(delays, [2 ** 31 - 1, 2 ** 31 - 1, 2])
  })

  test('a cancelled timer does not run, in whichever piece it is cancelled', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    for (const passed of [0, 2 ** 31]) {
      const timer = systemClock.after(60 * day, () => assert.fail('ran'))
      t.mock.timers.tick(passed)
      timer.cancel()
      timer.cancel()
      t.mock.timers.tick(120 * day)
    }
  })

  test('a delay in the past runs at once', (t) => {
    t.mock.timers.enable({ apis: ['setTimeout'] })
    let runs = 0
    systemClock.after(-5, () => runs++)
    t.mock.timers.tick(1)
    assert.equal(runs, 1)
  })
})
