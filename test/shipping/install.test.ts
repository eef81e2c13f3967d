import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { parse, stringify } from 'yaml'
import { kinds } from '#api'
import { type ControlPlane, kubectl, startControlPlane } from '#test/servers'
import { goModule } from './go-module.ts'
import { chart, Helm, type HelmVersion, helmVersions, only, type Values } from './helm.ts'
import { valueSets } from './value-sets.ts'

let plane: ControlPlane
let folder: string

before(async () => {
  plane = await startControlPlane()
  folder = mkdtempSync(join(tmpdir(), 'sifaka-chart-'))
  // What stands beside us in many clusters: a kind of the same name among it.
  const certManager = await goModule('github.com/cert-manager/cert-manager@v1.21.2')
  await run(['apply', '--server-side', ...crdFiles(certManager, 'deploy/crds/cert-manager.io_certificates.yaml')])
  const prometheus = await goModule('github.com/prometheus-operator/prometheus-operator@v0.85.0')
  const monitoring = 'example/prometheus-operator-crd/monitoring.coreos.com_'
  await run([
    ...['apply', '--server-side'],
    ...crdFiles(prometheus, `${monitoring}servicemonitors.yaml`, `${monitoring}prometheusrules.yaml`),
  ])
})

after(async () => {
  rmSync(folder, { recursive: true, force: true })
  await plane?.stop()
})

const crdFiles = (root: string, ...files: readonly string[]): string[] =>
  files.flatMap((file) => ['-f', join(root, file)])

const run = (args: readonly string[], input?: string): Promise<string> => kubectl(plane.kubeconfig, args, input)

const crdNames = kinds.map(({ plural }) => `crd/${plural}.sifaka.dev`)

/** The chart as it will be one day: the kinds have a new field. */
function nextChart(): string {
  const path = join(mkdtempSync(join(folder, 'next-')), 'sifaka')
  cpSync(chart, path, { recursive: true })
  const file = join(path, 'files/crds/sifaka.dev_certificates.yaml')
  const crd = parse(readFileSync(file, 'utf8'))
  const { properties } = crd.spec.versions[0].schema.openAPIV3Schema.properties.spec
  properties.fieldOfTomorrow = { type: 'string' }
  writeFileSync(file, stringify(crd, { aliasDuplicateObjects: false }))
  const versions = readFileSync(join(path, 'Chart.yaml'), 'utf8').replace(/^version: .*/m, 'version: 99.0.0')
  writeFileSync(join(path, 'Chart.yaml'), versions)
  return path
}

const knowsTomorrow = async (): Promise<boolean> =>
  (await run(['get', 'crd/certificates.sifaka.dev', '-o', 'yaml'])).includes('fieldOfTomorrow')

/** Removes the definitions, and so what is of these kinds. */
const forget = (): Promise<string> => run(['delete', '--ignore-not-found', ...crdNames])

/** The manifest that the notes after the installation tell to apply. */
function manifestIn(notes: string): string {
  const [, manifest] = /kubectl apply -f - <<EOF\n([\s\S]*?)\n *EOF/.exec(notes) ?? []
  assert.ok(manifest, notes)
  return manifest.replaceAll(/^ {3}/gm, '')
}

/** Releases of one test, in a namespace of their own, that are gone when it ends. */
class Releases implements AsyncDisposable {
  readonly namespace = `install-${randomBytes(4).toString('hex')}`
  readonly #helm: Helm
  readonly #installed = new Set<string>()

  constructor(version: HelmVersion) {
    this.#helm = new Helm(version, plane.kubeconfig)
  }

  install(name: string, flags: readonly string[] = [], values: Values = {}, from = chart): Promise<string> {
    this.#installed.add(name)
    return this.#helm.run(['install', name, from, ...this.#common(), '--create-namespace', ...flags], values)
  }

  upgrade(name: string, from: string): Promise<string> {
    return this.#helm.run(['upgrade', name, from, ...this.#common()])
  }

  async uninstall(name: string): Promise<string> {
    this.#installed.delete(name)
    return this.#helm.run(['uninstall', name, ...this.#common()])
  }

