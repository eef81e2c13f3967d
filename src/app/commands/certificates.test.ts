import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { Command } from 'commander'
import { parse, stringify } from 'yaml'
import { day, hour, toRfc3339 } from '#base'
import { encodeShard, type RegisterEntry } from '#plan'
import { type ControlPlane, controlPlane, kubectl } from '#test/servers'
import { addCertificatesCommands } from './certificates.ts'

const now = Math.floor(Date.now() / 1000) * 1000
const namespace = `search-${randomBytes(4).toString('hex')}`
let plane: ControlPlane
let folder: string
/** Of an account that may read ConfigMaps of the namespace, and nothing else. */
let kubeconfig: string

const entry = (serialNumber: string, parts: Partial<RegisterEntry> = {}): RegisterEntry => ({
  serialNumber,
  fingerprint: 'f1'.repeat(32),
  generation: 1,
  kind: 'Certificate',
  holder: `shop/web-${serialNumber}`,
  revision: 1,
  names: [`${serialNumber}.example.com`],
  issuedAt: now,
  notAfter: now + 90 * day,
  ...parts,
})

const revoked = { at: now, reason: 'keyCompromise' } as const
const entries = [
  entry('0a'),
  entry('0b', { notAfter: now + day, owner: 'shop@example.com', names: ['=1+1', 'a"b\u001b[2J'] }),
  entry('0c', { revoked }),
  entry('0d', { notAfter: now - hour }),
]

const shard = (name: string, value: Uint8Array) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: {
    name,
    labels: { 'sifaka.dev/config-map': 'register' },
    annotations: { 'sifaka.dev/authority': 'ca' },
  },
  binaryData: { 'entries.jsonl.gz': Buffer.from(value).toString('base64') },
})

before(async () => {
  plane = await controlPlane()
  folder = await mkdtemp(join(tmpdir(), 'sifaka-search-'))
  kubeconfig = join(folder, 'kubeconfig')
  const run = (args: readonly string[], input = '') => kubectl(plane.kubeconfig, ['-n', namespace, ...args], input)
  await run(['create', 'namespace', namespace])
  await run(['create', 'serviceaccount', 'reader'])
  await run(['create', 'role', 'reader', '--verb=list', '--resource=configmaps'])
  await run(['create', 'rolebinding', 'reader', '--role=reader', `--serviceaccount=${namespace}:reader`])
  const items = [shard('ca-register-1', encodeShard(entries)), shard('ca-register-2', Buffer.from('damaged'))]
  await run(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  const config = parse(readFileSync(plane.kubeconfig, 'utf8'))
  const token = (await run(['create', 'token', 'reader'])).trim()
  config.users[0].user = { token }
  config.contexts[0].context.namespace = namespace
  writeFileSync(kubeconfig, stringify(config))
})

after(async () => {
  await rm(folder, { recursive: true, force: true })
  await plane?.stop()
})

/** Runs the command line; what it prints, what it tells, and its exit code. */
async function sifaka(...args: string[]) {
  const said = { printed: '', told: '', code: 0 }
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} })
  addCertificatesCommands(program, {
    version: '0',
    env: {},
    print(text) {
      said.printed += text
    },
    tell(text) {
      said.told += text
    },
    exitWith(code) {
      said.code = code
    },
  })
  await program.parseAsync(['certificates', ...args, '--kubeconfig', kubeconfig], { from: 'user' })
  return said
}

const searches: [string[], string][] = [
  [[], '0b 0a 0c'],
  [['--name', '*.example.com'], '0a 0c'],
  [['--serial', '0A'], '0a'],
  [['--owner', 'shop@*'], '0b'],
  [['--holder', 'shop/web-0c'], '0c'],
  [['--authority', 'ca'], '0b 0a 0c'],
  [['--authority', 'other'], ''],
  [['--expires-before', '48h'], '0b'],
  [['--expires-before', '2d'], '0b'],
  [['--expires-after', toRfc3339(now + 2 * day)], '0a 0c'],
  [['--expires-after', toRfc3339(now - day)], '0d 0b 0a 0c'],
  [['--revoked'], '0c'],
]
for (const [args, expected] of searches) {
  test(`list ${args.join(' ')} finds ${expected || 'nothing'}`, async () => {
    const { printed } = await sifaka('list', '--output', 'json', ...args)
    const found: readonly RegisterEntry[] = JSON.parse(printed)
    assert.equal(found.map(({ serialNumber }) => serialNumber).join(' '), expected)
  })
}

test('a table, without control characters, and a warning for what cannot be read', async () => {
  const { printed, told } = await sifaka('list')
  const [heading, first, , third] = printed.split('\n').map((line) => line.split(/ {2,}/))
  assert.deepEqual(heading, ['HOLDER', 'SERIAL', 'NAMES', 'AUTHORITY', 'ISSUED', 'EXPIRES', 'STATE'])
  const times = [toRfc3339(now), toRfc3339(now + day)]
  assert.deepEqual(first, ['shop/web-0b', '0b', '=1+1,a"b [2J', `${namespace}/ca`, ...times, 'Valid'])
  assert.equal(third?.at(-1), 'Revoked')
  assert.match(told, /^warning: ConfigMap search-\w+\/ca-register-2 cannot be read: [^\n]+\n$/)
})

test('CSV that a spreadsheet reads as text', async () => {
  const { printed } = await sifaka('list', '--output', 'csv', '--serial', '0b')
  assert.match(printed, /^HOLDER,SERIAL,.*\r\nshop\/web-0b,0b,"'=1\+1,a""b \[2J",/)
})

test('all facts of one, and of all of a holder', async () => {
  const { printed, code } = await sifaka('show', '0c')
  for (const fact of [
    'shop/web-0c',
    'f1f1',
    'CA generation 1',
    '0c.example.com',
    `Revoked ${toRfc3339(now)}: keyCompromise`,
  ]) {
    assert.ok(printed.includes(fact), fact)
  }
  assert.equal(code, 0)
  assert.match((await sifaka('show', 'shop/web-0a')).printed, /^State: +Valid$/m)
})

test('what is not there is said, with exit code 1', async () => {
  const { printed, told, code } = await sifaka('show', 'ff')
  assert.deepEqual([printed, code], ['', 1])
  assert.match(told, new RegExp(`^No certificate ff found in namespace ${namespace}\\.\\nThat is .* -A `, 'm'))
})

test('an empty list is said, with exit code 0', async () => {
  const { printed, told, code } = await sifaka('list', '--name', 'nobody')
  assert.deepEqual([printed, code], ['', 0])
  assert.match(told, new RegExp(`^No certificates found in namespace ${namespace}\\.$`, 'm'))
  assert.equal((await sifaka('list', '--name', 'nobody', '-o', 'yaml')).printed, '[]\n')
})

test('all namespaces are for those who may read them', async () => {
  await assert.rejects(sifaka('list', '-A'), { name: 'ApiError', status: 403 })
  await assert.rejects(sifaka('list', '-A', '-n', namespace), /cannot be used with option/)
  await assert.rejects(sifaka('list', '-n', 'default'), { name: 'ApiError', status: 403 })
})

test('a time that is none is refused', () =>
  assert.rejects(sifaka('list', '--expires-before', 'soon'), /such as 30d or 720h/))
