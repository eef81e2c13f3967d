import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import {
  type Authority,
  annotations,
  authorityKind,
  type Certificate,
  type CertificateStatus,
  certificateKind,
  configMapLabel,
  type KubeObject,
  type PartialObject,
} from '#api'
import { day, toRfc3339 } from '#base'
import { ApiError, Cache, type KubeClient, type Resource, resourceOf, resources } from '#kube'
import { encodeShard, type RegisterEntry } from '#plan'
import { authority, certificate, FakeClock, logBook, noon, ScriptedApi } from '#test/make'
import { Register, type RegisterOptions } from './register.ts'

/** A process that is active: its caches are filled, and its register is not loaded yet. */
async function startProcess(
  { client }: Pick<ScriptedApi, 'client'>,
  scope: Pick<RegisterOptions, 'namespaces' | 'isGone'> = { namespaces: [] },
) {
  const common = { client, clock: new FakeClock(), logger: logBook(), random: () => 0, namespaces: [] }
  const cache = <T extends KubeObject>(resource: Resource) => new Cache<T>({ ...common, resource })
  const caches = {
    authorities: cache<Authority>(resourceOf(authorityKind)),
    certificates: cache<Certificate>(resourceOf(certificateKind)),
    secrets: cache<PartialObject>(resources.secrets),
  }
  const ownership = { owns: () => true, remainingMs: () => day, onChange: () => {} }
  const register = new Register({ ...common, ...scope, caches, ownership, prove: async (line) => line })
  const told: [string, string[], boolean][] = []
  register.onRevoked((key, holders) =>
    told.push([key, holders.map(({ kind, holder }) => `${kind} ${holder}`), register.isLoaded()]),
  )
  for (const each of Object.values(caches)) each.start()
  await Promise.all(Object.values(caches).map((each) => each.synced))
  register.start()
  return { register, told }
}

async function turnsUntilLoaded(register: Register): Promise<number> {
  for (let turns = 0; turns < 100; turns++) {
    if (register.isLoaded()) return turns
    await setImmediate()
  }
  return assert.fail('it is not loaded')
}

const revoked = { at: noon, reason: 'keyCompromise' } as const
const entry = (number: number, parts: Partial<RegisterEntry> = {}): RegisterEntry => ({
  serialNumber: number.toString(16).padStart(8, '0'),
  fingerprint: number.toString(16).padStart(64, '0'),
  generation: 1,
  kind: 'Certificate',
  holder: `shop/web-${number}`,
  revision: 1,
  names: [],
  issuedAt: noon,
  notAfter: noon + 90 * day,
  ...parts,
})

function addShard(api: ScriptedApi, ca: string, number: number, entries: readonly RegisterEntry[]): void {
  const name = `${ca}-register-${number}`
  api.configMaps.set(`pki/${name}`, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      ...{ namespace: 'pki', name, uid: name, resourceVersion: '1' },
      labels: { [configMapLabel]: 'register' },
      annotations: { [annotations.authority]: ca },
    },
    binaryData: { 'entries.jsonl.gz': Buffer.from(encodeShard(entries)).toString('base64') },
  })
}

/** A Certificate whose status tells of so many earlier certificates, the first of them revoked. */
function withEarlier(count: number): Certificate {
  const times = { issuedAt: toRfc3339(noon), notAfter: toRfc3339(noon + day) }
  const earlierRevisions: CertificateStatus['earlierRevisions'] = Array.from({ length: count }, (_, at) => {
    const { serialNumber, fingerprint } = entry(at + 1)
    return { ...times, serialNumber, fingerprint, revision: at + 1, issuedBy: 'pki/ca', caGeneration: 1 }
  })
  const { serialNumber } = entry(1)
  const revocations = [{ serialNumber, reason: 'superseded' as const, revokedAt: toRfc3339(noon) }]
  return certificate({ status: { earlierRevisions, revocations } })
}

const ca = authority({ metadata: { namespace: 'pki', name: 'ca' } })

