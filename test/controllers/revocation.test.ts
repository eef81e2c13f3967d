import assert from 'node:assert/strict'
import { createPublicKey } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  annotations,
  type Certificate,
  type CertificateSpec,
  type ConfigMap,
  finalizer,
  findCondition,
  type Revocation,
} from '#api'
import { isNotFound, resources } from '#kube'
import { parseCrl } from '#pki'
import { crash, isWrite, type When } from '#test/faults'
import {
  authorities,
  certificates,
  leafOf,
  type Namespace,
  secrets,
  textOf,
  trueConditions,
  until,
} from './namespace.ts'
import { Openssl } from './openssl.ts'
import { about, inWords, Sandbox, type SandboxOperator } from './sandbox.ts'

let sandbox: Sandbox
let operator: SandboxOperator
let team: Namespace
/** Is deleted with all that is in it. */
let doomed: Namespace

before(async () => {
  sandbox = await Sandbox.open()
  team = await sandbox.namespace('team')
  await team.createAuthority('ca')
  doomed = await sandbox.namespace('doomed')
  operator = await sandbox.operator({ namespaces: [team, doomed] })
  await team.authorityReady('ca')
})

after(() => sandbox?.close())

const serialOf = ({ status }: Certificate): string => status?.serialNumber ?? ''
const serialsOf = ({ status }: Certificate): string[] => (status?.revocations ?? []).map((each) => each.serialNumber)
const saidOf = (certificate: Certificate) => findCondition(certificate.status?.conditions, 'Revoked')
const latest = (): number => sandbox.proxy.requests.at(-1)?.seq ?? 0

async function issue(name: string, spec: Partial<CertificateSpec> = {}): Promise<Certificate> {
  await team.createCertificate(name, spec)
  return team.certificateReady(name, 1)
}

/** Says what is to be revoked, and waits for the condition that speaks of it. */
async function askFor(name: string, revocation: Revocation, status: 'True' | 'False', reason: string) {
  const { metadata } = await team.changeSpec(name, { revocation: { issuedBefore: null, serials: null, ...revocation } })
  return team.certificateUntil(name, (seen) => {
    const said = saidOf(seen)
    return said?.status === status && said.reason === reason && said.observedGeneration === metadata.generation
  })
}

const isRevoked = (name: string, revocation: Revocation): Promise<Certificate> =>
  askFor(name, revocation, 'True', 'Revoked')

const keyOf = async (name: string): Promise<string> =>
  createPublicKey(textOf(await team.secret(name), 'tls.key'))
    .export({ type: 'spki', format: 'pem' })
    .toString()

/** Lines of the audit stream that tell of a revocation of the object's certificates. */
const revocationLines = (name: string) =>
  operator.audit().filter(({ event, object }) => event === 'CertificateRevoked' && nameIn(object) === name)

const nameIn = (object: unknown): unknown => (object as { readonly name?: unknown }).name

/** A time that has passed, and after which nothing was issued before the next second. */
async function aSecondLater(): Promise<string> {
  await sleep(1000 - (Date.now() % 1000) + 20)
  return new Date(Math.floor(Date.now() / 1000) * 1000).toISOString()
}

/** Has the certificate issued anew, for a reason of its own. */
async function reissue(name: string, revision: number): Promise<Certificate> {
  await aSecondLater()
  const asked = { [annotations.reissueRequestedAt]: new Date().toISOString() }
  await team.patch(certificates, name, { metadata: { annotations: asked } })
  return team.certificateReady(name, revision)
}

/** What was written about the object and the register since then; the register and events go their own way. */
const writesSince = (seq: number, name: string): string[] =>
  inWords(
    sandbox.proxy.writes().filter((each) => each.seq > seq && (about(team, name)(each) || isRegister(each.name))),
  ).sort()

const isRegister = (name: string): boolean => name.startsWith('ca-register-')

/** Waits until what was issued since then is in the register, so that what a revocation writes is its own. */
const registerStored = (since: number): Promise<void> =>
  sandbox.proxy.waitFor((requests) =>
    requests.some(
      (each) => each.seq > since && each.resource === 'configmaps' && isWrite(each) && (each.status ?? 500) < 300,
    ),
  )

