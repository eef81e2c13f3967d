import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { classify } from '#base'

/** What the server tells. Each may be asked at any time. */
export interface Probes {
  /** Prometheus' text format. */
  readonly metrics: () => Promise<string>
  /** Undefined: alive. Else why not. */
  readonly live: () => string | undefined
  /** Undefined: ready. Else why not. */
  readonly ready: () => string | undefined
}

export interface ProbeServer {
  /** Where it listens: `host:port`. */
  readonly address: string
  close(): Promise<void>
}

/**
 * Serves /metrics, /livez and /readyz, and nothing else. Requests are GET without a body; anything slow is cut off.
 * @param listen `host:port`; port 0 takes a free one
 * @throws Error when the address cannot be had
 */
export async function startProbeServer(listen: string, probes: Probes): Promise<ProbeServer> {
  const colon = listen.lastIndexOf(':')
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, '')
  // Those who say nothing are cut off every second, so that they do not take the places of probes.
  const limits = { requestTimeout: 5_000, headersTimeout: 2_000, connectionsCheckingInterval: 1_000 }
  const server = createServer({ ...limits, maxHeaderSize: 8192 })
  server.maxConnections = 512
  server.on('request', async (request, response) => {
    const { status, body, headers } = await answer(request.method, request.url, probes)
    response.writeHead(status, { ...commonHeaders, ...headers }).end(body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(Number(listen.slice(colon + 1)), host || undefined, resolve)
  })
  return { address: addressOf(server), close: () => close(server) }
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly headers?: Readonly<Record<string, string>>
}

const commonHeaders = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }
const metricsHeaders = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' }

async function answer(method: string | undefined, url: string | undefined, probes: Probes): Promise<Answer> {
  if (method !== 'GET') return { status: 405, body: 'only GET\n', headers: { allow: 'GET' } }
  try {
    return await page(url?.split('?', 1)[0], probes)
  } catch (error) {
    return { status: 500, body: `${classify(error).message}\n` }
  }
}

async function page(path: string | undefined, probes: Probes): Promise<Answer> {
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

const state = (problem: string | undefined): Answer =>
  problem === undefined ? { status: 200, body: 'ok\n' } : { status: 503, body: `${problem}\n` }

function addressOf(server: Server): string {
  const { address, port, family } = server.address() as AddressInfo
  return family === 'IPv6' ? `[${address}]:${port}` : `${address}:${port}`
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
