import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { annotations, type CertificateSpec, type Secret, secretLabel } from '#api'
import { resources } from '#kube'
import { type RecordedRequest, respond } from '#test/faults'
import {
  certificates,
  isRefused,
  messageOf,
  type Namespace,
  revisionOf,
  secrets,
  trueConditions,
  until,
} from './namespace.ts'
import { about, inWords, Sandbox, type SandboxOperator } from './sandbox.ts'

const quietMs = 1500

let sandbox: Sandbox
let operator: SandboxOperator
let team: Namespace

before(async () => {
  sandbox = await Sandbox.open()
  team = await sandbox.namespace('secrets')
  await team.createAuthority('ca')
  operator = await sandbox.operator({ namespaces: [team] })
  await team.authorityReady('ca')
})

after(() => sandbox?.close())

const latest = (): number => sandbox.proxy.requests.at(-1)?.seq ?? 0

/** What the operator asked of a Certificate and its Secret since then, Events apart, in words. */
const since = (seq: number, name: string, secret = name): string[] =>
  inWords(
    sandbox.proxy.requests
      .filter((request) => request.seq > seq && request.resource !== 'events' && request.verb !== 'watch')
      .filter(about(team, name, secret)),
  )

async function issued(name: string, spec: Partial<CertificateSpec> = {}): Promise<Secret> {
  await team.createCertificate(name, spec)
  await team.certificateReady(name, 1)
  return team.secret(spec.secretName ?? name)
}

/** Labels and annotations of a Secret that are not Sifaka's own. */
const marksOf = ({ metadata }: Secret) => {
  const others = (all: Record<string, string> = {}) =>
    Object.fromEntries(Object.entries(all).filter(([name]) => !name.startsWith('sifaka.dev/')))
  return { labels: others(metadata.labels), annotations: others(metadata.annotations) }
}

const ownMarks = (all: Record<string, string> = {}) =>
  Object.fromEntries(Object.entries(all).filter(([name]) => name.startsWith('sifaka.dev/')))

const issuancesOf = (name: string): number =>
  operator
    .audit()
    .filter(({ event, object }) => event === 'CertificateRelease' && (object as { name: string }).name === name).length

