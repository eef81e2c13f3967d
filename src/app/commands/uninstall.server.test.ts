import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { Command } from 'commander'
import { apiVersion, finalizer } from '#api'
import { systemClock, toMicroTime } from '#base'
import { type ControlPlane, controlPlane, installCrds, kubectl } from '#test/servers'
import { addUninstallCommand } from './uninstall.ts'

const namespace = `uninstall-${randomUUID().slice(0, 8)}`
let plane: ControlPlane

const held = (kind: 'Authority' | 'Certificate', name: string, spec: object, ...others: string[]) => ({
  apiVersion,
  kind,
  metadata: { name, namespace, finalizers: [...others, finalizer] },
  spec,
})

const lease = (holderIdentity: string) => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { name: 'sifaka', namespace },
  spec: { holderIdentity, leaseDurationSeconds: 15, renewTime: toMicroTime(systemClock.now()) },
})

const apply = (...items: object[]) =>
  kubectl(plane.kubeconfig, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))

before(async () => {
  plane = await controlPlane()
  await installCrds(plane.kubeconfig)
  await apply(
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    held('Authority', 'ca', { internal: {} }, 'example.com/audit'),
    held('Certificate', 'web', { dnsNames: ['www.example.com'] }),
    { apiVersion, kind: 'Certificate', metadata: { name: 'free', namespace }, spec: { dnsNames: ['a.example.com'] } },
  )
})

after(async () => {
  await kubectl(plane.kubeconfig, ['delete', 'namespace', namespace, '--wait=false'])
  await plane.stop()
})

async function uninstall(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { code: 0, out: '', err: '' }
  const program = new Command()
  addUninstallCommand(program, {
    version: 'test',
    env: {},
    print(text) {
      said.out += text
    },
    tell(text) {
      said.err += text
    },
    exitWith(code) {
      said.code = code
    },
  })
  const where = ['--kubeconfig', plane.kubeconfig, '--namespaces', namespace, '--system-namespace', namespace]
  await program.parseAsync(['uninstall', ...where, ...args], { from: 'user' })
  return said
}

const finalizersOf = async (kind: string, name: string): Promise<string> => {
  const path = 'jsonpath={.metadata.finalizers[*]}'
  return kubectl(plane.kubeconfig, ['get', `${kind}.sifaka.dev`, name, '-n', namespace, '-o', path])
}

const leases = (): Promise<string> =>
  kubectl(plane.kubeconfig, ['get', 'leases', '-n', namespace, '-o', 'jsonpath={.items[*].metadata.name}'])

suite('sifaka uninstall', () => {
  test('refuses while an operator holds the Lease, and goes on once it is given back', async () => {
    await apply(lease('operator-1'))
    await assert.rejects(uninstall('--yes'), { reason: 'OperatorActive', message: /operator-1 holds the Lease/ })
    await apply(lease(''))
  })

  test('lists what waits, and changes nothing without --yes', async () => {
    const { code, out, err } = await uninstall()
    assert.equal(code, 1)
    assert.match(out, /^Authority +uninstall-\w+ +ca$/m)
    assert.match(out, /^Certificate +uninstall-\w+ +web$/m)
    assert.doesNotMatch(out, /free/)
    assert.match(out, /^Lease +uninstall-\w+ +sifaka$/m)
    assert.match(err, /^2 would be let go.*, and the Lease deleted: go on with --yes$/m)
    assert.match(await finalizersOf('certificates', 'web'), /in-use/)
    assert.equal(await leases(), 'sifaka')
  })

  test('takes only our finalizer off, deletes the Lease, and then nothing is left to do', async () => {
    const { code, err } = await uninstall('--yes')
    assert.equal(code, 0)
    assert.match(err, /^2 let go, and the Lease deleted; /)
    assert.equal(await finalizersOf('authorities', 'ca'), 'example.com/audit')
    assert.equal(await finalizersOf('certificates', 'web'), '')
    assert.equal(await leases(), '')
    const out = 'No object waits for Sifaka, and no Lease is left.\n'
    assert.deepEqual(await uninstall('--yes'), { code: 0, out, err: '' })
    const patch = JSON.stringify({ metadata: { finalizers: [] } })
    const authority = ['authorities.sifaka.dev', 'ca', '-n', namespace]
    await kubectl(plane.kubeconfig, ['patch', ...authority, '--type', 'merge', '-p', patch])
  })
})
