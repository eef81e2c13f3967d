import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Action,
  commitAndLose,
  drop,
  duplicate,
  errorEvent410,
  freeze,
  keyMatchesLeaf,
  type RecordedRequest,
  refuseWatchList,
  respond,
  truncate,
  type When,
} from '#test/faults'
import {
  authorities,
  certificates,
  isRefused,
  type Namespace,
  revisionOf,
  secrets,
  trueConditions,
  until,
} from './namespace.ts'
import { about, inWords, Sandbox, type SandboxOperator } from './sandbox.ts'

/** How long nothing may be written for it to count as quiet. */
const quietMs = 1000
/** A write whose answer was lost is tried again within this time, and refused. */
const retryMs = 1000
/** Requests that the whole of a case may take: far more than needed, far fewer than a hot loop makes. */
const requestsMax = 40

const issuance: When = { verb: 'create', resource: 'secrets' }
const renewal: When = { verb: 'patch', resource: 'secrets' }
const status: When = { verb: 'patch', resource: 'certificates', subresource: 'status' }

/** What goes wrong how often with which requests, and the outcome of each write of the Secret ever tried. */
const writeFaults: [string, When, number, () => Action, (number | undefined)[]][] = [
  ['409 on the status', status, 3, () => respond(409), [201, 200]],
  ['500 on the status', status, 3, () => respond(500), [201, 200]],
  ['503 on the status', status, 3, () => respond(503, { retryAfter: 1 }), [201, 200]],
  ['no connection for the status', status, 3, drop, [201, 200]],
  ['the answer lost for the status', status, 2, commitAndLose, [201, 200]],
  ['the status written twice', status, 2, duplicate, [201, 200]],
  ['500 on the new Secret', issuance, 3, () => respond(500), [500, 500, 500, 201, 200]],
  ['503 on the new Secret', issuance, 2, () => respond(503), [503, 503, 201, 200]],
  ['429 on the new Secret', issuance, 2, () => respond(429, { retryAfter: 1 }), [429, 429, 201, 200]],
  ['no connection for the new Secret', issuance, 2, drop, [undefined, undefined, 201, 200]],
  ['the answer lost for the new Secret', issuance, 1, commitAndLose, [201, 200]],
  ['the new Secret written twice', issuance, 1, duplicate, [409, 200]],
  ['409 on the next Secret', renewal, 2, () => respond(409), [201, 409, 409, 200]],
  ['500 on the next Secret', renewal, 3, () => respond(500), [201, 500, 500, 500, 200]],
  ['429 on the next Secret', renewal, 2, () => respond(429, { retryAfter: 1 }), [201, 429, 429, 200]],
  ['no connection for the next Secret', renewal, 2, drop, [201, undefined, undefined, 200]],
  ['the answer lost for the next Secret', renewal, 1, commitAndLose, [201, 200]],
  ['the next Secret written twice', renewal, 1, duplicate, [201, 409]],
]

let sandbox: Sandbox
let operator: SandboxOperator
const spare: Namespace[] = []

before(async () => {
  sandbox = await Sandbox.open()
  const namespaces = await Promise.all(
    Array.from({ length: writeFaults.length + 12 }, () => sandbox.namespace('faults')),
  )
  await Promise.all(namespaces.map((namespace) => namespace.createAuthority('ca')))
  operator = await sandbox.operator({ namespaces })
  await Promise.all(namespaces.map((namespace) => namespace.authorityReady('ca')))
  spare.push(...namespaces)
})

after(() => sandbox?.close())

/** A namespace that the operator works in, with an Authority that is ready, for one test. */
function take(): Namespace {
  const namespace = spare.pop()
  assert.ok(namespace, 'there are too few namespaces')
  return namespace
}

const requestsIn = ({ name }: Namespace): RecordedRequest[] =>
  sandbox.proxy.requests.filter(({ namespace, resource }) => namespace === name && resource !== 'leases')

const secretWrites = (namespace: Namespace): RecordedRequest[] =>
  sandbox.writes(about(namespace, 'web')).filter(({ resource }) => resource === 'secrets')

/** The Certificate has this revision and all agrees; nothing more is written, and it did not take many requests. */
async function assertConverged(namespace: Namespace, revision: number): Promise<void> {
  const { status } = await namespace.certificateReady('web', revision, 30_000)
  const secret = await namespace.secret('web')
  assert.equal(revisionOf(secret), String(revision))
  assert.equal(status?.secret?.resourceVersion, secret.metadata.resourceVersion)
  assert.ok(keyMatchesLeaf(secret))
  await sleep(retryMs)
  const late = await sandbox.writesWithin(quietMs, (request) => request.namespace === namespace.name)
  assert.deepEqual(inWords(late.filter(({ resource }) => resource !== 'events')), [])
  const requests = requestsIn(namespace)
  assert.ok(requests.length < requestsMax, `${requests.length} requests: ${inWords(requests).join(', ')}`)
}