describe('the template', { concurrency: 4 }, () => {
  const labels = { team: 'shop', 'example.com/tier': 'front' }

  test('is on the Secret from the beginning, without a read or a write more', async () => {
    const template = { labels, annotations: { 'example.com/note': 'all, of it: "quoted"' } }
    const secret = await issued('template', { secretTemplate: template })
    assert.deepEqual(marksOf(secret), template)
    assert.deepEqual(since(0, 'template').sort(), ['create secrets', 'patch certificates/status'])
  })

  test('changes in one patch, and nothing is issued', async () => {
    const first = await issued('changed', { secretTemplate: { labels } })
    const seq = latest()
    const annotations = { 'example.com/owner': 'me' }
    await team.changeSpec('changed', { secretTemplate: { labels: { ...labels, team: 'bank' }, annotations } })
    const secret = await team.secretUntil('changed', (seen) => seen.metadata.labels?.team === 'bank')
    assert.deepEqual(marksOf(secret), { labels: { ...labels, team: 'bank' }, annotations })
    assert.deepEqual(secret.data, first.data)
    await team.certificateReady('changed', 1)
    assert.deepEqual(since(seq, 'changed'), ['patch secrets', 'patch certificates/status'])
  })

  test("what is taken out of it goes, and others' labels, annotations and data stay", async () => {
    await issued('removed', { secretTemplate: { labels, annotations: { 'example.com/note': 'ours' } } })
    const theirs = { labels: { colour: 'red' }, annotations: { 'example.org/note': 'theirs' } }
    await team.patch(secrets, 'removed', { metadata: theirs, data: { 'extra.txt': 'bW9yZQ==' } })
    await team.changeSpec('removed', { secretTemplate: { labels: { team: 'shop', 'example.com/tier': null } } })
    const inTemplate = (seen: Secret): boolean => seen.metadata.labels?.['example.com/tier'] === undefined
    assert.deepEqual(marksOf(await team.secretUntil('removed', inTemplate)), {
      labels: { team: 'shop', ...theirs.labels },
      annotations: { 'example.com/note': 'ours', ...theirs.annotations },
    })
    await team.changeSpec('removed', { secretTemplate: null })
    const secret = await team.secretUntil('removed', (seen) => seen.metadata.labels?.team === undefined)
    assert.deepEqual(marksOf(secret), theirs)
    assert.equal(secret.data?.['extra.txt'], 'bW9yZQ==')
    assert.equal(revisionOf(secret), '1')
  })

  test('what somebody else has set too stays when it leaves the template', async () => {
    await team.createSecret({
      metadata: { name: 'shared', labels: { team: 'shop' }, annotations: { [annotations.adoptBy]: 'shared' } },
      type: 'kubernetes.io/tls',
      data: { 'tls.crt': '', 'tls.key': '' },
    })
    await issued('shared', { secretTemplate: { labels }, adopt: true })
    await team.changeSpec('shared', { secretTemplate: null })
    const secret = await team.secretUntil('shared', (seen) => seen.metadata.labels?.['example.com/tier'] === undefined)
    assert.deepEqual(marksOf(secret).labels, { team: 'shop' })
  })

  const drifts: [string, object][] = [
    ['a label removed', { labels: { team: null } }],
    ['a label changed', { labels: { team: 'bank' } }],
    ['an annotation removed', { annotations: { 'example.com/note': null } }],
    ['the list of what is ours removed', { annotations: { [annotations.applied]: null } }],
    ['our own label changed', { labels: { [secretLabel]: 'something' } }],
  ]
  for (const [index, [what, metadata]] of drifts.entries()) {
    test(`${what} by somebody is put back in one patch`, async () => {
      const name = `drift-${index}`
      const template = { labels, annotations: { 'example.com/note': 'n' } }
      const { metadata: first, data } = await issued(name, { secretTemplate: template })
      const seq = latest()
      await team.patch(secrets, name, { metadata })
      const isBack = (seen: Secret): boolean =>
        isDeepStrictEqual(marksOf(seen), template) &&
        isDeepStrictEqual(ownMarks(seen.metadata.annotations), ownMarks(first.annotations)) &&
        seen.metadata.labels?.[secretLabel] === 'certificate'
      const secret = await team.secretUntil(name, isBack)
      assert.deepEqual([secret.metadata.labels, secret.data], [first.labels, data])
      await sandbox.writesWithin(500)
      assert.deepEqual(since(seq, name), ['get secrets', 'patch secrets', 'patch certificates/status'])
    })
  }

  test('somebody who insists is given way to for a while, and it is said', async () => {
    await issued('contested-label', { secretTemplate: { labels: { team: 'shop' } } })
    for (let round = 1; round <= 10; round++) {
      await team.patch(secrets, 'contested-label', { metadata: { labels: { team: `bank-${round}` } } })
      await team.secretUntil('contested-label', ({ metadata }) => metadata.labels?.team === 'shop')
    }
    await team.patch(secrets, 'contested-label', { metadata: { labels: { team: 'bank' } } })
    const told = await team.certificateUntil('contested-label', (seen) => trueConditions(seen).includes('Issuing'))
    assert.deepEqual(trueConditions(told), ['Issuing', 'Ready'])
    assert.match(JSON.stringify(told.status?.conditions), /SecretContested/)
    assert.equal((await team.secret('contested-label')).metadata.labels?.team, 'bank')
  })

  test('a change of names and template at once leaves nothing behind', async () => {
    await issued('both', { secretTemplate: { labels } })
    await team.changeSpec('both', { dnsNames: ['new.example.com'], secretTemplate: { labels: { team: null } } })
    await team.certificateReady('both', 2)
    const secret = await team.secretUntil('both', (seen) => seen.metadata.labels?.team === undefined)
    assert.deepEqual([marksOf(secret).labels, revisionOf(secret)], [{ 'example.com/tier': 'front' }, '2'])
  })
})

