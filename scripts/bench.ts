/**
 * Measures the operator on a control plane of its own: N certificates (ECDSA P-256, one internal CA, one namespace) are
 * created first, then the operator starts and works them off; then it restarts on what is there.
 *
 *   node scripts/bench.ts [--sizes 200,1000,5000] [--json]
 */
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import {
  apiVersion,
  authorityKind,
  type Certificate,
  certificateKind,
  isTrue,
  type KubeObject,
  secretLabel,
} from '#api'
import { silentLogger, systemClock } from '#base'
import { createKubeClient, type KubeClient, loadConnection, Reflector, resourceOf, resources } from '#kube'
import { installCrds, type OperatorProcess, startControlPlane, startOperator } from '#test/servers'

const namespace = 'bench'
const writers = 32

interface Measurement {
  readonly certificates: number
  readonly perSecond: number
  readonly writesPerCertificate: number
  readonly readsPerCertificate: number
  readonly cpuMsPerCertificate: number
  readonly peakMemoryMB: number
  readonly restartReadySeconds: number
  readonly restartCpuSeconds: number
  readonly restartWrites: number
  readonly restartReads: number
}

const { values } = parseArgs({
  options: { sizes: { type: 'string', default: '200,1000,5000' }, json: { type: 'boolean' } },
})

async function measure(size: number): Promise<Measurement> {
  const plane = await startControlPlane()
  const connection = await loadConnection({ kubeconfig: plane.kubeconfig, clock: systemClock })
  const client = createKubeClient({
    connection,
    userAgent: 'sifaka-bench',
    fieldManager: 'bench',
    clock: systemClock,
    logger: silentLogger,
  })
  try {
    await prepare(client, plane.kubeconfig, size)
    const issuing = await issueAll(client, plane.kubeconfig, size)
    const restart = await restartOn(plane.kubeconfig)
    return { certificates: size, ...issuing, ...restart }
  } finally {
    await client.close()
    await plane.stop()
  }
}

async function prepare(client: KubeClient, kubeconfig: string, size: number): Promise<void> {
  await installCrds(kubeconfig)
  for (const name of [namespace, 'sifaka-system']) {
    await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  }
  const meta = { apiVersion, metadata: { namespace, name: 'ca' } }
  await client.create(resourceOf(authorityKind), { ...meta, kind: 'Authority', spec: { internal: {} } } as KubeObject)
  const first = await start(kubeconfig)
  await until(async () => {
    const ca = await client.get<Certificate>(resourceOf(authorityKind), { namespace, name: 'ca' })
    return isTrue(ca.status?.conditions, 'Ready')
  })
  await first.stop()
  const numbers = Array.from({ length: size }, (_, i) => i).values()
  const create = async (): Promise<void> => {
    for (const i of numbers) await client.create(resourceOf(certificateKind), certificate(i))
  }
  await Promise.all(Array.from({ length: writers }, create))
}

function certificate(i: number): Certificate {
  const spec = { authorityRef: { name: 'ca' }, dnsNames: [`c${i}.example.com`, `www.c${i}.example.com`] }
  return { apiVersion, kind: 'Certificate', metadata: { namespace, name: `c${i}` }, spec }
}

async function issueAll(client: KubeClient, kubeconfig: string, size: number) {
  const operator = await start(kubeconfig)
  await operator.waitForLog(({ msg }) => msg === 'active')
  const begun = performance.now()
  const cpuBefore = cpuMs(operator.pid)
  await secretsSeen(client, size)
  await until(async () => (await allReady(client)) === size, 20)
  const seconds = (performance.now() - begun) / 1000
  await idle(operator)
  const cpu = cpuMs(operator.pid) - cpuBefore
  const { writes, reads } = await requests(operator)
  const peakMemoryMB = memoryPeakMB(operator.pid)
  await operator.stop()
  return {
    perSecond: size / seconds,
    writesPerCertificate: writes / size,
    readsPerCertificate: reads / size,
    cpuMsPerCertificate: cpu / size,
    peakMemoryMB,
  }
}

/** Starts anew on what is there: nothing is to be done, and nothing must be written. */
async function restartOn(kubeconfig: string) {
  const begun = performance.now()
  const operator = await start(kubeconfig)
  await operator.waitForLog(({ msg }) => msg === 'active')
  const restartReadySeconds = (performance.now() - begun) / 1000
  await idle(operator)
  const { writes, reads } = await requests(operator)
  const restartCpuSeconds = cpuMs(operator.pid) / 1000
  await operator.stop()
  return { restartReadySeconds, restartCpuSeconds, restartWrites: writes, restartReads: reads }
}

