import type { KubeObject } from '#api'
import {
  type Clock,
  classify,
  type Failure,
  keyOf,
  type Logger,
  type ObjectKey,
  second,
  sleep,
  type Timer,
  terminal,
  toMicroTime,
} from '#base'
import { isAlreadyExists, isConflict, isNotFound } from './api-error.ts'
import type { KubeClient, RequestOptions } from './client.ts'
import { resources } from './resource.ts'

export interface LeaseOptions {
  readonly client: KubeClient
  readonly key: ObjectKey
  /** Who holds it; the same after a restart of the container, so that it resumes at once: the Pod's UID. */
  readonly holder: string
  readonly clock: Clock
  readonly logger: Logger
  /** How long a renewal counts; 15 s by default. */
  readonly durationMs?: number | undefined
  /** Time from one renewal to the next; 5 s by default. */
  readonly renewMs?: number | undefined
  /** Time between tries to take it, or after a failed renewal; 2 s by default. */
  readonly retryMs?: number | undefined
  /** At least 0, less than 1; spreads the tries of several candidates. */
  readonly random?: (() => number) | undefined
}

/** coordination.k8s.io/v1 Lease. Times are MicroTime. */
interface LeaseRecord extends KubeObject {
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

/** Only a namespace that does not exist keeps what is created from being found. */
function withoutNamespace({ namespace }: ObjectKey, cause: unknown): Failure {
  const advice = `kubectl create namespace ${namespace}, or helm install with --create-namespace`
  const message = `the system namespace ${namespace} does not exist: create it (${advice}), or name another with`
  return terminal('NamespaceMissing', `${message} --system-namespace`, cause)
}

/** A record as it was last seen, and since when it has been like that, on the monotonic clock. */
interface Sighting {
  readonly record: LeaseRecord
  readonly sinceMs: number
}

/**
 * One holder at a time, by a Kubernetes Lease. Everything is counted on the monotonic clock from what this process has
 * seen itself: clocks of machines differ. The holder counts from the start of its last successful renewal, the others
 * from when they saw that renewal, so its time always ends first.
 */
export class Lease {
  readonly #options: LeaseOptions
  readonly #durationMs: number
  readonly #renewMs: number
  readonly #retryMs: number
  readonly #random: () => number
  readonly #listeners: ((held: boolean) => void)[] = []
  readonly #stopping = new AbortController()
  #running: Promise<void> | undefined
  #sighting: Sighting | undefined
  /** Our own record is known to be the newest, so that a renewal needs no read. */
  #isCurrent = false
  #heldUntilMs = Number.NEGATIVE_INFINITY
  #announced = false
  #expiry: Timer | undefined

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#durationMs = options.durationMs ?? 15 * second
    this.#renewMs = options.renewMs ?? 5 * second
    this.#retryMs = options.retryMs ?? 2 * second
    this.#random = options.random ?? Math.random
  }

  start(): void {
    this.#running ??= this.#run()
  }

  /** True only while the time of the last renewal lasts, even if no timer has run since. */
  isHeld(): boolean {
    return this.remainingMs() > 0
  }

  /** Milliseconds that are left of the last renewal; 0 when the Lease is not held. */
  remainingMs(): number {
    return Math.max(0, this.#heldUntilMs - this.#options.clock.monotonicMs())
  }

  /** Calls `listener` when the Lease is taken and when it is lost. */
  onChange(listener: (held: boolean) => void): void {
    this.#listeners.push(listener)
  }

  /** Releases the Lease, if it is held, so that another can take it at once. What needs it must have ended before. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    await this.#running
    const wasHeld = this.isHeld()
    this.#hold(Number.NEGATIVE_INFINITY)
    if (wasHeld) await this.#release()
  }

  async #run(): Promise<void> {
    const { clock } = this.#options
    const { signal } = this.#stopping
    while (!signal.aborted) {
      const startedAt = clock.monotonicMs()
      const renewed = await this.#attempt(startedAt)
      const pauseMs = renewed ? this.#renewMs : this.#retryMs * (1 + this.#random() / 4)
      await sleep(clock, Math.max(0, startedAt + pauseMs - clock.monotonicMs()), signal)
    }
  }

  /** Takes or renews the Lease; whether it is held afterwards. */
  async #attempt(startedAt: number): Promise<boolean> {
    try {
      const record = this.#isCurrent ? this.#sighting?.record : await this.#look()
      if (record && !this.#isFree(record)) {
        this.#hold(Number.NEGATIVE_INFINITY)
        return false
      }
      this.#isCurrent = false
      const written = await this.#write(this.#claim(record))
      this.#see(written)
      this.#isCurrent = true
      this.#hold(startedAt + this.#durationMs)
      return true
    } catch (error) {
      this.#isCurrent = false
      if (isConflict(error) || isAlreadyExists(error)) return false
      const { logger, key } = this.#options
      const { kind, message } = classify(error)
      const level = kind === 'Terminal' ? 'error' : 'warn'
      logger[level]({ lease: keyOf(key), error: message }, 'cannot renew or take the Lease, trying again')
      return false
    }
  }

