import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type Clock, Sensitive, silentLogger, systemClock } from '#base'
import { ApiError, isExpired } from './api-error.ts'
import type { KubeClient } from './client.ts'
import type { Connection, TlsMaterial } from './connection.ts'
import { createKubeClient } from './create-client.ts'
import { resources } from './resource.ts'

type Answer = (response: ServerResponse, request: IncomingMessage) => void

const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { namespace: 'shop', name: 'web' } }
const key = { namespace: 'shop', name: 'web' }

const json =
  (status: number, body: unknown, headers = {}): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
const found = json(200, secret)
const reset: Answer = (response) => response.destroy()
const cutShort: Answer = (response) => {
  response.writeHead(200, { 'content-length': '1000' })
  response.write('{"metadata":', () => response.destroy())
}

/** Waits pass at once. */
const hasty: Clock = { ...systemClock, after: (delayMs, run) => systemClock.after(delayMs > 20_000 ? delayMs : 0, run) }

/** A server that gives the answers in turn, the last one for ever, and a client for it. */
async function serve(context: TestContext, answers: readonly Answer[], changes: Partial<Connection> = {}) {
  const requests: IncomingMessage[] = []
  const sockets = { opened: 0, open: 0 }
  const server = createServer((request, response) => {
    const answer = answers[Math.min(requests.length, answers.length - 1)]
    requests.push(request)
    request.resume()
    answer?.(response, request)
  })
  server.on('connection', (socket) => {
    sockets.opened += 1
    sockets.open += 1
    socket.on('close', () => {
      sockets.open -= 1
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const connection: Connection = {
    server: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    tls: async () => ({ ca: undefined, clientCert: undefined, clientKey: undefined }),
    token: async () => new Sensitive('token-1'),
    expire: () => {},
    ...changes,
  }
  const options = { userAgent: 'sifaka/test', fieldManager: 'sifaka', clock: hasty, logger: silentLogger }
  const client = createKubeClient({ connection, random: () => 0, ...options })
  context.after(async () => {
    await client.close()
    server.closeAllConnections()
    server.close()
  })
  return { client, requests, sockets }
}

const read = (client: KubeClient) => client.get(resources.secrets, key)
const write = (client: KubeClient) => client.mergePatch(resources.secrets, key, { data: {} })

test('what is tried again, and what is not', async (context) => {
  const busy = json(429, {}, { 'retry-after': '1' })
  const overloaded = json(503, {}, { 'retry-after': '1' })
  const cases: [string, (client: KubeClient) => Promise<unknown>, Answer[], number, number | 'found'][] = [
    ['read, reset twice', read, [reset, reset, found], 3, 'found'],
    ['read, cut short', read, [cutShort, found], 2, 'found'],
    ['read, always reset', read, [reset], 4, 0],
    ['read, 503 with a time', read, [overloaded, found], 2, 'found'],
    ['write, reset', write, [reset, found], 1, 0],
    ['write, cut short', write, [cutShort, found], 1, 0],
    ['write, 429', write, [busy, busy, found], 3, 'found'],
    ['write, 503 with a time', write, [overloaded, found], 1, 503],
    ['read, 500', read, [json(500, {}), found], 1, 500],
    ['read, not JSON', read, [(response) => response.end('<html>')], 4, 0],
    ['write, not JSON', write, [(response) => response.end('<html>'), found], 1, 0],
  ]
  for (const [what, act, answers, sent, result] of cases) {
    const { client, requests } = await serve(context, answers)
    const status = await act(client).then(
      () => 'found',
      (error: unknown) => (error instanceof ApiError ? error.status : error),
    )
    assert.deepEqual([status, requests.length], [result, sent], what)
  }
})

test('after a 401 the credentials are read afresh and the request is sent once more', async (context) => {
  let token = 'old'
  const { client, requests } = await serve(context, [json(401, {}), found, json(401, {})], {
    token: async () => new Sensitive(token),
    expire() {
      token = 'new'
    },
  })
  await write(client)
  assert.deepEqual(
    requests.map(({ headers }) => headers.authorization),
    ['Bearer old', 'Bearer new'],
  )
  await assert.rejects(write(client), (error: ApiError) => error.status === 401 && !error.message.includes('new'))
  assert.equal(requests.length, 4)
})

test('a request names its agent, types and field manager', async (context) => {
  const { client, requests } = await serve(context, [found])
  await write(client)
  await client.get(resources.secrets, key, { metadataOnly: true })
  const [patch, get] = requests
  assert.equal(patch?.url, '/api/v1/namespaces/shop/secrets/web?fieldManager=sifaka')
  assert.equal(patch?.headers['content-type'], 'application/merge-patch+json')
  assert.equal(patch?.headers['user-agent'], 'sifaka/test')
  assert.equal(get?.headers.accept, 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1')
})

test('a path of the server is kept in front', async (context) => {
  const behind = await serve(context, [found])
  await read(behind.client)
  const { client } = await serve(context, [], {
    server: new URL(`http://${behind.requests[0]?.headers.host}/k8s/c-1/`),
  })
  await read(client)
  assert.equal(behind.requests[1]?.url, '/k8s/c-1/api/v1/namespaces/shop/secrets/web')
})

test('a request ends when its time is up, or when its caller cancels it', async (context) => {
  const silent: Answer = () => {}
  const { client } = await serve(context, [silent])
  await assert.rejects(
    client.get(resources.secrets, key, { timeoutMs: 50 }),
    /cannot get secrets shop\/web: .*50 milliseconds/,
  )
  const caller = new AbortController()
  const cancelled = client.get(resources.secrets, key, { signal: caller.signal })
  caller.abort()
  await assert.rejects(cancelled, (error: ApiError) => !error.answered)
})

test('an answer larger than the limit is not held in memory', async (context) => {
  const endless: Answer = (response) => {
    const more = (): boolean => response.writableEnded || response.destroyed || response.write(chunk, () => more())
    const chunk = Buffer.alloc(256 * 1024, 'x')
    more()
  }
  const { client, requests } = await serve(context, [endless])
  await assert.rejects(read(client), /larger than 4194304 bytes/)
  assert.equal(requests.length, 1)
})

test('a watch is given up after silence, ends with the server, and fails with its ERROR event', async (context) => {
  const line = (type: string, object: object) => `${JSON.stringify({ type, object })}\n`
  const { client } = await serve(context, [
    (response) => response.write(line('ADDED', secret)),
    (response) => response.end(line('MODIFIED', secret)),
    (response) => response.end(line('DELETED', secret) + line('ERROR', { kind: 'Status', code: 410 })),
    (response) => response.end('{"type":\n'),
  ])
  const seen: string[] = []
  const watch = () => client.watch(resources.secrets, { idleTimeoutMs: 50 }, ({ type }) => seen.push(type))
  await assert.rejects(watch(), /watch secrets: .*nothing came for 50 milliseconds/)
  await watch()
  await assert.rejects(watch(), isExpired)
  await assert.rejects(watch(), /not an event/)
  assert.deepEqual(seen, ['ADDED', 'MODIFIED', 'DELETED'])
})

test('requests share connections; new certificates open new ones and let the old ones end', async (context) => {
  let tls: TlsMaterial = { ca: undefined, clientCert: undefined, clientKey: undefined }
  const { client, sockets } = await serve(context, [found], { tls: async () => ({ ...tls }) })
  for (let count = 0; count < 20; count++) await read(client)
  const before = sockets.opened
  assert.ok(before <= 2, `${before} connections`)
  tls = { ...tls, clientKey: new Sensitive('another') }
  for (let count = 0; count < 20; count++) await read(client)
  assert.ok(sockets.opened > before)
  assert.equal(sockets.open, sockets.opened - before)
})
