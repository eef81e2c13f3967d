import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { stringify } from 'yaml'
import { isFailure, minute } from '#base'
import { FakeClock } from '#test/make'
import { type ConnectionOptions, loadConnection } from './connection.ts'

const [ca = '', otherCa = ''] = rootCertificates
const base64 = (text: string): string => Buffer.from(text).toString('base64')

function folder(context: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'sifaka-connection-'))
  context.after(() => rmSync(path, { recursive: true }))
  return path
}

const cluster = { server: 'https://10.0.0.1:6443', 'certificate-authority-data': base64(ca) }
const kubeconfig = (user: object, changes: object = {}) => ({
  'current-context': 'here',
  contexts: [{ name: 'here', context: { cluster: 'c', user: 'u', namespace: 'team' } }],
  clusters: [{ name: 'c', cluster: { ...cluster, ...changes } }],
  users: [{ name: 'u', user }],
})
const usable = kubeconfig({ token: 'from-file' })

const write = (path: string, content: object | string): string => {
  writeFileSync(path, typeof content === 'string' ? content : stringify(content))
  return path
}

test('a kubeconfig with a token, inline', async (context) => {
  const path = write(join(folder(context), 'config'), usable)
  const connection = await loadConnection({ env: { KUBECONFIG: path }, clock: new FakeClock() })
  assert.equal(connection.server.href, 'https://10.0.0.1:6443/')
  assert.equal(connection.namespace, 'team')
  assert.equal((await connection.tls()).ca, ca)
  assert.equal((await connection.token())?.expose(), 'from-file')
})

test('files are found beside the kubeconfig, read again after a minute or when they are refused', async (context) => {
  const at = folder(context)
  const clock = new FakeClock()
  write(join(at, 'ca.crt'), `${ca}\n`)
  write(join(at, 'token'), 'first\n')
  const files = { 'certificate-authority-data': undefined, 'certificate-authority': 'ca.crt' }
  const path = write(join(at, 'config'), kubeconfig({ tokenFile: 'token', token: 'unused' }, files))
  const connection = await loadConnection({ kubeconfig: path, clock })
  const token = async () => (await connection.token())?.expose()
  assert.deepEqual([await token(), (await connection.tls()).ca], ['first', ca])
  write(join(at, 'token'), 'second')
  write(join(at, 'ca.crt'), otherCa)
  assert.equal(await token(), 'first')
  clock.advance(minute)
  assert.deepEqual([await token(), (await connection.tls()).ca], ['second', otherCa])
  write(join(at, 'token'), 'third')
  connection.expire()
  assert.equal(await token(), 'third')
  rmSync(join(at, 'token'))
  clock.advance(minute)
  assert.equal(await token(), 'third')
})

test('in a Pod the service account is used', async (context) => {
  const serviceAccount = folder(context)
  for (const [name, text] of Object.entries({ 'ca.crt': ca, token: 'pod-token', namespace: 'sifaka-system' })) {
    write(join(serviceAccount, name), text)
  }
  const env = { KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '6443' }
  const connection = await loadConnection({ env, serviceAccount, clock: new FakeClock() })
  assert.equal(connection.server.origin, 'https://[fd00::1]:6443')
  assert.equal(connection.namespace, 'sifaka-system')
  assert.equal((await connection.token())?.expose(), 'pod-token')
})