async function start(kubeconfig: string): Promise<OperatorProcess> {
  const operator = await startOperator({ kubeconfig, args: ['--listen', '127.0.0.1:0', '--audit-log', '/dev/null'] })
  await operator.ready()
  return operator
}

/** Resolves when there is a Secret for every certificate. Watching them costs less than asking again and again. */
async function secretsSeen(client: KubeClient, size: number): Promise<void> {
  const common = { client, namespace, metadataOnly: true, clock: systemClock, logger: silentLogger }
  const labelSelector = `${secretLabel}=certificate`
  const secrets = new Reflector({ ...common, resource: resources.secrets, labelSelector, project: nameOnly })
  secrets.start()
  await until(async () => secrets.store.size >= size, 20)
  await secrets.stop()
}

function nameOnly({ apiVersion, kind, metadata }: KubeObject): KubeObject {
  const { name, namespace = '', uid = '', resourceVersion = '' } = metadata
  return { apiVersion, kind, metadata: { name, namespace, uid, resourceVersion } }
}

async function allReady(client: KubeClient): Promise<number> {
  const { items } = await client.list<Certificate>(resourceOf(certificateKind), { namespace })
  return items.filter(({ status }) => isTrue(status?.conditions, 'Ready')).length
}

/** Waits until no key waits or is worked on, twice in a row. */
async function idle(operator: OperatorProcess): Promise<void> {
  let quiet = 0
  await until(async () => {
    const text = await metrics(operator)
    const busy = sum(text, 'sifaka_queue_depth') + sum(text, 'sifaka_queue_working')
    quiet = busy === 0 ? quiet + 1 : 0
    return quiet >= 3
  }, 500)
}

/** Requests to the API server so far; the Lease is not counted, it is renewed whatever happens. */
async function requests(operator: OperatorProcess): Promise<{ writes: number; reads: number }> {
  const lines = (await metrics(operator)).split('\n').filter((line) => line.startsWith('sifaka_kubernetes_requests'))
  const counted = lines.filter((line) => !line.includes('resource="leases"'))
  const of = (verbs: RegExp): number =>
    counted.filter((line) => verbs.test(line)).reduce((total, line) => total + Number(line.split(' ').at(-1)), 0)
  return { writes: of(/verb="(create|patch|replace|delete)"/), reads: of(/verb="get"/) }
}

async function metrics(operator: OperatorProcess): Promise<string> {
  const { address } = await operator.waitForLog(({ msg }) => msg === 'listening')
  return (await fetch(`http://${address}/metrics`)).text()
}

const sum = (text: string, name: string): number =>
  text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`))
    .reduce((total, line) => total + Number(line.split(' ').at(-1)), 0)

async function until(isSo: () => Promise<boolean>, everyMs = 100): Promise<void> {
  const deadline = performance.now() + 10 * 60_000
  while (!(await isSo())) {
    if (performance.now() > deadline) throw new Error('gave up after ten minutes')
    await pause(everyMs)
  }
}

/** User and system time of a process, in milliseconds (proc(5); a tick is 10 ms on Linux). */
function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
  return (Number(fields[11]) + Number(fields[12])) * 10
}

function memoryPeakMB(pid: number): number {
  const peak = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(peak?.[1]) / 1024
}

function print(measured: readonly Measurement[]): void {
  if (values.json) return void process.stdout.write(`${JSON.stringify(measured, undefined, 2)}\n`)
  const round = (value: number): string => (value < 10 ? value.toFixed(2) : value.toFixed(0))
  const names = Object.keys(measured[0] ?? {}) as (keyof Measurement)[]
  for (const name of names) {
    process.stdout.write(`${name.padEnd(24)}${measured.map((row) => round(row[name]).padStart(10)).join('')}\n`)
  }
}

const results: Measurement[] = []
const sizes = values.sizes.split(',').map(Number)
if (!sizes.every((size) => Number.isInteger(size) && size > 0)) {
  throw new RangeError(`--sizes ${values.sizes}: name numbers of certificates, such as 200,1000`)
}
for (const size of sizes) {
  process.stderr.write(`measuring ${size} certificates\n`)
  results.push(await measure(size))
}
print(results)
