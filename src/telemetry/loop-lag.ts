import { monitorEventLoopDelay } from 'node:perf_hooks'

/** How late the event loop has been. */
export interface LoopLag {
  /** Longest delay since the last call, in milliseconds. */
  takeMaxMs(): number
  stop(): void
}

export function measureLoopLag(): LoopLag {
  const histogram = monitorEventLoopDelay({ resolution: 20 })
  histogram.enable()
  return {
    takeMaxMs() {
      const maxMs = histogram.max / 1e6
      histogram.reset()
      return maxMs
    },
    stop: () => histogram.disable(),
  }
}
