import { mkdtemp, rm } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Action } from './actions.ts'
import { type Connections, Exchange } from './exchange.ts'
import { Journal } from './journal.ts'
import { readKubeconfig, writeKubeconfig } from './kubeconfig.ts'
import { Listener } from './listener.ts'
import { loopbackCertificate } from './loopback-certificate.ts'
import { ReadMemory } from './read-memory.ts'
import { parseJson, type RecordedRequest, recordRequest } from './request.ts'
import { matches, type Rule, Rules, type When } from './rules.ts'
import { type Message, Upstream, UpstreamError } from './upstream.ts'
import type { WatchStream } from './watch-stream.ts'

/** Stands between operators and the API server. */
export interface FaultProxy {
  /** Path of the kubeconfig for the operator named `who`. */
  readonly kubeconfig: string
  /** Everything since the last reset, in order of arrival. The array is live. */
  readonly requests: readonly RecordedRequest[]
  /** Opens a door for one more operator, under the same rules and in the same record; returns its kubeconfig's path. */
  listen(who: string): Promise<string>
  /** The recorded writes in order, those that a fault kept from the API server included (`forwarded` is 0). */
  writes(options?: { exclude?: readonly string[] }): RecordedRequest[]
  /** Forgets what is recorded; rules and open watches stay. */
  reset(): void
  /** Puts a rule in force. An action on watches acts at once on those open now, as if they came now. */
  add<R extends Rule>(rule: R): R
  remove(rule: Rule): void
  /** Removes every rule. */
  clear(): void
  /** The watches that are open, the oldest first. */
  openWatches(when?: When): WatchStream[]
  /** Ends the watches that are open as the API server does; new ones are let through. */
  closeWatches(when?: When): void
  /**
   * Returns when the predicate holds for what is recorded.
   * @throws Error when it does not within `timeoutMs`, 10 s unless told
   */
  waitFor(predicate: (requests: readonly RecordedRequest[]) => boolean, timeoutMs?: number): Promise<void>
  /**
   * Breaks every connection and stops listening.
   * @throws AggregateError when an action of a rule has thrown
   */
  close(): Promise<void>
}

/** What the operator presents where the proxy shows a client certificate of its own to the API server. */
const placeholderToken = 'replaced-by-the-proxy'

/**
 * Opens a proxy to the API server of a kubeconfig. A bearer token in it is handed to the operator and passed through;
 * with a client certificate the proxy itself speaks for the operator.
 */
export async function startFaultProxy(options: { kubeconfig: string; who?: string }): Promise<FaultProxy> {
  const access = readKubeconfig(options.kubeconfig)
  const folder = await mkdtemp(join(tmpdir(), 'sifaka-faults-'))
  const certificate = await loopbackCertificate()
  const traffic = new Traffic(new Upstream(access))
  const { journal } = traffic
  const listeners: Listener[] = []

  const listen = async (who: string): Promise<string> => {
    const path = join(folder, `kubeconfig-${listeners.length}`)
    const listener = await Listener.open(certificate, (...parts) => traffic.serve(who, ...parts))
    listeners.push(listener)
    writeKubeconfig(path, { server: listener.url, ca: certificate.ca, token: access.token ?? placeholderToken })
    return path
  }

  return {
    kubeconfig: await listen(options.who ?? 'operator'),
    requests: journal.requests,
    listen,
    writes: (which) => journal.writes(which),
    reset: () => traffic.reset(),
    add: (rule) => traffic.add(rule),
    remove: (rule) => traffic.rules.remove(rule),
    clear: () => traffic.rules.clear(),
    openWatches: (when) => traffic.openWatches(when),
    closeWatches(when) {
      for (const watch of traffic.openWatches(when)) watch.close()
    },
    waitFor: (predicate, timeoutMs = 10_000) => journal.waitFor(predicate, timeoutMs),
    async close() {
      await Promise.all(listeners.map((listener) => listener.close()))
      await traffic.close()
      await rm(folder, { recursive: true, force: true })
      if (traffic.failures.length > 0) throw new AggregateError(traffic.failures, 'an action of a rule has failed')
    },
  }
}

/** What passes through all doors of one proxy. */
class Traffic {
  readonly rules = new Rules()
  readonly journal = new Journal()
  readonly failures: unknown[] = []
  readonly #memory = new ReadMemory()
  readonly #watches = new Set<WatchStream>()
  readonly #upstream: Upstream

  constructor(upstream: Upstream) {
    this.#upstream = upstream
  }

  async serve(who: string, message: Message, client: ServerResponse, connections: Connections): Promise<void> {
    const body = parseJson(message.body.toString())
    const request = recordRequest(who, message.method, message.url, message.body, body)
    const action = this.rules.take(request, body)
    request.fault = action?.name
    this.journal.add(request)
    const exchange = new Exchange({
      request,
      message,
      client,
      connections,
      upstream: this.#upstream,
      memory: this.#memory,
      changed: () => this.journal.changed(),
      opened: (watch) => this.#track(watch, client, action),
    })
    try {
      await (action?.handle ? action.handle(exchange) : exchange.pass())
    } catch (error) {
      if (!(error instanceof UpstreamError)) this.failures.push(error)
      exchange.hangUp()
    }
  }

  add<R extends Rule>(rule: R): R {
    this.rules.add(rule)
    for (const watch of rule.do.watch ? this.#watches : []) {
      const action = this.rules.takeFor(rule, watch.request)
      if (!action) continue
      watch.request.fault = action.name
      action.watch?.(watch)
    }
    return rule
  }

  openWatches(when: When = {}): WatchStream[] {
    return [...this.#watches].filter((watch) => matches(when, watch.request))
  }

  reset(): void {
    this.journal.reset()
    this.#memory.clear()
  }

  async close(): Promise<void> {
    await this.#upstream.close()
  }

  #track(watch: WatchStream, client: ServerResponse, action: Action | undefined): void {
    this.#watches.add(watch)
    client.on('close', () => this.#watches.delete(watch))
    action?.watch?.(watch)
  }
}
