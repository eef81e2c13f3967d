import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Authority, annotations, type Secret, secretLabel } from '#api'
import { day, fromRfc3339, hour, minute, second, toRfc3339 } from '#base'
import { resources } from '#kube'
import {
  encodeCertificates,
  keySigner,
  newSerialNumber,
  parseCertificate,
  parseCsr,
  renewalTime,
  signSubordinate,
} from '#pki'
import {
  type Action,
  commitAndLose,
  crash,
  keyMatchesLeaf,
  type Point,
  type RecordedRequest,
  type Recorder,
  type Version,
  type When,
} from '#test/faults'
import { testCa } from '#test/make'
import { authorities, isReady, type Namespace, revisionOf, secrets, textOf, until } from './namespace.ts'
import { inWords, Sandbox, type SandboxOperator } from './sandbox.ts'

/**
 * Kills the operator at every write of every workload, at each point of the write's life, and lets a fresh one go on.
 * The writes come from a recorded run without faults. `make test` takes a sample.
 */
const isLong = process.env.SIFAKA_TEST_LONG === '1'
const seed = Number(process.env.SIFAKA_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
const sampleSize = 16
/** Cases at a time: each starts an operator twice. */
const concurrency = 2
const quietMs = 2 * second
/** An Event whose answer was lost is sent once more after a second. */
const eventRetryMs = 1.5 * second
/** Due 12 to 24 s after it was issued: later than a case takes to see that nothing more is written. */
const renewal = { beforePercent: 90 } as const
const renewed = { duration: '4m', renewal } as const
const renewalDueMs = 24 * second

/** What is done before the operator whose writes count starts; it finds the rest to do. */
interface Workload {
  readonly name: string
  /** With an operator at work that is stopped afterwards. */
  prepare(namespace: Namespace): Promise<unknown>
  /** While no operator runs. */
  begin(namespace: Namespace): Promise<unknown>
  /** All writes of a run without faults, sorted; where their number depends on the moment, each kind once. */
  readonly writes: readonly string[]
  readonly isOfTheMoment?: boolean
  /** Certificates that are issued from first to last. */
  readonly revisions: number
  /** Secrets with a key of the CA that are made; 1 unless told. */
  readonly keys?: number
  /** What has come of it in the end, unless that is a CA that is ready. */
  readonly end?: (authority: Authority, namespace: Namespace) => boolean | Promise<boolean>
}

const workloads: readonly Workload[] = [
  {
    name: 'authority',
    prepare: async () => {},
    begin: (namespace) => namespace.createAuthority('ca'),
    writes: ['create configmaps', 'create events', 'create secrets', 'patch authorities', 'patch authorities/status'],
    isOfTheMoment: true,
    revisions: 0,
  },
  {
    name: 'issuance',
    prepare: (namespace) => readyAuthority(namespace),
    begin: (namespace) => namespace.createCertificate('web'),
    writes: ['create events', 'create secrets', 'patch certificates/status'],
    revisions: 1,
  },
  {
    name: 'renewal',
    async prepare(namespace) {
      await readyAuthority(namespace)
      await namespace.createCertificate('web', renewed)
      await namespace.certificateReady('web', 1)
    },
    begin: async () => {},
    writes: ['create events', 'patch certificates/status', 'patch secrets'],
    revisions: 2,
  },
]

/** Makes a CA, and waits until its bundle is published, the last thing that comes of it. */
async function readyAuthority(namespace: Namespace, trustPropagation = '1s'): Promise<void> {
  await namespace.createAuthority('ca', { internal: { trustPropagation } })
  await namespace.authorityReady('ca')
  const bundle = { namespace: namespace.name, name: 'ca-ca' }
  await until(() => sandbox.client.get(resources.configMaps, bundle), Boolean, 'the bundle')
}

/** What follows when a root rotates: made, trusted, activated; and, an hour later, retired. */
const rotations: readonly Workload[] = [
  {
    name: 'rotation',
    prepare: (namespace) => readyAuthority(namespace),
    begin: (namespace) => namespace.patch(authorities, 'ca', { spec: { internal: { generation: 2 } } }),
    writes: [
      ...['create events', 'create secrets', 'patch authorities', 'patch authorities/status', 'patch configmaps'],
      ...['patch secrets', 'patch secrets 2'],
    ],
    isOfTheMoment: true,
    revisions: 0,
    keys: 2,
    end: ({ status }) => status?.ca?.generation === 2,
  },
  {
    name: 'trust',
    async prepare(namespace) {
      await readyAuthority(namespace, '1h')
      await namespace.createCertificate('web')
      await namespace.certificateReady('web', 1)
    },
    begin: (namespace) => namespace.patch(authorities, 'ca', { spec: { internal: { generation: 2 } } }),
    writes: ['create events', 'create secrets', 'patch authorities/status', 'patch configmaps', 'patch secrets'],
    isOfTheMoment: true,
    revisions: 0,
    keys: 2,
    async end({ status }, namespace) {
      const { metadata } = await namespace.secret('ca-ca-2')
      const web = await namespace.secret('web')
      return metadata.annotations?.[annotations.trustedAt] !== undefined && textOf(web, 'ca.crt') === status?.caBundle
    },
  },
  {
    name: 'retirement',
    async prepare(namespace) {
      await readyAuthority(namespace)
      await namespace.patch(authorities, 'ca', { spec: { internal: { generation: 2 } } })
      await namespace.authorityUntil('ca', ({ status }) => status?.ca?.generation === 2)
    },
    /** As if it had signed for an hour. */
    begin: (namespace) => {
      const activatedAt = toRfc3339(Date.now() - hour)
      const metadata = { annotations: { [annotations.activatedAt]: activatedAt } }
      return namespace.patch(secrets, 'ca-ca-2', { metadata })
    },
    writes: ['create events', 'patch authorities/status', 'patch configmaps', 'patch secrets'],
    isOfTheMoment: true,
    revisions: 0,
    keys: 2,
    end: ({ status }) => status?.generations?.[0]?.state === 'Retired',
  },
]

const root = testCa({ notBefore: Math.floor(Date.now() / second) * second - day })

/** Has the request in the status signed. */
async function answer(namespace: Namespace): Promise<void> {
  const { status } = await namespace.authority('ca')
  const { certificate, key } = await root
  const { publicKey } = parseCsr(status?.request?.csr ?? '')
  const notBefore = Math.floor(Date.now() / second) * second - minute
  const profile = { commonName: 'ca', notBefore, notAfter: notBefore + day }
  const issuer = { signer: keySigner(key), certificate }
  const signed = parseCertificate(await signSubordinate(profile, publicKey, issuer, newSerialNumber()))
  const chain = encodeCertificates([signed, certificate])
  await namespace.patch(authorities, 'ca', { spec: { internal: { external: { chain } } } })
}

const isRequested = ({ status }: Authority): boolean => status?.request !== undefined

/** A CA whose certificate is signed elsewhere. */
const requests: readonly Workload[] = [
  {
    name: 'request',
    prepare: async () => {},
    begin: (namespace) => namespace.createAuthority('ca', { internal: { external: {} } }),
    writes: ['create events', 'create secrets', 'patch authorities/status'],
    isOfTheMoment: true,
    revisions: 0,
    end: isRequested,
  },
  {
    name: 'answer',
    async prepare(namespace) {
      await namespace.createAuthority('ca', { internal: { external: {} } })
      await namespace.authorityUntil('ca', isRequested)
    },
    begin: answer,
    writes: [
      ...['create configmaps', 'create events', 'create secrets', 'delete secrets', 'patch authorities'],
      ...['patch authorities/status'],
    ],
    isOfTheMoment: true,
    revisions: 0,
    keys: 2,
    end: async (authority, namespace) => {
      const request = await namespace.secret('ca-ca-request').catch(() => undefined)
      return isReady(authority) && request === undefined
    },
  },
]

const everyWorkload = [...workloads, ...rotations, ...requests]

/** A fault at the first request of one kind. */
interface Case {
  readonly workload: Workload
  /** `verb resource/subresource`, and which of them if it is not the first. */
  readonly write: string
  readonly point: Point | 'answer lost'
}

const points = ['before', 'afterCommit', 'afterReply', 'answer lost'] as const
const everyCase: readonly Case[] = everyWorkload.flatMap((workload) =>
  workload.writes.flatMap((write) => points.map((point) => ({ workload, write, point }))),
)

/** An equal number from each workload, chosen by the seed. */
function sample(size: number): Case[] {
  const random = mulberry32(seed)
  const shuffled = everyCase.map((one) => ({ one, at: random() })).sort((a, b) => a.at - b.at)
  const share = Math.max(1, Math.floor(size / everyWorkload.length))
  return everyWorkload.flatMap((workload) => {
    return shuffled
      .filter(({ one }) => one.workload === workload)
      .slice(0, share)
      .map(({ one }) => one)
  })
}

/** A small random generator with a seed, public domain (Tommy Ettinger). */
function mulberry32(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const cases = isLong ? everyCase : sample(sampleSize)
if (!isLong) process.stdout.write(`SIFAKA_TEST_SEED=${seed} repeats this sample of crashes\n`)

/** A namespace made ready for a workload, and every version of its Secrets. */
interface Stage {
  readonly namespace: Namespace
  readonly recorder: Recorder
  /** When it was made ready, on the monotonic clock. */
  readonly readyAtMs: number
}

let sandbox: Sandbox

before(async () => {
  sandbox = await Sandbox.open()
})

after(() => sandbox?.close())

/** Makes namespaces ready, all by one operator. */
async function prepare(workload: Workload, count: number): Promise<Stage[]> {
  const namespaces = await Promise.all(Array.from({ length: count }, () => sandbox.namespace(workload.name)))
  const recorders = await Promise.all(namespaces.map((namespace) => sandbox.recordSecrets(namespace)))
  const operator = await sandbox.operator({ namespaces, who: `prepares ${workload.name}` })
  await Promise.all(namespaces.map((namespace) => workload.prepare(namespace)))
  const readyAtMs = performance.now()
  assert.equal(await operator.stop(), 0)
  return namespaces.map((namespace, i) => ({ namespace, recorder: recorders[i] as Recorder, readyAtMs }))
}

const isDone = async ({ revisions, end = isReady }: Workload, namespace: Namespace): Promise<void> => {
  const look = () => namespace.authority('ca')
  await until(
    async () => end(await look(), namespace),
    (isEnd) => isEnd,
    'the end',
    30_000,
  )
  if (revisions > 0) await namespace.certificateReady('web', revisions, 20_000)
}

for (const workload of everyWorkload) {
  const chosen = cases.filter((one) => one.workload === workload)
  describe(workload.name, { concurrency }, () => {
    let stages: Stage[]

    before(async () => {
      stages = await prepare(workload, chosen.length + 1)
    })

    test('without a fault: the writes are those that this file knows', async () => {
      const { stage, who } = await begin(workload, stages)
      const operator = await sandbox.operator({ namespaces: [stage.namespace], who })
      await isDone(workload, stage.namespace)
      await sandbox.proxy.waitFor((requests) => inWords(requests.filter(isEventOf(stage))).length > 0)
      await assertConverged(workload, stage, who)
      const writes = inWords(sandbox.writes((request) => request.who === who && !isOfRegister(request))).sort()
      const kinds = workload.writes.map((write) => write.replace(/ [0-9]+$/, ''))
      assert.deepEqual(workload.isOfTheMoment ? [...new Set(writes)] : writes, [...new Set(kinds)])
      await operator.kill()
    })

    for (const one of chosen) {
      const how = one.point === 'answer lost' ? 'its answer is lost' : `SIGKILL ${one.point}`
      // A write that is never tried is never struck either.
      test(`${one.write}: ${how}`, { timeout: 90 * second }, async () => {
        const { stage, who } = await begin(workload, stages)
        const operator = await suffer(one, stage, who)
        await isDone(workload, stage.namespace)
        await assertConverged(workload, stage, who)
        await operator.kill()
      })
    }
  })
}

/** The register and CRLs are written beside all this, at their own times. */
const isOfRegister = ({ resource, name }: RecordedRequest): boolean => resource === 'configmaps' && name !== 'ca-ca'

const isEventOf =
  ({ namespace }: Stage) =>
  ({ resource, namespace: where, status }: RecordedRequest): boolean =>
    resource === 'events' && where === namespace.name && status === 201

/** Takes the next stage and sets the workload going. */
async function begin(workload: Workload, stages: Stage[]): Promise<{ stage: Stage; who: string }> {
  const stage = stages.pop()
  if (!stage) throw new Error('there are too few stages')
  if (workload.name === 'renewal') await sleep(Math.max(0, stage.readyAtMs + renewalDueMs - performance.now()))
  await workload.begin(stage.namespace)
  return { stage, who: stage.namespace.name }
}

/** Runs an operator into the fault; returns the one that is at work then: a fresh one, or the same if it lives. */
async function suffer({ write, point }: Case, { namespace }: Stage, who: string): Promise<SandboxOperator> {
  const struck = Promise.withResolvers<void>()
  const starting = Promise.withResolvers<SandboxOperator>()
  const kill = async (): Promise<void> => {
    await (await starting.promise).kill()
    struck.resolve()
  }
  const action: Action = point === 'answer lost' ? commitAndLose() : crash(point, kill)
  sandbox.proxy.add({ when: { who, ...requestOf(write) }, do: action })
  const operator = await sandbox.operator({ namespaces: [namespace], who })
  starting.resolve(operator)
  if (point === 'answer lost') {
    await sandbox.proxy.waitFor((requests) => requests.some((one) => one.who === who && one.fault === 'commitAndLose'))
    return operator
  }
  await struck.promise
  return sandbox.operator({ namespaces: [namespace], who })
}

function requestOf(write: string): When {
  const [verb, path = '', nth = '1'] = write.split(' ')
  const [resource = '', subresource = ''] = path.split('/')
  return { verb: verb as 'create' | 'patch' | 'delete', resource, subresource, nth: Number(nth) }
}

/** Nothing more is written, all agrees, and nothing wrong was ever to be seen. */
async function assertConverged(workload: Workload, { namespace, recorder }: Stage, who: string): Promise<void> {
  await sleep(eventRetryMs)
  const late = await sandbox.writesWithin(quietMs, (request) => request.who === who && !isOfRegister(request))
  assert.deepEqual(inWords(late), [], 'nothing is written any more')

  await recorder.caughtUp()
  assertSecretsWereWhole(recorder.versions, workload.keys ?? 1)
  const { end = isReady } = workload
  assert.ok(await end(await namespace.authority('ca'), namespace))
  if (workload.revisions === 0) return
  const [certificate, secret] = await Promise.all([namespace.certificate('web'), namespace.secret('web')])
  const { status } = certificate
  const leaf = parseCertificate(textOf(secret, 'tls.crt'))
  assert.ok(isReady(certificate))
  assert.equal(revisionOf(secret), String(workload.revisions))
  assert.deepEqual([status?.revision, status?.fingerprint], [workload.revisions, leaf.fingerprint])
  assert.equal(status?.secret?.resourceVersion, secret.metadata.resourceVersion)
  assertOneCertificatePerRevision(recorder.of('web'), workload.revisions)
}

/**
 * One CA of each number ever, none but those that were asked for, and in every version of every Secret the key belongs
 * to the certificate.
 */
function assertSecretsWereWhole(versions: readonly Version[], generations: number): void {
  const contentOf = ({ object }: Version) => (object as unknown as Secret).metadata.labels?.[secretLabel]
  for (const version of versions.filter((each) => contentOf(each) !== 'ca-request')) {
    assert.ok(keyMatchesLeaf(version.object), `${version.object.metadata.name} is a pair`)
  }
  const keys = versions.filter((each) => contentOf(each)?.startsWith('ca')).map(({ object }) => object)
  const made = new Set(keys.map(({ metadata, data }) => `${metadata.name} ${data?.['tls.key']}`))
  assert.equal(made.size, generations, 'one key of each generation')
}

function assertOneCertificatePerRevision(versions: readonly Version[], revisions: number): void {
  const secrets = versions.map(({ object }) => object as unknown as Secret)
  assert.deepEqual(
    secrets.map(revisionOf),
    Array.from({ length: revisions }, (_, i) => String(i + 1)),
    'each revision was written once',
  )
  for (const [i, next] of secrets.slice(1).entries()) {
    const { fingerprint, notBefore, notAfter } = parseCertificate(textOf(secrets[i] as Secret, 'tls.crt'))
    const due = renewalTime({ notBefore, notAfter, jitterSeed: fingerprint, ...renewal })
    const at = fromRfc3339(next.metadata.annotations?.[annotations.issuedAt]) ?? 0
    assert.ok(at >= due, 'renewed only when it was due')
  }
}