suite('replace: First', () => {
  test('a new certificate with a new key is in the Secret before the old one is revoked', async () => {
    const first = await issue('first', { privateKey: { rotation: 'Never' } })
    const key = await keyOf('first')
    const since = latest()
    const revocation: Revocation = { serials: [serialOf(first)], reason: 'keyCompromise', comment: 'found in a bucket' }
    const revoked = await isRevoked('first', revocation)
    assert.deepEqual(serialsOf(revoked), [serialOf(first)])
    assert.notEqual(serialOf(revoked), serialOf(first))
    assert.notEqual(await keyOf('first'), key, 'the compromised key is not kept')
    assert.deepEqual(trueConditions(revoked), ['Ready', 'Revoked'])
    assert.match(saidOf(revoked)?.message ?? '', new RegExp(`^revoked: ${serialOf(first)} at 2`))

    const [line, ...others] = revocationLines('first')
    assert.equal(others.length, 0)
    assert.deepEqual(
      [line?.reason, line?.comment, line?.authority, line?.holder, line?.cause],
      ['keyCompromise', 'found in a bucket', `${team.name}/ca`, `${team.name}/first`, 'spec.revocation'],
    )
    const requests = sandbox.proxy.requests.filter(({ seq, namespace }) => seq > since && namespace === team.name)
    const secretAt = requests.findIndex(({ resource }) => resource === 'secrets')
    const registerAt = requests.findIndex(({ resource, verb }) => resource === 'configmaps' && verb !== 'watch')
    assert.ok(secretAt >= 0 && secretAt < registerAt, 'the Secret, then the register')
  })

  test('what was issued before a time goes, what comes after it stays, whatever else is changed', async () => {
    const old = await issue('before', {})
    const issuedBefore = await aSecondLater()
    const revoked = await isRevoked('before', { issuedBefore, reason: 'superseded' })
    assert.deepEqual(serialsOf(revoked), [serialOf(old)])
    // An old commit comes back: the same words, in an object of another generation, and an operator that looks anew.
    const again = await isRevoked('before', { issuedBefore, reason: 'superseded', comment: 'again' })
    assert.deepEqual([serialOf(again), serialsOf(again)], [serialOf(revoked), [serialOf(old)]])
    const renewed = await reissue('before', 3)
    await isRevoked('before', { issuedBefore, reason: 'superseded', comment: 'and again' })
    assert.deepEqual(serialsOf(await team.certificate('before')), [serialOf(old)])
    assert.equal(serialOf(await team.certificate('before')), serialOf(renewed))
    assert.equal(revocationLines('before').length, 1)
  })

  test('an offset is part of a time, and a time to come revokes nothing', async () => {
    const old = await issue('offset')
    const ahead = new Date(Date.now() + 3_600_000).toISOString()
    const waiting = await askFor('offset', { issuedBefore: ahead }, 'False', 'RevocationRequested')
    assert.match(saidOf(waiting)?.message ?? '', /still to come/)
    assert.equal(serialOf(waiting), serialOf(old))
    const asked = (await aSecondLater()).replace(/\.\d+Z$/, '+00:00')
    assert.deepEqual(serialsOf(await isRevoked('offset', { issuedBefore: asked })), [serialOf(old)])
  })

  test('what cannot be replaced is not revoked yet, and the condition says why', async () => {
    await team.createAuthority('closed')
    await team.authorityReady('closed')
    const old = await issue('waiting', { authorityRef: { name: 'closed' } })
    await team.patch(authorities, 'closed', { spec: { intake: 'Closed' } })
    const said = await askFor('waiting', { serials: [serialOf(old)] }, 'False', 'IntakeClosed')
    assert.match(saidOf(said)?.message ?? '', /is revoked once another one is in its place: .* takes no requests/)
    assert.deepEqual(trueConditions(said), ['Issuing', 'Ready'])
    assert.equal(revocationLines('waiting').length, 0)
    await team.patch(authorities, 'closed', { spec: { intake: 'Open' } })
    const done = await team.certificateUntil('waiting', (each) => serialsOf(each).length > 0)
    assert.deepEqual(serialsOf(done), [serialOf(old)])
    assert.notEqual(serialOf(done), serialOf(old))
  })
})

