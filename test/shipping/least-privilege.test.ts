import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Authority, annotations } from '#api'
import { minute, second } from '#base'
import { encodeCertificates, keySigner, newSerialNumber, parseCertificate, parseCsr, signSubordinate } from '#pki'
import { refuseWatchList, startFaultProxy } from '#test/faults'
import { testCa } from '#test/make'
import { type ControlPlane, kubectl, startControlPlane } from '#test/servers'
import type { Values } from './helm.ts'
import { InstalledOperator } from './installed-operator.ts'
import { asked, granted } from './permissions.ts'

let plane: ControlPlane
let folder: string

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sifaka-audit-'))
  plane = await startControlPlane(['--audit-log', join(folder, 'audit.log')])
})

after(async () => {
  await plane?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** A namespace in which a user does all that makes the operator write something. */
class Team {
  readonly name = `team-${randomBytes(4).toString('hex')}`

  run(...args: readonly string[]): Promise<string> {
    return kubectl(plane.kubeconfig, ['--namespace', this.name, ...args])
  }

  apply(kind: 'Authority' | 'Certificate', name: string, spec: object): Promise<string> {
    const object = { apiVersion: 'sifaka.dev/v1alpha1', kind, metadata: { name }, spec }
    return kubectl(plane.kubeconfig, ['--namespace', this.name, 'apply', '-f', '-'], JSON.stringify(object))
  }

  patch(what: string, patch: object): Promise<string> {
    return this.run('patch', what, '--type=merge', '-p', JSON.stringify(patch))
  }

  until(what: string, condition: string): Promise<string> {
    return this.run('wait', what, `--for=${condition}`, '--timeout=30s')
  }
}

const authority = (name: string): string => `authorities.sifaka.dev/${name}`
const certificate = (name: string): string => `certificates.sifaka.dev/${name}`

async function issuesAndRenews(team: Team): Promise<void> {
  await team.apply('Authority', 'root', { internal: {}, allowedSubordinates: { from: 'Same' } })
  const policy = { rules: [{ names: { dns: ['*.example.com'] } }] }
  await team.apply('Authority', 'issuing', { internal: { parentRef: { name: 'root' } }, policy })
  const authorityRef = { name: 'issuing' }
  await team.apply('Certificate', 'web', { authorityRef, dnsNames: ['web.example.com'] })
  const short = { duration: '1m', renewal: { before: '50s' } }
  await team.apply('Certificate', 'short', { authorityRef, dnsNames: ['short.example.com'], ...short })
  await team.until(certificate('web'), 'condition=Ready')
  await team.until(certificate('short'), 'jsonpath={.status.revision}=2')
  await team.run('annotate', certificate('web'), `${annotations.reissueRequestedAt}=${later()}`)
  await team.until(certificate('web'), 'jsonpath={.status.revision}=2')
}

const later = (): string => new Date(Date.now() + second).toISOString()

async function rotatesAndRevokes(team: Team): Promise<void> {
  await team.patch(authority('issuing'), { spec: { reissueWithin: '1s', internal: { generation: 2 } } })
  await team.until(certificate('web'), 'jsonpath={.status.caGeneration}=2')
  const serialNumber = await team.run('get', certificate('web'), '-o', 'jsonpath={.status.serialNumber}')
  await team.patch(certificate('web'), { spec: { revocation: { serials: [serialNumber], reason: 'superseded' } } })
  await team.until(certificate('web'), 'condition=Revoked')
}

/** The same event twice is one that is counted. */
async function deniesTwice(team: Team): Promise<void> {
  const ask = (dnsName: string) =>
    team.apply('Certificate', 'asking', { authorityRef: { name: 'issuing' }, dnsNames: [dnsName] })
  const denied = 'jsonpath={.status.conditions[?(@.type=="Ready")].reason}=PolicyDenied'
  await ask('www.example.org')
  await team.until(certificate('asking'), denied)
  await ask('www.example.com')
  await team.until(certificate('asking'), 'condition=Ready')
  await ask('www.example.org')
  await team.until(certificate('asking'), 'jsonpath={.status.observedGeneration}=3')
}

/** A CA that is signed elsewhere: the Secret with its request goes when it has been answered. */
async function takesAnswer(team: Team): Promise<void> {
  await team.apply('Authority', 'offline', { internal: { external: {} } })
  await team.until(authority('offline'), 'jsonpath={.status.request.csr}')
  const { status }: Authority = JSON.parse(await team.run('get', authority('offline'), '-o', 'json'))
  const root = await testCa({ notBefore: Math.floor(Date.now() / minute) * minute - minute })
  const { publicKey } = parseCsr(status?.request?.csr ?? '')
  const notBefore = Math.floor(Date.now() / second) * second - second
  const profile = { commonName: 'offline', notBefore, notAfter: notBefore + 60 * minute }
  const issuer = { signer: keySigner(root.key), certificate: root.certificate }
  const signed = parseCertificate(await signSubordinate(profile, publicKey, issuer, newSerialNumber()))
  const chain = encodeCertificates([signed, root.certificate])
  await team.patch(authority('offline'), { spec: { internal: { external: { chain } } } })
  await team.until(authority('offline'), 'condition=Ready')
}

/** A ConfigMap of somebody else is in the way of a bundle. */
async function meetsForeign(team: Team): Promise<void> {
  await team.run('create', 'configmap', 'blocked-ca')
  await team.apply('Authority', 'blocked', { internal: {} })
  await team.until(authority('blocked'), 'condition=Warning')
}

async function deletes(team: Team): Promise<void> {
  const deletionPolicy = { revoke: true }
  await team.apply('Certificate', 'gone', {
    authorityRef: { name: 'root' },
    dnsNames: ['a.example.com'],
    deletionPolicy,
  })
  await team.until(certificate('gone'), 'condition=Ready')
  await team.run('delete', certificate('gone'), '--timeout=30s')
  await team.run('delete', authority('offline'), '--timeout=30s')
}

const lifetimeMs = minute

/** Issues a certificate that is alone in a register, and ends in a minute. */
async function issuesForAMoment(team: Team): Promise<number> {
  await team.apply('Authority', 'brief', { internal: {} })
  const spec = { authorityRef: { name: 'brief' }, dnsNames: ['moment.example.com'], duration: '1m' }
  await team.apply('Certificate', 'moment', spec)
  await team.until(certificate('moment'), 'condition=Ready')
  await team.run('delete', certificate('moment'))
  return Date.now() + lifetimeMs
}

/** A shard of a register that nothing is left in goes when the register is next written, at the latest at the end. */
async function forgets(operator: InstalledOperator, endsAt: number): Promise<void> {
  await sleep(Math.max(0, endsAt - Date.now()))
  await operator.stop()
  const { waitForLog } = await operator.start()
  await waitForLog(({ msg }) => msg === 'active')
  await sleep(second)
}

async function works(team: Team): Promise<void> {
  await issuesAndRenews(team)
  await rotatesAndRevokes(team)
  await deniesTwice(team)
  await takesAnswer(team)
  await meetsForeign(team)
  await deletes(team)
}

/** Installs the chart, uses it, and removes it. */
async function installed(
  values: (team: Team) => Values,
  use: (operator: InstalledOperator, team: Team) => Promise<void>,
): Promise<void> {
  const team = new Team()
  await kubectl(plane.kubeconfig, ['create', 'namespace', team.name])
  const operator = await InstalledOperator.install(plane, values(team))
  try {
    await use(operator, team)
  } finally {
    await operator.remove()
  }
}

const roles = ['sifaka', 'sifaka-lease']

/** Does everything, and compares what the chart grants with what the API server was asked for. */
async function usesExactlyItsRights(t: TestContext, operator: InstalledOperator, team: Team): Promise<void> {
  await operator.start(async (kubeconfig) => {
    const proxy = await startFaultProxy({ kubeconfig })
    t.after(() => proxy.close())
    // Where the API server cannot stream what there is, it is listed.
    proxy.add(refuseWatchList())
    return proxy.kubeconfig
  })
  const endsAt = await issuesForAMoment(team)
  await works(team)
  await forgets(operator, endsAt)
  await operator.stop()
  const { all, refused } = asked(join(folder, 'audit.log'), operator.user)
  assert.deepEqual(refused, [], 'a right is missing')
  assert.deepEqual(granted(operator.objects, roles), all, 'a right is missing, or not used')
}

test('in all namespaces, and with all admission policies, the operator has the rights it needs and no other', (t) =>
  installed(
    () => ({ admissionPolicies: { enabled: true } }),
    (operator, team) => usesExactlyItsRights(t, operator, team),
  ))

test('in single namespaces it has these rights there, and nowhere else', (t) =>
  installed(
    (team) => ({ namespaces: [team.name] }),
    async (operator, team) => {
      await usesExactlyItsRights(t, operator, team)
      const may = (...what: readonly string[]) =>
        kubectl(plane.kubeconfig, ['auth', 'can-i', '--as', operator.user, ...what])
      for (const what of [
        ['get', 'secrets', '--namespace', operator.namespace],
        ['list', 'namespaces'],
        ['watch', `namespace/${operator.namespace}`],
      ]) {
        await assert.rejects(may(...what), { message: /ended with 1/ }, what.join(' '))
      }
    },
  ))

test('a namespace that goes, with the rights in it, stops nothing elsewhere, and may come back', async () => {
  const other = new Team()
  await kubectl(plane.kubeconfig, ['create', 'namespace', other.name])
  await installed(
    (team) => ({ namespaces: [team.name, other.name] }),
    async (operator, team) => {
      await operator.start()
      await issues(other)
      // The rights may go before what waits for the operator: that goes first.
      await other.run('delete', 'certificates.sifaka.dev,authorities.sifaka.dev', '--all', '--timeout=30s')
      await kubectl(plane.kubeconfig, ['delete', 'namespace', other.name, '--timeout=60s'])
      await operator.stop()
      await operator.start()
      await issues(team)
      await kubectl(plane.kubeconfig, ['create', 'namespace', other.name])
      await operator.upgrade()
      await issues(other)
    },
  )
})

async function issues(team: Team): Promise<void> {
  await team.apply('Authority', 'ca', { internal: {} })
  await team.apply('Certificate', 'web', { authorityRef: { name: 'ca' }, dnsNames: ['web.example.com'] })
  await team.until(certificate('web'), 'condition=Ready')
}
