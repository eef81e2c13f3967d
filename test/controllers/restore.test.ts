import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { type Authority, annotations, type Certificate, type KubeObject, secretLabel } from '#api'
import { isAlreadyExists, isNotFound, type Resource, resources } from '#kube'
import { authorities, certificates, isReady, type Namespace, until } from './namespace.ts'
import { Sandbox, type SandboxOperator } from './sandbox.ts'

const count = 12

let sandbox: Sandbox
let operator: SandboxOperator

before(async () => {
  sandbox = await Sandbox.open()
})

after(() => sandbox?.close())

/** What was exported of a namespace, in kubectl's order of kinds. */
interface Export {
  readonly secrets: readonly KubeObject[]
  readonly configMaps: readonly KubeObject[]
  readonly authorities: readonly KubeObject[]
  readonly certificates: readonly KubeObject[]
}

/** As a backup has an object: without what the API server sets, and without a status. */
function exported(object: KubeObject): KubeObject {
  const { name, namespace, labels, annotations: said, finalizers } = object.metadata
  const { status: _, ...rest } = object as KubeObject & { status?: unknown }
  const metadata = { name, namespace, labels, annotations: said, finalizers }
  return { ...rest, metadata: JSON.parse(JSON.stringify(metadata)) }
}

const kinds = {
  secrets: resources.secrets,
  configMaps: resources.configMaps,
  authorities,
  certificates,
} as const

async function all(resource: Resource, { name: namespace }: Namespace): Promise<readonly KubeObject[]> {
  const { items } = await sandbox.client.list<KubeObject>(resource, { namespace })
  return items.filter(({ metadata }) => metadata.name !== 'kube-root-ca.crt').map(exported)
}

async function exportAll(team: Namespace): Promise<Export> {
  const [secrets, configMaps, cas, leaves] = await Promise.all(
    Object.values(kinds).map((resource) => all(resource, team)),
  )
  assert.ok(secrets && configMaps && cas && leaves)
  return { secrets, configMaps, authorities: cas, certificates: leaves }
}

/** What is there already, such as a bundle that has been published again, stays. */
async function restore(resource: Resource, object: KubeObject): Promise<void> {
  await sandbox.client.create(resource, object).catch((error: unknown) => {
    if (!isAlreadyExists(error)) throw error
  })
}

/** Removes every object, finalizers or not, as the loss of a cluster does. */
async function wipe(team: Namespace): Promise<void> {
  for (const resource of [certificates, authorities, resources.secrets, resources.configMaps]) {
    const { items } = await sandbox.client.list<KubeObject>(resource, { namespace: team.name })
    for (const { metadata } of items) {
      const key = { namespace: team.name, name: metadata.name }
      if (metadata.finalizers?.length) await sandbox.client.mergePatch(resource, key, { metadata: { finalizers: [] } })
      await sandbox.client.delete(resource, key).catch((error: unknown) => assert.ok(isNotFound(error)))
    }
  }
}

const serials = (items: readonly KubeObject[]): Record<string, string | undefined> =>
  Object.fromEntries(items.map(({ metadata }) => [metadata.name, metadata.annotations?.[annotations.serialNumber]]))

const orders: readonly (readonly (keyof Export)[])[] = [
  ['secrets', 'configMaps', 'authorities', 'certificates'],
  ['certificates', 'authorities', 'configMaps', 'secrets'],
  ['authorities', 'certificates', 'secrets', 'configMaps'],
]

for (const order of orders) {
  describe(`restored in the order ${order.join(', ')}`, () => {
    let team: Namespace
    let saved: Export

    before(async () => {
      team = await sandbox.namespace('restore')
      await team.createAuthority('root', { internal: {}, allowedSubordinates: { from: 'Same' } })
      await team.createAuthority('ca', { internal: { parentRef: { name: 'root' } }, default: true })
      operator = await sandbox.operator({ namespaces: [team], who: `before-${team.name}` })
      for (let i = 0; i < count; i++) {
        await team.createCertificate(`web-${i}`, i % 2 === 0 ? {} : { authorityRef: undefined })
      }
      for (let i = 0; i < count; i++) await team.certificateReady(`web-${i}`)
      await until(
        () => all(resources.configMaps, team),
        (found) => found.some(({ metadata }) => metadata.name.includes('-register-')),
        'the register',
      )
      assert.equal(await operator.stop(), 0)
      saved = await exportAll(team)
      await wipe(team)
    })

    test('no CA is made, no certificate is issued, and everything is ready', { timeout: 90_000 }, async () => {
      const restarted = await sandbox.operator({ namespaces: [team], who: `after-${team.name}` })
      const isOurs = ({ namespace }: { namespace: string }): boolean => namespace === team.name
      const made: string[] = []
      for (const kind of order) {
        for (const object of saved[kind]) await restore(kinds[kind], object)
        // Long enough for the operator to do something rash.
        await new Promise((resolve) => setTimeout(resolve, 2000))
        const { items } = await sandbox.client.list<KubeObject>(resources.secrets, { namespace: team.name })
        made.push(...items.map(({ metadata }) => metadata.name))
      }
      for (let i = 0; i < count; i++) await team.certificateUntil(`web-${i}`, isReady, 30_000)
      const { items } = await sandbox.client.list<KubeObject>(resources.secrets, { namespace: team.name })
      assert.deepEqual(serials(items), serials(saved.secrets))
      const releases = restarted.audit().filter(({ event }) => event === 'CARelease' || event === 'CertificateRelease')
      assert.deepEqual(releases, [])
      const creations = sandbox
        .writes(isOurs)
        .filter(({ verb, resource, who }) => verb === 'create' && resource === 'secrets' && who.startsWith('after-'))
      assert.deepEqual(creations, [])
      assert.equal(await restarted.stop(), 0)
    })
  })
}