suite('replace: Never', () => {
  test('it is revoked at once, and nothing is issued until the spec changes', async () => {
    const old = await issue('never', { privateKey: { rotation: 'Never' } })
    const [key, since] = [await keyOf('never'), latest()]
    const revocation: Revocation = { serials: [serialOf(old)], replace: 'Never', reason: 'cessationOfOperation' }
    await isRevoked('never', revocation)
    const said = await team.certificateRefused('never', 'Revoked')
    assert.deepEqual(trueConditions(said), ['Revoked', 'Stalled'])
    await team.changeSpec('never', { dnsNames: ['other.example.com'] })
    await team.certificateRefused('never', 'Revoked')
    await team.remove(secrets, 'never')
    await sleep(1000)
    const touched = sandbox
      .writes(about(team, 'never'))
      .filter(({ seq, resource }) => seq > since && resource === 'secrets')
    assert.deepEqual(inWords(touched), [], 'no Secret is written')

    await team.changeSpec('never', { revocation: null })
    const fresh = await team.certificateReady('never')
    assert.notEqual(await keyOf('never'), key)
    assert.equal(saidOf(fresh), undefined)
    assert.deepEqual(serialsOf(fresh), [serialOf(old)], 'it is still known')
  })

  test('a revoked certificate that stays in the Secret is replaced, with a new key, once that is wanted', async () => {
    const old = await issue('worthless', { privateKey: { rotation: 'Never' } })
    const key = await keyOf('worthless')
    await isRevoked('worthless', { serials: [serialOf(old)], replace: 'Never' })
    await team.changeSpec('worthless', { revocation: { replace: 'First' } })
    const fresh = await team.certificateReady('worthless', 2)
    assert.notEqual(await keyOf('worthless'), key)
    assert.deepEqual(serialsOf(fresh), [serialOf(old)])
    assert.equal(saidOf(fresh)?.status, 'True')
  })
})

suite('serial numbers', () => {
  test('an earlier certificate is revoked, the one in use stays: three writes', async () => {
    const old = await issue('earlier')
    const from = latest()
    const inUse = await reissue('earlier', 2)
    await registerStored(from)
    const since = latest()
    const revoked = await isRevoked('earlier', { serials: [serialOf(old)] })
    await sleep(500)
    assert.deepEqual(writesSince(since, 'earlier'), ['create events', 'patch certificates/status', 'patch configmaps'])
    assert.equal(serialOf(revoked), serialOf(inUse))
    assert.equal(saidOf(revoked)?.message.includes('noted with'), false)
  })

  test('of one that is not its own nothing is said but that, and nothing is sent', async () => {
    const mine = await issue('mine')
    const theirs = await issue('theirs')
    const made = 'ab'.repeat(16)
    const messages = []
    for (const serial of [serialOf(theirs), made]) {
      const said = await askFor('mine', { serials: [serial] }, 'False', 'NotRevocable')
      messages.push(saidOf(said)?.message.replaceAll(serial, '?'))
      assert.equal(serialOf(said), serialOf(mine))
    }
    assert.equal(messages[0], messages[1], 'whether it exists is not told')
    assert.equal(revocationLines('mine').length + revocationLines('theirs').length, 0)
    assert.deepEqual(serialsOf(await team.certificate('theirs')), [])
  })

  test('while it is suspended nothing is revoked', async () => {
    const old = await issue('suspended')
    await team.changeSpec('suspended', { suspend: true })
    await askFor('suspended', { serials: [serialOf(old)] }, 'False', 'Suspended')
    assert.equal(revocationLines('suspended').length, 0)
    await team.changeSpec('suspended', { suspend: false })
    assert.deepEqual(serialsOf(await team.certificateUntil('suspended', (each) => serialsOf(each).length > 0)), [
      serialOf(old),
    ])
  })

  test("the certificate of a Certificate that was deleted is its successor's to revoke", async () => {
    const old = await issue('reborn')
    await team.remove(certificates, 'reborn')
    await team.remove(secrets, 'reborn')
    await issue('reborn')
    const revoked = await isRevoked('reborn', { serials: [serialOf(old)] })
    assert.deepEqual(serialsOf(revoked), [serialOf(old)])
    assert.equal(revoked.status?.revision, 1, 'the one in use stays')
  })
})