  apply(manifest: string, ...flags: readonly string[]): Promise<string> {
    return run(['apply', '--namespace', this.namespace, ...flags, '-f', '-'], manifest)
  }

  get(...what: readonly string[]): Promise<string> {
    return run(['get', '--namespace', this.namespace, '-o', 'name', ...what])
  }

  #common(): string[] {
    return ['--namespace', this.namespace]
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#installed)
      await this.#helm.run(['uninstall', name, ...this.#common(), '--ignore-not-found'])
    await forget()
    await run(['delete', 'namespace', '--ignore-not-found', '--wait=false', this.namespace])
    this.#helm.close()
  }
}

const web = `
apiVersion: sifaka.dev/v1alpha1
kind: Certificate
metadata: {name: web}
spec: {dnsNames: [a.example.com]}
`

for (const version of helmVersions) {
  suite(`Helm ${version}`, () => {
    test('one command installs it, and the next ones are in the notes', async () => {
      await using releases = new Releases(version)
      const notes = await releases.install('sifaka')
      assert.match(notes, new RegExp(`kubectl --namespace ${releases.namespace} rollout status deployment/sifaka`))
      assert.equal(await releases.get('deployment'), 'deployment.apps/sifaka\n')
      await run(['wait', '--for=condition=Established', '--timeout=20s', ...crdNames])
      assert.match(await releases.apply(manifestIn(notes)), /authority.sifaka.dev\/root created\n.*\/web created/)
    })

    test('an upgrade changes the kinds too, and keeps their objects', async () => {
      await using releases = new Releases(version)
      await releases.install('sifaka')
      await releases.apply(web)
      assert.equal(await knowsTomorrow(), false)
      await releases.upgrade('sifaka', nextChart())
      assert.equal(await knowsTomorrow(), true)
      assert.equal(await releases.get('certificates.sifaka.dev'), 'certificate.sifaka.dev/web\n')
    })

    test('kinds and objects outlive the release; one of another name takes them over when it is told to', async () => {
      await using releases = new Releases(version)
      await releases.install('first')
      await releases.apply(web)
      assert.match(await releases.uninstall('first'), /kept.*\n.*authorities.sifaka.dev/)
      assert.equal(await releases.get('certificates.sifaka.dev'), 'certificate.sifaka.dev/web\n')
      assert.equal(await releases.get('deployment'), '')

      await assert.rejects(releases.install('second'), { message: /ownership metadata/ })
      await releases.install('second', ['--take-ownership'], {}, nextChart())
      assert.equal(await knowsTomorrow(), true)
      await releases.upgrade('second', chart)
      assert.equal(await knowsTomorrow(), false)
      assert.equal(await releases.get('certificates.sifaka.dev'), 'certificate.sifaka.dev/web\n')
    })

    test('the same name in the same namespace needs no telling', async () => {
      await using releases = new Releases(version)
      await releases.install('sifaka')
      await releases.uninstall('sifaka')
      await releases.install('sifaka')
    })

    test('kinds that were applied apart stay as they are', async () => {
      await using releases = new Releases(version)
      await run(['apply', '--server-side', '-f', new URL('../../crds', import.meta.url).pathname])
      const notes = await releases.install('sifaka', [], { crds: { enabled: false } })
      assert.match(notes, /must be installed by other means/)
      await releases.uninstall('sifaka')
      const crds = await run(['get', '-o', 'jsonpath={.items[*].metadata.annotations}', ...crdNames])
      assert.doesNotMatch(crds, /helm/)
    })

    test('kinds that were applied apart can be handed to Helm', async () => {
      await using releases = new Releases(version)
      await run(['apply', '--server-side', '-f', new URL('../../crds', import.meta.url).pathname])
      // Helm 4 applies on the server's side, where kubectl owns the fields.
      const force = version === 4 ? ['--force-conflicts'] : []
      await releases.install('sifaka', ['--take-ownership', ...force])
      await releases.upgrade('sifaka', nextChart())
      assert.equal(await knowsTomorrow(), true)
    })
  })
}

