import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, test } from 'node:test'
import { annotations, type ConfigMap, findCondition, secretLabel } from '#api'
import { resources } from '#kube'
import { authorities, certificates, leafOf, type Namespace, secrets, textOf } from './namespace.ts'
import { Sandbox, type SandboxOperator } from './sandbox.ts'

let sandbox: Sandbox
let operator: SandboxOperator
/** Its people run the shared Authority. */
let platform: Namespace
/** May write whatever it likes into its own Secrets. */
let evil: Namespace

const rules = [{ names: { dns: ['**.example.com'] } }]

before(async () => {
  sandbox = await Sandbox.open()
  platform = await sandbox.namespace('platform')
  evil = await sandbox.namespace('evil')
  await platform.createAuthority('root', {
    internal: { trustPropagation: '1s' },
    allowedSubordinates: { from: 'Same' },
  })
  const shared = { allowedNamespaces: { from: 'All' as const }, policy: { rules } }
  await platform.createAuthority('lost', { internal: {}, ...shared })
  operator = await sandbox.operator({ namespaces: [platform, evil] })
  await platform.authorityReady('root')
  await platform.authorityReady('lost')
})

after(() => sandbox?.close())

const settled = (ms = 2500): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function registered(authority: string): Promise<string> {
  const { items } = await sandbox.client.list<ConfigMap>(resources.configMaps, { namespace: platform.name })
  return JSON.stringify(items.filter(({ metadata }) => metadata.name.startsWith(`${authority}-register-`)))
}

test('annotations of a foreign CA Secret put no line into a register, and nothing on a CRL', async () => {
  await evil.createAuthority('ours')
  await evil.authorityReady('ours')
  const before = await registered('root')
  const forged = {
    [annotations.issuedBy]: `${platform.name}/root`,
    [annotations.parentGeneration]: '1',
    [annotations.serialNumber]: 'deadbeef00001001',
    [annotations.notAfter]: '9999-12-31T23:59:59Z',
  }
  await evil.patch(secrets, 'ours-ca-1', { metadata: { annotations: forged } })
  await evil.patch(authorities, 'ours', { metadata: { annotations: { touched: '1' } } })
  await evil.patch(authorities, 'ours', { spec: { internal: { generation: 2, distrustedGenerations: [1] } } })
  await evil.authorityUntil('ours', ({ status }) => status?.ca?.generation === 2)
  await settled(6000)
  assert.equal(await registered('root'), before)
})

test("an annotation makes a certificate nobody else's, not even once it is replaced", async () => {
  await evil.createAuthority('mine')
  await evil.createCertificate('own', { authorityRef: { name: 'mine' }, dnsNames: ['www.example.com'] })
  await evil.certificateReady('own', 1)
  const before = await registered('lost')
  const forged = { [annotations.issuedBy]: `${platform.name}/lost` }
  await evil.patch(secrets, 'own', { metadata: { annotations: forged } })
  const { status } = await evil.certificateReady('own', 2)
  assert.deepEqual(status?.earlierRevisions ?? [], [])
  await operator.stop()
  operator = await sandbox.operator({ namespaces: [platform, evil] })
  await settled(6000)
  assert.equal(await registered('lost'), before)
})

test('who is not allowed does not hold up a rotation, nor keep an old root', async () => {
  await evil.createAuthority('guest', { internal: { parentRef: { name: 'root', namespace: platform.name } } })
  await evil.createSecret({
    metadata: {
      name: 'anything',
      labels: { [secretLabel]: 'ca' },
      annotations: {
        [annotations.authority]: 'guest',
        [annotations.caGeneration]: '7',
        [annotations.parentGeneration]: '1',
        [annotations.issuedBy]: `${platform.name}/root`,
        [annotations.notAfter]: '9999-12-31T23:59:59Z',
      },
    },
  })
  await platform.patch(authorities, 'root', { spec: { internal: { generation: 2 } } })
  const active = await platform.authorityUntil('root', ({ status }) => status?.ca?.generation === 2, 12_000)
  assert.ok(active.status?.generations?.length === 2)
})

test('an annotation does not end the CA that signs', async () => {
  await platform.createAuthority('steady')
  const { status } = await platform.authorityReady('steady')
  const retired = { [annotations.retiredAt]: '2026-01-01T00:00:00Z' }
  await platform.patch(secrets, 'steady-ca-1', { metadata: { annotations: retired } })
  await settled()
  const after = await platform.authority('steady')
  assert.deepEqual([after.status?.ca?.fingerprint, after.status?.generations?.length], [status?.ca?.fingerprint, 1])
})

test('a lost CA is not made anew in silence, and what it issued is issued anew', async () => {
  const authorityRef = { name: 'lost', namespace: platform.name }
  await evil.createCertificate('web', { authorityRef, dnsNames: ['www.example.com'] })
  await evil.certificateReady('web', 1)
  const old = leafOf(await evil.secret('web')).fingerprint256
  const { spec } = await platform.authority('lost')
  await platform.patch(authorities, 'lost', { metadata: { annotations: { [annotations.forceDelete]: 'true' } } })
  await platform.remove(authorities, 'lost')
  await settled(1000)
  await platform.remove(secrets, 'lost-ca-1')
  await platform.createAuthority('lost', spec)
  await platform.authorityUntil(
    'lost',
    (seen) => findCondition(seen.status?.conditions, 'Stalled')?.reason === 'CAKeyMissing',
  )
  await platform.patch(authorities, 'lost', { spec: { internal: { generation: 2 } } })
  await evil.certificateUntil('web', ({ status }) => status?.revision === 2, 20_000)
  const secret = await evil.secret('web')
  assert.notEqual(leafOf(secret).fingerprint256, old)
  const root = new X509Certificate(textOf(secret, 'ca.crt'))
  assert.ok(leafOf(secret).verify(root.publicKey))
  await evil.remove(certificates, 'web')
})
