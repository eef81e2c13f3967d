import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, beforeEach, suite, test } from 'node:test'
import { annotations, type Secret, type SecretContent, secretLabel } from '#api'
import { isNotFound } from '#kube'
import { type Bundle, createCsr, encodeBundle, keySigner } from '#pki'
import { hook } from '#test/faults'
import { testCa } from '#test/make'
import { type Namespace, secrets } from './namespace.ts'
import { inWords, Sandbox } from './sandbox.ts'

const binaries = new URL('../../bin/', import.meta.url).pathname

interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

let sandbox: Sandbox
let door: string
let folder: string
let first: Bundle
let second: Bundle
let namespace: Namespace
/** The Secrets of Authority `ca` in the namespace, as they were made. */
let made: Secret[]

before(async () => {
  sandbox = await Sandbox.open()
  door = await sandbox.proxy.listen('cli')
  folder = await mkdtemp(join(tmpdir(), 'backup-'))
  first = await testCa({ commonName: 'First' })
  second = await testCa({ commonName: 'Second' })
  await makeRecipient('safe', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-384')
  await makeRecipient('office', 'rsa:3072')
  await makeRecipient('weak', 'rsa:1024')
})

after(async () => {
  await sandbox?.close()
  await rm(folder, { recursive: true, force: true })
})

beforeEach(async () => {
  sandbox.proxy.clear()
  namespace = await sandbox.namespace('backup')
  await namespace.createAuthority('ca', { internal: { commonName: 'Second' } })
  await namespace.createAuthority('other', { internal: {} })
  const csr = await createCsr({ subject: { commonName: 'Third' }, isCA: true }, keySigner(first.key))
  const { 'tls.key': key } = encodeBundle(first, 'PKCS8')
  made = [
    await createSecret('ca-ca-1', 'ca', 1, { ...encodeBundle(first, 'PKCS8') }),
    await createSecret('ca-ca-2', 'ca', 2, { ...encodeBundle(second, 'PKCS8') }),
    await createSecret('ca-ca-request', 'ca-request', 3, { 'tls.key': key, 'tls.csr': csr }),
  ]
  await createSecret('other-ca-1', 'ca', 1, { ...encodeBundle(first, 'PKCS8') }, 'other')
})

const makeRecipient = (name: string, ...algorithm: readonly string[]): Promise<Ended> =>
  run('openssl', [
    ...['req', '-x509', '-nodes', '-subj', `/CN=${name}`, '-newkey', ...algorithm],
    ...['-keyout', `${name}.key`, '-out', `${name}.pem`],
  ])

function createSecret(
  name: string,
  content: SecretContent,
  generation: number,
  files: Readonly<Record<string, string>>,
  authority = 'ca',
): Promise<Secret> {
  const said = { [annotations.authority]: authority, [annotations.caGeneration]: String(generation) }
  return namespace.createSecret({
    metadata: { name, labels: { [secretLabel]: content }, annotations: said },
    type: content === 'ca' ? 'kubernetes.io/tls' : 'Opaque',
    immutable: content === 'ca',
    data: Object.fromEntries(
      Object.entries(files).map(([entry, text]) => [entry, Buffer.from(text).toString('base64')]),
    ),
  })
}

/** Runs a program in the folder of the files. */
function run(program: string, args: readonly string[], input = ''): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code) : 0, stdout, stderr })
    })
    child.stdin?.end(input)
  })
}

/** Behind the proxy, as `cli`. */
const sifaka = (...args: readonly string[]): Promise<Ended> =>
  run(join(binaries, 'sifaka'), [...args, '--kubeconfig', door])

const backUp = (out: string, ...recipients: readonly string[]): Promise<Ended> =>
  sifaka(
    ...['ca', 'backup', '--namespace', namespace.name, '--authority', 'ca', '--out', out],
    ...recipients.flatMap((name) => ['--recipient', `${name}.pem`]),
  )

const restore = (from: string, ...more: readonly string[]): Promise<Ended> =>
  sifaka('ca', 'restore', '--from', from, ...more)