/** An Authority with one Certificate, and an operator. */
async function inUse(purpose: string): Promise<{ team: Namespace; operator: SandboxOperator }> {
  const team = await sandbox.namespace(purpose)
  await team.createAuthority('ca')
  const started = await sandbox.operator({ namespaces: [team], who: team.name })
  await team.createCertificate('web')
  await team.certificateReady('web')
  return { team, operator: started }
}

const inUseMessage = ({ status }: Authority): string | undefined =>
  status?.conditions?.find(({ type }) => type === 'InUse')?.message

describe('deletion of an Authority', () => {
  test('one in use says so, goes on signing, and goes when nobody uses it', async () => {
    const { team, operator } = await inUse('in-use')
    await team.remove(authorities, 'ca')
    const held = await team.authorityUntil('ca', (seen) => inUseMessage(seen) !== undefined)
    assert.match(inUseMessage(held) ?? '', /^in use by 1 Certificate: delete them first, or set the annotation/)
    await team.patch(certificates, 'web', { spec: { dnsNames: ['www.example.com', 'new.example.com'] } })
    await team.certificateReady('web', 2)
    await team.remove(certificates, 'web')
    await gone(() => team.authority('ca'))
    assert.equal((await team.secret('ca-ca-1')).metadata.labels?.[secretLabel], 'ca', 'the key stays')
    await operator.stop()
  })

  test('one in use goes when it is forced', async () => {
    const { team, operator } = await inUse('forced')
    await team.remove(authorities, 'ca')
    await team.authorityUntil('ca', (seen) => inUseMessage(seen) !== undefined)
    await team.patch(authorities, 'ca', { metadata: { annotations: { [annotations.forceDelete]: 'true' } } })
    await gone(() => team.authority('ca'))
    await operator.stop()
  })

  test('the end of a namespace is not held up', async () => {
    const { team, operator } = await inUse('ending')
    await sandbox.client.delete(resources.namespaces, { namespace: '', name: team.name })
    await gone(() => sandbox.client.get(resources.namespaces, { namespace: '', name: team.name }), 40_000)
    await operator.stop()
  })
})

/** Waits until an object is there no more. */
async function gone(look: () => Promise<unknown>, ms?: number): Promise<void> {
  const state = (): Promise<string> =>
    look().then(
      () => 'there',
      (error: unknown) => (isNotFound(error) ? 'gone' : Promise.reject(error)),
    )
  await until(state, (seen) => seen === 'gone', 'the object', ms)
}

test('the default Authority is chosen once and kept', async () => {
  const team = await sandbox.namespace('default')
  const started = await sandbox.operator({ namespaces: [team], who: team.name })
  await team.createCertificate('web', { authorityRef: undefined })
  await team.certificateRefused('web', 'NoAuthority')
  await team.createAuthority('first', { internal: {}, default: true })
  await team.certificateReady('web', 1)
  await new Promise((resolve) => setTimeout(resolve, 1100))
  await team.createAuthority('second', { internal: {}, default: true })
  const second = await team.authorityReady('second')
  const warning = (seen: Authority): string =>
    seen.status?.conditions?.find(({ type }) => type === 'Warning')?.message ?? ''
  await team.authorityUntil('second', (seen) => warning(seen).includes(`Authority ${team.name}/first is the default`))
  assert.ok(second)
  await team.patch(authorities, 'first', { spec: { default: false } })
  await team.createCertificate('other', { authorityRef: undefined })
  await team.certificateReady('other')
  const chosen = async (name: string): Promise<Certificate['status']> => (await team.certificate(name)).status
  assert.equal((await chosen('web'))?.authority, `${team.name}/first`)
  assert.equal((await chosen('web'))?.revision, 1)
  assert.equal((await chosen('other'))?.authority, `${team.name}/second`)
  await started.stop()
})
