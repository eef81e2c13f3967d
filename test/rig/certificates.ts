import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CertificateSpec } from '#api'
import { second } from '#base'
import { createCsr, generateKey, keySigner } from '#pki'
import { certificates, isRefused, secrets } from '../controllers/namespace.ts'
import { registerHolds, registerOf } from './register.ts'
import { strangerFaster } from './strangers.ts'
import { isIssued, readyAuthority, readyCertificate, reissue, type Workload } from './workload.ts'

/** Due 12 to 24 s after it was issued: later than a case takes to see that nothing more is written. */
const renewed = { duration: '4m', renewal: { beforePercent: 90 } } as const
const renewalDueMs = 24 * second

const issuance = ['create secrets web', 'patch certificates/status web', 'create events web']
const replaced = ['patch secrets web', 'patch certificates/status web', 'create events web']

const issued: Workload = {
  name: 'issuance',
  prepare: readyAuthority,
  begin: ({ namespace }) => namespace.createCertificate('web', { outputs: { der: {}, combinedPEM: {} } }),
  isDone: isIssued(1),
  writes: issuance,
}

const registered: Workload = {
  name: 'issuance and its line in the register',
  prepare: readyAuthority,
  begin: ({ namespace }) => namespace.createCertificate('web'),
  async isDone(stage) {
    const lines = stage.sandbox.proxy.requests.filter(({ namespace, name, status = 500 }) => {
      return namespace === stage.namespace.name && name === 'ca-register-1' && status < 300
    })
    return lines.length > 0 && isIssued(1)(stage)
  },
  writes: [...issuance, 'create configmaps ca-register-1'],
  withRegister: true,
}

const request = generateKey({ algorithm: 'ECDSA', size: 256 }).then((key) =>
  createCsr({ subject: {}, names: { dnsNames: ['www.example.com'] } }, keySigner(key)),
)

const ownCsr: Workload = {
  name: 'issuance for a key of their own',
  prepare: readyAuthority,
  begin: async ({ namespace }) => namespace.createCertificate('web', { csr: await request, dnsNames: undefined }),
  isDone: isIssued(1),
  writes: issuance,
}

const renewal: Workload = {
  name: 'renewal',
  prepare: (stage) => readyCertificate(stage, renewed),
  begin: ({ readyAtMs }) => sleep(Math.max(0, readyAtMs + renewalDueMs - performance.now())),
  isDone: isIssued(2),
  writes: replaced,
}

const keptKey: Workload = {
  name: 'issuance anew with the same key',
  prepare: (stage) => readyCertificate(stage, { privateKey: { rotation: 'Never' }, outputs: { der: {} } }),
  begin: reissue,
  isDone: isIssued(2),
  writes: replaced,
  keepsKey: true,
}

const changed: Workload = {
  name: 'other names',
  prepare: (stage) => readyCertificate(stage, { outputs: { der: {}, combinedPEM: {} } }),
  begin: ({ namespace }) => namespace.changeSpec('web', { dnsNames: ['new.example.com'] }),
  isDone: isIssued(2),
  writes: replaced,
}

const lost: Workload = {
  name: 'Secret deleted by hand',
  prepare: (stage) => readyCertificate(stage),
  begin: ({ namespace }) => namespace.remove(secrets, 'web'),
  isDone: isIssued(2),
  writes: issuance,
}

const resumed: Workload = {
  name: 'resumption',
  async prepare(stage) {
    await readyAuthority(stage)
    await stage.namespace.createCertificate('web', { suspend: true })
    await stage.namespace.certificateRefused('web', 'Suspended')
  },
  begin: ({ namespace }) => namespace.changeSpec('web', { suspend: false }),
  isDone: isIssued(1),
  writes: issuance,
}

