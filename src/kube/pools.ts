import { Pool } from 'undici'
import { second } from '#base'
import type { Priority } from './client.ts'
import type { Connection, TlsMaterial } from './connection.ts'

/** Whose connections carry a request. Watches stay open for minutes, so each takes one of its own. */
export type Lane = Priority | 'watch'

const connectTimeoutMs = 10 * second
/** Shorter than the API server's own 90 s, so that it never closes a connection that a request has just taken. */
const keepAliveMs = 60 * second
const connectionsMax: Readonly<Record<Lane, number | null>> = { normal: 16, lease: 1, watch: null }

/** Connections to one API server with one TLS identity, kept for many requests. */
export class Pools {
  readonly tls: TlsMaterial
  readonly #lanes: Readonly<Record<Lane, Pool>>

  constructor(connection: Connection, tls: TlsMaterial) {
    this.tls = tls
    const open = (lane: Lane): Pool => openPool(connection, tls, connectionsMax[lane])
    this.#lanes = { normal: open('normal'), lease: open('lease'), watch: open('watch') }
  }

  lane(name: Lane): Pool {
    return this.#lanes[name]
  }

  /** Resolves when every request and watch under way has ended. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#lanes).map((pool) => pool.close()))
  }

  /** Resolves when every request under way has ended; watches are cut. */
  async shutDown(): Promise<void> {
    const { watch, normal, lease } = this.#lanes
    await Promise.all([watch.destroy(), normal.close(), lease.close()])
  }
}

/** HTTP/1.1: HTTP/2 costs half as much CPU again for each request. Time-outs are kept by the transport's clock. */
function openPool(connection: Connection, tls: TlsMaterial, connections: number | null): Pool {
  return new Pool(connection.server.origin, {
    connections,
    pipelining: 1,
    allowH2: false,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: connectTimeoutMs,
      keepAlive: true,
      keepAliveInitialDelay: 30 * second,
      rejectUnauthorized: true,
      ...(tls.ca !== undefined && { ca: tls.ca }),
      ...(tls.clientCert !== undefined && { cert: tls.clientCert }),
      ...(tls.clientKey !== undefined && { key: tls.clientKey.expose() }),
      ...(connection.serverName !== undefined && { servername: connection.serverName }),
    },
  })
}

/** Whether two identities make the same connections. */
export function sameTls(a: TlsMaterial, b: TlsMaterial): boolean {
  return a.ca === b.ca && a.clientCert === b.clientCert && a.clientKey?.expose() === b.clientKey?.expose()
}