/** A file of its own for each test. */
const fileOf = (purpose: string): string => `${namespace.name}-${purpose}.cms`

const removeSecrets = (): Promise<unknown> =>
  Promise.all(made.map(({ metadata }) => namespace.remove(secrets, metadata.name)))

const isMissing = (name: string): Promise<boolean> =>
  namespace.secret(name).then(
    () => false,
    (error) => isNotFound(error),
  )

/** What must come back: all but what the API server gives, and when it was saved. */
function contentOf({ type, immutable, data, metadata: { name, labels, annotations: said = {} } }: Secret) {
  const { [annotations.backedUpAt]: _, ...others } = said
  return { type, immutable, data, name, labels, annotations: others }
}

async function assertRestored(where = namespace): Promise<void> {
  for (const secret of made) assert.deepEqual(contentOf(await where.secret(secret.metadata.name)), contentOf(secret))
}

const savedAt = async (name = 'ca-ca-1'): Promise<string | undefined> =>
  (await namespace.secret(name)).metadata.annotations?.[annotations.backedUpAt]

test('what was saved and lost comes back octet for octet', async () => {
  const file = fileOf('whole')
  const saved = await backUp(file, 'safe', 'office')
  assert.deepEqual([saved.code, saved.stderr], [0, ''])
  assert.match(
    saved.stdout,
    /Secret\/ca-ca-1 +generation 1 +CN=First .* saved\nSecret\/ca-ca-2 +generation 2 +CN=Second/,
  )
  assert.match(saved.stdout, /Secret\/ca-ca-request +request 3 +CN=Third +- +- +saved\n/)
  assert.ok(!saved.stdout.includes('other-ca-1') && saved.stdout.includes(first.certificate.fingerprint))
  assert.equal((await stat(join(folder, file))).mode & 0o777, 0o600)
  for (const { metadata } of made) {
    const said = (await savedAt(metadata.name)) ?? ''
    assert.ok(Math.abs(Date.parse(said) - Date.now()) < 60_000, said)
  }
  assert.equal(await savedAt('other-ca-1'), undefined)

  await removeSecrets()
  const shown = await restore(file, '--key', 'safe.key')
  assert.equal(shown.code, 0)
  assert.equal(shown.stdout.match(/ would be created\n/g)?.length, 3)
  assert.match(shown.stderr, /Nothing was written/)
  const reading = sandbox.writes(({ namespace: where, verb }) => where === namespace.name && verb !== 'patch')
  assert.deepEqual(inWords(reading), [])
  assert.ok(await isMissing('ca-ca-1'))

  const done = await restore(file, '--key', 'office.key', '--apply')
  assert.deepEqual([done.code, done.stdout.match(/ created\n/g)?.length], [0, 3])
  await assertRestored()
  assert.ok(await savedAt())

  const again = await restore(file, '--key', 'safe.key', '--apply')
  assert.deepEqual([again.code, again.stdout.match(/ is there already\n/g)?.length], [0, 3])
  for (const { stdout, stderr } of [saved, shown, done, again]) assert.doesNotMatch(stdout + stderr, /PRIVATE KEY/)
})

test('openssl and kubectl alone bring it back', async () => {
  const file = fileOf('plain')
  await backUp(file, 'safe', 'office')
  await removeSecrets()
  const { stdout } = await run('openssl', ['cms', '-decrypt', '-inform', 'PEM', '-in', file, '-inkey', 'office.key'])
  const kubectl = ['kubectl', '--kubeconfig', sandbox.kubeconfig, 'create', '-f', '-']
  const created = await run(join(binaries, 'controlplane'), kubectl, stdout)
  assert.deepEqual([created.code, created.stderr], [0, ''])
  await assertRestored()
})

