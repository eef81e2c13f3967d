import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCli } from '#app'
import { type Clock, isFailure, silentLogger, systemClock } from '#base'
import { createKubeClient, loadConnection, resources } from '#kube'
import { startPublishServer } from '#publish'
import { certificate, noon } from '#test/make'
import type { Parser, Reader } from './parser.ts'

const kubeconfigOf = (server: string): string => `apiVersion: v1
kind: Config
current-context: test
clusters:
- name: test
  cluster: { server: "${server}" }
users:
- name: test
  user: { token: canary }
contexts:
- name: test
  context: { cluster: test, user: test, namespace: shop }
`

/** A file in a folder of its own, which goes when the reader is closed. */
async function scratchFile(name: string): Promise<{ path: string; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sifaka-fuzz-'))
  return { path: join(folder, name), close: () => rm(folder, { recursive: true }) }
}

/** An API server that answers every request with the same body. */
async function startAnswering() {
  let body: Buffer = Buffer.alloc(0)
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    answer: (next: Buffer) => {
      body = next
    },
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function openKubeconfig(): Promise<Reader> {
  const file = await scratchFile('kubeconfig')
  return {
    async read(text) {
      await writeFile(file.path, text)
      try {
        await loadConnection({ kubeconfig: file.path, clock: systemClock })
      } catch (error) {
        if (isFailure(error)) assert.doesNotMatch(error.message, /canary/)
        throw error
      }
    },
    close: file.close,
  }
}

/** A read is tried again after an answer that is none: that need not be waited for here. */
const hurriedClock: Clock = { ...systemClock, after: (delayMs, run) => systemClock.after(delayMs / 100, run) }

/** What the API server says: an object, a list or the lines of a watch. */
async function openAnswers(ask: 'get' | 'list' | 'watch'): Promise<Reader> {
  const server = await startAnswering()
  const file = await scratchFile('kubeconfig')
  await writeFile(file.path, kubeconfigOf(server.url))
  const connection = await loadConnection({ kubeconfig: file.path, clock: systemClock })
  const tools = { clock: hurriedClock, logger: silentLogger, random: () => 0 }
  const client = createKubeClient({ connection, ...tools, userAgent: 'sifaka/test', fieldManager: 'test' })
  const resource = resources.secrets
  const asks = {
    get: () => client.get(resource, { namespace: 'shop', name: 'web' }),
    list: () => client.list(resource, { namespace: 'shop' }),
    watch: () => client.watch(resource, {}, ({ object }) => assert.equal(typeof object.metadata, 'object')),
  }
  return {
    async read(input) {
      server.answer(input)
      await asks[ask]()
    },
    async close() {
      await client.close()
      await Promise.all([server.close(), file.close()])
    },
  }
}

/** The command that reads manifests. */
async function openManifests(): Promise<Reader> {
  const server = await startAnswering()
  const [file, kubeconfig] = await Promise.all([scratchFile('authorities.yaml'), scratchFile('kubeconfig')])
  await writeFile(kubeconfig.path, kubeconfigOf(server.url))
  server.answer(Buffer.from('{"apiVersion":"v1","kind":"List","metadata":{"resourceVersion":"1"},"items":[]}'))
  return {
    async read(text) {
      await writeFile(file.path, text)
      const command = ['policy', 'check', '-f', file.path, '--kubeconfig', kubeconfig.path]
      await createCli('test', {}).parseAsync(command, { from: 'user' })
    },
    close: async () => void (await Promise.all([server.close(), file.close(), kubeconfig.close()])),
  }
}

/** What is sent to the server of CRLs, octet by octet. */
async function openPublishing(): Promise<Reader> {
  const published = { der: Buffer.from('CRL'), thisUpdate: noon, nextUpdate: noon + 60_000 }
  const isThere = (...at: unknown[]): boolean => at.join('/') === 'shop/ca/1'
  const server = await startPublishServer('127.0.0.1:0', {
    clock: systemClock,
    crl: (namespace, authority, generation) => (isThere(namespace, authority, generation) ? published : undefined),
  })
  const port = Number(server.address.split(':').at(-1))
  return {
    async read(request) {
      const answer = await exchange(port, Buffer.concat([request, Buffer.from(lastRequest)]))
      assert.doesNotMatch(answer, /^HTTP\/1\.1 5/m, 'the server is at a loss')
      assert.match(await exchange(port, Buffer.from(lastRequest)), /^HTTP\/1\.1 200 .*CRL$/s)
    },
    close: () => server.close(),
  }
}

const lastRequest = 'GET /crl/shop/ca/1.crl HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n'

/** All that is answered until the server hangs up. */
function exchange(port: number, request: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1')
    // What waits for more of a request would wait until its time is over.
    socket.setTimeout(50, () => socket.destroy())
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
    })
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
    socket.write(request)
  })
}

