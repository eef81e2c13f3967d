import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  type Authority,
  annotations,
  authorityKind,
  type Certificate,
  certificateKind,
  configMapLabel,
  type KubeObject,
  type PartialObject,
  secretLabel,
} from '#api'
import { day, silentLogger, systemClock, toRfc3339 } from '#base'
import { Register } from '#controllers'
import { Cache, createKubeClient, type KubeClient, loadConnection, resourceOf, resources } from '#kube'
import type { RegisterEntry } from '#plan'
import { certificates, type Namespace, until } from './namespace.ts'
import { Sandbox } from './sandbox.ts'

const now = Math.floor(Date.now() / 1000) * 1000
const revoked = { at: now, reason: 'superseded' } as const

let sandbox: Sandbox
let team: Namespace
let client: KubeClient
/** `verb resource` of each request of the register. */
const requests: string[] = []

before(async () => {
  sandbox = await Sandbox.open()
  team = await sandbox.namespace('register')
  const tools = { clock: systemClock, logger: silentLogger }
  const connection = await loadConnection({ ...tools, kubeconfig: sandbox.kubeconfig, env: {}, context: undefined })
  client = createKubeClient({
    ...{ ...tools, connection, userAgent: 'sifaka-test', fieldManager: 'sifaka' },
    onAnswer: ({ verb, resource }) => requests.push(`${verb} ${resource.plural}`),
  })
})

after(async () => {
  await client?.close()
  await sandbox?.close()
})

/** A register at work on the namespace, as a process that is active has it. */
async function start() {
  const common = { client, clock: systemClock, logger: silentLogger, random: Math.random, namespaces: [team.name] }
  const caches = {
    authorities: new Cache<Authority>({ ...common, resource: resourceOf(authorityKind) }),
    certificates: new Cache<Certificate>({ ...common, resource: resourceOf(certificateKind) }),
    secrets: new Cache<PartialObject>({
      ...{ ...common, resource: resources.secrets, labelSelector: secretLabel, metadataOnly: true },
    }),
  }
  const ownership = { owns: () => true, remainingMs: () => day, onChange: () => {} }
  const register = new Register({ ...common, caches, ownership, prove: async (line) => line })
  const all = Object.values(caches)
  for (const cache of all) cache.start()
  await Promise.all(all.map((cache) => cache.synced))
  register.start()
  await until(
    () => register.isLoaded(),
    (isLoaded) => isLoaded,
    'the register',
  )
  const stop = async (): Promise<void> => {
    await register.close()
    await Promise.all(all.map((cache) => cache.stop()))
  }
  return { register, stop }
}

const entry = (number: number): RegisterEntry => ({
  serialNumber: number.toString(16).padStart(32, '0'),
  fingerprint: number.toString(16).padStart(64, '0'),
  generation: 1,
  kind: 'Certificate',
  holder: `${team.name}/web-${number}`,
  revision: 1,
  names: [`web-${number}.example.com`],
  issuedAt: now,
  notAfter: now + 90 * day,
})

const serials = (entries: readonly RegisterEntry[]): string[] => entries.map(({ serialNumber }) => serialNumber).sort()

const shards = async (): Promise<KubeObject[]> =>
  (await sandbox.client.list(resources.configMaps, { namespace: team.name, labelSelector: configMapLabel })).items

/** A Certificate with the Secret and the status of what was issued for it. */
async function live({ serialNumber, fingerprint, holder, notAfter }: RegisterEntry): Promise<void> {
  const name = holder.slice(holder.indexOf('/') + 1)
  await team.createCertificate(name)
  const status = { serialNumber, fingerprint, caGeneration: 1, revision: 1 }
  await team.patch(certificates, name, { status }, 'status')
  const said = {
    [annotations.certificate]: name,
    [annotations.issuedBy]: `${team.name}/ca`,
    [annotations.serialNumber]: serialNumber,
    [annotations.fingerprint]: fingerprint,
    [annotations.caGeneration]: '1',
    [annotations.revision]: '1',
    [annotations.issuedAt]: toRfc3339(now),
    [annotations.notAfter]: toRfc3339(notAfter),
  }
  await team.createSecret({ metadata: { name, labels: { [secretLabel]: 'certificate' }, annotations: said } })
}

test('what was issued is kept: through restarts, a lost shard, and the end of its Certificate', async () => {
  const key = `${team.name}/ca`
  await team.createAuthority('ca')
  const all = Array.from({ length: 1200 }, (_, number) => entry(number + 1))
  const [gone, lives] = all
  assert.ok(gone && lives)

  const first = await start()
  requests.length = 0
  for (const each of all) first.register.record(key, each)
  await first.register.flush()
  const writes = requests.filter((request) => request.endsWith('configmaps'))
  assert.deepEqual(writes, ['create configmaps', 'create configmaps', 'create configmaps'])
  const done = await first.register.revoke(key, { generation: 1, serialNumber: gone.serialNumber }, revoked)
  assert.deepEqual(done.revoked, revoked)
  await first.stop()

  const second = await start()
  requests.length = 0
  assert.deepEqual(serials(second.register.entries(key)), serials(all))
  assert.deepEqual(second.register.find(key, gone.serialNumber), done)
  await second.stop()
  assert.deepEqual(
    requests.filter((request) => request.endsWith('configmaps')),
    [],
    'nothing changed is no write',
  )

  await live(lives)
  await team.remove(resources.configMaps, 'ca-register-1')
  const third = await start()
  assert.deepEqual(serials(third.register.entries(key)), serials([lives, ...all.slice(500)]))
  await third.stop()

  await team.remove(certificates, 'web-2')
  await team.remove(resources.secrets, 'web-2')
  const fourth = await start()
  assert.deepEqual(
    fourth.register.ofHolder(key, 'Certificate', lives.holder).map((each) => each.serialNumber),
    [lives.serialNumber],
  )
  await fourth.stop()
  assert.deepEqual((await shards()).map(({ metadata }) => metadata.name).sort(), ['ca-register-2', 'ca-register-3'])
})

test('a write that others were faster than lands on what they have written', async () => {
  const key = `${team.name}/ca`
  const { register, stop } = await start()
  const [shard] = await shards()
  assert.ok(shard)
  await team.patch(resources.configMaps, shard.metadata.name, { metadata: { labels: { colour: 'red' } } })
  const [one] = register.entries(key)
  assert.ok(one)
  assert.deepEqual((await register.revoke(key, one, revoked)).revoked, revoked)
  await stop()
  assert.equal(
    (await shards()).find(({ metadata }) => metadata.name === shard.metadata.name)?.metadata.labels?.colour,
    'red',
  )
})
