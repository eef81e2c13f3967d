/** What the operator tells about itself: log, metrics, probes. */
export type { Family, Sample } from './family-text.ts'
export type { Check } from './health.ts'
export { createLogger } from './logger.ts'
export { type LoopLag, measureLoopLag } from './loop-lag.ts'
export { createMetrics, type Metrics } from './metrics.ts'
export { startProbeServer } from './probe-server.ts'
