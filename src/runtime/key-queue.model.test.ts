import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { FakeClock } from '#test/make'
import { KeyQueue } from './key-queue.ts'

/** The queue as simple as it can be said: what waits in its order, what is worked on, and what comes later. */
class Model {
  waiting: string[] = []
  readonly working = new Set<string>()
  readonly later = new Map<string, number>()

  add(key: string): void {
    if (!this.waiting.includes(key)) this.waiting.push(key)
  }

  /** The first key that is not worked on. */
  take(): string | undefined {
    const key = this.waiting.find((each) => !this.working.has(each))
    if (key !== undefined) {
      this.waiting = this.waiting.filter((each) => each !== key)
      this.working.add(key)
    }
    return key
  }

  /** A key that came back in the meantime queues up now. */
  done(key: string): void {
    this.working.delete(key)
    if (!this.waiting.includes(key)) return
    this.waiting = [...this.waiting.filter((each) => each !== key), key]
  }

  addAfter(key: string, atMs: number): void {
    this.later.set(key, Math.min(atMs, this.later.get(key) ?? atMs))
  }

  reach(nowMs: number): void {
    const due = [...this.later].filter(([, atMs]) => atMs <= nowMs).sort(([, a], [, b]) => a - b)
    for (const [key] of due) {
      this.later.delete(key)
      this.add(key)
    }
  }
}

interface Both {
  readonly clock: FakeClock
  readonly queue: KeyQueue
  readonly model: Model
  /** Moves on with each use, so that no two keys are due at the same time: their order would be nobody's business. */
  tick: number
}

type Act = (both: Both, key: string, ms: number) => void | Promise<void>

const acts = {
  add({ queue, model }, key) {
    queue.add(key)
    model.add(key)
  },
  addAfter(both, key, ms) {
    both.tick += 1 / 1024
    both.queue.addAfter(key, ms + both.tick)
    both.model.addAfter(key, both.clock.monotonicMs() + ms + both.tick)
  },
  cancelDelayed({ queue, model }, key) {
    queue.cancelDelayed(key)
    model.later.delete(key)
  },
  async take({ queue, model }) {
    const expected = model.take()
    // Takers that have to wait are tested by themselves.
    if (expected === undefined) return
    assert.equal(await Promise.race([queue.take(), Promise.resolve('nothing')]), expected)
  },
  done({ queue, model }, key) {
    if (!model.working.has(key)) return
    queue.done(key)
    model.done(key)
  },
  wait({ clock, model }, _key, ms) {
    clock.advance(ms)
    model.reach(clock.monotonicMs())
  },
  clear({ queue, model }) {
    queue.clear()
    model.waiting = []
    model.later.clear()
  },
} satisfies Record<string, Act>

const often: (keyof typeof acts)[] = ['add', 'add', 'addAfter', 'take', 'take', 'done', 'done', 'wait']
const step = fc.tuple(
  fc.constantFrom(...often, 'cancelDelayed' as const, 'clear' as const),
  fc.constantFrom('a', 'b', 'c', 'd', 'e'),
  fc.integer({ min: 1, max: 20 }),
)

test('the queue does what its model does', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 100, size: 'max' }), async (steps) => {
      const clock = new FakeClock()
      const both: Both = { clock, queue: new KeyQueue(clock), model: new Model(), tick: 0 }
      const { queue, model } = both
      for (const [act, key, ms] of steps) {
        await acts[act](both, key, ms)
        assert.deepEqual(
          [queue.depth, queue.working, queue.delayed],
          [model.waiting.length, model.working.size, model.later.size],
        )
      }
    }),
    { numRuns: 300 },
  )
})
