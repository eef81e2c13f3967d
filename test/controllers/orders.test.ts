import assert from 'node:assert/strict'
import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { after, before, test } from 'node:test'
import { annotations, type Certificate, type CertificateSpec, findCondition, secretLabel } from '#api'
import { second, toRfc3339 } from '#base'
import { isNotFound } from '#kube'
import { createCsr, keySigner } from '#pki'
import { keyMatchesLeaf, type RecordedRequest } from '#test/faults'
import { type FileDrop, FileDropRoot, fileDropArgs } from './file-drop.ts'
import { certificates, type Namespace, textOf, trueConditions, until } from './namespace.ts'
import { inWords, Sandbox, type SandboxOperator } from './sandbox.ts'

/** How long nothing may be written for it to count as quiet; the issuer is asked again each second. */
const quietMs = 2500

let sandbox: Sandbox
let root: FileDropRoot
let operator: SandboxOperator
let team: Namespace

before(async () => {
  root = await FileDropRoot.open()
  sandbox = await Sandbox.open()
  team = await sandbox.namespace('orders')
  operator = await sandbox.operator({ namespaces: [team], args: fileDropArgs })
})

after(async () => {
  await sandbox?.close()
  await root?.close()
})

/** The Authority of a Certificate, with a folder of its own. */
async function authorityOf(name: string, namespace = team): Promise<FileDrop> {
  const folder = await root.folder()
  await namespace.createAuthority(`ca-${name}`, folder.spec)
  await namespace.authorityReady(`ca-${name}`)
  return folder
}

const create = (name: string, spec: Partial<CertificateSpec> = {}, namespace = team): Promise<Certificate> =>
  namespace.createCertificate(name, { authorityRef: { name: `ca-${name}` }, ...spec })

/** A Certificate that is ordered from an Authority of its own. */
async function ordered(name: string, spec: Partial<CertificateSpec> = {}): Promise<FileDrop> {
  const folder = await authorityOf(name)
  await create(name, spec)
  await pending(name)
  return folder
}

const saysPending = ({ status }: Certificate, type: string): boolean =>
  findCondition(status?.conditions, type)?.reason === 'OrderPending'

const pending = (name: string): Promise<Certificate> =>
  team.certificateUntil(
    name,
    (each) => saysPending(each, 'Reconciling') && each.status?.observedGeneration === each.metadata.generation,
  )

/** Waits until the Secret of the order is gone. */
const orderGone = (name: string, namespace = team): Promise<boolean> =>
  until(
    () => namespace.secret(`${name}-pending`).then(() => false, isNotFound),
    (isGone) => isGone,
    `the end of the order of ${name}`,
  )

/** Picks what is about a Certificate, its Secrets and its Events. */
const isAbout =
  (name: string, namespace = team) =>
  (request: RecordedRequest): boolean => {
    if (request.namespace !== namespace.name) return false
    if (request.resource === 'events') return request.name.startsWith(`${name}.`)
    return request.name === `${name}-pending` || request.name === name
  }

/** Waits for the last thing that comes of an issuance. */
const told = (name: string): Promise<unknown> =>
  until(
    () => team.events(name),
    (all) => all.length > 0,
    `events about ${name}`,
  )

test('what the authority decides otherwise is told beside the certificate', async () => {
  const folder = await authorityOf('decides')
  folder.tell('at-once')
  await create('decides', { usages: ['clientAuth', 'digitalSignature'] })
  await until(folder.orders.bind(folder), (all) => all.length === 1, 'the request')
  await folder.sign()
  const { status } = await team.certificateReady('decides', 1)
  const said = findCondition(status?.conditions, 'Ready')?.message ?? ''
  assert.match(said, /^valid until .*: the authority decided otherwise than was asked for: its usages lack clientAuth/)
})

test('an order that is answered at once takes five writes, and no read', async () => {
  const folder = await authorityOf('quick')
  folder.tell('at-once')
  await create('quick')
  await until(folder.orders.bind(folder), (all) => all.length === 1, 'the request')
  const { metadata, data, type } = await team.secret('quick-pending')
  assert.deepEqual(
    [metadata.labels?.[secretLabel], metadata.annotations?.[annotations.certificate], type],
    ['order', 'quick', 'Opaque'],
  )
  await folder.sign()
  await team.certificateReady('quick', 1)
  await told('quick')
  const isGone = (requests: readonly RecordedRequest[]): boolean =>
    inWords(requests.filter(isAbout('quick'))).includes('delete secrets')
  await sandbox.proxy.waitFor(isGone)
  const five = ['create events', 'create secrets', 'create secrets', 'delete secrets', 'patch certificates/status']
  assert.deepEqual(inWords(sandbox.proxy.requests.filter(isAbout('quick'))).sort(), five)
  const secret = await team.secret('quick')
  assert.equal(
    textOf(secret, 'tls.key'),
    Buffer.from(data?.['tls.key'] ?? '', 'base64').toString(),
    'the key of the order',
  )
  assert.ok(keyMatchesLeaf(secret))
  assert.equal(folder.ordersEver().length, 1)
})