describe('writes', { concurrency: 6 }, () => {
  for (const [name, when, times, action, outcomes] of writeFaults) {
    test(`${name}: issued once and once more when the spec changes`, async () => {
      const namespace = take()
      sandbox.proxy.add({ when: { ...when, namespace: namespace.name }, times, do: action() })
      await namespace.createCertificate('web')
      await namespace.certificateReady('web', 1, 30_000)
      await namespace.changeSpec('web', { dnsNames: ['new.example.com'] })
      await assertConverged(namespace, 2)
      const writes = secretWrites(namespace)
      assert.deepEqual(
        writes.map((write) => write.status),
        outcomes,
      )
      for (const [i, { status, at }] of writes.entries()) {
        if (status === 429) assert.ok((writes[i + 1]?.at ?? 0) - at >= 1000, 'Retry-After is respected')
      }
    })
  }
})

describe('watches', { concurrency: 4 }, () => {
  const breaks: [string, () => Action][] = [
    ['cut in a frame', () => truncate()],
    ['cut in a frame, ending in order', () => truncate({ clean: true })],
    ['told that its version is too old', errorEvent410],
  ]
  for (const [name, action] of breaks) {
    test(`each ${name}: what happens is seen all the same`, async () => {
      const namespace = take()
      const where = { verb: 'watch', namespace: namespace.name } as const
      sandbox.proxy.add({ when: { ...where, resource: 'certificates' }, do: action() })
      sandbox.proxy.add({ when: { ...where, resource: 'secrets' }, do: action() })
      await namespace.createCertificate('web')
      await namespace.certificateReady('web', 1)
      await namespace.remove(secrets, 'web')
      await assertConverged(namespace, 2)
      assert.deepEqual(inWords(secretWrites(namespace)), ['create secrets', 'create secrets'])
    })
  }

  test('of Certificates frozen while the spec changes there and back and on: issued once for the last', async () => {
    const namespace = take()
    await namespace.createCertificate('web')
    await namespace.certificateReady('web', 1)
    const when = { verb: 'watch', resource: 'certificates', namespace: namespace.name } as const
    const frozen = sandbox.proxy.add({ when, do: freeze() })
    for (const host of ['one', 'www', 'two', 'three']) {
      await namespace.changeSpec('web', { dnsNames: [`${host}.example.com`] })
    }
    // The operator mends this for the only spec that it knows; its status for that one is refused.
    await namespace.patch(secrets, 'web', { data: { 'tls.crt': '' } })
    await sleep(quietMs)
    frozen.do.thaw()
    const { status } = await namespace.certificateUntil(
      'web',
      (certificate) => certificate.status?.observedGeneration === 5,
    )
    await assertConverged(namespace, status?.revision ?? 0)
    assert.ok((status?.revision ?? 0) <= 3)
  })

  test('of Secrets silent after our own write: no second issuance', async () => {
    const namespace = take()
    const when = { verb: 'watch', resource: 'secrets', namespace: namespace.name } as const
    const frozen = sandbox.proxy.add({ when, do: freeze() })
    await namespace.createCertificate('web')
    await namespace.certificateReady('web', 1)
    for (const colour of ['red', 'green', 'blue']) {
      await namespace.patch(certificates, 'web', { metadata: { labels: { colour } } })
      await sleep(300)
    }
    await namespace.changeSpec('web', { dnsNames: ['new.example.com'] })
    await sleep(1500)
    assert.deepEqual(inWords(secretWrites(namespace)), ['create secrets'])
    frozen.do.thaw()
    await assertConverged(namespace, 2)
    assert.deepEqual(inWords(secretWrites(namespace)), ['create secrets', 'patch secrets'])
  })

  test('of Secrets silent while the answers to our own writes are lost: each is read, not repeated', async () => {
    const namespace = take()
    const where = { resource: 'secrets', namespace: namespace.name } as const
    const frozen = sandbox.proxy.add({ when: { ...where, verb: 'watch' }, do: freeze() })
    sandbox.proxy.add({ when: { ...where, verb: ['create', 'patch'] }, times: 2, do: commitAndLose() })
    await namespace.createCertificate('web')
    await namespace.certificateReady('web', 1)
    await namespace.changeSpec('web', { dnsNames: ['new.example.com'] })
    await namespace.certificateReady('web', 2)
    assert.deepEqual(inWords(secretWrites(namespace)), ['create secrets', 'patch secrets'])
    frozen.do.thaw()
    await assertConverged(namespace, 2)
    assert.deepEqual(inWords(secretWrites(namespace)), ['create secrets', 'patch secrets'])
  })

  test('of Certificates silent after our own status: no second issuance', async () => {
    const namespace = take()
    await namespace.createCertificate('web')
    await namespace.certificateReady('web', 1)
    const when = { verb: 'watch', resource: 'certificates', namespace: namespace.name } as const
    await sleep(300)
    const frozen = sandbox.proxy.add({ when, do: freeze() })
    await namespace.remove(secrets, 'web')
    await namespace.certificateReady('web', 2)
    // Wakes the Certificate.
    await namespace.patch(authorities, 'ca', { spec: { policy: { rules: [{ names: { dns: ['**'] } }] } } })
    await sleep(1500)
    frozen.do.thaw()
    await assertConverged(namespace, 2)
    assert.deepEqual(inWords(secretWrites(namespace)), ['create secrets', 'create secrets'])
  })

  /** Keeps the operator from seeing what `act` does to one resource; then it must take a full view. */
  async function unseen(namespace: Namespace, resource: string, act: () => Promise<unknown>): Promise<void> {
    const when = { verb: ['watch', 'list'], resource, namespace: namespace.name } as const
    const refused = sandbox.proxy.add({ when, times: 1000, do: respond(503) })
    sandbox.proxy.closeWatches({ resource, verb: 'watch', namespace: namespace.name })
    await act()
    sandbox.proxy.add({ when: { ...when, verb: 'watch' }, do: errorEvent410() })
    sandbox.proxy.remove(refused)
  }

  test('that hid a deletion of the Secret: the next full view tells of it', async () => {
    const namespace = take()
    await namespace.createCertificate('web')
    await namespace.certificateReady('web', 1)
    await unseen(namespace, 'secrets', () => namespace.remove(secrets, 'web'))
    await assertConverged(namespace, 2)
  })

  test("that hid that a stranger's Secret took its place: it is left alone", async () => {
    const namespace = take()
    await namespace.createCertificate('web')
    await namespace.certificateReady('web', 1)
    let stranger: unknown
    await unseen(namespace, 'secrets', async () => {
      await namespace.remove(secrets, 'web')
      stranger = await namespace.createSecret({ metadata: { name: 'web' }, data: { password: 'aHVudGVyMg==' } })
    })
    const refused = await namespace.certificateUntil('web', (seen) => isRefused(seen, 'SecretNotOurs'), 20_000)
    assert.deepEqual(trueConditions(refused), ['Stalled'])
    assert.deepEqual(await namespace.secret('web'), stranger)
  })

  test('that hid the deletion and return of the Certificate: its Secret is kept, nothing is issued', async () => {
    const namespace = take()
    await namespace.createCertificate('web')
    const { metadata } = await namespace.certificateReady('web', 1)
    await unseen(namespace, 'certificates', async () => {
      await namespace.remove(certificates, 'web')
      await namespace.createCertificate('web')
    })
    await assertConverged(namespace, 1)
    assert.notEqual((await namespace.certificate('web')).metadata.uid, metadata.uid)
    assert.deepEqual(inWords(secretWrites(namespace)), ['create secrets'])
  })

  test('that hid that the Certificate was deleted: nothing is written about it any more', async () => {
    const namespace = take()
    await namespace.createCertificate('web')
    await namespace.certificateReady('web', 1)
    await unseen(namespace, 'certificates', () => namespace.remove(certificates, 'web'))
    await namespace.remove(secrets, 'web')
    const late = await sandbox.writesWithin(4000, (request) => request.namespace === namespace.name)
    // Until the deletion is known the Secret may be made once more; the status of nothing cannot be written.
    assert.ok(late.length < 12, inWords(late).join(', '))
    assert.deepEqual(
      inWords(await sandbox.writesWithin(quietMs, (request) => request.namespace === namespace.name)),
      [],
    )
  })
})

