/**
 * Shows the main job on a control plane of its own: authorities, certificates, a renewal and a denied request, told as
 * they happen. With CI=true it ends by itself, with 0 only if all of it was seen; else it stays until Ctrl-C.
 */
import { X509Certificate } from 'node:crypto'
import { relative } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import {
  type Authority,
  authorityKind,
  type Certificate,
  certificateKind,
  findCondition,
  isTrue,
  type Secret,
} from '#api'
import { silentLogger, systemClock, toRfc3339 } from '#base'
import { createKubeClient, type KubeClient, loadConnection, Reflector, resourceOf, resources } from '#kube'
import { kubectl, type OperatorProcess, startControlPlane, startOperator } from '#test/servers'

const namespace = 'demo'
const root = new URL('..', import.meta.url).pathname
const patienceMs = 60_000
const begun = performance.now()

/** What must have been seen, each with what a visitor is told of it. */
const expected = new Set([
  'Authority root',
  'Authority issuing',
  'Certificate web issued',
  'Certificate payments issued',
  'Certificate short-lived issued',
  'Certificate short-lived renewed',
  'Certificate denied refused',
  'Authority issuing rotated',
  'Certificate web renewed',
])

function say(text: string): void {
  process.stdout.write(`${((performance.now() - begun) / 1000).toFixed(1).padStart(6)}s  ${text}\n`)
}

function saw(what: string, details: string): void {
  say(`${what}: ${details}`)
  expected.delete(what)
}

async function main(): Promise<number> {
  say('starting etcd, kube-apiserver and kube-controller-manager')
  const plane = await startControlPlane()
  const connection = await loadConnection({ kubeconfig: plane.kubeconfig, clock: systemClock })
  const common = { clock: systemClock, logger: silentLogger }
  const client = createKubeClient({ ...common, connection, userAgent: 'sifaka-demo', fieldManager: 'demo' })
  let operator: OperatorProcess | undefined
  try {
    operator = await install(plane.kubeconfig)
    const stopWatching = watch(client)
    await apply(plane.kubeconfig, 'examples/quickstart')
    await until(
      () => !expected.has('Certificate payments issued') && !expected.has('Certificate web issued'),
      'certificates',
    )
    await apply(plane.kubeconfig, 'examples/denied')
    await until(() => expected.size <= 2, 'a renewal and a denied request')
    await rotate(plane.kubeconfig, 'issuing')
    await until(() => expected.size === 0, 'a CA and its certificates to be rotated')
    if (process.env.CI !== 'true') {
      const { address } = await operator.waitForLog(({ msg }) => msg === 'listening')
      lookNext(plane.kubeconfig, address)
      await untilInterrupted()
    }
    say('stopping and removing everything')
    await stopWatching()
    return 0
  } catch (error) {
    process.stderr.write(`demo: ${(error as Error).message}\n${operator?.errors() ?? ''}`)
    return 1
  } finally {
    await operator?.stop()
    await client.close()
    await plane.stop()
  }
}

async function install(kubeconfig: string): Promise<OperatorProcess> {
  say('installing the CustomResourceDefinitions and starting the operator')
  await kubectl(kubeconfig, ['apply', '--server-side', '-f', `${root}crds`])
  await kubectl(kubeconfig, ['wait', '--for=condition=Established', '--timeout=30s', 'crd', '--all'])
  for (const name of ['sifaka-system', namespace]) await kubectl(kubeconfig, ['create', 'namespace', name])
  const operator = await startOperator({ kubeconfig, args: ['--listen', '127.0.0.1:0'] })
  await operator.waitForLog(({ msg }) => msg === 'active')
  say('the operator is active')
  return operator
}

async function apply(kubeconfig: string, folder: string): Promise<void> {
  say(`kubectl apply -n ${namespace} -f ${folder}`)
  await kubectl(kubeconfig, ['apply', '-n', namespace, '-f', root + folder])
}