const outputs: Workload = {
  name: 'outputs asked for and a template',
  prepare: (stage) => readyCertificate(stage),
  begin: ({ namespace }) => {
    const secretTemplate = { labels: { team: 'shop' }, annotations: { 'example.com/note': 'a' } }
    return namespace.changeSpec('web', { outputs: { der: {}, combinedPEM: {}, pkcs12: {} }, secretTemplate })
  },
  isDone: isIssued(1),
  writes: ['patch secrets web', 'patch certificates/status web'],
  async holds({ namespace }) {
    const { metadata, data = {} } = await namespace.secret('web')
    assert.equal(metadata.labels?.team, 'shop')
    assert.equal(metadata.annotations?.['example.com/note'], 'a')
    assert.deepEqual(
      ['keystore.p12', 'tls-combined.pem', 'key.der'].filter((name) => !(name in data)),
      [],
    )
  },
}

const templated: Partial<CertificateSpec> = {
  secretTemplate: { labels: { team: 'shop', tier: 'front' }, annotations: { 'example.com/note': 'a' } },
  outputs: { der: {}, pkcs12: {} },
}

const untemplated: Workload = {
  name: 'template and outputs taken out',
  prepare: (stage) => readyCertificate(stage, templated),
  begin: ({ namespace }) =>
    namespace.changeSpec('web', { secretTemplate: { labels: { tier: null }, annotations: null }, outputs: null }),
  isDone: isIssued(1),
  writes: ['patch secrets web', 'patch certificates/status web'],
  async holds({ namespace }) {
    const { metadata, data = {} } = await namespace.secret('web')
    assert.deepEqual([metadata.labels?.team, metadata.labels?.tier], ['shop', undefined])
    assert.equal(metadata.annotations?.['example.com/note'], undefined)
    assert.deepEqual(Object.keys(data).sort(), ['ca.crt', 'tls.crt', 'tls.key'])
  },
}

const drifted: Workload = {
  name: 'template that somebody has overwritten',
  prepare: (stage) => readyCertificate(stage, templated),
  begin: ({ namespace }) => {
    const metadata = { labels: { team: 'bank' }, annotations: { 'example.com/note': null, 'example.com/other': 'b' } }
    return namespace.patch(secrets, 'web', { metadata })
  },
  async isDone({ namespace }) {
    const { labels = {}, annotations: said = {} } = (await namespace.secret('web')).metadata
    return labels.team === 'shop' && said['example.com/note'] === 'a' && said['example.com/other'] === 'b'
  },
  writes: ['patch secrets web', 'patch certificates/status web'],
}

const password = (text: string) => ({ data: { password: Buffer.from(text).toString('base64') } })

const repassword: Workload = {
  name: 'another password',
  async prepare(stage) {
    await stage.namespace.createSecret({ metadata: { name: 'password' }, ...password('first') })
    await readyCertificate(stage, { outputs: { pkcs12: { passwordSecretRef: { name: 'password' } } } })
  },
  async begin({ namespace, secrets: recorder }) {
    await recorder.caughtUp()
    await namespace.patch(secrets, 'password', password('second'))
  },
  async isDone({ secrets: recorder }) {
    const stores = recorder.of('web').map(({ object }) => object.data?.['keystore.p12'])
    return new Set(stores).size === 2
  },
  writes: ['patch secrets web', 'patch certificates/status web'],
}

/** A Secret with a certificate of the CA that another Certificate has got. */
const adoption: Workload = {
  name: 'adoption',
  async prepare(stage) {
    await readyCertificate(stage, {}, 'donor')
    const { namespace } = stage
    const { data = {}, type = '' } = await namespace.secret('donor')
    const metadata = { name: 'web', annotations: { 'sifaka.dev/adopt-by': 'web' } }
    await namespace.createSecret({ metadata, data, type })
    await namespace.remove(certificates, 'donor')
    await namespace.remove(secrets, 'donor')
  },
  begin: ({ namespace }) => namespace.createCertificate('web', { adopt: true, secretTemplate: { labels: { a: 'b' } } }),
  isDone: isIssued(1),
  writes: replaced,
  async holds({ secrets: recorder }) {
    const given = recorder.of('web').map(({ object }) => `${object.data?.['tls.key']} ${object.data?.['tls.crt']}`)
    assert.equal(new Set(given).size, 1, 'key and certificate stay as they are')
  },
}

