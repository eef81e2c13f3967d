import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { findCondition, type Secret } from '#api'
import { second } from '#base'
import { type Action, commitAndLose, crash, keyMatchesLeaf, type Point, type Recorder, type When } from '#test/faults'
import { type FileDrop, FileDropRoot, fileDropArgs } from './file-drop.ts'
import { type Namespace, revisionOf, textOf } from './namespace.ts'
import { inWords, Sandbox, type SandboxOperator } from './sandbox.ts'

/**
 * Kills the operator at every write of an order that takes its time, at each point of the write's life, and lets a
 * fresh one go on: there is one order, for one key. `make test` takes a sample.
 */
const isLong = process.env.SIFAKA_TEST_LONG === '1'
const seed = process.env.SIFAKA_TEST_SEED ?? String(Math.floor(Math.random() * 2 ** 31))
const sampleSize = 5
/** Cases at a time: each starts an operator twice. */
const concurrency = 2
const quietMs = 2 * second
/** An Event whose answer was lost is sent once more after a second. */
const eventRetryMs = 1.5 * second

/** All writes of a run without faults, in order but for the Event, which goes its own way. */
const steps: readonly { readonly name: string; readonly when: When }[] = [
  { name: 'the key and the journal', when: { verb: 'create', resource: 'secrets', name: 'web-pending' } },
  { name: 'the handle', when: { verb: 'patch', resource: 'secrets', name: 'web-pending' } },
  { name: 'the status while it is pending', when: { verb: 'patch', resource: 'certificates', subresource: 'status' } },
  { name: 'the certificate', when: { verb: 'create', resource: 'secrets', name: 'web' } },
  { name: 'the end of the order', when: { verb: 'delete', resource: 'secrets', name: 'web-pending' } },
  { name: 'the last status', when: { verb: 'patch', resource: 'certificates', subresource: 'status', nth: 2 } },
  { name: 'the Event', when: { verb: 'create', resource: 'events' } },
]
const points = ['before', 'afterCommit', 'afterReply', 'answer lost'] as const

interface Case {
  readonly name: string
  readonly when: When
  readonly point: Point | 'answer lost'
}

const everyCase: readonly Case[] = steps.flatMap(({ name, when }) => points.map((point) => ({ name, when, point })))
const cases = isLong ? everyCase : sample(everyCase)
if (!isLong) process.stdout.write(`SIFAKA_TEST_SEED=${seed} repeats this sample of crashes\n`)

function sample(all: readonly Case[]): Case[] {
  const rank = ({ name, point }: Case): string => createHash('sha256').update(`${seed} ${name} ${point}`).digest('hex')
  return all.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1)).slice(0, sampleSize)
}

/** A namespace with an Authority that is ready, and every version of its Secrets. */
interface Stage {
  readonly namespace: Namespace
  readonly folder: FileDrop
  readonly recorder: Recorder
}

let sandbox: Sandbox
let root: FileDropRoot
let stages: Stage[]

before(async () => {
  root = await FileDropRoot.open()
  sandbox = await Sandbox.open()
  stages = await Promise.all(Array.from({ length: cases.length + 1 }, prepare))
  const namespaces = stages.map(({ namespace }) => namespace)
  const operator = await sandbox.operator({ namespaces, who: 'prepares', args: fileDropArgs })
  await Promise.all(namespaces.map((namespace) => namespace.authorityReady('ca', 30_000)))
  assert.equal(await operator.stop(), 0)
})

after(async () => {
  await sandbox?.close()
  await root?.close()
})

async function prepare(): Promise<Stage> {
  const [namespace, folder] = await Promise.all([sandbox.namespace('order'), root.folder()])
  await namespace.createAuthority('ca', folder.spec)
  return { namespace, folder, recorder: await sandbox.recordSecrets(namespace) }
}

async function begin(): Promise<Stage> {
  const stage = stages.pop()
  if (!stage) throw new Error('there are too few stages')
  await stage.namespace.createCertificate('web')
  return stage
}

const start = ({ namespace }: Stage): Promise<SandboxOperator> =>
  sandbox.operator({ namespaces: [namespace], who: namespace.name, args: fileDropArgs })

/** The people at the CA, who sign once the order shows in the status. */
async function signInTime({ namespace, folder }: Stage): Promise<void> {
  await namespace.certificateUntil(
    'web',
    ({ status }) => findCondition(status?.conditions, 'Ready')?.reason === 'OrderPending',
    30_000,
  )
  await folder.sign()
}

describe('an order that takes its time', { concurrency }, () => {
  test('without a fault: the writes are those that this file knows', async () => {
    const stage = await begin()
    const operator = await start(stage)
    await signInTime(stage)
    await assertConverged(stage)
    const writes = sandbox.writes(({ who }) => who === stage.namespace.name)
    const known = steps.map(({ when: { verb, resource, subresource = '' } }) => ({ verb, resource, subresource }))
    const inOrder = inWords(writes).toSorted()
    assert.deepEqual(
      inOrder,
      known.map(({ verb, resource, subresource }) => `${verb} ${resource}${subresource && `/${subresource}`}`).sort(),
    )
    await operator.kill()
  })

  for (const one of cases) {
    const how = one.point === 'answer lost' ? 'its answer is lost' : `SIGKILL ${one.point}`
    test(`${one.name}: ${how}`, async () => {
      const stage = await begin()
      const [operator] = await Promise.all([suffer(one, stage), signInTime(stage)])
      await assertConverged(stage)
      await operator.kill()
    })
  }
})

/** Runs an operator into the fault; returns the one that is at work then: a fresh one, or the same if it lives. */
async function suffer({ when, point }: Case, stage: Stage): Promise<SandboxOperator> {
  const who = stage.namespace.name
  const struck = Promise.withResolvers<void>()
  const starting = Promise.withResolvers<SandboxOperator>()
  const kill = async (): Promise<void> => {
    await (await starting.promise).kill()
    struck.resolve()
  }
  const action: Action = point === 'answer lost' ? commitAndLose() : crash(point, kill)
  sandbox.proxy.add({ when: { who, ...when }, do: action })
  const operator = await start(stage)
  starting.resolve(operator)
  if (point === 'answer lost') {
    await sandbox.proxy.waitFor((requests) => requests.some((each) => each.who === who && each.fault !== undefined))
    return operator
  }
  await struck.promise
  return start(stage)
}

/** Nothing more is written; there was one order, and its key is the one in use. */
async function assertConverged({ namespace, folder, recorder }: Stage): Promise<void> {
  const { status } = await namespace.certificateReady('web', 1, 40_000)
  await sleep(eventRetryMs)
  const late = await sandbox.writesWithin(quietMs, ({ who }) => who === namespace.name)
  assert.deepEqual(inWords(late), [], 'nothing is written any more')
  assert.deepEqual(
    [folder.ordersEver().length, folder.orders(), folder.calls().includes('cancel')],
    [1, folder.ordersEver(), false],
  )
  await recorder.caughtUp()
  const versions = (name: string): Secret[] => recorder.of(name).map(({ object }) => object as unknown as Secret)
  const secret = await namespace.secret('web')
  const keys = new Set([...versions('web-pending'), secret].map((each) => textOf(each, 'tls.key')))
  assert.equal(keys.size, 1, 'the key of the order is the one in use, and there was no other')
  assert.deepEqual([versions('web').map(revisionOf), status?.revision], [['1'], 1])
  assert.ok(keyMatchesLeaf(secret))
  await assert.rejects(namespace.secret('web-pending'), { status: 404 })
}