test('another namespace, with the Authority, by a key that has a passphrase', async () => {
  const file = fileOf('moved')
  await backUp(file, 'safe')
  await run('openssl', ['pkey', '-in', 'safe.key', '-aes256', '-passout', 'pass:open', '-out', 'locked.key'])
  const locked = await restore(file, '--key', 'locked.key')
  assert.deepEqual([locked.code, /--key locked.key: the key has a passphrase: hand it/.test(locked.stderr)], [2, true])

  const drill = await sandbox.namespace('drill')
  const options = `--from ${file} --namespace ${drill.name} --with-authority --apply --kubeconfig ${sandbox.kubeconfig}`
  const key = '<(openssl pkey -in locked.key -passin pass:open)'
  const moved = await run('bash', ['-c', `${binaries}sifaka ca restore --key ${key} ${options}`])
  assert.equal(moved.code, 0, moved.stderr)
  assert.match(moved.stdout, /\nAuthority\/ca +- +- +- +- +created\n/)
  await assertRestored(drill)
  const authority = await drill.authority('ca')
  assert.deepEqual(authority.spec, (await namespace.authority('ca')).spec)
  assert.deepEqual(authority.status, { observedGeneration: -1 })
})

test('what is there and differs is refused by its name, and the rest comes back', async () => {
  const file = fileOf('differing')
  await backUp(file, 'safe')
  await removeSecrets()
  const stranger = await createSecret('ca-ca-1', 'ca', 1, { ...encodeBundle(second, 'PKCS8') })
  for (const options of [[], ['--apply']]) {
    const { code, stdout } = await restore(file, '--key', 'safe.key', ...options)
    assert.equal(code, 1)
    assert.match(stdout, /ca-ca-1 .* refused: what is there differs in data ca.crt, data tls.crt and data tls.key\n/)
  }
  assert.deepEqual(await namespace.secret('ca-ca-1'), stranger)
  assert.equal(await isMissing('ca-ca-2'), false)
})

test('nothing is written, and the reason is said, for a file or key that cannot be used', async () => {
  const alter = (text: string): string => text.replace(/.{20}\n-----END/, (end) => `${'A'.repeat(20)}${end.slice(20)}`)
  const cases: readonly [what: string, change: (text: string) => string, key: string, why: RegExp][] = [
    ['the wrong key', (text) => text, 'office.key', /none of its 1 recipients has this key/],
    ['a key that is none', (text) => text, 'safe.pem', /--key safe.pem: the private key is not the PEM text of/],
    ['no key', (text) => text, 'lost.key', /cannot read lost.key \(ENOENT\)/],
    ['a file that is cut off', (text) => text.slice(0, text.length / 2), 'safe.key', /between a BEGIN and an END line/],
    ['a file that is no backup', () => 'keys', 'safe.key', /holds no PEM block CMS/],
    ['a file that was altered', alter, 'safe.key', /it was altered after it was encrypted/],
    ['a file that is too large', (text) => text + ' '.repeat(16 << 20), 'safe.key', /is larger than 16777216 bytes/],
  ]
  const file = fileOf('whole')
  await backUp(file, 'safe')
  await removeSecrets()
  const whole = await readFile(join(folder, file), 'utf8')
  for (const [what, change, key, why] of cases) {
    await writeFile(join(folder, file), change(whole))
    const { code, stdout, stderr } = await restore(file, '--key', key, '--apply')
    assert.deepEqual([code, stdout], [2, ''], what)
    assert.match(stderr, why, what)
    assert.ok(await isMissing('ca-ca-1'), what)
  }
})

