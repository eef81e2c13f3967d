import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { connect } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { suite, type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type Probes, startProbeServer } from './probe-server.ts'

const well: Probes = { metrics: async () => Buffer.from('sifaka_active 1\n'), live: [], ready: [] }
const ill = (problem: string) => [{ name: 'caches', problem: () => problem }]

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
      ['/livez', { live: ill('empty') }, 503, text, '[-]caches failed: empty\nlivez check failed\n'],
      ['/readyz', {}, 200, text, 'ok\n'],
      ['/readyz', { live: ill('empty') }, 200, text, 'ok\n'],
      ['/readyz?verbose', {}, 200, text, 'readyz check passed\n'],
      ['/readyz', { ready: ill('empty') }, 503, text, '[-]caches failed: empty\nreadyz check failed\n'],
      ['/', {}, 404, text, /\/metrics, \/livez and \/readyz/],
      ['/metrics/', {}, 404, text, /\/metrics, \/livez and \/readyz/],
      ['/metrics', { metrics: () => Promise.reject(new Error('no such gauge')) }, 500, text, 'no such gauge\n'],
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

  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    test(`${method} with 405`, async (t) => {
      const { address } = await start(t)
      const { status, response } = await get(address, '/metrics', method)
      assert.deepEqual([status, response.headers.get('allow')], [405, 'GET, HEAD'])
    })
  }
})

suite('metrics', () => {
  const raw = async (address: string, acceptEncoding: string | undefined, method = 'GET') => {
    const headers = acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding }
    const [response] = await once(request(`http://${address}/metrics`, { headers, method }).end(), 'response')
    return { response: response as IncomingMessage, body: await buffer(response) }
  }
  for (const [acceptEncoding, isZipped] of [
    [undefined, false],
    ['', false],
    ['gzip', true],
    ['deflate, GZIP;q=0.5', true],
    ['gzip ; q=1.0', true],
    ['gzip;q=0', false],
    ['gzip;q=0.000', false],
    ['x-gzip-not, br', false],
    ['identity', false],
  ] as const) {
    test(`${isZipped ? 'zipped' : 'plain'} for accept-encoding ${acceptEncoding}`, async (t) => {
      const { address } = await start(t)
      const { response, body } = await raw(address, acceptEncoding)
      assert.equal(response.headers['content-encoding'], isZipped ? 'gzip' : undefined)
      assert.equal(response.headers.vary, 'accept-encoding')
      assert.equal(String(isZipped ? gunzipSync(body) : body), 'sifaka_active 1\n')
    })
  }

  test('are not sent to HEAD', async (t) => {
    const { address } = await start(t)
    const { response, body } = await raw(address, undefined, 'HEAD')
    assert.deepEqual([response.statusCode, body.length], [200, 0])
    assert.match(response.headers['content-type'] ?? '', /version=0\.0\.4/)
  })

  test('are written once for all who ask at the same time, and anew for who asks later', async (t) => {
    const written = Promise.withResolvers<Buffer>()
    let times = 0
    const metrics = () => {
      times += 1
      return times === 1 ? written.promise : Promise.resolve(Buffer.from('later 1\n'))
    }
    const { address } = await start(t, { metrics })
    const asked = ['gzip', 'gzip', undefined].map((acceptEncoding) => raw(address, acceptEncoding))
    await get(address, '/livez')
    written.resolve(Buffer.from('first 1\n'))
    const bodies = (await Promise.all(asked)).map(({ body }) => body)
    const [one = Buffer.of(), other = Buffer.of(), plain = Buffer.of()] = bodies
    assert.deepEqual([gunzipSync(one), gunzipSync(other), plain].map(String), Array(3).fill('first 1\n'))
    assert.equal(times, 1)
    assert.equal(String((await raw(address, undefined)).body), 'later 1\n')
  })
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
