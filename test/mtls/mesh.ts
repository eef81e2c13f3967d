import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect, createSecureContext, createServer, type SecureContext, type Server } from 'node:tls'
import type { State, Volumes } from './volumes.ts'

/** Somebody with a certificate: a server and a client. */
export interface Peer {
  readonly secret: string
  /** The name in its certificate. */
  readonly host: string
  /** How far its volume is behind. */
  readonly delayMs: number
}

export interface Mesh {
  /** How many handshakes there have been. The object is live. */
  readonly count: { handshakes: number }
  /** What went wrong with those that failed. */
  readonly failures: readonly string[]
  /** Ends once each handshake that has begun is over. */
  close(): Promise<void>
}

export interface MeshOptions {
  readonly volumes: Volumes
  readonly peers: readonly Peer[]
  /** Numbers from 0 (inclusive) to 1. */
  readonly random: () => number
  readonly perSecond: number
}

interface OpenPeer extends Peer {
  readonly server: Server
  state: State | undefined
  context: SecureContext | undefined
}

const answer = 'hello'
const loops = 8

/**
 * Peers that connect to each other in random pairs, again and again. Both sides show a certificate, and both refuse
 * what their own `ca.crt` does not verify. Nobody resumes a session.
 */
export async function startMesh({ volumes, peers, random, perSecond }: MeshOptions): Promise<Mesh> {
  const open = await Promise.all(peers.map(openPeer))
  const count = { handshakes: 0 }
  const failures: string[] = []
  const stop = new AbortController()
  const any = (): OpenPeer => open[Math.floor(random() * open.length)] as OpenPeer

  async function loop(): Promise<void> {
    while (!stop.signal.aborted) {
      const [client, server] = [any(), any()]
      const flaw = await shake(client, server, volumes)
      count.handshakes += 1
      if (flaw !== undefined) failures.push(`${client.host} to ${server.host}: ${flaw}`)
      await sleep((1000 * loops) / perSecond)
    }
  }
  const running = Array.from({ length: loops }, loop)
  return {
    count,
    failures,
    async close() {
      stop.abort()
      await Promise.all(running)
      for (const { server } of open) server.close()
    },
  }
}

async function openPeer(peer: Peer): Promise<OpenPeer> {
  const server = createServer({ requestCert: true, rejectUnauthorized: true }, (socket) => {
    socket.on('error', () => {})
    socket.end(answer)
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return { ...peer, server, state: undefined, context: undefined }
}

/** What the peer's volume shows at this moment. */
function contextOf(peer: OpenPeer, volumes: Volumes): SecureContext {
  const state = volumes.show(peer.secret, peer.delayMs)
  if (peer.context && peer.state === state) return peer.context
  peer.state = state
  peer.context = createSecureContext(state.files)
  // Read anew by a server as soon as they change.
  peer.server.setSecureContext(state.files)
  return peer.context
}

/** Why the two cannot talk to each other, if they cannot. */
async function shake(client: OpenPeer, server: OpenPeer, volumes: Volumes): Promise<string | undefined> {
  contextOf(server, volumes)
  const { port } = server.server.address() as AddressInfo
  const refusals: string[] = []
  const refused = (error: Error): void => void refusals.push(`the server: ${error.message}`)
  server.server.once('tlsClientError', refused)
  const secureContext = contextOf(client, volumes)
  const socket = connect({ host: '127.0.0.1', port, servername: server.host, secureContext })
  try {
    // In TLS 1.3 the client is done before the server has seen its certificate: only an answer says that all is well.
    const said = await text(socket)
    return said === answer ? undefined : `no answer; ${refusals.join()}`
  } catch (error) {
    return `the client: ${(error as Error).message}; ${refusals.join()}`
  } finally {
    server.server.off('tlsClientError', refused)
    socket.destroy()
  }
}
