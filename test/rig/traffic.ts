import assert from 'node:assert/strict'
import { annotations, type Secret } from '#api'
import { fromRfc3339 } from '#base'
import { isWrite, type RecordedRequest } from '#test/faults'
import type { SandboxOperator } from '../controllers/sandbox.ts'
import { fingerprintOf } from './history.ts'
import { oracle } from './oracle.ts'
import type { Stage } from './workload.ts'
import { isBeside, writePoint } from './write-point.ts'

/** Requests of one operator about a stage: far more than any workload needs, far fewer than a hot loop makes. */
const requestsMax = 120
/** The clock of a line of the audit stream has microseconds, the record's has milliseconds. */
const toMs = (time: unknown): number => fromRfc3339(String(time).replace(/(\.\d{3})\d*Z$/, '$1Z')) ?? Number.NaN

/** What the operators of a stage have sent, the Lease apart. */
export const requestsOf = ({ sandbox, namespace }: Stage): RecordedRequest[] =>
  sandbox.proxy.requests.filter((each) => each.namespace === namespace.name && each.resource !== 'leases')

/** Holds what was sent and said against what must be so of every request. */
export async function judgeTraffic(stage: Stage): Promise<void> {
  const requests = requestsOf(stage)
  await oracle('a change says which version it is for', () => {
    const blind = requests.filter((request) => isChange(request) && !isConditional(request))
    assert.deepEqual(blind.map(writePoint), [])
  })
  await oracle('an audit line precedes the write', () => assertAudited(stage, requests))
  await oracle('there is no hot loop', () => {
    const busy = Map.groupBy(requests, ({ who }) => who)
    for (const [who, sent] of busy) assert.ok(sent.length < requestsMax, `${sent.length} requests of ${who}`)
  })
  await oracle('nothing unexpected is met', () => assertCalm(stage.operators))
  await oracle('an event is told once, or once more', () => assertFewEvents(stage))
}

/** Events and what is beside are not changed on what was seen: they are added to. */
const isChange = ({ verb, resource }: RecordedRequest): boolean =>
  (verb === 'patch' || verb === 'replace' || verb === 'delete') && resource !== 'events'

const isConditional = ({ verb, requestVersion, requestUid }: RecordedRequest): boolean =>
  requestVersion !== undefined || (verb === 'delete' && requestUid !== undefined)

/** Which lines of the audit stream tell of which writes. */
function assertAudited(stage: Stage, requests: readonly RecordedRequest[]): void {
  const lines = auditOf(stage)
  const isSaid = (fingerprint: string): boolean => lines.some((line) => fingerprintIn(line) === fingerprint)
  const written = stage.secrets.versions.map(({ object }) => object as unknown as Secret)
  const issued = written.filter(({ metadata, data = {} }) => {
    return metadata.annotations?.[annotations.issuedAt] !== undefined && data['tls.crt'] !== undefined
  })
  const adopted = new Set(lines.filter(({ event }) => event === 'SecretAdopted').map(({ secret }) => secret))
  for (const secret of issued.filter(({ metadata }) => !adopted.has(metadata.name))) {
    const fingerprint = fingerprintOf(secret)
    assert.ok(isSaid(fingerprint), `no line tells of ${secret.metadata.name}, certificate ${fingerprint}`)
  }
  const times = lines.map(({ time, secret }) => ({ at: toMs(time), secret }))
  for (const { verb, resource, name, at } of requests.filter(({ resource }) => resource === 'secrets')) {
    if (verb !== 'create' || resource !== 'secrets' || !issued.some(({ metadata }) => metadata.name === name)) continue
    assert.ok(
      times.some((line) => line.secret === name && line.at <= at),
      `no line precedes ${verb} ${name}`,
    )
  }
}

const fingerprintIn = ({ certificate }: Readonly<Record<string, unknown>>): unknown =>
  (certificate as { readonly fingerprint?: unknown } | undefined)?.fingerprint

function assertCalm(operators: readonly SandboxOperator[]): void {
  const errors = operators.flatMap(({ logs }) => logs.filter(({ level }) => level === 'error' || level === 'fatal'))
  assert.deepEqual(errors, [])
}

async function assertFewEvents({ sandbox, namespace }: Stage): Promise<void> {
  const names = new Set(
    sandbox.proxy.requests.filter((each) => each.namespace === namespace.name).map(({ name }) => name.split('.')[0]),
  )
  const events = (await Promise.all([...names].map((name) => namespace.events(name ?? '')))).flat()
  const byText = Map.groupBy(events, ({ regarding, reason, note }) => `${regarding.name} ${reason} ${note}`)
  for (const [text, all] of byText) assert.ok(all.length <= 2, `${all.length} times: ${text}`)
}

/** The lines of the audit stream that tell of the namespace. */
const auditOf = ({ operators, namespace }: Stage) =>
  operators
    .flatMap((operator) => operator.audit())
    .filter(({ object }) => (object as { readonly namespace?: unknown }).namespace === namespace.name)

/** Certificates that were signed and are in no Secret: what a fault has made useless. */
export function unusedCertificates(stage: Stage): string[] {
  const used = new Set(
    stage.secrets.versions
      .map(({ object }) => object as unknown as Secret)
      .filter(({ data = {} }) => data['tls.crt'])
      .map(fingerprintOf),
  )
  const signed = auditOf(stage).filter(({ event }) => event === 'CertificateRelease' || event === 'CARelease')
  return [...new Set(signed.map((line) => String(fingerprintIn(line))))].filter((each) => !used.has(each))
}

/** Waits, and then says what the operators have written meanwhile. */
export async function writesWithin(stage: Stage, ms: number, withRegister = false): Promise<string[]> {
  const [last] = stage.sandbox.proxy.requests.slice(-1)
  await new Promise((resolve) => setTimeout(resolve, ms))
  const later = requestsOf(stage).filter(({ seq }) => seq > (last?.seq ?? 0))
  return later.filter((each) => isWrite(each) && (withRegister || !isBeside(each))).map(writePoint)
}