test('what the Authority itself revokes is replaced, with a new key, without a word of the Certificate', async () => {
  const old = await issue('withdrawn', { privateKey: { rotation: 'Never' } })
  const key = await keyOf('withdrawn')
  const revocations = [{ serialNumber: serialOf(old), reason: 'keyCompromise' as const }]
  await team.patch(authorities, 'ca', { spec: { revocations } })
  const renewed = await team.certificateReady('withdrawn', 2, 30_000)
  assert.notEqual(serialOf(renewed), serialOf(old))
  assert.notEqual(await keyOf('withdrawn'), key)
})

test('the CRL lists what is revoked, and openssl refuses it; its successor is valid', async () => {
  const openssl = await Openssl.open()
  const old = await issue('listed')
  const [before, root] = [await team.secret('listed'), (await team.authority('ca')).status?.caBundle ?? '']
  await isRevoked('listed', { serials: [serialOf(old)], reason: 'keyCompromise' })
  const list = await until(
    () => sandbox.client.get<ConfigMap>(resources.configMaps, { namespace: team.name, name: 'ca-crl-1' }),
    ({ binaryData }) => parseCrl(derOf(binaryData)).entries.some(({ serialNumber }) => serialNumber === serialOf(old)),
    'the CRL',
  )
  const crl = `-----BEGIN X509 CRL-----\n${derOf(list.binaryData).toString('base64')}\n-----END X509 CRL-----\n`
  const files = { 'list.pem': crl, 'root.pem': root, 'old.pem': textOf(before, 'tls.crt') }
  for (const [name, text] of Object.entries(files)) await openssl.write(name, text)
  await openssl.write('new.pem', textOf(await team.secret('listed'), 'tls.crt'))
  const verify = (leaf: string): Promise<string> =>
    openssl
      .run('verify', '-crl_check', '-CAfile', 'root.pem', '-CRLfile', 'list.pem', leaf)
      .catch(({ stdout, stderr }) => `${stdout}${stderr}`)
  assert.match(await verify('old.pem'), /certificate revoked/)
  assert.match(await verify('new.pem'), /new\.pem: OK/)
  await openssl.close()
})

const derOf = (binaryData: ConfigMap['binaryData'] = {}): Buffer => Buffer.from(binaryData['ca.crl'] ?? '', 'base64')