/** Has an Authority make and use the next generation of its CA; its certificates follow within a second. */
async function rotate(kubeconfig: string, authority: string): Promise<void> {
  const patch = JSON.stringify({ spec: { reissueWithin: '1s', internal: { generation: 2 } } })
  say(`kubectl patch -n ${namespace} authorities.sifaka.dev ${authority} --type=merge -p '${patch}'`)
  await kubectl(kubeconfig, [
    'patch',
    '-n',
    namespace,
    'authorities.sifaka.dev',
    authority,
    '--type=merge',
    '-p',
    patch,
  ])
}

/** Tells of everything that becomes ready, is renewed, is rotated or is denied. */
function watch(client: KubeClient): () => Promise<void> {
  const common = { client, namespace, clock: systemClock, logger: silentLogger }
  const authorities = new Reflector<Authority>({ ...common, resource: resourceOf(authorityKind) })
  const certificates = new Reflector<Certificate>({ ...common, resource: resourceOf(certificateKind) })
  authorities.listen(({ object, old }) => {
    const [before, now] = [old?.status?.ca?.generation, object.status?.ca?.generation]
    if (before !== undefined && now !== before) {
      saw(`Authority ${object.metadata.name} rotated`, `generation ${now} of the CA signs now`)
    }
    if (isTrue(object.status?.conditions, 'Ready') && !isTrue(old?.status?.conditions, 'Ready')) {
      saw(`Authority ${object.metadata.name}`, findCondition(object.status?.conditions, 'Ready')?.message ?? '')
    }
  })
  certificates.listen(({ object, old }) => {
    tellOfCertificate(client, object, old).catch((error) => say(`cannot tell of a certificate: ${error.message}`))
  })
  authorities.start()
  certificates.start()
  return async () => {
    await Promise.all([authorities.stop(), certificates.stop()])
  }
}

async function tellOfCertificate(client: KubeClient, now: Certificate, before: Certificate | undefined): Promise<void> {
  const { name } = now.metadata
  const ready = findCondition(now.status?.conditions, 'Ready')
  if (ready?.reason === 'PolicyDenied' && findCondition(before?.status?.conditions, 'Ready')?.reason !== ready.reason) {
    saw(`Certificate ${name} refused`, ready.message)
  }
  const revision = now.status?.revision ?? 0
  if (revision <= (before?.status?.revision ?? 0)) return
  const secretName = now.status?.secret?.name ?? ''
  const secret = await client.get<Secret>(resources.secrets, { namespace, name: secretName })
  const { subject, subjectAltName, issuer, validTo } = new X509Certificate(
    Buffer.from(secret.data?.['tls.crt'] ?? '', 'base64'),
  )
  const who = [subject, subjectAltName].filter((part) => part !== undefined && part !== '').join(', ')
  const until = toRfc3339(Date.parse(validTo))
  const details = `${who}; issuer ${issuer}; expires ${until}; Secret ${namespace}/${secretName}`
  saw(`Certificate ${name} ${revision === 1 ? 'issued' : 'renewed'}`, details)
}

async function until(isSo: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + patienceMs
  while (!isSo()) {
    if (performance.now() > deadline) {
      throw new Error(`waited ${patienceMs / 1000} s for ${what}; not seen: ${[...expected].join(', ')}`)
    }
    await pause(50)
  }
}

function lookNext(kubeconfig: string, address: unknown): void {
  const binary = relative(process.cwd(), `${root}bin/controlplane`)
  process.stdout.write(`
All of it was seen. Look around while it runs (metrics: http://${address}/metrics):
  export KUBECONFIG=${kubeconfig}
  ${binary} kubectl get -n ${namespace} authorities.sifaka.dev,certificates.sifaka.dev,secrets
  ${binary} kubectl describe -n ${namespace} certificates.sifaka.dev short-lived
  ${binary} kubectl get -n ${namespace} events --watch
Then: README.md for the tour, docs/kinds for every field, ARCHITECTURE.md for how it is built.
`)
}

function untilInterrupted(): Promise<void> {
  process.stdout.write('\nCtrl-C ends the demo and removes everything.\n')
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
}

process.exitCode = await main()