suite('no backup is made', () => {
  const cases: readonly [what: string, recipients: readonly string[], why: RegExp][] = [
    ['for a weak recipient', ['safe', 'weak'], /key of CN=weak \(rsa with 1024 bits\): use RSA with at least 2048/],
    ['for a recipient that is none', ['lost'], /--recipient lost.pem: cannot read lost.pem \(ENOENT\)/],
    ['for nobody', [], /required option '--recipient <file>' not specified/],
    ['for the CA itself', ['itself'], /recipient CN=First is the CA that is to be saved/],
  ]
  for (const [what, recipients, why] of cases) {
    test(what, async () => {
      const file = fileOf('none')
      await writeFile(join(folder, 'itself.pem'), first.certificate.pem)
      const { code, stderr } = await backUp(file, ...recipients)
      assert.equal(code, 2)
      assert.match(stderr, why)
      assert.deepEqual(
        [await savedAt(), (await readdir(folder)).filter((each) => each.includes(file))],
        [undefined, []],
      )
    })
  }

  test('in place of another file', async () => {
    const file = fileOf('present')
    await writeFile(join(folder, file), 'precious')
    const { code, stderr } = await backUp(file, 'safe')
    assert.deepEqual([code, /exists and is not overwritten/.test(stderr)], [2, true])
    assert.equal(await readFile(join(folder, file), 'utf8'), 'precious')
  })

  test('of an Authority without keys', async () => {
    await removeSecrets()
    const { code, stderr } = await backUp(fileOf('nothing'), 'safe')
    assert.deepEqual(
      [code, stderr.includes(`no whole Secret with a CA key of Authority ca in ${namespace.name}`)],
      [2, true],
    )
  })
})

test('a Secret that is damaged is left out and named; a recipient that has expired is told', async () => {
  await createSecret('ca-ca-4', 'ca', 4, { ...encodeBundle(first, 'PKCS8'), ...keyOf(second) })
  const expired = await testCa({ commonName: 'Expired', notBefore: Date.UTC(2020, 0), notAfter: Date.UTC(2021, 0) })
  await writeFile(join(folder, 'expired.pem'), expired.certificate.pem)
  const { code, stdout, stderr } = await backUp(fileOf('partly'), 'expired', 'safe')
  assert.equal(code, 1)
  assert.match(stderr, /warning: the certificate of CN=Expired has expired: is its key still at hand\?\n/)
  assert.match(stderr, /warning: not saved: Secret ca-ca-4: tls.key is not the key of the certificate in tls.crt\n/)
  assert.ok(!stdout.includes('ca-ca-4') && stdout.includes('Secret/ca-ca-2'))
})

const keyOf = (bundle: Bundle) => ({ 'tls.key': encodeBundle(bundle, 'PKCS8')['tls.key'] })

test('Secrets without their Authority are saved all the same', async () => {
  const { name } = await sandbox.namespace('bare')
  const file = fileOf('bare')
  assert.equal((await backUp(file, 'safe')).code, 0)
  assert.equal((await restore(file, '--key', 'safe.key', '--namespace', name, '--apply')).code, 0)
  const rest = await sifaka(
    ...['ca', 'backup', '--namespace', name, '--authority', 'ca', '--recipient', 'safe.pem', '--out', `${name}.cms`],
  )
  assert.equal(rest.code, 0, rest.stderr)
  const { code, stderr } = await restore(`${name}.cms`, '--key', 'safe.key', '--with-authority')
  assert.deepEqual([code, /the backup holds no Authority/.test(stderr)], [2, true])
})

suite('a Secret that changes after it was read is', () => {
  const meanwhile = (change: () => Promise<void>): void => {
    const when = { who: 'cli', verb: 'patch', resource: 'secrets', namespace: namespace.name, name: 'ca-ca-1' } as const
    sandbox.proxy.add({ when, do: hook('before', change), times: 1 })
  }
  test('still the one that was saved, when its content is the same', async () => {
    meanwhile(async () => {
      await namespace.patch(secrets, 'ca-ca-1', { metadata: { annotations: { [annotations.activatedAt]: 'now' } } })
    })
    assert.equal((await backUp(fileOf('changed'), 'safe')).code, 0)
    assert.ok(await savedAt())
  })

  test('another one, when it was replaced: it is not said to be saved', async () => {
    meanwhile(async () => {
      await namespace.remove(secrets, 'ca-ca-1')
      await createSecret('ca-ca-1', 'ca', 1, { ...encodeBundle(first, 'PKCS8') })
    })
    const { code, stderr } = await backUp(fileOf('replaced'), 'safe')
    assert.deepEqual([code, /Secret ca-ca-1 was replaced after it was saved/.test(stderr)], [2, true])
    assert.equal(await savedAt(), undefined)
  })
})
