import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { rootCertificates } from 'node:tls'
import { stringify } from 'yaml'
import { isFailure, minute } from '#base'
import { FakeClock } from '#test/make'
import { loadConnection } from './connection.ts'

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
  await assert.rejects(loadConnection({ clock }), /name a kubeconfig, set KUBECONFIG, or run in a Pod/)
  await assert.rejects(loadConnection({ kubeconfig: '/nowhere/config', clock }), /\/nowhere\/config: there is no such/)
  await assert.rejects(loadConnection({ env: { KUBECONFIG: 'a:b' }, clock }), /names several files/)
  const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1' }
  await assert.rejects(loadConnection({ env, serviceAccount: '/nowhere', clock }), /cannot read \/nowhere\/token/)
})
