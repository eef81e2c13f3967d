import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual, promisify } from 'node:util'
import { annotations, type CertificateSpec, findCondition, type Secret } from '#api'
import { createCsr, generateKey, keySigner } from '#pki'
import {
  authorities,
  certificates,
  leafOf,
  messageOf,
  type Namespace,
  secrets,
  textOf,
  trueConditions,
  until,
} from './namespace.ts'
import { about, inWords, Sandbox, type SandboxOperator } from './sandbox.ts'

const quietMs = 1500
const run = promisify(execFile)

let sandbox: Sandbox
let operator: SandboxOperator
let team: Namespace

before(async () => {
  sandbox = await Sandbox.open()
  team = await sandbox.namespace('outputs')
  await team.createAuthority('ca')
  operator = await sandbox.operator({ namespaces: [team] })
  await team.authorityReady('ca')
})

after(() => sandbox?.close())

const latest = (): number => sandbox.proxy.requests.at(-1)?.seq ?? 0

/** What the operator asked of a Certificate and its Secret since then, Events apart, in words. */
const since = (seq: number, name: string): string[] =>
  inWords(
    sandbox.proxy.requests
      .filter((request) => request.seq > seq && request.resource !== 'events' && request.verb !== 'watch')
      .filter(about(team, name)),
  )

async function issued(name: string, spec: Partial<CertificateSpec>): Promise<Secret> {
  await team.createCertificate(name, spec)
  await team.certificateReady(name, 1)
  return team.secret(name)
}

const createPassword = (name: string, password: string): Promise<Secret> =>
  team.createSecret({ metadata: { name }, data: { password: Buffer.from(password).toString('base64') } })

const outputsIn = ({ data = {} }: Secret): string[] =>
  Object.keys(data)
    .filter((key) => !['tls.key', 'tls.crt', 'ca.crt'].includes(key))
    .sort()

/** Whether the outputs of a Secret are others than those of an earlier version. */
const areOthers = (before: Secret) => (now: Secret) =>
  now.metadata.annotations?.[annotations.outputs] !== before.metadata.annotations?.[annotations.outputs]

/** What Java finds in a store: `alias, kind of entry, SHA-256 of its first certificate` of each. */
async function entriesOf(secret: Secret, key: string, password: string): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), 'sifaka-outputs-'))
  try {
    const path = join(folder, key)
    await writeFile(path, Buffer.from(secret.data?.[key] ?? '', 'base64'))
    const flags = ['-J-Duser.language=en', '-list', '-keystore', path, '-storepass', password]
    const { stdout } = await run('keytool', flags)
    const found = stdout.matchAll(/^(\S+), .*, (\w+), \nCertificate fingerprint \(SHA-256\): ([0-9A-F:]+)$/gm)
    return [...found].map(([, alias, kind, fingerprint]) => `${alias}, ${kind}, ${fingerprint}`)
  } finally {
    await rm(folder, { recursive: true })
  }
}

const entriesFor = (secret: Secret) => ({
  key: [`certificate, PrivateKeyEntry, ${leafOf(secret).fingerprint256}`],
  roots: [`certificate, trustedCertEntry, ${new X509Certificate(textOf(secret, 'ca.crt')).fingerprint256}`],
})

