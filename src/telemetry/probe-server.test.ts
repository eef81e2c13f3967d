import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { type Probes, startProbeServer } from './probe-server.ts'

const well: Probes = { metrics: async () => 'sifaka_active 1\n', live: () => undefined, ready: () => undefined }

async function start(t: TestContext, probes: Partial<Probes> = {}, listen = '127.0.0.1:0') {
  const server = await startProbeServer(listen, { ...well, ...probes })
  t.after(() => server.close())
  return server
}

async function get(address: string, path: string, method = 'GET') {
  const response = await fetch(`http://${address}${path}`, { method })
  return { status: response.status, type: response.headers.get('content-type'), body: await response.text(), response }
}

suite('answers', () => {
  const text = 'text/plain; charset=utf-8'
  const openMetrics = 'text/plain; version=0.0.4; charset=utf-8'
  const cases: readonly [path: string, probes: Partial<Probes>, status: number, type: string, body: string | RegExp][] =
    [
      ['/metrics', {}, 200, openMetrics, 'sifaka_active 1\n'],
      ['/metrics?name[]=x', {}, 200, openMetrics, 'sifaka_active 1\n'],
      ['/livez', {}, 200, text, 'ok\n'],
      ['/livez', { live: () => 'stuck' }, 503, text, 'stuck\n'],
      ['/readyz', {}, 200, text, 'ok\n'],
      ['/readyz?verbose', {}, 200, text, 'ok\n'],
      ['/readyz', { ready: () => 'the caches are not filled yet' }, 503, text, 'the caches are not filled yet\n'],
      ['/', {}, 404, text, /\/metrics, \/livez and \/readyz/],
      ['/metrics/', {}, 404, text, /\/metrics, \/livez and \/readyz/],
      ['/metrics', { metrics: () => Promise.reject(new Error('no such gauge')) }, 500, text, 'no such gauge\n'],
      [
        '/readyz',
        {
          ready: () => {
            throw new Error('a bug')
          },
        },
        500,
        text,
        'a bug\n',
      ],
    ]
  for (const [path, probes, status, type, body] of cases) {
    test(`${path} with ${status}: ${body}`, async (t) => {
      const { address } = await start(t, probes)
      const answer = await get(address, path)
      assert.deepEqual([answer.status, answer.type], [status, type])
      if (typeof body === 'string') assert.equal(answer.body, body)
      else assert.match(answer.body, body)
      assert.equal(answer.response.headers.get('x-content-type-options'), 'nosniff')
    })
  }

  for (const method of ['POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS']) {
    test(`${method} with 405`, async (t) => {
      const { address } = await start(t)
      const { status, response } = await get(address, '/metrics', method)
      assert.deepEqual([status, response.headers.get('allow')], [405, 'GET'])
    })
  }
})

suite('listens', () => {
  for (const [listen, address] of [
    ['127.0.0.1:0', /^127\.0\.0\.1:[1-9][0-9]*$/],
    ['[::1]:0', /^\[::1\]:[1-9][0-9]*$/],
    [':0', /^(\[::\]|0\.0\.0\.0):[1-9][0-9]*$/],
  ] as const) {
    test(`at ${listen}`, async (t) => {
      const server = await start(t, {}, listen)
      assert.match(server.address, address)
      assert.equal((await get(server.address, '/livez')).status, 200)
    })
  }

  test('not where somebody else does', async (t) => {
    const { address } = await start(t)
    await assert.rejects(startProbeServer(address, well), { code: 'EADDRINUSE' })
  })
})

test('the end closes connections that are kept alive, and those that say nothing', async () => {
  const server = await startProbeServer('127.0.0.1:0', well)
  const agent = new Agent({ keepAlive: true })
  const [response] = await once(request(`http://${server.address}/livez`, { agent }).end(), 'response')
  response.resume()
  await once(response, 'end')
  const silent = connect(Number(server.address.split(':')[1]), '127.0.0.1').resume()
  await once(silent, 'connect')
  const closed = once(silent, 'close')
  await server.close()
  await closed
  agent.destroy()
  await assert.rejects(fetch(`http://${server.address}/livez`))
})