/** Another one waits for the Secret of a Certificate that takes it along. */
const inherited: Workload = {
  name: 'two for one Secret, and the holder goes',
  async prepare(stage) {
    const deletionPolicy = { secret: 'Delete' } as const
    await readyCertificate(stage, { secretName: 'shared', deletionPolicy })
    await stage.namespace.createCertificate('heir', { secretName: 'shared' })
    await stage.namespace.certificateRefused('heir', 'SecretTaken')
  },
  begin: ({ namespace }) => namespace.remove(certificates, 'web'),
  async isDone(stage) {
    const { namespace } = stage
    const holder = await namespace.certificate('web').catch(() => undefined)
    return holder === undefined && isIssued(1, 'heir')(stage)
  },
  writes: [
    ...['delete secrets shared', 'patch certificates web'],
    ...['create secrets shared', 'patch certificates/status heir', 'create events heir'],
  ],
  isOfTheMoment: true,
}

/** Another one names the Secret of a Certificate that leaves it. */
const left: Workload = {
  name: 'two for one Secret, and the holder leaves it',
  async prepare(stage) {
    await readyCertificate(stage, { secretName: 'shared' })
    await stage.namespace.createCertificate('other', { secretName: 'shared' })
    await stage.namespace.certificateRefused('other', 'SecretTaken')
  },
  begin: ({ namespace }) => namespace.remove(certificates, 'web'),
  isDone: async ({ namespace }) => isRefused(await namespace.certificate('other'), 'SecretNotOurs'),
  writes: ['patch certificates/status other', 'create events other'],
}

const marked: Workload = {
  name: 'a policy for its deletion',
  prepare: (stage) => readyCertificate(stage),
  begin: ({ namespace }) => namespace.changeSpec('web', { deletionPolicy: { secret: 'Delete', revoke: true } }),
  async isDone(stage) {
    const { metadata } = await stage.namespace.certificate('web')
    return metadata.finalizers?.length === 1 && isIssued(1)(stage)
  },
  writes: ['patch certificates web', 'patch certificates/status web'],
}

const deleted: Workload = {
  name: 'deletion with revocation and Secret',
  prepare: async (stage) => {
    await readyCertificate(stage, { deletionPolicy: { secret: 'Delete', revoke: true } })
    await registerHolds(stage, 1)
  },
  begin: ({ namespace }) => namespace.remove(certificates, 'web'),
  async isDone({ namespace }) {
    const found = await Promise.all([
      namespace.certificate('web').catch(() => undefined),
      namespace.secret('web').catch(() => undefined),
    ])
    return found.every((each) => each === undefined)
  },
  writes: [
    ...['patch configmaps ca-register-1', 'patch configmaps ca-crl-1', 'patch certificates/status web'],
    ...['create events web', 'delete secrets web', 'patch certificates web'],
  ],
  isOfTheMoment: true,
  withRegister: true,
  async holds(stage) {
    const lines = await registerOf(stage)
    assert.deepEqual(
      lines.map(({ revoked }) => revoked !== undefined),
      [true],
      'its certificate is revoked',
    )
  },
}

const revoked: Workload = {
  name: 'revocation',
  prepare: async (stage) => {
    await readyCertificate(stage)
    await registerHolds(stage, 1)
  },
  async begin({ namespace }) {
    const { status } = await namespace.certificate('web')
    const revocation = { serials: [status?.serialNumber], reason: 'keyCompromise' }
    await namespace.changeSpec('web', { revocation })
  },
  async isDone(stage) {
    const { status } = await stage.namespace.certificate('web')
    return status?.revocations?.length === 1 && isIssued(2)(stage)
  },
  writes: [
    ...['patch secrets web', 'patch certificates/status web', 'patch configmaps ca-register-1'],
    ...['patch configmaps ca-crl-1', 'create events web'],
  ],
  isOfTheMoment: true,
  withRegister: true,
}

/** The work of Certificates that get theirs at once. */
export const certificateWorkloads = [
  ...[issued, registered, ownCsr, renewal, keptKey, changed, lost, resumed],
  ...[outputs, untemplated, drifted, repassword, adoption, inherited, left, strangerFaster, marked, deleted, revoked],
]