describe('outputs', { concurrency: 3 }, () => {
  test('are there with the certificate, in the same write, and others read them', async () => {
    const secret = await issued('all', { outputs: { pkcs12: {}, jks: {}, der: {}, combinedPEM: {} } })
    assert.deepEqual(since(0, 'all').sort(), ['create secrets', 'patch certificates/status'])
    assert.deepEqual(outputsIn(secret), [
      ...['key.der', 'keystore-password', 'keystore.jks', 'keystore.p12'],
      ...['tls-combined.pem', 'tls.der', 'truststore.jks', 'truststore.p12'],
    ])
    const password = textOf(secret, 'keystore-password')
    assert.match(password, /^[A-Za-z0-9_-]{32}$/)
    const { key, roots } = entriesFor(secret)
    for (const kind of ['p12', 'jks']) {
      assert.deepEqual(await entriesOf(secret, `keystore.${kind}`, password), key)
      assert.deepEqual(await entriesOf(secret, `truststore.${kind}`, password), roots)
    }
    assert.equal(textOf(secret, 'tls-combined.pem'), textOf(secret, 'tls.key') + textOf(secret, 'tls.crt'))
    assert.deepEqual(Buffer.from(secret.data?.['tls.der'] ?? '', 'base64'), leafOf(secret).raw)
  })

  test('follow the certificate in the same write, and the password that was made stays', async () => {
    const first = await issued('renewed', { outputs: { pkcs12: {} } })
    const seq = latest()
    await team.changeSpec('renewed', { dnsNames: ['new.example.com'] })
    await team.certificateReady('renewed', 2)
    // Read once to hold it against the new spec, and once for the password.
    const reads = ['get secrets', 'get secrets']
    assert.deepEqual(since(seq, 'renewed'), [...reads, 'patch secrets', 'patch certificates/status'])
    const secret = await team.secret('renewed')
    const password = textOf(secret, 'keystore-password')
    assert.equal(password, textOf(first, 'keystore-password'))
    assert.deepEqual(await entriesOf(secret, 'keystore.p12', password), entriesFor(secret).key)
  })

  test('change with the spec in one write, and nothing is issued', async () => {
    const first = await issued('changed', { outputs: { pkcs12: {} } })
    const seq = latest()
    await team.changeSpec('changed', { outputs: { pkcs12: { profile: 'Legacy3DES', alias: 'web' } } })
    const secret = await team.secretUntil('changed', areOthers(first))
    await team.certificateReady('changed', 1)
    assert.deepEqual(since(seq, 'changed'), ['get secrets', 'patch secrets', 'patch certificates/status'])
    assert.equal(textOf(secret, 'tls.key'), textOf(first, 'tls.key'))
    const [entry = ''] = await entriesOf(secret, 'keystore.p12', textOf(first, 'keystore-password'))
    assert.match(entry, /^web, PrivateKeyEntry/)
  })

  test('that are asked for no more go, and the password with them', async () => {
    const before = await issued('dropped', { outputs: { pkcs12: {}, der: {} } })
    await team.changeSpec('dropped', { outputs: { pkcs12: null } })
    assert.deepEqual(outputsIn(await team.secretUntil('dropped', areOthers(before))), ['key.der', 'tls.der'])
    await team.certificateReady('dropped', 1)
    const seq = latest()
    await team.changeSpec('dropped', { outputs: null })
    const secret = await team.secretUntil('dropped', (now) => outputsIn(now).length === 0)
    assert.equal(secret.metadata.annotations?.[annotations.outputs], undefined)
    await team.certificateReady('dropped', 1)
    assert.deepEqual(since(seq, 'dropped'), ['patch secrets', 'patch certificates/status'])
  })

  for (const [what, data] of [
    ['removed', { 'keystore.p12': null }],
    ['changed', { 'truststore.p12': 'AAAA' }],
    ['given another password', { 'keystore-password': 'c2VjcmV0' }],
  ] as const) {
    test(`are made anew when they are ${what} by somebody`, async () => {
      const name = `tampered-${what.split(' ')[0]}`
      await issued(name, { outputs: { pkcs12: {} } })
      await team.patch(secrets, name, { data })
      const isWhole = ({ data: now = {} }: Secret): boolean =>
        Object.entries(data).every(([key, value]) => now[key] !== undefined && now[key] !== value)
      const secret = await team.secretUntil(name, isWhole)
      const password = textOf(secret, 'keystore-password')
      assert.deepEqual(await entriesOf(secret, 'keystore.p12', password), entriesFor(secret).key)
      assert.deepEqual(await entriesOf(secret, 'truststore.p12', password), entriesFor(secret).roots)
    })
  }

  test('without a key there is the certificate in DER', async () => {
    const key = await generateKey({ algorithm: 'ECDSA', size: 256 })
    const csr = await createCsr({ subject: {}, names: { dnsNames: ['www.example.com'] } }, keySigner(key))
    const metadata = { namespace: team.name, name: 'keyless' }
    const spec = { authorityRef: { name: 'ca' }, csr, outputs: { der: {} } }
    await sandbox.client.create(certificates, {
      apiVersion: 'sifaka.dev/v1alpha1',
      kind: 'Certificate',
      metadata,
      spec,
    } as never)
    await team.certificateReady('keyless', 1)
    assert.deepEqual(outputsIn(await team.secret('keyless')), ['tls.der'])
  })
})

