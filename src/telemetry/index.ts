/** What the operator tells about itself: log, metrics, probes. */
export type { ObjectGauge, Sample } from './gauge-text.ts'
export { createLogger } from './logger.ts'
export { type LoopLag, measureLoopLag } from './loop-lag.ts'
export { createMetrics, type Metrics } from './metrics.ts'
export { type ProbeServer, type Probes, startProbeServer } from './probe-server.ts'