suite('of several files', () => {
  const merged = async (context: TestContext, contents: readonly object[], wanted?: string) => {
    const at = folder(context)
    const paths = contents.map((content, index) => {
      mkdirSync(join(at, String(index)))
      return write(join(at, String(index), 'config'), content)
    })
    const env = { KUBECONFIG: ['', join(at, 'missing'), ...paths].join(':') }
    return { at, load: () => loadConnection({ env, context: wanted, clock: new FakeClock() }) }
  }
  const [{ contexts, clusters }, { users }] = [usable, kubeconfig({ tokenFile: 'token' })]

  test('the entries add up, and paths start at the file that has them', async (context) => {
    const { at, load } = await merged(context, [{ 'current-context': '', contexts }, { clusters, users }, usable])
    write(join(at, '1', 'token'), 'beside-it')
    const connection = await load()
    assert.deepEqual([connection.namespace, connection.server.host], ['team', '10.0.0.1:6443'])
    assert.equal((await connection.token())?.expose(), 'beside-it')
  })

  test('the first one decides, entry by entry', async (context) => {
    const later = { ...kubeconfig({ token: 'later' }, { server: 'https://10.0.0.2' }), 'current-context': 'there' }
    const more = { ...later, contexts: [{ name: 'there', context: { cluster: 'c', user: 'u', namespace: '' } }] }
    const first = await (await merged(context, [usable, more])).load()
    assert.deepEqual([first.server.host, first.namespace], ['10.0.0.1:6443', 'team'])
    const second = await (await merged(context, [usable, more], 'there')).load()
    assert.deepEqual([second.server.host, second.namespace], ['10.0.0.1:6443', undefined])
    assert.equal((await second.token())?.expose(), 'from-file')
  })

  test('the one that is wrong is named', async (context) => {
    const { at, load } = await merged(context, [{ contexts }, { clusters: [{ name: 'c', cluster: {} }], users }])
    await assert.rejects(load, { message: new RegExp(`^kubeconfig ${at}/0/config and .*1/config: it has no current`) })
    const { load: other } = await merged(
      context,
      [{ contexts }, { clusters: [{ name: 'c', cluster: {} }], users }],
      'here',
    )
    await assert.rejects(other, /^TerminalFailure: kubeconfig \/[^ ]+\/1\/config: cluster "c" is not valid: server/)
  })
})

test('the kubeconfig in the home folder is used when none is named', async (context) => {
  const home = folder(context)
  mkdirSync(join(home, '.kube'))
  write(join(home, '.kube', 'config'), usable)
  const named = write(join(home, 'named'), kubeconfig({ token: 'named' }))
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.9' }
  const tokenOf = async (options: Partial<ConnectionOptions>) =>
    (await (await loadConnection({ env, home, clock: new FakeClock(), ...options })).token())?.expose()
  assert.equal(await tokenOf({}), 'from-file')
  assert.equal(await tokenOf({ env: { ...env, KUBECONFIG: named } }), 'named')
  assert.equal(await tokenOf({ env: { KUBECONFIG: '/nowhere' }, kubeconfig: named }), 'named')
  await assert.rejects(tokenOf({ home: undefined, serviceAccount: '/nowhere' }), /cannot read \/nowhere\/token/)
})

test('nothing is written to standard error because of what a kubeconfig looks like', async (context) => {
  const path = write(join(folder(context), 'config'), `# yaml\n%UNKNOWN directive\n---\n${stringify(usable)}`)
  const warnings: string[] = []
  const listen = (warning: Error): void => void warnings.push(warning.message)
  process.on('warning', listen)
  context.after(() => process.off('warning', listen))
  await loadConnection({ kubeconfig: path, clock: new FakeClock() })
  await new Promise(setImmediate)
  assert.deepEqual(warnings, [])
})

test('a credential plugin is asked, and asked again after a refusal', async (context) => {
  const at = folder(context)
  const credential = (token: string) =>
    write(
      join(at, 'credential.json'),
      JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } }),
    )
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: 'cat',
    args: [credential('one')],
    interactiveMode: 'Never',
  }
  const connection = await loadConnection({
    kubeconfig: write(join(at, 'config'), kubeconfig({ exec })),
    clock: new FakeClock(),
  })
  assert.equal((await connection.token())?.expose(), 'one')
  credential('two')
  assert.equal((await connection.token())?.expose(), 'one')
  connection.expire()
  assert.equal((await connection.token())?.expose(), 'two')
  assert.equal((await connection.tls()).ca, ca)
})

