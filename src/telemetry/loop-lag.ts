import { type Clock, second, type Timer } from '#base'

/** How late the event loop is. */
export interface LoopLag {
  /** Longest delay within the last 15 seconds, in milliseconds. Any number may ask, as often as they like. */
  recentMaxMs(): number
  stop(): void
}

const beatMs = second / 10
const windowMs = 15 * second

/**
 * Measures by a timer that is due ten times a second: how much too late it comes is how long all else was kept waiting.
 * @param onBeat told of every delay, in milliseconds
 */
export function measureLoopLag(clock: Clock, onBeat: (lagMs: number) => void): LoopLag {
  // Delays that no later one exceeds, so the first is the longest.
  let longest: { readonly atMs: number; readonly lagMs: number }[] = []
  let timer: Timer
  const arm = (): void => {
    const dueMs = clock.monotonicMs() + beatMs
    timer = clock.after(beatMs, () => {
      const atMs = clock.monotonicMs()
      const lagMs = Math.max(0, atMs - dueMs)
      longest = [...longest.filter((each) => each.lagMs > lagMs && atMs - each.atMs < windowMs), { atMs, lagMs }]
      onBeat(lagMs)
      arm()
    })
  }
  arm()
  return {
    recentMaxMs: () => longest.find(({ atMs }) => clock.monotonicMs() - atMs < windowMs)?.lagMs ?? 0,
    stop: () => timer.cancel(),
  }
}
