import { createHash } from 'node:crypto'
import type { KubeObject } from '#api'
import {
  type Backoff,
  backoffMs,
  type Clock,
  type Instant,
  type Logger,
  minute,
  plainText,
  second,
  sleep,
  type Timer,
  toMicroTime,
} from '#base'
import { ApiError, isAlreadyExists } from './api-error.ts'
import { BoundedMap } from './bounded-map.ts'
import type { KubeClient } from './client.ts'
import { resources } from './resource.ts'
import { TokenBuckets } from './token-buckets.ts'

/** What happened to an object, for `kubectl describe`. */
export interface ObjectEvent {
  readonly regarding: KubeObject
  readonly related?: KubeObject | undefined
  readonly type: 'Normal' | 'Warning'
  /** Why, PascalCase. */
  readonly reason: string
  /** What was done, PascalCase. */
  readonly action: string
  /** For people; cut to 1,024 bytes. */
  readonly note: string
}

export interface EventRecorderOptions {
  readonly client: KubeClient
  /** `reportingController`, for example `sifaka.dev/operator`. */
  readonly controller: string
  /** `reportingInstance`: the Pod's name. */
  readonly instance: string
  readonly clock: Clock
  readonly logger: Logger
  /** At least 0, less than 1. */
  readonly random?: (() => number) | undefined
}

export interface EventRecorder {
  /** Never blocks and never throws. */
  record(event: ObjectEvent): void
  /** Resolves when everything recorded so far is sent or given up. */
  flush(): Promise<void>
  /** Flushes and stops; later records are dropped. */
  close(): Promise<void>
  /** How many events were never sent. */
  readonly dropped: number
}

/** An equal event within this time counts the first one up instead of being a new one. */
const seriesGapMs = 6 * minute
/** A series is written at most this often. */
const seriesWriteMs = 30 * second
const queueMax = 1000
const seriesMax = 4096
const inFlightMax = 8
const attemptsMax = 4
const backoff: Backoff = { firstMs: second, maxMs: minute }
const requestTimeoutMs = 10 * second
/** Per object: client-go's limits of its spam filter. */
const bucketSize = { burst: 25, refillMs: 5 * minute, max: 4096 }
/** Limits of the API (pkg/apis/core/validation/events.go), in bytes. */
const noteBytesMax = 1024
const wordMax = 128
const nameMax = 253

export function createEventRecorder(options: EventRecorderOptions): EventRecorder {
  return new Recorder(options)
}

/** One Event object and how often it has been seen. It outlives many versions of the object and keeps none of them. */
interface Series {
  readonly key: string
  readonly namespace: string
  readonly name: string
  readonly event: Omit<ObjectEvent, 'regarding' | 'related'>
  readonly regarding: Reference
  readonly related: Reference | undefined
  readonly firstAt: Instant
  lastAt: Instant
  /** `lastAt` on the monotonic clock. */
  lastMs: number
  count: number
  /** The count that the API server knows; 0 before the Event is created. */
  written: number
  /** Waiting to be written, or being written. */
  isPending: boolean
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions
  readonly #random: () => number
  readonly #series = new BoundedMap<Series>(seriesMax)
  readonly #buckets = new TokenBuckets(bucketSize)
  readonly #queue: Series[] = []
  readonly #closing = new AbortController()
  #waiting: (() => void)[] = []
  #inFlight = 0
  #sweep: Timer | undefined
  #dropped = 0

  constructor(options: EventRecorderOptions) {
    this.#options = options
    this.#random = options.random ?? Math.random
  }

  get dropped(): number {
    return this.#dropped
  }

  record(event: ObjectEvent): void {
    const { clock } = this.#options
    const nowMs = clock.monotonicMs()
    const key = seriesKey(event)
    const known = this.#series.get(key)
    if (!this.#closing.signal.aborted && known && nowMs - known.lastMs < seriesGapMs) {
      known.count += 1
      known.lastAt = clock.now()
      known.lastMs = nowMs
      this.#sweep ??= clock.after(seriesWriteMs, () => this.#writeSeries())
      return
    }
    const obstacle = this.#obstacleTo(event, nowMs)
    if (obstacle) {
      this.#drop(referenceTo(event.regarding), event.reason, obstacle)
    } else {
      const series = this.#open(key, event, nowMs)
      this.#series.set(key, series)
      this.#enqueue(series)
    }
  }

