import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { second } from '#base'
import {
  type Action,
  commitAndLose,
  crash,
  drop,
  errorEvent410,
  freeze,
  hook,
  late,
  type Point,
  type RecordedRequest,
  respond,
} from '#test/faults'
import { authorities, certificates, secrets } from '../controllers/namespace.ts'
import type { SandboxOperator } from '../controllers/sandbox.ts'
import type { Case } from './case.ts'
import type { Way } from './fault.ts'
import { oracle } from './oracle.ts'
import { rivalMark } from './snapshot.ts'
import type { Stage } from './workload.ts'
import { whenOf, writePoint } from './write-point.ts'

/** Starts operators of a stage. */
export interface Operators {
  /** The one that works; started again, it resumes at once. */
  start(): Promise<SandboxOperator>
  /** Another one, which waits for the Lease. Returns when it is ready to take it. */
  standby(active: SandboxOperator): Promise<SandboxOperator>
}

/** Longer than a visit that is asked for takes, shorter than an operator waits for the echo of its own write. */
const unseenMs = 2.5 * second
/** Long enough for a request that was given up to have been sent again. */
const lateMs = 2 * second

/**
 * Runs an operator into the fault; returns the one that is at work then.
 * @param strikeMs how long the write may be waited for
 * @throws OracleError when it is not tried
 */
export function strike(one: Case, stage: Stage, operators: Operators, strikeMs: number): Promise<SandboxOperator> {
  return one.fault.recovery === 'goes on'
    ? survive(one, stage, operators, strikeMs)
    : die(one, stage, operators, strikeMs)
}

async function survive(
  { workload, point, fault }: Case,
  stage: Stage,
  operators: Operators,
  strikeMs: number,
): Promise<SandboxOperator> {
  const { sandbox, namespace } = stage
  const who = namespace.name
  const struck = Promise.withResolvers<RecordedRequest>()
  const action = nonlethal(fault.way, stage, (request) => struck.resolve(request))
  sandbox.proxy.add({ when: { who, ...whenOf(point) }, do: action })
  await workload.begin(stage)
  const operator = await operators.start()
  const meanwhile = workload.meanwhile?.(stage)
  const isStruck = (requests: readonly RecordedRequest[]) => requests.some((each) => each.who === who && isOver(each))
  await oracle('it is done in the end', () => sandbox.proxy.waitFor(isStruck, strikeMs))
  await afterwards(fault.way, stage, () => struck.promise)
  await meanwhile
  return operator
}

const isOver = ({ fault, forwarded }: RecordedRequest): boolean =>
  fault !== undefined && fault !== 'freeze' && !fault.startsWith('respond') && (fault !== 'late' || forwarded > 0)

/** What is done to the request; `tell` is told of it before it arrives. */
function nonlethal(way: Way, stage: Stage, tell: (request: RecordedRequest) => void): Action {
  switch (way) {
    case 'never arrives':
      return drop()
    case 'is committed, its answer lost':
      return commitAndLose()
    case 'arrives late':
      return late(lateMs)
    default:
      return hook('before', async (request) => {
        if (way === 'meets a rival') await changeAsRival(stage, request)
        if (way === 'is not seen') withhold(stage, request)
        if (way === 'is seen by a list') hide(stage, request)
        tell(request)
      })
  }
}

const kinds = { secrets, certificates, authorities } as const

/** Somebody else changes the very object that is about to be written. */
async function changeAsRival({ namespace }: Stage, { resource, name }: RecordedRequest): Promise<void> {
  const kind = kinds[resource as keyof typeof kinds]
  await namespace.patch(kind, name, { metadata: { annotations: { [rivalMark]: 'was faster' } } })
}

/** The watches of the resource pass nothing on for a while. */
function withhold({ sandbox, namespace }: Stage, { resource, who }: RecordedRequest): void {
  const when = { verb: 'watch', resource, namespace: namespace.name, who } as const
  const rule = sandbox.proxy.add({ when, times: Number.POSITIVE_INFINITY, do: freeze() })
  setTimeout(() => rule.do.thaw(), unseenMs)
}

/** The watches of the resource end, and only a list is to be had after a while. */
function hide({ sandbox, namespace }: Stage, { resource, who }: RecordedRequest): void {
  const when = { verb: ['watch', 'list'], resource, namespace: namespace.name, who } as const
  const refused = sandbox.proxy.add({ when, times: 1000, do: respond(503) })
  sandbox.proxy.closeWatches({ verb: 'watch', resource, namespace: namespace.name, who })
  setTimeout(() => {
    sandbox.proxy.add({ when: { ...when, verb: 'watch' }, do: errorEvent410() })
    sandbox.proxy.remove(refused)
  }, unseenMs)
}

async function afterwards(way: Way, stage: Stage, struck: () => Promise<RecordedRequest>): Promise<void> {
  if (way === 'meets a rival') {
    const request = await struck()
    await stage.sandbox.proxy.waitFor(() => request.status !== undefined)
    const isForVersion = request.requestVersion !== undefined
    await oracle('nothing lands on what has changed', () => assert.equal(request.status, isForVersion ? 409 : 200))
  }
  if (way === 'is not seen' || way === 'is seen by a list') await repeatsNothing(stage, await struck())
}

/** While it has not seen its own write the operator is asked to visit the object, and does not write it once more. */
async function repeatsNothing(stage: Stage, struck: RecordedRequest): Promise<void> {
  const { sandbox } = stage
  await sleep(unseenMs / 5)
  await poke(stage)
  await sleep((unseenMs * 3) / 5)
  const again = sandbox.proxy.requests.filter(
    (each) => each.seq > struck.seq && each.who === struck.who && writePoint(each) === writePoint(struck),
  )
  await oracle('nothing is decided before our own write is seen', () => assert.deepEqual(again.map(writePoint), []))
}

/** Has all that there is visited. */
async function poke({ namespace }: Stage): Promise<void> {
  const metadata = { annotations: { [rivalMark]: 'looks in' } }
  // Which of them exist depends on the workload.
  await Promise.allSettled([
    namespace.patch(authorities, 'ca', { metadata }),
    namespace.patch(certificates, 'web', { metadata }),
    namespace.patch(secrets, 'web', { metadata }),
  ])
}

async function die(
  { workload, point, fault }: Case,
  stage: Stage,
  operators: Operators,
  strikeMs: number,
): Promise<SandboxOperator> {
  const { sandbox, namespace } = stage
  const who = namespace.name
  const struck = Promise.withResolvers<void>()
  const ready = Promise.withResolvers<SandboxOperator>()
  const kill = async (): Promise<void> => {
    await (await ready.promise).kill()
    struck.resolve()
  }
  const action = crash(fault.way.replace('SIGKILL ', '') as Point, kill)
  sandbox.proxy.add({ when: { who, ...whenOf(point) }, do: action })
  if (fault.recovery === 'restart') await workload.begin(stage)
  const active = await operators.start()
  const standby = fault.recovery === 'standby' ? await operators.standby(active) : undefined
  ready.resolve(active)
  if (standby) await workload.begin(stage)
  const meanwhile = workload.meanwhile?.(stage)
  await within(struck.promise, strikeMs, `${point} was not tried`)
  const survivor = standby ?? (await operators.start())
  await meanwhile
  return survivor
}

async function within(promise: Promise<void>, ms: number, otherwise: string): Promise<void> {
  const late = AbortSignal.timeout(ms)
  const tooLate = new Promise<void>((_, reject) => {
    late.addEventListener('abort', () => reject(new Error(otherwise)))
  })
  await oracle('it is done in the end', () => Promise.race([promise, tooLate]))
}