  /** The record as it is now. A missing one is free, unless another's time was still running when it vanished. */
  async #look(): Promise<LeaseRecord | undefined> {
    const { client, key } = this.#options
    try {
      return this.#see(await client.get<LeaseRecord>(resources.leases, key, this.#request()))
    } catch (error) {
      if (!isNotFound(error)) throw error
      const last = this.#sighting?.record
      return last && !this.#isFree(last) ? last : undefined
    }
  }

  #see(record: LeaseRecord): LeaseRecord {
    const isKnown = this.#sighting?.record.metadata.resourceVersion === record.metadata.resourceVersion
    if (!isKnown) this.#sighting = { record, sinceMs: this.#options.clock.monotonicMs() }
    return record
  }

  /** Whether we may write our name: nobody's, ours already, or of a holder who let its time pass while we watched. */
  #isFree({ spec }: LeaseRecord): boolean {
    if (!spec?.holderIdentity || spec.holderIdentity === this.#options.holder) return true
    const theirsMs = (spec.leaseDurationSeconds ?? 0) * second || this.#durationMs
    return this.#options.clock.monotonicMs() - (this.#sighting?.sinceMs ?? Number.POSITIVE_INFINITY) >= theirsMs
  }

  /** The record with our name and the time of now. */
  #claim(record: LeaseRecord | undefined): LeaseRecord {
    const { key, holder, clock } = this.#options
    const now = toMicroTime(clock.now())
    const before = record?.spec ?? {}
    const isOurs = before.holderIdentity === holder
    const fresh: LeaseRecord = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { ...key } }
    return {
      ...(record ?? fresh),
      spec: {
        ...before,
        holderIdentity: holder,
        leaseDurationSeconds: Math.ceil(this.#durationMs / second),
        acquireTime: isOurs ? (before.acquireTime ?? now) : now,
        renewTime: now,
        leaseTransitions: (before.leaseTransitions ?? 0) + (record && !isOurs ? 1 : 0),
      },
    }
  }

  /** A record that was read carries its version, which must still be the newest. */
  async #write(record: LeaseRecord): Promise<LeaseRecord> {
    const { client } = this.#options
    if (record.metadata.resourceVersion) return client.replace(resources.leases, record, this.#request())
    try {
      return await client.create(resources.leases, record, this.#request())
    } catch (error) {
      throw isNotFound(error) ? withoutNamespace(this.#options.key, error) : error
    }
  }

  /** The next holder need not wait: it takes a Lease without a holder at once. */
  async #release(): Promise<void> {
    const { clock, logger, key, holder } = this.#options
    try {
      const record = this.#isCurrent ? this.#sighting?.record : await this.#look()
      if (record?.spec?.holderIdentity !== holder) return
      const spec = { ...record.spec, holderIdentity: '', leaseDurationSeconds: 1, renewTime: toMicroTime(clock.now()) }
      await this.#write({ ...record, spec })
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      logger.warn({ lease: keyOf(key), error: message }, 'cannot release the Lease; it runs out by itself')
    }
  }

  /** One try fits between two renewals, on connections of its own. */
  #request(): RequestOptions {
    return { priority: 'lease', timeoutMs: this.#renewMs }
  }

  #hold(untilMs: number): void {
    this.#expiry?.cancel()
    this.#heldUntilMs = untilMs
    const leftMs = this.remainingMs()
    if (leftMs > 0) {
      this.#expiry = this.#options.clock.after(leftMs, () => this.#hold(Number.NEGATIVE_INFINITY))
    }
    this.#announce(leftMs > 0)
  }

  #announce(held: boolean): void {
    if (held === this.#announced) return
    this.#announced = held
    const { logger, key, holder } = this.#options
    logger.info({ lease: keyOf(key), holder }, held ? 'holds the Lease' : 'no longer holds the Lease')
    for (const listener of this.#listeners) {
      try {
        listener(held)
      } catch (error) {
        logger.error({ lease: keyOf(key), error }, 'a listener of the Lease failed')
      }
    }
  }
}