describe('a password of a Secret', { concurrency: 3 }, () => {
  const from = (name: string) => ({ outputs: { jks: { passwordSecretRef: { name } } } })

  test('is waited for, and nothing is issued before it appears', async () => {
    await team.createCertificate('waiting', from('late-password'))
    const refused = await team.certificateRefused('waiting', 'PasswordNotFound')
    assert.deepEqual(trueConditions(refused), ['Reconciling'])
    assert.match(messageOf(refused), /Secret late-password does not exist: put the password .* under password/)
    await sandbox.writesWithin(300)
    assert.ok(!since(0, 'waiting').includes('create secrets'))
    await createPassword('late-password', 'changeit')
    await team.certificateReady('waiting', 1, 5000)
    const secret = await team.secret('waiting')
    assert.deepEqual(outputsIn(secret), ['keystore.jks', 'truststore.jks'])
    assert.deepEqual(await entriesOf(secret, 'keystore.jks', 'changeit'), entriesFor(secret).key)
  })

  test('that changes makes the stores anew, and the certificate stays', async () => {
    await createPassword('changing', 'before it')
    const first = await issued('followed', from('changing'))
    const seq = latest()
    await team.patch(secrets, 'changing', { data: { password: Buffer.from('after it').toString('base64') } })
    const secret = await team.secretUntil('followed', areOthers(first))
    assert.deepEqual(await entriesOf(secret, 'keystore.jks', 'after it'), entriesFor(secret).key)
    assert.equal(textOf(secret, 'tls.crt'), textOf(first, 'tls.crt'))
    await sandbox.writesWithin(500)
    assert.deepEqual(since(seq, 'followed'), ['get secrets', 'patch secrets', 'patch certificates/status'])
  })

  test('that goes harms nothing that was made with it, and is waited for when something is to be made', async () => {
    await createPassword('fleeting', 'changeit')
    const first = await issued('bereft', from('fleeting'))
    await team.remove(secrets, 'fleeting')
    const warned = await team.certificateUntil(
      'bereft',
      ({ status }) => findCondition(status?.conditions, 'Warning')?.reason === 'PasswordNotFound',
    )
    assert.deepEqual(trueConditions(warned), ['Ready', 'Warning'])
    assert.deepEqual((await team.secret('bereft')).data, first.data)
    await team.changeSpec('bereft', { outputs: { jks: { alias: 'web' } } })
    assert.deepEqual(trueConditions(await team.certificateRefused('bereft', 'PasswordNotFound')), ['Reconciling'])
    assert.deepEqual((await team.secret('bereft')).data, first.data)
    await createPassword('fleeting', 'another')
    assert.deepEqual(trueConditions(await team.certificateReady('bereft', 1)), ['Ready'])
    const [entry = ''] = await entriesOf(await team.secret('bereft'), 'keystore.jks', 'another')
    assert.match(entry, /^web, PrivateKeyEntry/)
  })

  const bad: [string, Record<string, string>, RegExp][] = [
    ['empty', { password: '' }, /has no usable password under password: the keystore password is empty/],
    ['elsewhere', { pass: 'eA==' }, /has no key password/],
    ['with-line-break', { password: Buffer.from('secret-word\n').toString('base64') }, /control character/],
  ]
  for (const [name, data, why] of bad) {
    test(`that is ${name} is named, and never shown`, async () => {
      await team.createSecret({ metadata: { name: `bad-${name}` }, data })
      await team.createCertificate(`bad-${name}-user`, from(`bad-${name}`))
      const refused = await team.certificateRefused(`bad-${name}-user`, 'PasswordNotFound')
      assert.match(messageOf(refused), why)
      assert.doesNotMatch(JSON.stringify(refused), /secret-word/)
      await team.patch(secrets, `bad-${name}`, { data: { password: 'Z29vZCBvbmU=' } })
      await team.certificateReady(`bad-${name}-user`, 1, 5000)
    })
  }

  test('is not taken from a Secret that Sifaka writes', async () => {
    await issued('source', { outputs: { pkcs12: {} } })
    const outputs = { jks: { passwordSecretRef: { name: 'source', key: 'keystore-password' } } }
    await team.createCertificate('thief', { outputs })
    assert.match(messageOf(await team.certificateRefused('thief', 'PasswordNotFound')), /is one that Sifaka writes/)
    await team.createCertificate('itself', { outputs: { jks: { passwordSecretRef: { name: 'itself' } } } })
    const refused = await team.certificateRefused('itself', 'PasswordNotFound')
    assert.match(messageOf(refused), /is the one that the keystores go into/)
  })

  test('is read no more once it is watched', async () => {
    await createPassword('steady', 'changeit')
    await issued('steadied', from('steady'))
    const asked = (verb: string): number =>
      sandbox.proxy.requests.filter((request) => request.verb === verb && about(team, 'steady')(request)).length
    assert.equal(asked('get'), 2, 'one to know that it is there, one to use it')
    await until(
      () => asked('watch'),
      (count) => count > 0,
      'a watch',
    )
    for (const at of ['first', 'second', 'third']) {
      const visits = () => operator.metric('sifaka_reconciles_total', { controller: 'certificate' })
      const before = await visits()
      await team.patch(certificates, 'steadied', { metadata: { annotations: { 'example.com/looked-at': at } } })
      await until(visits, (count) => count > before, 'a visit')
    }
    await sandbox.writesWithin(300)
    assert.equal(asked('get'), 2)
  })

  test('passes through neither log nor audit stream', () => {
    const all = JSON.stringify(operator.logs)
    for (const word of ['secret-word', 'after it', 'before it']) assert.ok(!all.includes(word), word)
  })
})

