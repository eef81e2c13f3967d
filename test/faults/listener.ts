import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Connections } from './exchange.ts'
import type { LoopbackCertificate } from './loopback-certificate.ts'
import type { Message } from './upstream.ts'

type Serve = (message: Message, client: ServerResponse, connections: Connections) => Promise<void>

/** The door that one operator knocks at. */
export class Listener implements Connections {
  readonly #server: Server
  readonly #serve: Serve
  #turn: Promise<void> = Promise.resolve()

  private constructor(certificate: LoopbackCertificate, serve: Serve) {
    this.#serve = serve
    // An idle connection is never closed from this side, for a client that is about to use it would see a fault.
    const { cert, key } = certificate
    this.#server = createServer({ cert, key, keepAliveTimeout: 0 }, (incoming, client) => {
      this.#receive(incoming, client).catch(() => client.destroy())
    })
  }

  static async open(certificate: LoopbackCertificate, serve: Serve): Promise<Listener> {
    const listener = new Listener(certificate, serve)
    listener.#server.listen(0, '127.0.0.1')
    await once(listener.#server, 'listening')
    return listener
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  alone(work: () => Promise<void>): Promise<void> {
    const done = this.#turn.then(work)
    this.#turn = done.catch(() => {})
    return done
  }

  breakAll(): void {
    this.#server.closeAllConnections()
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.breakAll()
    await closed
  }

  async #receive(incoming: IncomingMessage, client: ServerResponse): Promise<void> {
    const { method = 'GET', url = '/', headers } = incoming
    const body = Buffer.concat(await incoming.toArray())
    await this.#turn
    if (incoming.socket.destroyed) return
    await this.#serve({ method, url, headers, body }, client, this)
  }
}
