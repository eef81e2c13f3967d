/** The machinery that all controllers share: queue, worker loop, executor, ownership of keys, status writer. */
export { apiBackoff, type Backoff, backoffMs, outsideBackoff } from './backoff.ts'
export { Controller, type ControllerOptions, type ReconcileResult, type Settled } from './controller.ts'
export { Executor, type ExecutorLimits } from './executor.ts'
export { KeyQueue } from './key-queue.ts'
export { mergePatch } from './merge-patch.ts'
export { OwnWrites } from './own-writes.ts'
export type { Ownership } from './ownership.ts'
export { writeStatus } from './status-writer.ts'