suite('deletionPolicy.revoke', () => {
  const finalizersOf = ({ metadata }: Certificate): readonly string[] => metadata.finalizers ?? []
  const isGone = (name: string): Promise<unknown> =>
    until(
      () =>
        team.certificate(name).then(
          () => false,
          (error) => isNotFound(error),
        ),
      (gone) => gone,
      `Certificate ${name} to be gone`,
    )

  test('there is a finalizer exactly while it is asked for, by one patch each', async () => {
    await issue('finalizer')
    await sleep(300)
    const since = latest()
    await team.changeSpec('finalizer', { deletionPolicy: { revoke: true } })
    await team.certificateUntil('finalizer', (each) => finalizersOf(each).includes(finalizer))
    await team.changeSpec('finalizer', { deletionPolicy: { revoke: false } })
    await team.certificateUntil('finalizer', (each) => finalizersOf(each).length === 0)
    await sleep(300)
    const patches = writesSince(since, 'finalizer').filter((each) => each === 'patch certificates')
    assert.equal(patches.length, 2)
    await team.remove(certificates, 'finalizer')
    await isGone('finalizer')
    assert.equal(revocationLines('finalizer').length, 0)
  })

  test('all that is still valid is revoked, and then the object goes', async () => {
    const first = await issue('deleted', { deletionPolicy: { revoke: true } })
    const second = await reissue('deleted', 2)
    await team.remove(certificates, 'deleted')
    await isGone('deleted')
    const lines = revocationLines('deleted')
    assert.deepEqual(
      lines.map(({ certificate }) => (certificate as { serialNumber: string }).serialNumber).sort(),
      [serialOf(first), serialOf(second)].sort(),
    )
    assert.deepEqual(
      new Set(lines.map(({ cause, reason }) => `${cause} ${reason}`)),
      new Set(['spec.deletionPolicy.revoke cessationOfOperation']),
    )
    assert.equal(serialOf(second), leafOf(await team.secret('deleted')).serialNumber.toLowerCase(), 'the Secret stays')
  })

  test('without it nothing is revoked', async () => {
    await issue('kept')
    await team.remove(certificates, 'kept')
    await isGone('kept')
    await sleep(300)
    assert.equal(revocationLines('kept').length, 0)
  })

  test('a namespace that goes is not held up: what is not revoked is a debt that its Authority hears of', async () => {
    const policy = { rules: [{ names: { dns: ['www.example.com'] } }] }
    await team.createAuthority('generous', { internal: {}, allowedNamespaces: { from: 'All' }, policy })
    await team.authorityReady('generous')
    const authorityRef = { name: 'generous', namespace: team.name }
    await doomed.createCertificate('web', { authorityRef, deletionPolicy: { revoke: true } })
    const old = await doomed.certificateReady('web', 1)
    await team.patch(authorities, 'generous', { spec: { allowedNamespaces: { from: 'Same' } } })
    // The operator is to know of it before the end of the namespace.
    await sleep(2000)
    await sandbox.client.delete(resources.namespaces, { namespace: '', name: doomed.name })
    // The namespace controller comes to it in its own time.
    await doomed.remove(certificates, 'web')
    const isOurs = ({ event }: Readonly<Record<string, unknown>>): boolean => event === 'RevocationDebt'
    const [line] = await until(
      () => operator.audit().filter(isOurs),
      (lines) => lines.length > 0,
      'the debt',
      90_000,
    )
    assert.deepEqual([line?.authority, line?.serialNumbers], [`${team.name}/generous`, [serialOf(old)]])
    const isDebt = ({ note }: { readonly note: string }): boolean => note.includes(`${doomed.name}/web is deleted`)
    await until(
      () => team.events('generous'),
      (events) => events.some(isDebt),
      'the event',
    )
    await until(
      () =>
        doomed.certificate('web').then(
          () => false,
          (error) => isNotFound(error),
        ),
      (gone) => gone,
      'the Certificate to be gone',
    )
  })
})

/** Last, as it ends the operator of the others. */
suite('an operator that is killed when it revokes', () => {
  const writes = [
    { verb: 'patch', resource: 'configmaps', test: ({ name }) => isRegister(name) },
    { verb: 'patch', resource: 'certificates', subresource: 'status' },
  ] as const satisfies readonly When[]
  const points = ['before', 'afterCommit', 'afterReply'] as const
  for (const write of writes) {
    for (const point of points) {
      test(`${point} ${write.resource}: the next one makes up for it, once`, async () => {
        const name = `killed-${write.resource}-${point.toLowerCase()}`
        const from = latest()
        const old = await issue(name)
        await registerStored(from)
        const struck = Promise.withResolvers<void>()
        const kill = (): Promise<void> => operator.kill().then(struck.resolve)
        sandbox.proxy.add({ when: { who: operator.who, ...write }, do: crash(point, kill) })
        await team.changeSpec(name, {
          revocation: { serials: [serialOf(old)], replace: 'Never', reason: 'superseded' },
        })
        await struck.promise
        operator = await sandbox.operator({ namespaces: [team] })
        const { metadata } = await team.certificateRefused(name, 'Revoked')
        const revoked = await team.certificate(name)
        assert.deepEqual(serialsOf(revoked), [serialOf(old)])
        assert.equal(saidOf(revoked)?.observedGeneration, metadata.generation)
        const isStored = point !== 'before' || write.resource === 'certificates'
        assert.equal(revocationLines(name).length, isStored ? 0 : 1, 'what is stored is not revoked again')
        assert.deepEqual(inWords(await sandbox.writesWithin(1000, about(team, name))), [])
      })
    }
  }
})