test('trust stores follow the bundle of the Authority in the write that changes ca.crt', async () => {
  await team.createAuthority('turning', { internal: { trustPropagation: '1s' } })
  await team.authorityReady('turning')
  const of = { authorityRef: { name: 'turning' } }
  await issued('trusting', { ...of, outputs: { pkcs12: { password: 'None' } } })
  const plain = await issued('plain', { ...of, outputs: { combinedPEM: {} } })
  const seq = latest()
  await team.patch(authorities, 'turning', { spec: { internal: { generation: 2 } } })
  const hasBoth = (secret: Secret): boolean => textOf(secret, 'ca.crt').match(/BEGIN/g)?.length === 2
  const secret = await team.secretUntil('trusting', hasBoth)
  const roots = textOf(secret, 'ca.crt').match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
  const prints = roots.map((root) => new X509Certificate(root).fingerprint256)
  const entries = await entriesOf(secret, 'truststore.p12', '')
  assert.deepEqual(entries, [
    `certificate, trustedCertEntry, ${prints[0]}`,
    `certificate-1, trustedCertEntry, ${prints[1]}`,
  ])
  assert.deepEqual(since(seq, 'trusting').slice(0, 2), ['get secrets', 'patch secrets'])
  const after = await team.secretUntil('plain', hasBoth)
  assert.ok(!areOthers(plain)(after), 'what has no roots in it stays')
})

test('nothing is written at rest, nor after a restart', async () => {
  await team.removeCertificates()
  const outputs = { pkcs12: {}, jks: { passwordSecretRef: { name: 'at-rest' } }, der: {}, combinedPEM: {} }
  await createPassword('at-rest', 'changeit')
  const secret = await issued('resting', { outputs, secretTemplate: { labels: { team: 'shop' } } })
  await sandbox.writesWithin(quietMs)
  assert.deepEqual(inWords(await sandbox.writesWithin(quietMs, about(team, 'resting'))), [])
  assert.equal(await operator.stop(), 0)
  operator = await sandbox.operator({ namespaces: [team] })
  await until(
    () => operator.metric('sifaka_reconciles_total', { controller: 'certificate' }),
    (count) => count > 0,
    'a visit',
  )
  assert.deepEqual(inWords(await sandbox.writesWithin(quietMs, about(team, 'resting'))), [])
  assert.ok(isDeepStrictEqual(await team.secret('resting'), secret))
})
