import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { second } from '#base'
import { isWrite } from '#test/faults'
import { until } from '../controllers/namespace.ts'
import type { Sandbox, SandboxOperator } from '../controllers/sandbox.ts'
import type { Case } from './case.ts'
import { isWasted } from './fault.ts'
import { judgeHistory } from './history.ts'
import { oracle } from './oracle.ts'
import { isRegistered, judgeRegister, judgeStatus } from './outcome.ts'
import { type Snapshot, snapshotOf } from './snapshot.ts'
import { type Operators, strike } from './strike.ts'
import { judgeTraffic, requestsOf, unusedCertificates, writesWithin } from './traffic.ts'
import type { Stage, Workload } from './workload.ts'
import { isBeside, kindsOf, numbered, writePoint } from './write-point.ts'

const usualMs = 40 * second
/** An Event whose answer was lost is sent once more after a second. */
const eventRetryMs = 1.5 * second
const quietMs = 2 * second
const leaseMs = 3 * second

/** Makes namespaces ready, all by one operator. */
export async function prepare(sandbox: Sandbox, workload: Workload, count: number): Promise<Stage[]> {
  const { name, args = [] } = workload
  const purpose = name
    .toLowerCase()
    .replaceAll(/[^a-z]+/g, '-')
    .slice(0, 40)
  const namespaces = await Promise.all(Array.from({ length: count }, () => sandbox.namespace(purpose)))
  const secrets = await Promise.all(namespaces.map((namespace) => sandbox.recordSecrets(namespace)))
  const start = (): Promise<SandboxOperator> => sandbox.operator({ namespaces, who: `prepares ${name}`, args })
  const operator = await start()
  const stages = namespaces.map((namespace, i): Stage => {
    const recorder = secrets[i]
    if (!recorder) throw new Error('every namespace has a recorder')
    return { sandbox, namespace, secrets: recorder, operators: [operator], readyAtMs: 0 }
  })
  await Promise.all(stages.map((stage) => workload.prepare(stage)))
  const readyAtMs = performance.now()
  await operator.stop()
  // Of many lines it stores what it can within five seconds; the next one finds the rest again.
  for (const stage of stages) if (!(await isRegistered(stage))) await registerRest(stages, await start())
  return stages.map((stage) => ({ ...stage, operators: [...stage.operators], readyAtMs }))
}

async function registerRest(stages: readonly Stage[], operator: SandboxOperator): Promise<void> {
  for (const stage of stages) {
    await until(
      () => isRegistered(stage),
      (is) => is,
      'the register',
      30_000,
    )
  }
  await operator.stop()
}

/** Runs a workload without a fault, and returns how it ends. @throws OracleError */
export async function runClean(workload: Workload, stage: Stage): Promise<Snapshot> {
  const operators = operatorsOf(workload, stage)
  await workload.begin(stage)
  const operator = await operators.start()
  await workload.meanwhile?.(stage)
  await arrive(workload, stage, usualMs)
  await oracle('the writes are those that are known', () => {
    const sent = requestsOf(stage).filter((each) => each.who === operator.who && isWrite(each))
    const counted = sent.filter((each) => workload.withRegister || !isBeside(each))
    const points = numbered(counted.map(writePoint))
    if (workload.isOfTheMoment) assert.deepEqual(kindsOf(points), kindsOf(workload.writes))
    else assert.deepEqual(points, [...workload.writes].sort())
  })
  await judge(workload, stage, operator, 0)
  return snapshotOf(stage)
}

interface CaseOptions {
  /** How a run without a fault ends. */
  clean(): Promise<Snapshot>
  /** The operator's executable, unless it is our own. */
  readonly binary?: string
  /** How long it may take until all is done; a standby waits for the Lease first. */
  readonly doneMs?: number
  /** How far the wall clock of a standby is ahead. */
  readonly skewMs?: number
}

/**
 * Runs a workload into a fault, and holds what comes of it against all oracles.
 * @throws OracleError
 */