suite('after loading, listeners are told of what is revoked', () => {
  test('in shards: of each Authority that has any', async () => {
    const api = new ScriptedApi()
    addShard(api, 'ca', 1, [entry(1, { revoked }), entry(2)])
    addShard(api, 'ca', 2, [entry(3, { revoked, kind: 'Authority' })])
    addShard(api, 'other', 1, [entry(4, { revoked })])
    addShard(api, 'quiet', 1, [entry(5)])
    const { register, told } = await startProcess(api)
    await turnsUntilLoaded(register)
    assert.deepEqual(told, [
      ['pki/ca', ['Certificate shop/web-1', 'Authority shop/web-3'], true],
      ['pki/other', ['Certificate shop/web-4'], true],
    ])
  })

  test('in the status of a Certificate', async () => {
    const api = new ScriptedApi()
    api.objects.push(ca, withEarlier(2))
    const { register, told } = await startProcess(api)
    await turnsUntilLoaded(register)
    assert.deepEqual(told, [['pki/ca', ['Certificate shop/web'], true]])
  })
})

test('a namespace that is gone, with the right to look into it, holds up no other', async () => {
  const api = new ScriptedApi()
  addShard(api, 'ca', 1, [entry(1)])
  const list: KubeClient['list'] = (resource, options) =>
    options?.namespace === 'gone'
      ? Promise.reject(new ApiError('forbidden', { status: 403 }))
      : api.client.list(resource, options)
  const client = { ...api.client, list }
  const { register } = await startProcess(
    { client },
    { namespaces: ['gone', 'pki'], isGone: (name) => name === 'gone' },
  )
  await turnsUntilLoaded(register)
  assert.equal(register.entries('pki/ca').length, 1)
  const waiting = await startProcess({ client }, { namespaces: ['gone', 'pki'], isGone: () => false })
  await setImmediate()
  assert.equal(waiting.register.isLoaded(), false)
})

suite('loading lets others have their turn', () => {
  const rows: [string, (api: ScriptedApi) => void][] = [
    [
      'while it reads shards',
      (api) => {
        for (let shard = 0; shard < 10; shard++) {
          const entries = Array.from({ length: 500 }, (_, at) => entry(shard * 500 + at + 1))
          addShard(api, 'ca', shard + 1, entries)
        }
      },
    ],
    [
      'while it looks at what is live',
      (api) => {
        const many = withEarlier(50)
        const named = (at: number) => ({ ...many, metadata: { ...many.metadata, name: `web-${at}` } })
        api.objects.push(ca, ...Array.from({ length: 100 }, (_, at) => named(at)))
      },
    ],
  ]
  for (const [name, fill] of rows) {
    test(name, async () => {
      const api = new ScriptedApi()
      fill(api)
      const { register } = await startProcess(api)
      const turns = await turnsUntilLoaded(register)
      assert.ok(turns >= 5, `${turns} turns for 5,000 entries`)
    })
  }

  test('what is told and recorded meanwhile is not lost', async () => {
    const api = new ScriptedApi()
    rows[1]?.[1](api)
    const { register } = await startProcess(api)
    await setImmediate()
    assert.equal(register.isLoaded(), false)
    const late = withEarlier(51)
    api.tell({ ...late, metadata: { ...late.metadata, name: 'web-0' } })
    register.record('pki/ca', entry(99))
    await turnsUntilLoaded(register)
    assert.equal(register.entries('pki/ca').length, 52)
  })
})

test('a Certificate that tells what is known costs no check of it', async (t) => {
  const api = new ScriptedApi()
  api.objects.push(ca, withEarlier(3))
  const { register } = await startProcess(api)
  await turnsUntilLoaded(register)
  const checks = t.mock.method(RegExp.prototype, 'test')
  const of = (serialNumber: string) => checks.mock.calls.filter((call) => call.arguments[0] === serialNumber).length
  api.tell(withEarlier(4))
  await setImmediate()
  assert.deepEqual([of(entry(3).serialNumber), of(entry(4).serialNumber)], [0, 1])
  assert.equal(register.entries('pki/ca').length, 4)
})