test('an order that takes its time says so once, is asked about, and ends in a certificate', async () => {
  const folder = await ordered('slow')
  await until(
    () => folder.calls(),
    (calls) => calls.length >= 2,
    'a second look',
  )
  assert.deepEqual(inWords(await sandbox.writesWithin(quietMs, isAbout('slow'))), [])
  assert.ok(folder.calls().length > 3, 'it was asked meanwhile')
  const { metadata } = await team.secret('slow-pending')
  assert.match(metadata.annotations?.[annotations.order] ?? '', /"handle":"/)
  await folder.sign()
  assert.deepEqual(trueConditions(await team.certificateReady('slow', 1)), ['Ready'])
  await orderGone('slow')
  assert.equal(folder.ordersEver().length, 1)
})

test('while a renewal is ordered the certificate in use stays, and nothing is ordered twice', async () => {
  const folder = await ordered('renewed')
  await folder.sign()
  await team.certificateReady('renewed', 1)
  const before = await team.secret('renewed')
  const at = { [annotations.reissueRequestedAt]: toRfc3339(Date.now() + second) }
  await team.patch(certificates, 'renewed', { metadata: { annotations: at } })
  const waiting = await team.certificateUntil('renewed', (each) => saysPending(each, 'Issuing'))
  assert.deepEqual(trueConditions(waiting), ['Issuing', 'Ready'])
  assert.equal(await operator.stop(), 0)
  operator = await sandbox.operator({ namespaces: [team], args: fileDropArgs })
  await team.patch(certificates, 'renewed', { metadata: { annotations: { note: 'look here' } } })
  assert.deepEqual(inWords(await sandbox.writesWithin(quietMs, isAbout('renewed'))), [])
  assert.equal((await team.secret('renewed')).metadata.resourceVersion, before.metadata.resourceVersion)
  await folder.sign()
  await team.certificateReady('renewed', 2)
  await orderGone('renewed')
  assert.equal(folder.ordersEver().length, 2)
  assert.notEqual(textOf(await team.secret('renewed'), 'tls.key'), textOf(before, 'tls.key'))
})

test('a request that changes has its order cancelled and another one made', async () => {
  const folder = await ordered('changed')
  const [first = ''] = folder.orders()
  const key = textOf(await team.secret('changed-pending'), 'tls.key')
  await team.changeSpec('changed', { dnsNames: ['new.example.com'] })
  await until(
    () => folder.ordersEver(),
    (all) => all.length === 2,
    'another order',
  )
  await pending('changed')
  assert.deepEqual(
    [folder.orders().includes(first), folder.orders().length, folder.calls(first).at(-1)],
    [false, 1, 'cancel'],
  )
  assert.notEqual(textOf(await team.secret('changed-pending'), 'tls.key'), key)
  await folder.sign()
  await team.certificateReady('changed', 1)
  assert.deepEqual((await team.events('changed')).map(({ reason }) => reason).includes('OrderAbandoned'), false)
})

test('another Authority gets an order of its own, and the first one a cancellation', async () => {
  const [from, to] = [await ordered('moved'), await authorityOf('elsewhere')]
  await team.changeSpec('moved', { authorityRef: { name: 'ca-elsewhere' } })
  await until(
    () => to.orders(),
    (all) => all.length === 1,
    'the order elsewhere',
  )
  assert.deepEqual([from.orders(), from.calls().at(-1)], [[], 'cancel'])
  await to.sign()
  await team.certificateReady('moved', 1)
})

test('a Certificate that is suspended has its order cancelled, and orders anew when it goes on', async () => {
  const folder = await ordered('suspended')
  await team.changeSpec('suspended', { suspend: true })
  await team.certificateRefused('suspended', 'Suspended')
  await orderGone('suspended')
  assert.deepEqual([folder.orders(), folder.calls().at(-1)], [[], 'cancel'])
  await team.changeSpec('suspended', { suspend: false })
  await until(
    () => folder.orders(),
    (all) => all.length === 1,
    'another order',
  )
  await folder.sign()
  await team.certificateReady('suspended', 1)
})

test('a Certificate that is deleted leaves no order and no key', async () => {
  const folder = await ordered('deleted')
  await team.remove(certificates, 'deleted')
  await orderGone('deleted')
  assert.deepEqual([folder.orders(), folder.calls().at(-1)], [[], 'cancel'])
})

test('an order whose Certificate went while nobody looked is cancelled once it is waited for no longer', async () => {
  const other = await sandbox.namespace('orphans')
  const args = [...fileDropArgs, '--restore-grace', '3s']
  const first = await sandbox.operator({ namespaces: [other], who: 'orphans', args })
  const folder = await authorityOf('orphan', other)
  await create('orphan', {}, other)
  await other.certificateUntil('orphan', (each) => saysPending(each, 'Reconciling'))
  await first.stop()
  await other.remove(certificates, 'orphan')
  const next = await sandbox.operator({ namespaces: [other], who: 'orphans', args })
  assert.deepEqual(inWords(await sandbox.writesWithin(second, isAbout('orphan', other))), [], 'it may come back')
  await orderGone('orphan', other)
  assert.deepEqual([folder.orders(), folder.calls().at(-1)], [[], 'cancel'])
  await next.stop()
})

test('an order that cannot be cancelled is told of', async () => {
  const folder = await ordered('stubborn')
  folder.tell('never-cancel', 'this CA cancels nothing')
  await team.remove(certificates, 'stubborn')
  await orderGone('stubborn')
  const events = await until(
    () => team.events('stubborn'),
    (all) => all.length > 0,
    'an event',
  )
  assert.deepEqual(
    events.map(({ type, reason }) => [type, reason]),
    [['Warning', 'OrderAbandoned']],
  )
  assert.match(events[0]?.note ?? '', /the Certificate was deleted, and cancelling it failed: this CA cancels nothing/)
  assert.equal(await operator.metric('sifaka_orders_abandoned_total', { authority_type: 'fileDrop' }), 1)
})

test('what an authority refuses for good is not asked for again until something changes', async () => {
  const folder = await ordered('refused')
  folder.tell('refuse')
  const { status } = await team.certificateRefused('refused', 'AccountUnknown')
  assert.ok(status?.refused)
  await orderGone('refused')
  assert.deepEqual([folder.orders(), folder.calls().at(-1)], [[], 'cancel'])
  const calls = folder.calls().length
  assert.deepEqual(inWords(await sandbox.writesWithin(quietMs, isAbout('refused'))), [])
  assert.equal(folder.calls().length, calls)
  folder.untell('refuse')
  await team.changeSpec('refused', { dnsNames: ['again.example.com'] })
  await until(
    () => folder.orders(),
    (all) => all.length === 1,
    'another order',
  )
})

test('an answer that is no certificate, or a wrong one, is not used; the right one is', async () => {
  const other = await ordered('stranger')
  await other.sign()
  await team.certificateReady('stranger', 1)
  const folder = await ordered('garbled')
  const [order = ''] = folder.orders()
  await folder.garble()
  const ofReason = (reason: string) => (each: Certificate) =>
    findCondition(each.status?.conditions, 'Reconciling')?.reason === reason
  await team.certificateUntil('garbled', ofReason('InvalidAnswer'))
  folder.answer(order, other.certificate())
  const { status } = await team.certificateUntil('garbled', ofReason('CertificateRejected'))
  assert.ok(status?.nextAttemptAt)
  folder.unsign()
  await folder.sign()
  await team.certificateReady('garbled', 1, 30_000)
  assert.deepEqual(folder.ordersEver(), [order])
})

test('an order that the authority has lost is made anew, for the same key', async () => {
  const folder = await ordered('lost')
  const key = textOf(await team.secret('lost-pending'), 'tls.key')
  const [first = ''] = folder.orders()
  folder.lose(first)
  await team.certificateUntil(
    'lost',
    (each) => findCondition(each.status?.conditions, 'Reconciling')?.reason === 'OrderGone',
  )
  await until(
    () => folder.orders(),
    (all) => all.length === 1,
    'another order',
  )
  await folder.sign()
  await team.certificateReady('lost', 1)
  assert.deepEqual([folder.ordersEver().length, textOf(await team.secret('lost'), 'tls.key')], [2, key])
})

test("a Secret of somebody else's in the place of the order is left alone", async () => {
  const folder = await authorityOf('taken')
  const theirs = await team.createSecret({ metadata: { name: 'taken-pending' }, data: { 'tls.key': 'dGhlaXJz' } })
  await create('taken')
  await team.certificateRefused('taken', 'SecretNotOurs')
  assert.deepEqual([folder.calls(), await team.secret('taken-pending')], [[], theirs])
  await team.remove(certificates, 'taken')
  assert.deepEqual(await team.secret('taken-pending'), theirs)
})

test('a key that is kept elsewhere is in no Secret', async () => {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const names = { dnsNames: ['own.example.com'] }
  const csr = await createCsr(
    { subject: { commonName: undefined }, names },
    keySigner(createPrivateKey(privateKey.export({ format: 'pem', type: 'pkcs8' }))),
  )
  const folder = await ordered('own', { csr, dnsNames: undefined } as Partial<CertificateSpec>)
  assert.deepEqual((await team.secret('own-pending')).data ?? {}, {})
  await folder.sign()
  await team.certificateReady('own', 1)
  assert.deepEqual(Object.keys((await team.secret('own')).data ?? {}).sort(), ['ca.crt', 'tls.crt'])
})
