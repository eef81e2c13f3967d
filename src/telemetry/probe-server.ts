import { classify } from '#base'
import { type HttpAnswer, type HttpServer, startHttpServer } from '#publish'

/** What the server tells. Each may be asked at any time. */
export interface Probes {
  /** Prometheus' text format. */
  readonly metrics: () => Promise<string>
  /** Undefined: alive. Else why not. */
  readonly live: () => string | undefined
  /** Undefined: ready. Else why not. */
  readonly ready: () => string | undefined
}

export type ProbeServer = HttpServer

/**
 * Serves /metrics, /livez and /readyz, and nothing else. Requests are GET without a body; anything slow is cut off.
 * @param listen `host:port`; port 0 takes a free one
 * @throws Error when the address cannot be had
 */
export const startProbeServer = (listen: string, probes: Probes): Promise<ProbeServer> =>
  startHttpServer(listen, ({ method, url }) => answer(method, url, probes))

const metricsHeaders = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }

async function answer(method: string | undefined, url: string | undefined, probes: Probes): Promise<HttpAnswer> {
  if (method !== 'GET') return { status: 405, body: 'only GET\n', headers: { allow: 'GET' } }
  try {
    return await page(url?.split('?', 1)[0], probes)
  } catch (error) {
    return { status: 500, body: `${classify(error).message}\n` }
  }
}

async function page(path: string | undefined, probes: Probes): Promise<HttpAnswer> {
  switch (path) {
    case '/metrics':
      return { status: 200, body: await probes.metrics(), headers: metricsHeaders }
    case '/livez':
      return state(probes.live())
    case '/readyz':
      return state(probes.ready())
    default:
      return { status: 404, body: 'there are /metrics, /livez and /readyz\n' }
  }
}

const state = (problem: string | undefined): HttpAnswer =>
  problem === undefined ? { status: 200, body: 'ok\n' } : { status: 503, body: `${problem}\n` }