test('a credential plugin is found beside the kubeconfig, and its failure is told', async (context) => {
  const at = folder(context)
  const exec = (command: string) => ({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command } })
  const script =
    'echo \'{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"it"}}\''
  writeFileSync(join(at, 'login'), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  writeFileSync(join(at, 'fail'), '#!/bin/sh\necho log in first >&2\nexit 1\n', { mode: 0o755 })
  const load = (command: string) =>
    loadConnection({ kubeconfig: write(join(at, 'config'), kubeconfig(exec(command))), clock: new FakeClock() })
  assert.equal((await (await load('./login')).token())?.expose(), 'it')
  const message = /config: the credential plugin of user "u" has failed: log in first/
  await assert.rejects(load('./fail'), { kind: 'Terminal', message })
  await assert.rejects(load('no-such-plugin'), { kind: 'Terminal', message: /has failed: spawn no-such-plugin ENOENT/ })
})

test('what is missing or not accepted is told, and no credential with it', async (context) => {
  const path = join(folder(context), 'config')
  const bad = base64('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n')
  const cases: [object | string, RegExp, string?][] = [
    [usable, /there is no context "there"; it has "here"/, 'there'],
    [{ ...usable, 'current-context': '' }, /no current-context/],
    [{ ...usable, clusters: null }, /there is no cluster "c"; it has none/],
    [kubeconfig({}), /user "u" has no credentials/],
    [kubeconfig({ 'client-certificate-data': base64(ca) }), /both a client certificate and its key/],
    [kubeconfig({ tokenFile: 'nowhere' }), /cannot read .*nowhere \(ENOENT\)/],
    [kubeconfig({ token: 'from-file', as: 'admin' }), /impersonates/],
    [kubeconfig({ token: 'from-file' }, { 'insecure-skip-tls-verify': true }), /insecure-skip-tls-verify is not acc/],
    [kubeconfig({ token: 'from-file' }, { server: 'http://10.0.0.1' }), /without TLS; use https/],
    [kubeconfig({ token: 'from-file' }, { server: '10.0.0.1:6443' }), /cluster "c" is not valid: server/],
    [kubeconfig({ token: 'from-file' }, { 'proxy-url': 'http://proxy' }), /proxy-url is not supported/],
    [kubeconfig({ token: 'from-file' }, { 'certificate-authority-data': bad }), /not usable/],
    ['users: [{user: {token: from-file', /not valid YAML/],
    ['', /the file is not valid/],
    ['a: 1\n'.repeat(300_000), /larger than 1 MiB/],
  ]
  for (const [content, expected, name] of cases) {
    write(path, content)
    const failure = await loadConnection({ kubeconfig: path, context: name, clock: new FakeClock() }).catch((e) => e)
    assert.ok(isFailure(failure), `${expected} is not told`)
    assert.equal(failure.kind, 'Terminal')
    assert.match(failure.message, expected)
    assert.doesNotMatch(failure.message, /from-file/)
  }
})

test('without any API server the message says what to name', async () => {
  const clock = new FakeClock()
  const advice = /name a kubeconfig with --kubeconfig or in KUBECONFIG, or run in a Pod/
  await assert.rejects(loadConnection({ clock }), advice)
  await assert.rejects(loadConnection({ home: '/nowhere', clock }), advice)
  await assert.rejects(loadConnection({ kubeconfig: '/nowhere/config', clock }), /\/nowhere\/config: there is no such/)
  await assert.rejects(
    loadConnection({ env: { KUBECONFIG: '/nowhere/a:/nowhere/b' }, clock }),
    /kubeconfig \/nowhere\/a and \/nowhere\/b: there is no such file/,
  )
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }
  await assert.rejects(loadConnection({ env, serviceAccount: '/nowhere', clock }), /cannot read \/nowhere\/token/)
})
