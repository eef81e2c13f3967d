/** The machinery that all controllers share: queue, worker loop, executor, ownership of keys, status writer. */
export { Controller, type ControllerOptions, type ReconcileResult, type Settled } from './controller.ts'
export { type ErrandState, Errands, type ErrandsOptions } from './errands.ts'
export { Executor, type ExecutorLimits, isBusy } from './executor.ts'
export { OwnWrites } from './own-writes.ts'
export type { Ownership } from './ownership.ts'
export { writeStatus } from './status-writer.ts'
