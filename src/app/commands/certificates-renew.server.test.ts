import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Command } from 'commander'
import { annotations, apiVersion, type Certificate } from '#api'
import { fromRfc3339, minute, second } from '#base'
import { respond, startFaultProxy } from '#test/faults'
import { type ControlPlane, controlPlane, installCrds, kubectl } from '#test/servers'
import { addCertificatesCommands } from './certificates.ts'

const namespace = `renew-${randomUUID().slice(0, 8)}`
const asking = annotations.reissueRequestedAt
let plane: ControlPlane

const certificate = (name: string, spec: object = {}) => ({
  apiVersion,
  kind: 'Certificate',
  metadata: { name, namespace, labels: { team: name } },
  spec: { dnsNames: [`${name}.example.com`], renewal: { policy: 'Manual' }, ...spec },
})

before(async () => {
  plane = await controlPlane()
  await installCrds(plane.kubeconfig)
  const items = [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    certificate('web'),
    certificate('api'),
    certificate('paused', { suspend: true }),
    certificate('leaving'),
  ]
  await kubectl(plane.kubeconfig, ['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
})

after(async () => {
  await kubectl(plane.kubeconfig, ['delete', 'namespace', namespace, '--wait=false'])
  await plane.stop()
})

const renew = (...args: string[]) => renewAt(plane.kubeconfig, ...args)

async function renewAt(kubeconfig: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { code: 0, out: '', err: '' }
  const program = new Command().exitOverride().configureOutput({ writeErr: () => {} })
  addCertificatesCommands(program, {
    version: 'test',
    env: { KUBECONFIG: kubeconfig },
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
  await program.parseAsync(['certificates', 'renew', '--namespace', namespace, ...args], { from: 'user' })
  return said
}

async function read(name: string): Promise<Certificate> {
  return JSON.parse(
    await kubectl(plane.kubeconfig, ['get', 'certificates.sifaka.dev', name, '-n', namespace, '-o', 'json']),
  )
}

const askedAt = async (name: string): Promise<number | undefined> =>
  fromRfc3339((await read(name)).metadata.annotations?.[asking])

const condition = (type: string, reason: string, message: string) => ({
  ...{ type, status: 'True', reason, message },
  lastTransitionTime: '2027-01-01T00:00:00Z',
})

/** What an operator says of a Certificate. */
async function say(name: string, status: object): Promise<void> {
  const where = ['certificates.sifaka.dev', name, '-n', namespace, '--subresource', 'status']
  await kubectl(plane.kubeconfig, ['patch', ...where, '--type', 'merge', '-p', JSON.stringify({ status })])
}

suite('sifaka certificates renew', () => {
  test('asks for what is named, after all that was issued until now', async () => {
    const startedAt = Date.now()
    const { code, out, err } = await renew('web', 'paused', 'web')
    const web = `Certificate ${namespace}/web: renewal requested\n`
    const paused = `Certificate ${namespace}/paused: renewal requested, and done once spec.suspend is false\n`
    assert.deepEqual([code, out, err], [0, web + paused, ''])
    const at = (await askedAt('web')) ?? 0
    assert.ok(at > startedAt && at <= Date.now() + 2 * second, String(at - startedAt))
    assert.equal(await askedAt('api'), undefined)
  })

  for (const [how, aheadMs] of [
    ['slow', -3 * minute],
    ['fast', 10 * minute],
  ] as const) {
    test(`asks by the time of the API server where the clock is ${how}`, async (t) => {
      const startedAt = Date.now()
      const { now } = Date
      const clock = t.mock.method(Date, 'now', () => now() + aheadMs)
      await renew('web')
      clock.mock.restore()
      const at = (await askedAt('web')) ?? 0
      assert.ok(at > startedAt && at <= Date.now() + 2 * second, String(at - startedAt))
    })
  }

  test('asks for nothing when one of them is not there', async () => {
    const message = `there is no Certificate nobody in namespace ${namespace}: nothing was renewed`
    await assert.rejects(renew('api', 'nobody'), { kind: 'Terminal', message })
    assert.equal(await askedAt('api'), undefined)
  })

  test('asks for those with the labels, or for all of the namespace', async () => {
    assert.equal((await renew('-l', 'team in (api,web)')).out.split('\n').length, 3)
    assert.ok(await askedAt('api'))
    assert.equal((await renew('--all')).out.split('\n').length, 5)
  })

  test('says when there is none', async () => {
    const err = `No Certificates found in namespace ${namespace}.\n`
    assert.deepEqual(await renew('--selector', 'team=nobody'), { code: 0, out: '', err })
  })

  for (const args of [[], ['web', '--all'], ['--all', '-l', 'a=b']]) {
    test(`wants to know which: ${args.join(' ')}`, () => assert.rejects(renew(...args), { reason: 'InvalidUsage' }))
  }

  test('waits for a new revision that is Ready', { timeout: 120_000 }, async () => {
    const { metadata } = await read('web')
    const ready = { conditions: [condition('Ready', 'Issued', 'it is')], observedGeneration: metadata.generation }
    await say('web', { ...ready, revision: 4 })
    await kubectl(plane.kubeconfig, ['annotate', 'certificates.sifaka.dev', 'web', '-n', namespace, `${asking}-`])
    const renewing = renew('web', '--wait', '--timeout', '60s')
    while ((await askedAt('web')) === undefined) await setTimeout(100)
    await say('web', { ...ready, revision: 5, conditions: [], notAfter: '2027-12-31T00:00:00Z' })
    await setTimeout(1500)
    await say('web', ready)
    const { code, out } = await renewing
    assert.equal(code, 0)
    assert.match(out, /renewal requested\nCertificate .+\/web: renewed: revision 5, until 2027-12-31T00:00:00Z\n$/)
  })

  test('ends with 1 when none has come in time, and says why', async () => {
    await say('api', { revision: 1, conditions: [condition('Issuing', 'PolicyDenied', 'no such name')] })
    const { code, out } = await renew('api', 'paused', '--wait', '--timeout', '1s')
    assert.equal(code, 1)
    assert.match(out, /\/api: not renewed within 1 second: PolicyDenied: no such name$/m)
    assert.match(out, /\/paused: not renewed within 1 second: no operator has answered yet$/m)
  })

  test('does not wait for what is deleted meanwhile', { timeout: 120_000 }, async () => {
    await kubectl(plane.kubeconfig, ['annotate', 'certificates.sifaka.dev', 'leaving', '-n', namespace, `${asking}-`])
    const renewing = renew('leaving', '--wait', '--timeout', '100s')
    while ((await askedAt('leaving')) === undefined) await setTimeout(100)
    await kubectl(plane.kubeconfig, ['delete', 'certificates.sifaka.dev', 'leaving', '-n', namespace])
    const { code, out } = await renewing
    assert.equal(code, 1)
    assert.match(out, /\/leaving: not renewed: it was deleted\n$/)
  })

  test('waits on for the others when one of them cannot be read', { timeout: 120_000 }, async () => {
    const proxy = await startFaultProxy({ kubeconfig: plane.kubeconfig })
    const { metadata } = await read('web')
    const ready = { conditions: [condition('Ready', 'Issued', 'it is')], observedGeneration: metadata.generation }
    await say('web', { ...ready, revision: 6 })
    const failing = { when: { verb: 'get', name: 'api', nth: 2 }, times: Number.POSITIVE_INFINITY } as const
    proxy.add({ ...failing, do: respond(500, { message: 'no quorum' }) })
    try {
      const renewing = renewAt(proxy.kubeconfig, 'api', 'web', '--wait', '--timeout', '10s')
      await proxy.waitFor((all) => all.filter(({ verb, name }) => verb === 'get' && name === 'api').length > 2, 60_000)
      await say('web', { revision: 7, notAfter: '2027-12-31T00:00:00Z' })
      const { code, out } = await renewing
      assert.equal(code, 1)
      assert.match(out, /\/web: renewed: revision 7, until 2027-12-31T00:00:00Z$/m)
      assert.match(out, /\/api: not renewed within 10 seconds: cannot get .*no quorum/m)
    } finally {
      await proxy.close()
    }
  })
})
