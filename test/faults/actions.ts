import { setTimeout as sleep } from 'node:timers/promises'
import type { Exchange } from './exchange.ts'
import type { RecordedRequest } from './request.ts'
import { failureAnswer, type StatusOptions } from './status.ts'
import type { TruncateOptions, WatchStream } from './watch-stream.ts'

/** What happens to a request that a rule picks. */
export interface Action {
  /** Goes into the record as the request's `fault`. */
  readonly name: string
  /** Without it the request passes, and the action is for watches only. */
  readonly handle?: (exchange: Exchange) => Promise<void> | void
  /** Acts on an open watch. */
  readonly watch?: (watch: WatchStream) => void
}

/** Where in a write's life something happens: not yet sent, committed but not yet answered, answered. */
export type Point = 'before' | 'afterCommit' | 'afterReply'

/** Waits before it forwards. */
export const delay = (ms: number): Action => ({
  name: 'delay',
  async handle(exchange) {
    await sleep(ms)
    await exchange.pass()
  },
})

/** Closes the connection; the API server never sees the request. */
export const drop = (): Action => ({ name: 'drop', handle: (exchange) => exchange.hangUp() })

/** Answers with a Status of this code; the API server never sees the request. */
export const respond = (code: number, options: StatusOptions = {}): Action => ({
  name: `respond ${code}`,
  handle: (exchange) => exchange.reply(failureAnswer(code, exchange.request.verb, options)),
})

/** The API server answers, then the connection closes: the operator cannot know what has happened. */
export const commitAndLose = (): Action => ({
  name: 'commitAndLose',
  async handle(exchange) {
    await exchange.forward()
    exchange.hangUp()
  },
})

/** Closes the connection, and sends the request to the API server `ms` later: the operator has long given it up. */
export const late = (ms: number): Action => ({
  name: 'late',
  async handle(exchange) {
    exchange.hangUp()
    await sleep(ms)
    await exchange.forward()
  },
})

/** Sends the same request twice, one after the other; the operator gets the second answer. */
export const duplicate = (): Action => ({
  name: 'duplicate',
  async handle(exchange) {
    await exchange.forward()
    await exchange.pass()
  },
})

/** Calls `run` at this point of the request's life, waits for it, and goes on. To kill the operator, use `crash`. */
export const hook = (point: Point, run: (request: RecordedRequest) => Promise<void> | void): Action => ({
  name: `hook ${point}`,
  async handle(exchange) {
    if (point === 'before') await run(exchange.request)
    if (point !== 'afterCommit') await exchange.pass()
    else {
      const answer = await exchange.forward()
      await run(exchange.request)
      await exchange.reply(answer)
    }
    if (point === 'afterReply') await run(exchange.request)
  },
})

/**
 * The operator dies at this point: `kill` ends its process and returns when it has ended. From then on nothing that the
 * dead process had sent goes on to the API server; `afterReply` holds its further requests back until it is dead.
 */
export const crash = (point: Point, kill: () => Promise<void>): Action => ({
  name: `crash ${point}`,
  handle: (exchange) =>
    exchange.connections.alone(async () => {
      if (point === 'afterCommit') await exchange.forward()
      if (point === 'afterReply') await exchange.pass()
      await kill()
      exchange.connections.breakAll()
    }),
})

/**
 * Serves the oldest answer to the same list or get since `reset()`, as an API server with a lagging cache may where
 * resourceVersion is 0 or old enough. Where it may not, the request passes and counts as one without a fault.
 */
export const stale = (): Action => ({
  name: 'stale',
  async handle(exchange) {
    const answer = exchange.earlier()
    if (answer) return exchange.reply(answer)
    exchange.request.fault = undefined
    await exchange.pass()
  },
})

/** Watches stay open but pass nothing on until `thaw()`; then what was held comes, in order. */
export function freeze(): Action & { thaw(): void } {
  const frozen = new Set<WatchStream>()
  let thawed = false
  return {
    name: 'freeze',
    watch(watch) {
      if (thawed) return
      watch.freeze()
      frozen.add(watch)
    },
    thaw() {
      thawed = true
      for (const watch of frozen) watch.thaw()
    },
  }
}

/** Cuts the next frame of a watch in the middle and closes. */
export const truncate = (options: TruncateOptions = {}): Action => ({
  name: 'truncate',
  watch: (watch) => watch.truncate(options),
})

/** A watch gets the event 410 Expired and ends: its client has to list again. */
export const errorEvent410 = (): Action => ({ name: 'errorEvent410', watch: (watch) => watch.expire() })
