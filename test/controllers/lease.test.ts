import assert from 'node:assert/strict'
import { after, before, beforeEach, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { hook, keyMatchesLeaf, type RecordedRequest, type Recorder } from '#test/faults'
import { type Namespace, revisionOf, until } from './namespace.ts'
import { inWords, Sandbox, type SandboxOperator } from './sandbox.ts'

const leaseMs = 3000
/** What a handover may take beyond the Lease: a try, and the work itself. */
const slackMs = 2500

let sandbox: Sandbox
let namespace: Namespace
let recorder: Recorder
/** Holds the Lease when a test starts. */
let active: SandboxOperator
let standby: SandboxOperator

before(async () => {
  sandbox = await Sandbox.open()
})

after(() => sandbox?.close())

beforeEach(async () => {
  sandbox.proxy.clear()
  namespace = await sandbox.namespace('lease')
  recorder = await sandbox.recordSecrets(namespace)
  const options = { namespaces: [namespace], leaseDuration: `${leaseMs / 1000}s` }
  active = await sandbox.operator({ ...options, who: `${namespace.name} first` })
  await until(
    () => active.metric('sifaka_active'),
    (is) => is === 1,
    'the first holds the Lease',
  )
  standby = await sandbox.operator({ ...options, who: `${namespace.name} second` })
  await namespace.createAuthority('ca')
  await namespace.createCertificate('web')
  await namespace.certificateReady('web', 1)
})

const writesOf = ({ who }: SandboxOperator, since = 0): RecordedRequest[] =>
  sandbox.writes((request) => request.who === who && request.seq > since)

const latest = (): number => sandbox.proxy.requests.at(-1)?.seq ?? 0

/** Ends both, and holds that each certificate of the namespace was issued once. */
async function end(...alive: readonly SandboxOperator[]): Promise<void> {
  await recorder.caughtUp()
  for (const { object } of recorder.versions) assert.ok(keyMatchesLeaf(object))
  const issued = recorder.versions.map(({ object }) => object.data?.['tls.crt'])
  assert.equal(new Set(issued).size, new Set(recorder.versions.map(({ object }) => object.metadata.uid)).size)
  await Promise.all(alive.map((operator) => operator.kill()))
}

/** Issues one more certificate; returns how long that took. */
async function timeToIssue(name: string): Promise<number> {
  const start = performance.now()
  await namespace.createCertificate(name)
  const certificate = await namespace.certificateReady(name, 1)
  assert.equal(revisionOf(await namespace.secret(name)), String(certificate.status?.revision))
  return performance.now() - start
}

test('of two one works; the standby takes over when the Lease of a killed one runs out, and not before', async () => {
  assert.deepEqual(writesOf(standby), [])
  assert.equal(await standby.metric('sifaka_active'), 0)
  await active.kill()
  const killedAt = performance.now()
  const took = await timeToIssue('after-kill')
  assert.ok(took < leaseMs + slackMs, `it took ${Math.round(took)} ms`)
  const renewals = sandbox.proxy.requests.filter(({ who, resource }) => who === active.who && resource === 'leases')
  const firstWrite = writesOf(standby)[0]?.at ?? 0
  assert.ok(firstWrite - (renewals.at(-1)?.at ?? 0) >= leaseMs, 'not before the Lease has run out')
  assert.ok(performance.now() - killedAt < leaseMs + slackMs)
  assert.equal(await standby.metric('sifaka_active'), 1)
  await end(standby)
})

test('SIGTERM hands over at once', async () => {
  assert.equal(await active.stop(), 0)
  const took = await timeToIssue('after-stop')
  assert.ok(took < 1500, `it took ${Math.round(took)} ms`)
  await end(standby)
})

test('a restart with the same identity resumes at once, though another one waits', async () => {
  await active.kill()
  active = await sandbox.operator({ namespaces: [namespace], who: active.who })
  const took = await timeToIssue('after-restart')
  assert.ok(took < 1000, `it took ${Math.round(took)} ms`)
  assert.deepEqual(writesOf(standby), [])
  await end(active, standby)
})

test('one that was stopped for longer than the Lease does nothing until it holds it again', async () => {
  process.kill(active.pid, 'SIGSTOP')
  await timeToIssue('while-stopped')
  const since = latest()
  process.kill(active.pid, 'SIGCONT')
  await timeToIssue('after-continued')
  await sleep(1000)
  assert.deepEqual(inWords(writesOf(active, since)), [])
  assert.equal(await active.metric('sifaka_active'), 0)

  assert.equal(await standby.stop(), 0)
  await timeToIssue('after-return')
  assert.ok(writesOf(active, since).length > 0, 'it works again')
  await end(active)
})

/** The write whose answer it is waiting for when it is stopped; what it must not write after that. */
const midway: [string, { verb: 'create' | 'patch'; resource: string; subresource: string }][] = [
  ['the Secret', { verb: 'create', resource: 'secrets', subresource: '' }],
  ['the status', { verb: 'patch', resource: 'certificates', subresource: 'status' }],
]
for (const [what, when] of midway) {
  test(`one that was stopped while it wrote ${what} writes nothing further when it goes on`, async () => {
    const stopped = Promise.withResolvers<RecordedRequest>()
    const goOn = Promise.withResolvers<void>()
    const stop = async (request: RecordedRequest): Promise<void> => {
      process.kill(active.pid, 'SIGSTOP')
      stopped.resolve(request)
      await goOn.promise
    }
    sandbox.proxy.add({ when: { ...when, who: active.who }, do: hook('afterCommit', stop) })
    await namespace.createCertificate('midway')
    const { seq } = await stopped.promise
    await namespace.certificateUntil('midway', ({ status }) => status?.revision === 1)
    await until(
      () => standby.metric('sifaka_active'),
      (is) => is === 1,
      'the second holds the Lease',
    )
    await timeToIssue('meanwhile')
    const since = latest()
    goOn.resolve()
    await sleep(200)
    process.kill(active.pid, 'SIGCONT')
    await sleep(1500)
    // What was sent before it was stopped may still arrive.
    const further = writesOf(active, Math.max(seq, since))
    assert.deepEqual(inWords(further), [])
    await namespace.certificateReady('midway', 1)
    await end(active, standby)
  })
}