export async function runCase({ workload, point, fault }: Case, stage: Stage, options: CaseOptions): Promise<void> {
  const { clean, doneMs = usualMs } = options
  const operators = operatorsOf(workload, stage, options)
  const survivor = await strike({ workload, point, fault }, stage, operators, doneMs)
  await isActive(survivor)
  await arrive(workload, stage, doneMs)
  const mayWaste = isWasted(fault) && /^(create|patch) secrets/.test(point)
  await judge(workload, stage, survivor, mayWaste ? 1 : 0)
  const end = await clean()
  await oracle('it ends as without a fault', async () => assert.deepEqual(await snapshotOf(stage), end))
  if (fault.recovery === 'standby') await oracle('only one is at work', () => assertInTurn(stage))
}

function operatorsOf(
  { args = [] }: Workload,
  { sandbox, namespace, operators }: Stage,
  { binary, skewMs = 0 }: Partial<CaseOptions> = {},
): Operators {
  const start = async (who: string, env = {}): Promise<SandboxOperator> => {
    const operator = await sandbox.operator({ namespaces: [namespace], who, args, env, ...(binary && { binary }) })
    operators.push(operator)
    return operator
  }
  return {
    start: () => start(namespace.name),
    standby: async (active) => {
      await isActive(active)
      return start(`${namespace.name} standby`, skewedBy(skewMs))
    },
  }
}

const skewedClock = new URL('skewed-clock.js', import.meta.url).href

const skewedBy = (ms: number) => ({ NODE_OPTIONS: `--import=${skewedClock}`, SIFAKA_TEST_SKEW_MS: String(ms) })

/** Waits until it holds the Lease. */
const isActive = (operator: SandboxOperator): Promise<unknown> =>
  until(
    () => operator.metric('sifaka_active'),
    (is) => is === 1,
    'the Lease',
  )

/** Waits until all is done and nothing more is written. */
async function arrive(workload: Workload, stage: Stage, doneMs: number): Promise<void> {
  await oracle('it is done in the end', async () => {
    await until(
      () => workload.isDone(stage),
      (is) => is,
      `the end of ${workload.name}`,
      doneMs,
    )
  })
  await sleep(eventRetryMs)
  await oracle('nothing is written any more', async () => {
    assert.deepEqual(await writesWithin(stage, quietMs, workload.withRegister), [])
  })
}

/** @param wasted certificates that may be signed for nothing */
async function judge(workload: Workload, stage: Stage, survivor: SandboxOperator, wasted: number): Promise<void> {
  await stage.secrets.caughtUp()
  await judgeHistory(workload, stage)
  await judgeStatus(stage)
  await oracle('what the work was for is so', async () => {
    assert.ok(await workload.isDone(stage))
    await workload.holds?.(stage)
  })
  await judgeTraffic(stage)
  await oracle('nothing is issued twice', () => {
    const unused = unusedCertificates(stage)
    assert.ok(unused.length <= wasted + (workload.wastes ?? 0), `signed for nothing: ${unused.join(', ')}`)
  })
  // What the register has not stored yet it stores now.
  await oracle('it ends when it is told to', async () => assert.equal(await survivor.stop(), 0))
  await judgeRegister(stage)
}

/** The standby writes nothing before the Lease of the other one has run out. */
function assertInTurn({ sandbox, namespace }: Stage): void {
  const requests = sandbox.proxy.requests.filter((each) => each.who.startsWith(namespace.name))
  const renewals = requests.filter(({ who, resource }) => who === namespace.name && resource === 'leases')
  const first = requests.find(
    ({ who, ...each }) => who !== namespace.name && isWrite(each) && each.resource !== 'leases',
  )
  const last = renewals.filter(({ forwarded, at }) => forwarded > 0 && at < (first?.at ?? 0)).at(-1)
  if (first && last) assert.ok(first.at - last.at >= leaseMs - 50, `after ${first.at - last.at} ms`)
}