  async flush(): Promise<void> {
    this.#writeSeries()
    if (this.#inFlight > 0) await new Promise<void>((resolve) => this.#waiting.push(resolve))
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.flush()
  }

  /** Why a new Event is not accepted, or undefined. */
  #obstacleTo(event: ObjectEvent, nowMs: number): string | undefined {
    if (this.#closing.signal.aborted) return 'the recorder is closed'
    if (this.#queue.length >= queueMax) return 'too many events are waiting'
    if (!this.#buckets.take(event.regarding.metadata.uid ?? '', nowMs)) return 'too many events about one object'
    return undefined
  }

  /** A name is used once: a series that comes back after its gap is another Event. */
  #open(key: string, { regarding, related, ...event }: ObjectEvent, nowMs: number): Series {
    const now = this.#options.clock.now()
    const { namespace, name } = regarding.metadata
    const suffix = `.${now.toString(16)}${Math.floor(this.#random() * 2 ** 32).toString(16)}`
    return {
      key,
      namespace: namespace || 'default',
      name: `${name.slice(0, nameMax - suffix.length)}${suffix}`,
      event,
      regarding: referenceTo(regarding),
      related: related && referenceTo(related),
      firstAt: now,
      lastAt: now,
      lastMs: nowMs,
      count: 1,
      written: 0,
      isPending: false,
    }
  }

  /** Queues every series that has grown since it was written. */
  #writeSeries(): void {
    this.#sweep?.cancel()
    this.#sweep = undefined
    for (const series of this.#series.values()) {
      if (series.count > series.written && !series.isPending) this.#enqueue(series)
    }
  }

  #enqueue(series: Series): void {
    series.isPending = true
    this.#queue.push(series)
    this.#pump()
  }

  #pump(): void {
    while (this.#inFlight < inFlightMax) {
      const series = this.#queue.shift()
      if (!series) break
      this.#inFlight += 1
      const done = (): void => {
        this.#inFlight -= 1
        series.isPending = false
        this.#pump()
      }
      this.#send(series).then(done, done)
    }
    if (this.#inFlight > 0) return
    for (const resolve of this.#waiting.splice(0)) resolve()
  }

  async #send(series: Series): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#closing
    for (let attempt = 1; ; attempt++) {
      const { count } = series
      try {
        await this.#write(series)
        series.written = count
        return
      } catch (error) {
        // The name is ours alone: an earlier attempt has arrived, and only its answer was lost.
        if (isAlreadyExists(error)) series.written = 1
        else if (signal.aborted || attempt >= attemptsMax || !isTransient(error)) return this.#giveUp(series, error)
        if (series.written >= count) return
        await sleep(clock, backoffMs(backoff, attempt, this.#random()), signal)
      }
    }
  }

  async #write(series: Series): Promise<void> {
    const { client, controller, instance } = this.#options
    const options = { timeoutMs: requestTimeoutMs, metadataOnly: true }
    if (series.written === 0) {
      await client.create(resources.events, eventObject(series, controller, instance), options)
    } else {
      await client.mergePatch(resources.events, series, { series: seriesOf(series) }, options)
    }
  }

  #giveUp(series: Series, error: unknown): void {
    this.#series.delete(series.key)
    this.#drop(series.regarding, series.event.reason, error instanceof Error ? error.message : String(error))
  }

  #drop({ namespace, name }: Reference, reason: string, why: string): void {
    this.#dropped += 1
    this.#options.logger.debug({ namespace, name, reason, why }, 'an event is not recorded')
  }
}

/** Equal events are one series. A hash is shorter than most notes. */
const seriesKey = ({ regarding, type, reason, note }: ObjectEvent): string =>
  createHash('sha256').update([regarding.metadata.uid, type, reason, note].join('\n')).digest('base64')

/** No answer, or one that says nothing about the event itself. */
const isTransient = (error: unknown): boolean =>
  error instanceof ApiError && (!error.answered || error.status === 429 || error.status >= 500)

const seriesOf = ({ count, lastAt }: Series) => ({ count, lastObservedTime: toMicroTime(lastAt) })

function eventObject(series: Series, controller: string, instance: string): KubeObject {
  const { event, regarding, related, namespace, name, firstAt, count } = series
  const body = {
    apiVersion: 'events.k8s.io/v1',
    kind: 'Event',
    metadata: { namespace, name },
    eventTime: toMicroTime(firstAt),
    reportingController: controller,
    reportingInstance: plainText(instance, wordMax),
    type: event.type,
    reason: plainText(event.reason, wordMax),
    action: plainText(event.action, wordMax),
    note: cutBytes(plainText(event.note, noteBytesMax), noteBytesMax),
    regarding,
    ...(related && { related }),
    ...(count > 1 && { series: seriesOf(series) }),
  }
  return body
}

type Reference = ReturnType<typeof referenceTo>

function referenceTo({ apiVersion, kind, metadata }: KubeObject) {
  const { namespace, name, uid, resourceVersion } = metadata
  return { apiVersion, kind, namespace, name, uid, resourceVersion }
}

/** The start of `text` in at most `max` bytes of UTF-8, without half a character at the end. */
function cutBytes(text: string, max: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, max), { stream: true })
}
