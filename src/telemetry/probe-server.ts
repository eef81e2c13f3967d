import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { classify } from '#base'
import { type HttpAnswer, type HttpServer, startHttpServer } from '#publish'
import { type Check, health } from './health.ts'

/** What the server tells. Each may be asked at any time. */
export interface Probes {
  /** Prometheus' text format 0.0.4, as UTF-8. */
  readonly metrics: () => Promise<Uint8Array>
  /** What must hold, or the process is to be killed. */
  readonly live: readonly Check[]
  /** What must hold, or the process is of no use for now. */
  readonly ready: readonly Check[]
}

/** A page that is asked for. */
interface Asked {
  readonly path: string
  readonly query: URLSearchParams
  readonly acceptEncoding: string
}

/** The metrics as they are sent. */
interface Scrape {
  plain(): Promise<Uint8Array>
  zipped(): Promise<Uint8Array>
}

/**
 * Serves /metrics, /livez and /readyz, and nothing else. Requests are GET or HEAD without a body; anything slow is cut
 * off. All who ask for the metrics while they are being written get the same text.
 * @param listen `host:port`; port 0 takes a free one
 * @throws Error when the address cannot be had
 */
export function startProbeServer(listen: string, probes: Probes): Promise<HttpServer> {
  const plain = shared(probes.metrics)
  const scrape: Scrape = { plain, zipped: shared(async () => zip(await plain(), { level: 1 })) }
  return startHttpServer(listen, async ({ method, url = '/', headers }) => {
    if (method !== 'GET' && method !== 'HEAD') {
      return { status: 405, body: 'only GET and HEAD\n', headers: { allow: 'GET, HEAD' } }
    }
    const [path = '', query] = url.split('?', 2)
    const acceptEncoding = String(headers['accept-encoding'] ?? '')
    try {
      return await page({ path, query: new URLSearchParams(query), acceptEncoding }, probes, scrape)
    } catch (error) {
      return { status: 500, body: `${classify(error).message}\n` }
    }
  })
}

const zip = promisify<Uint8Array, { level: number }, Uint8Array>(gzip)

/** Work that all share who ask for it while it is done. */
function shared<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let underway: Promise<Result> | undefined
  return () => {
    underway ??= work().finally(() => {
      underway = undefined
    })
    return underway
  }
}

async function page({ path, query, acceptEncoding }: Asked, probes: Probes, scrape: Scrape): Promise<HttpAnswer> {
  switch (path) {
    case '/metrics':
      return metrics(scrape, acceptEncoding)
    case '/livez':
      return health('livez', probes.live, query.has('verbose'))
    case '/readyz':
      return health('readyz', probes.ready, query.has('verbose'))
    default:
      return { status: 404, body: 'there are /metrics, /livez and /readyz\n' }
  }
}

async function metrics(scrape: Scrape, acceptEncoding: string): Promise<HttpAnswer> {
  const headers = { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', vary: 'accept-encoding' }
  return takesGzip(acceptEncoding)
    ? { status: 200, body: await scrape.zipped(), headers: { ...headers, 'content-encoding': 'gzip' } }
    : { status: 200, body: await scrape.plain(), headers }
}

/** Whether gzip is named with a weight above 0 (RFC 9110 section 12.5.3). */
const takesGzip = (acceptEncoding: string): boolean =>
  acceptEncoding.split(',').some((coding) => /^\s*gzip\s*(;\s*q=(1(\.0*)?|0\.\d*[1-9]\d*)\s*)?$/i.test(coding))
