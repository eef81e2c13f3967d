/** A proxy between an operator and the API server that breaks what a test tells it to and records every request. */
export {
  type Action,
  commitAndLose,
  crash,
  delay,
  drop,
  duplicate,
  errorEvent410,
  freeze,
  hook,
  late,
  type Point,
  respond,
  stale,
  truncate,
} from './actions.ts'
export { keyMatchesLeaf } from './key-matches-leaf.ts'
export { type FaultProxy, startFaultProxy } from './proxy.ts'
export { type Recorder, recordVersions, type Version } from './recorder.ts'
export { isWrite, type RecordedRequest, type Verb } from './request.ts'
export { type Rule, refuseWatchList, type When } from './rules.ts'
export type { WatchStream } from './watch-stream.ts'