const json = (value: unknown): string => JSON.stringify(value)
const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'web', namespace: 'shop', resourceVersion: '7' } }
const list = { apiVersion: 'v1', kind: 'SecretList', metadata: { resourceVersion: '9' }, items: [secret] }
const events = [
  { type: 'ADDED', object: secret },
  { type: 'BOOKMARK', object: { ...secret, metadata: { resourceVersion: '8' } } },
  { type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired', message: 'too old' } },
]

/** What reads files and what other programs say. */
export const serverParsers: readonly Parser[] = [
  {
    name: 'a kubeconfig',
    reads: ['loadConnection'],
    form: 'text',
    words: [
      '&a',
      '*a',
      '!!binary',
      '<<: *a',
      '|',
      '- ',
      'exec: {}',
      'server: ',
      'as: x',
      'proxy-url: http://x',
      '---\n',
    ],
    refusal: 'Failure',
    share: 0.03,
    specimens: () =>
      [kubeconfigOf('http://127.0.0.1:1'), json({ clusters: [], users: null, contexts: [] })].slice(0, 1),
    open: openKubeconfig,
  },
  {
    name: 'an object of the API server',
    reads: ['createKubeClient'],
    form: 'json',
    refusal: 'Failure',
    share: 0.04,
    specimens: () => [json(secret), json(certificate())],
    open: () => openAnswers('get'),
  },
  {
    name: 'a list of the API server',
    reads: ['createKubeClient'],
    form: 'json',
    refusal: 'Failure',
    share: 0.04,
    specimens: () => [json(list)],
    open: () => openAnswers('list'),
  },
  {
    name: 'the lines of a watch',
    reads: ['createKubeClient'],
    form: 'text',
    words: ['\n', '{"type":"', 'ERROR', 'DELETED', '"object":', 'null', '{}', '\r\n'],
    refusal: 'Failure',
    share: 0.05,
    specimens: () => [
      events
        .slice(0, 2)
        .map((event) => `${json(event)}\n`)
        .join(''),
      `${json(events[0])}\n`,
    ],
    open: () => openAnswers('watch'),
  },
  {
    name: 'manifests of Authorities',
    reads: ['createCli'],
    form: 'text',
    words: ['&a', '*a', '<<: *a', '---\n', '!!js/function', '[', '{', '? ', ': ', '|', 'kind: List', 'items: [*a, *a]'],
    refusal: 'Failure',
    share: 0.04,
    specimens: () => [
      'apiVersion: sifaka.dev/v1alpha1\nkind: Authority\nmetadata: { name: ca }\nspec:\n  internal: {}\n' +
        '  policy:\n    rules:\n    - names: { dns: ["**.example.com"] }\n',
    ],
    open: openManifests,
  },
  {
    name: 'a request for a CRL',
    reads: ['startPublishServer'],
    form: 'text',
    words: [
      ' ',
      '\r\n',
      '%2e%2e/',
      '//',
      '?',
      '#',
      'HTTP/1.0',
      'transfer-encoding: chunked\r\n',
      'content-length: 9\r\n',
    ],
    refusal: 'none',
    share: 0.04,
    specimens: () => [
      'GET /crl/shop/ca/1.crl HTTP/1.1\r\nhost: a\r\n\r\n',
      'HEAD /crl/shop/ca/9999.crl?x=y HTTP/1.1\r\nhost: a\r\nif-none-match: "a", W/"b"\r\n\r\n',
    ],
    open: openPublishing,
  },
]