describe('several Certificates for one Secret', { concurrency: 4 }, () => {
  test('ten at once: one certificate is issued, nine say whose it is, and nobody writes any more', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `twin-${index}`)
    await Promise.all(names.map((name) => team.createCertificate(name, { secretName: 'twins' })))
    const all = await Promise.all(
      names.map((name) =>
        team.certificateUntil(name, (seen) => isRefused(seen, 'SecretTaken') || seen.status?.revision === 1),
      ),
    )
    const [holder, ...more] = all.filter(({ status }) => status?.revision === 1)
    assert.ok(holder && more.length === 0, 'one has it')
    assert.equal(
      names.map(issuancesOf).reduce((sum, count) => sum + count),
      1,
    )
    for (const refused of all.filter((each) => each !== holder)) {
      assert.deepEqual(trueConditions(refused), ['Stalled'])
      assert.match(messageOf(refused), new RegExp(`is that of Certificate ${holder.metadata.name},`))
    }
    await sandbox.writesWithin(quietMs)
    const aboutAll = (request: RecordedRequest): boolean =>
      names.some((name) => about(team, name, 'twins')(request)) && request.resource !== 'leases'
    assert.deepEqual(inWords(await sandbox.writesWithin(quietMs, aboutAll)), [])

    const requests = latest()
    await team.patch(secrets, 'twins', { metadata: { labels: { colour: 'red' } } })
    await sandbox.writesWithin(quietMs)
    const written = sandbox.writes(aboutAll).filter(({ seq }) => seq > requests)
    assert.deepEqual(inWords(written), [], 'a stranger wakes all, and none of them writes')

    await team.remove(certificates, holder.metadata.name)
    const [next = ''] = names.filter((name) => name !== holder.metadata.name)
    await team.certificateRefused(next, 'SecretNotOurs')
    await team.remove(secrets, 'twins')
    const rest = names.filter((name) => name !== holder.metadata.name)
    const readied = await until(
      async () =>
        (await Promise.all(rest.map((name) => team.certificate(name)))).filter(({ status }) => status?.revision),
      ({ length }) => length > 0,
      'another holder',
    )
    assert.equal(readied.length, 1)
    assert.equal(
      names.map(issuancesOf).reduce((sum, count) => sum + count),
      2,
    )
  })

  test('the older one has it, and the next follows when that one names another Secret', async () => {
    await team.createCertificate('older', { secretName: 'contested', authorityRef: { name: 'missing' } })
    await team.certificateRefused('older', 'AuthorityNotFound')
    await new Promise((resolve) => setTimeout(resolve, 1100))
    await team.createCertificate('newer', { secretName: 'contested' })
    assert.match(messageOf(await team.certificateRefused('newer', 'SecretTaken')), /Certificate older/)
    await team.changeSpec('older', { secretName: 'elsewhere' })
    await team.certificateReady('newer', 1)
    await team.changeSpec('older', { secretName: 'contested', authorityRef: { name: 'ca' } })
    assert.match(messageOf(await team.certificateRefused('older', 'SecretTaken')), /Certificate newer/)
  })
})

describe('deletion', { concurrency: 4 }, () => {
  const goes = { deletionPolicy: { secret: 'Delete' } } as const
  const isGone = (name: string) =>
    until(
      async () => (await sandbox.client.list<Secret>(resources.secrets, { namespace: team.name })).items,
      (items) => !items.some(({ metadata }) => metadata.name === name),
      'the Secret is gone',
    )

  test('the Secret stays unless it is asked for', async () => {
    const secret = await issued('stays')
    await team.remove(certificates, 'stays')
    await sandbox.writesWithin(500)
    assert.deepEqual(await team.secret('stays'), secret)
  })

  test('with Delete it goes, in that very version, and the audit stream tells', async () => {
    await issued('goes', goes)
    assert.equal((await team.certificate('goes')).metadata.finalizers?.length, 1)
    await team.remove(certificates, 'goes')
    await isGone('goes')
    const lines = operator.audit().filter(({ event, secret }) => event === 'SecretDeleted' && secret === 'goes')
    assert.equal(lines.length, 1)
  })

  test('a finalizer is there only while there is something to do', async () => {
    await issued('undecided', goes)
    await team.changeSpec('undecided', { deletionPolicy: null })
    await team.certificateUntil('undecided', ({ metadata }) => metadata.finalizers === undefined)
    await team.remove(certificates, 'undecided')
    assert.ok(await team.secret('undecided'))
  })

  test("somebody else's Secret of that name stays", async () => {
    const stranger = await team.createSecret({ metadata: { name: 'theirs' } })
    await team.createCertificate('theirs', goes)
    await team.certificateRefused('theirs', 'SecretNotOurs')
    await team.remove(certificates, 'theirs')
    await until(
      () => sandbox.client.list(certificates, { namespace: team.name }),
      ({ items }) => !items.some(({ metadata }) => metadata.name === 'theirs'),
      'the Certificate is gone',
    )
    assert.deepEqual(await team.secret('theirs'), stranger)
  })

  test('what the API server refuses is told, and tried again', async () => {
    await issued('refused', goes)
    const refuses = { verb: 'delete', resource: 'secrets', name: 'refused' } as const
    const refusal = sandbox.proxy.add({ when: refuses, times: 99, do: respond(403) })
    await team.remove(certificates, 'refused')
    await team.certificateUntil('refused', ({ status }) =>
      JSON.stringify(status?.conditions).includes('KubernetesRefused'),
    )
    sandbox.proxy.remove(refusal)
    await team.patch(certificates, 'refused', { metadata: { labels: { look: 'again' } } })
    await isGone('refused')
  })

  test('a namespace that goes is not held up', async () => {
    const doomed = await sandbox.namespace('doomed')
    const also = await sandbox.operator({ namespaces: [doomed], who: 'doomed' })
    await doomed.createAuthority('ca')
    await doomed.authorityReady('ca')
    await doomed.createCertificate('web', goes)
    await doomed.certificateReady('web', 1)
    sandbox.proxy.add({ when: { who: 'doomed', verb: 'delete', resource: 'secrets' }, times: 9, do: respond(403) })
    await sandbox.client.delete(resources.namespaces, { namespace: '', name: doomed.name })
    await new Promise((resolve) => setTimeout(resolve, 300))
    await doomed.remove(certificates, 'web')
    const [line, ...more] = await until(
      () => also.audit().filter(({ event }) => event === 'SecretNotDeleted'),
      ({ length }) => length > 0,
      'the audit line',
    )
    assert.deepEqual([line?.secret, more], ['web', []])
    await also.kill()
  })

  test('while it is being deleted nothing is made', async () => {
    await issued('foreground')
    await team.patch(certificates, 'foreground', { metadata: { finalizers: ['example.com/wait'] } })
    await team.remove(certificates, 'foreground')
    await team.remove(secrets, 'foreground')
    await sandbox.writesWithin(500)
    await isGone('foreground')
    await team.patch(certificates, 'foreground', { metadata: { finalizers: null } })
  })
})

