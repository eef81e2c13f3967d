import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** What a server answers. */
export interface HttpAnswer {
  readonly status: number
  readonly body: string | Uint8Array
  /** Content-Type is plain text without one. */
  readonly headers?: Readonly<Record<string, string>> | undefined
}

export interface HttpServer {
  /** Where it listens: `host:port`. */
  readonly address: string
  close(): Promise<void>
}

const commonHeaders = { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' }

/**
 * Serves small things to many: no body is read, and anything slow or large is cut off.
 * @param listen `host:port`; port 0 takes a free one
 * @param answer what it throws becomes a 500 that tells nothing
 * @throws Error when the address cannot be had
 */
export async function startHttpServer(
  listen: string,
  answer: (request: IncomingMessage) => HttpAnswer | Promise<HttpAnswer>,
): Promise<HttpServer> {
  const colon = listen.lastIndexOf(':')
  const host = listen.slice(0, colon).replace(/^\[|\]$/g, '')
  // Those who say nothing are cut off every second, so that they do not take the places of others.
  const limits = { requestTimeout: 5_000, headersTimeout: 2_000, connectionsCheckingInterval: 1_000 }
  const server = createServer({ ...limits, maxHeaderSize: 8192 })
  server.maxConnections = 512
  // Those who do not read what they asked for.
  server.setTimeout(30_000)
  server.on('request', async (request, response) => {
    const { status, body, headers } = await answerOrError(request, answer)
    response.writeHead(status, { ...commonHeaders, ...headers }).end(body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(Number(listen.slice(colon + 1)), host || undefined, resolve)
  })
  return { address: addressOf(server), close: () => close(server) }
}

async function answerOrError(
  request: IncomingMessage,
  answer: (request: IncomingMessage) => HttpAnswer | Promise<HttpAnswer>,
): Promise<HttpAnswer> {
  try {
    return await answer(request)
  } catch {
    return { status: 500, body: 'internal error\n' }
  }
}

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