test('an API server without WatchList: paged lists do as well', async () => {
  const namespace = await sandbox.namespace('no-watch-list')
  const who = 'no-watch-list'
  const rule = refuseWatchList()
  sandbox.proxy.add({ ...rule, when: { ...rule.when, who } })
  await namespace.createAuthority('ca')
  const old = await sandbox.operator({ namespaces: [namespace], who })
  await namespace.createCertificate('web')
  await assertConverged(namespace, 1)
  const lists = sandbox.proxy.requests.filter((request) => request.who === who && request.verb === 'list')
  // A list of many has more than one page.
  assert.deepEqual([...new Set(lists.map(({ resource }) => resource))].sort(), [
    'authorities',
    'certificates',
    'configmaps',
    'namespaces',
    'secrets',
  ])
  assert.ok(lists.every(({ query }) => Number(query.limit) > 0 && Number(query.limit) <= 500))
  await old.kill()
})

test('after all this the operator has not met anything unexpected', async () => {
  await until(
    () => operator.metric('sifaka_queue_depth'),
    (depth) => depth === 0,
    'the queues',
  )
  assert.equal(await operator.metric('sifaka_reconciles_total', { result: 'bug' }), 0)
  assert.deepEqual(
    operator.logs.filter(({ level }) => level === 'error' || level === 50),
    [],
  )
})