describe('a Secret that nothing can be put into', { concurrency: 4 }, () => {
  test('is immutable: what it holds is kept, and it is said at once when something is to change', async () => {
    await issued('immutable')
    await team.patch(secrets, 'immutable', { immutable: true })
    await team.changeSpec('immutable', { secretTemplate: { labels: { team: 'shop' } } })
    const isTold = await team.certificateUntil('immutable', (seen) => trueConditions(seen).includes('Issuing'))
    assert.deepEqual(trueConditions(isTold), ['Issuing', 'Ready'])
    assert.match(JSON.stringify(isTold.status?.conditions), /is immutable.*SecretNotUsable/)
    await team.remove(secrets, 'immutable')
    assert.deepEqual(trueConditions(await team.certificateReady('immutable', 2)), ['Ready'])
  })

  test('is of another type: the type is named, and a Secret made anew heals it', async () => {
    await issued('opaque')
    const { metadata, data } = await team.secret('opaque')
    await team.remove(secrets, 'opaque')
    await team.certificateReady('opaque', 2)
    await team.remove(certificates, 'opaque')
    await team.remove(secrets, 'opaque')
    const { labels = {}, annotations: said = {} } = metadata
    const { 'tls.crt': _, ...rest } = data ?? {}
    await team.createSecret({ metadata: { name: 'opaque', labels, annotations: said }, type: 'Opaque', data: rest })
    await team.createCertificate('opaque')
    const refused = await team.certificateRefused('opaque', 'SecretNotUsable')
    assert.match(messageOf(refused), /is of type Opaque.*kubernetes\.io\/tls/)
    assert.deepEqual(trueConditions(refused), ['Stalled'])
    await team.remove(secrets, 'opaque')
    await team.certificateReady('opaque')
  })

  test('is full: what the API server says is told, and the next attempt finds room', async () => {
    const { data = {} } = await issued('full')
    const taken = Object.values(data).reduce((sum, value) => sum + Buffer.from(value, 'base64').length, 0)
    const junk = Buffer.alloc(1024 * 1024 - taken - 100).toString('base64')
    await team.patch(secrets, 'full', { data: { junk } })
    const dnsNames = Array.from({ length: 50 }, (_, index) => `host-${index}.example.com`)
    await team.changeSpec('full', { dnsNames })
    assert.match(messageOf(await team.certificateRefused('full', 'KubernetesRefused')), /1048576/)
    await team.patch(secrets, 'full', { data: { junk: null } })
    await team.changeSpec('full', { dnsNames: dnsNames.slice(1) })
    await team.certificateReady('full', 2)
  })

  test('an encrypted key in it is not decrypted: it is replaced', async () => {
    await issued('encrypted')
    const encrypted =
      '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIBvTBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQI\n' +
      '-----END ENCRYPTED PRIVATE KEY-----\n'
    await team.patch(secrets, 'encrypted', { data: { 'tls.key': Buffer.from(encrypted).toString('base64') } })
    await team.certificateReady('encrypted', 2)
    const causes = operator.audit().filter(({ secret }) => secret === 'encrypted')
    assert.equal(causes.at(-1)?.cause, 'SecretDamaged')
  })
})