test('a release of Helm 3 is upgraded by Helm 4', async () => {
  await using releases = new Releases(3)
  await releases.install('sifaka')
  const helm = new Helm(4, plane.kubeconfig)
  await helm.run(['upgrade', 'sifaka', nextChart(), '--namespace', releases.namespace])
  helm.close()
  assert.equal(await knowsTomorrow(), true)
})

test("cert-manager's Certificates and ours live beside each other", async () => {
  await using releases = new Releases(4)
  await releases.install('sifaka')
  await releases.apply(web)
  const spec = { secretName: 'theirs', dnsNames: ['b.example.com'], issuerRef: { name: 'ca' } }
  const theirs = { apiVersion: 'cert-manager.io/v1', kind: 'Certificate', metadata: { name: 'theirs' }, spec }
  await releases.apply(JSON.stringify(theirs))
  assert.equal(await releases.get('certificates.cert-manager.io'), 'certificate.cert-manager.io/theirs\n')
  assert.equal(await releases.get('scert'), 'certificate.sifaka.dev/web\n')
})

test('two releases share a cluster, each with namespaces of its own', async () => {
  await using releases = new Releases(4)
  const teams = [`${releases.namespace}-a`, `${releases.namespace}-b`] as const
  for (const team of teams) await run(['create', 'namespace', team])
  await releases.install('one', [], { namespaces: [teams[0]] })
  const lease = { name: 'two' }
  await releases.install('two', [], { namespaces: [teams[1]], crds: { enabled: false }, operator: { lease } })
  const reads = (release: string, team: string): Promise<boolean> =>
    run(['auth', 'can-i', 'get', 'secrets', '--namespace', team, '--as', `${account}${release}-sifaka`]).then(
      () => true,
      () => false,
    )
  const account = `system:serviceaccount:${releases.namespace}:`
  const may = await Promise.all(['one', 'two'].map((each) => Promise.all(teams.map((team) => reads(each, team)))))
  assert.deepEqual(may, [
    [true, false],
    [false, true],
  ])
  await run(['delete', 'namespace', '--wait=false', ...teams])
})

suite('the API server accepts every object', () => {
  for (const [name, values] of Object.entries(valueSets)) {
    test(name, async () => {
      await using releases = new Releases(4)
      const { namespace } = releases
      const work = await Promise.all(['team-a', 'team-b', namespace].map((each) => run(['create', 'namespace', each])))
      assert.equal(work.length, 3)
      const helm = new Helm(4)
      const objects = await helm.render(values, { namespace })
      helm.close()
      const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
      const said = await run(['apply', '--server-side', '--dry-run=server', '--validate=strict', '-f', '-'], list)
      assert.equal(said.trim().split('\n').length, objects.length)
      await run(['delete', 'namespace', 'team-a', 'team-b'])
    })
  }
})

test('the Pods are what the restricted Pod Security Standard admits', async () => {
  await using releases = new Releases(4)
  await releases.install('sifaka')
  const restricted = 'pod-security.kubernetes.io/enforce=restricted'
  await run(['label', 'namespace', releases.namespace, restricted])
  const helm = new Helm(4)
  const { template } = only(await helm.render({}, { namespace: releases.namespace }), 'Deployment').spec ?? {}
  helm.close()
  const pod = { apiVersion: 'v1', kind: 'Pod', ...template, metadata: { name: 'sifaka' } }
  const admitted = await releases.apply(JSON.stringify(pod), '--dry-run=server')
  assert.match(admitted, /pod\/sifaka created \(server dry run\)/)
  const careless = { ...pod, spec: { ...template?.spec, securityContext: {} } }
  await assert.rejects(releases.apply(JSON.stringify(careless), '--dry-run=server'), {
    message: /violates PodSecurity/,
  })
})

test('kustomize installs it too', async () => {
  const config = ['-k', new URL('../../config/default', import.meta.url).pathname]
  await run(['apply', '--server-side', ...config])
  await run(['wait', '--for=condition=Established', '--timeout=20s', ...crdNames])
  assert.equal(await run(['get', '-n', 'sifaka-system', '-o', 'name', 'deployment']), 'deployment.apps/sifaka\n')
  await run(['delete', ...config])
})
