import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { connect } from 'node:net'
import { suite, type TestContext, test } from 'node:test'
import { hour, minute, second } from '#base'
import { FakeClock, noon } from '#test/make'
import { type PublishedCrl, startPublishServer } from './publish-server.ts'

const der = Buffer.from('a CRL, as far as this room knows')
const published: PublishedCrl = { der, thisUpdate: noon - 5 * minute, nextUpdate: noon + hour }

/** A server that publishes the CRL of generation 2 of `shop/ca.example`. */
async function start(t: TestContext, parts: Partial<PublishedCrl> = {}) {
  const clock = new FakeClock()
  const asked: string[] = []
  const server = await startPublishServer('127.0.0.1:0', {
    clock,
    crl(namespace, authority, generation) {
      asked.push(`${namespace}/${authority}/${generation}`)
      return asked.at(-1) === 'shop/ca.example/2' ? { ...published, ...parts } : undefined
    },
  })
  t.after(() => server.close())
  const ask = (path: string, init: RequestInit = {}) => fetch(`http://${server.address}${path}`, init)
  return { ask, asked, clock, address: server.address }
}

const path = '/crl/shop/ca.example/2.crl'

test('a CRL is served as it is, with what a cache needs to know', async (t) => {
  const { ask } = await start(t)
  const answer = await ask(path)
  assert.equal(answer.status, 200)
  assert.deepEqual(Buffer.from(await answer.arrayBuffer()), der)
  const told = ['content-type', 'etag', 'last-modified', 'cache-control', 'x-content-type-options', 'content-length']
  assert.deepEqual(
    told.map((name) => answer.headers.get(name)),
    [
      'application/pkix-crl',
      `"${createHash('sha256').update(der).digest('hex')}"`,
      'Sun, 22 Nov 2026 11:55:00 GMT',
      'max-age=300',
      'nosniff',
      String(der.length),
    ],
  )
})

test('HEAD tells the same without the CRL', async (t) => {
  const { ask } = await start(t)
  const [head, get] = [await ask(path, { method: 'HEAD' }), await ask(path)]
  assert.deepEqual([head.status, await head.text()], [200, ''])
  for (const name of ['etag', 'last-modified', 'content-length', 'content-type']) {
    assert.equal(head.headers.get(name), get.headers.get(name))
  }
})

test('who has it already gets a 304', async (t) => {
  const { ask } = await start(t)
  const etag = (await ask(path)).headers.get('etag') ?? ''
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const answer = await ask(path, { headers: { 'if-none-match': known } })
    assert.deepEqual([answer.status, answer.headers.get('etag'), await answer.text()], [304, etag, ''], known)
  }
  for (const other of ['"other"', '', etag.slice(1, -1)]) {
    assert.equal((await ask(path, { headers: { 'if-none-match': other } })).status, 200, other)
  }
})

test('no cache keeps it beyond its end', async (t) => {
  const { ask, clock } = await start(t)
  const maxAge = async (): Promise<string | null> => (await ask(path)).headers.get('cache-control')
  clock.jump(hour - 90 * second)
  assert.equal(await maxAge(), 'max-age=90')
  clock.jump(hour)
  assert.equal(await maxAge(), 'max-age=0')
})

suite('nothing else is there', () => {
  const paths = [
    '/',
    '/crl',
    '/crl/',
    '/crl/shop/ca.example/2',
    '/crl/shop/ca.example/2.pem',
    '/crl/shop/ca.example/02.crl',
    '/crl/shop/ca.example/-2.crl',
    '/crl/shop/ca.example/12345.crl',
    '/crl/shop/ca.example/2.crl/',
    '/crl//ca.example/2.crl',
    '/crl/shop/ca%2eexample/2.crl',
    '/crl/shop%2fca.example/2.crl',
    '/crl/SHOP/ca.example/2.crl',
    '/crl/shop/ca.example/%32.crl',
    '/crl/shop/ca.example/2.crl%00',
  ]
  for (const each of paths) {
    test(each, async (t) => {
      const { ask, asked } = await start(t)
      assert.deepEqual([(await ask(each)).status, asked], [404, []])
    })
  }

  /** What is sent as it stands: fetch would tidy the path first. */
  async function askRaw(address: string, target: string): Promise<string> {
    const socket = connect(Number(address.split(':')[1]), '127.0.0.1')
    socket.end(`GET ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`)
    let said = ''
    socket.on('data', (chunk) => {
      said += chunk
    })
    await once(socket, 'close')
    return said.split('\r\n')[0] ?? ''
  }
  for (const [target, line] of [
    ['/crl/shop/../../etc/passwd', 'HTTP/1.1 404 Not Found'],
    ['/crl/shop/ca.example/../ca.example/2.crl', 'HTTP/1.1 404 Not Found'],
    ['//crl/shop/ca.example/2.crl', 'HTTP/1.1 404 Not Found'],
    ['http://elsewhere.example.com/crl/shop/ca.example/2.crl', 'HTTP/1.1 404 Not Found'],
    [`/crl/shop/ca.example/2.crl?${'x'.repeat(1100)}`, 'HTTP/1.1 414 URI Too Long'],
    [`/crl/shop/${'x'.repeat(9000)}/2.crl`, 'HTTP/1.1 431 Request Header Fields Too Large'],
  ] as const) {
    test(`${target.slice(0, 60)}: ${line}`, async (t) => {
      const { address, asked } = await start(t)
      assert.deepEqual([await askRaw(address, target), asked], [line, []])
    })
  }

  test('the CRL of another Authority', async (t) => {
    const { ask } = await start(t)
    for (const each of ['/crl/shop/ca.example/1.crl', '/crl/other/ca.example/2.crl', '/crl/shop/../2.crl']) {
      assert.equal((await ask(each)).status, 404)
    }
  })

  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
    test(`${method} with 405`, async (t) => {
      const { ask } = await start(t)
      const answer = await ask(path, { method })
      assert.deepEqual([answer.status, answer.headers.get('allow')], [405, 'GET, HEAD'])
    })
  }

  test('a failure inside tells nothing', async (t) => {
    const server = await startPublishServer('127.0.0.1:0', {
      clock: new FakeClock(),
      crl() {
        throw new Error('a secret of the house')
      },
    })
    t.after(() => server.close())
    const answer = await fetch(`http://${server.address}${path}`)
    assert.deepEqual([answer.status, await answer.text()], [500, 'internal error\n'])
  })
})
