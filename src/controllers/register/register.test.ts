import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import {
  type Authority,
  annotations,
  authorityKind,
  type Certificate,
  certificateKind,
  configMapLabel,
  type KubeObject,
  type PartialObject,
} from '#api'
import { day, hour, minute, second, toRfc3339 } from '#base'
import { Cache, type Resource, resourceOf, resources } from '#kube'
import { encodeShard, type RegisterEntry } from '#plan'
import {
  authority,
  certificate,
  FakeClock,
  type Fault,
  logBook,
  noon,
  ScriptedApi,
  type ScriptedConfigMap,
  secretMetadata,
} from '#test/make'
import { Register } from './register.ts'

/** A register on a scripted API server, with what a process has around it. */
class Fixture {
  readonly api = new ScriptedApi()
  readonly clock = new FakeClock()
  readonly log = logBook()
  readonly flushes: [string, number][] = []
  /** Whose certificates the listeners were told are revoked. */
  readonly told: [string, string[]][] = []
  #tellOwner: (owns: boolean) => void = () => {}
  #owns = false
  #register: Register | undefined

  get register(): Register {
    assert.ok(this.#register, 'start it first')
    return this.#register
  }

  /** A process starts, and becomes active. */
  async start(): Promise<Register> {
    const common = { client: this.api.client, clock: this.clock, logger: this.log, random: () => 0 }
    const cache = <T extends KubeObject>(resource: Resource) => new Cache<T>({ ...common, resource, namespaces: [] })
    const caches = {
      authorities: cache<Authority>(resourceOf(authorityKind)),
      certificates: cache<Certificate>(resourceOf(certificateKind)),
      secrets: cache<PartialObject>(resources.secrets),
    }
    this.#register = new Register({
      prove: async (line) => line,
      ...common,
      caches,
      namespaces: [],
      ownership: {
        owns: () => this.#owns,
        remainingMs: () => day,
        onChange: (listener) => {
          this.#tellOwner = listener
        },
      },
      onFlush: (_, result, added) => this.flushes.push([result, added]),
    })
    this.#register.onRevoked((key, holders) => this.told.push([key, holders.map(({ holder }) => holder)]))
    for (const each of Object.values(caches)) each.start()
    await Promise.all(Object.values(caches).map((each) => each.synced))
    this.#register.start()
    await this.own(true)
    return this.#register
  }

  async own(owns: boolean): Promise<void> {
    this.#owns = owns
    this.#tellOwner(owns)
    await settled()
  }

  /** Lets time pass, and everything that follows from it happen. */
  async pass(ms: number): Promise<void> {
    this.clock.advance(ms)
    await settled()
  }

  /** Records so many new certificates. */
  record(count: number, parts: Partial<RegisterEntry> = {}): RegisterEntry[] {
    const made = Array.from({ length: count }, () => entry(parts))
    for (const each of made) this.register.record('pki/ca', each)
    return made
  }
}

const settled = async (): Promise<void> => {
  for (let turn = 0; turn < 40; turn++) await setImmediate()
}

let made = 0
function entry(parts: Partial<RegisterEntry> = {}): RegisterEntry {
  made += 1
  return {
    serialNumber: made.toString(16).padStart(8, '0'),
    fingerprint: made.toString(16).padStart(64, '0'),
    generation: 1,
    kind: 'Certificate',
    holder: `shop/web-${made}`,
    revision: 1,
    names: [`web-${made}.example.com`],
    issuedAt: noon,
    notAfter: noon + 90 * day,
    ...parts,
  }
}

const serials = (entries: readonly RegisterEntry[]): string[] => entries.map(({ serialNumber }) => serialNumber).sort()
const identity = ({ generation, serialNumber }: RegisterEntry) => ({ generation, serialNumber })
const revoked = { at: noon, reason: 'keyCompromise' } as const

suite('batches', () => {
  test('5,000 certificates of a busy hour cost ten writes and no read', async () => {
    const on = new Fixture()
    await on.start()
    on.api.requests.length = 0
    const all: RegisterEntry[] = []
    for (let at = 0; at < 5000; at += 100) {
      all.push(...on.record(100))
      await on.pass(second / 2)
    }
    await on.pass(10 * second)
    assert.deepEqual(
      on.api.requests,
      Array.from({ length: 10 }, (_, at) => `create ca-register-${at + 1}`),
    )
    assert.deepEqual(serials(on.api.stored()), serials(all))
    assert.deepEqual(
      on.flushes,
      Array.from({ length: 10 }, () => ['stored', 500]),
    )
  })

  test('few certificates are written together after five seconds, into the shard that is open', async () => {
    const on = new Fixture()
    await on.start()
    on.api.requests.length = 0
    on.record(3)
    await on.pass(5 * second - 1)
    assert.deepEqual(on.api.requests, [])
    await on.pass(1)
    assert.deepEqual(on.api.requests, ['create ca-register-1'])
    on.record(490)
    await on.pass(5 * second)
    on.record(10)
    await on.pass(5 * second)
    await on.pass(hour / 2)
    assert.deepEqual(on.api.requests, ['create ca-register-1', 'patch ca-register-1', 'create ca-register-2'])
  })

  test('what is known already is not written again', async () => {
    const on = new Fixture()
    await on.start()
    const [first] = on.record(1)
    await on.pass(5 * second)
    on.api.requests.length = 0
    if (first) on.register.record('pki/ca', { ...first, holder: 'shop/other' })
    await on.pass(minute)
    assert.deepEqual([on.api.requests, on.register.entries('pki/ca')], [[], [first]])
  })
})

test('what could not be read back is reported, and spoils no shard', async () => {
  const on = new Fixture()
  await on.start()
  on.record(1, { serialNumber: '4A:01' })
  const good = on.record(1)
  await on.pass(minute)
  assert.deepEqual([on.api.stored(), on.register.entries('pki/ca')], [good, good])
  assert.equal(on.log.lines.filter(({ level }) => level === 'error').length, 1)
})

suite('a revocation', () => {
  test('is stored when it resolves, and tells the listeners', async () => {
    const on = new Fixture()
    await on.start()
    const [one] = on.record(3)
    assert.ok(one)
    const done = await on.register.revoke('pki/ca', identity(one), revoked)
    assert.deepEqual(done, { ...one, revoked })
    assert.deepEqual(
      on.api.stored().filter((each) => each.revoked),
      [done],
    )
    assert.deepEqual(on.told, [['pki/ca', [one.holder]]])
    assert.equal(on.api.stored().length, 3)
  })

  test('of what is revoked already changes nothing: the first reason and time stay', async () => {
    const on = new Fixture()
    await on.start()
    const [one] = on.record(1)
    assert.ok(one)
    await on.register.revoke('pki/ca', identity(one), revoked)
    on.api.requests.length = 0
    const again = await on.register.revoke('pki/ca', identity(one), { at: noon + hour, reason: 'superseded' })
    assert.deepEqual([again.revoked, on.api.requests, on.told.length], [revoked, [], 1])
  })

  const strangers: [string, string, Partial<RegisterEntry>][] = [
    ['an unknown serial number', 'pki/ca', { serialNumber: 'ff' }],
    ['another generation', 'pki/ca', { generation: 2 }],
    ['another Authority', 'pki/other', {}],
  ]
  for (const [name, key, parts] of strangers) {
    test(`of ${name} is refused`, async () => {
      const on = new Fixture()
      await on.start()
      const [one] = on.record(1)
      assert.ok(one)
      const wanted = identity({ ...one, ...parts })
      await assert.rejects(on.register.revoke(key, wanted, revoked), { kind: 'Terminal', reason: 'NotRevocable' })
      await on.pass(minute)
      assert.deepEqual(on.api.stored(), [one])
    })
  }

  test('that is not stored rejects; it is stored as soon as that works', async () => {
    const on = new Fixture()
    await on.start()
    const [one] = on.record(1)
    assert.ok(one)
    await on.pass(5 * second)
    on.api.faults.push('refused')
    await assert.rejects(on.register.revoke('pki/ca', identity(one), revoked), { name: 'ApiError' })
    assert.equal(on.register.find('pki/ca', one.serialNumber)?.revoked, undefined)
    assert.deepEqual(on.told, [])
    assert.ok((await on.register.revoke('pki/ca', identity(one), revoked)).revoked)
  })

  test('of many at once costs few writes', async () => {
    const on = new Fixture()
    await on.start()
    const all = on.record(40)
    await on.pass(5 * second)
    on.api.requests.length = 0
    await Promise.all(all.map((each) => on.register.revoke('pki/ca', identity(each), revoked)))
    assert.ok(on.api.writes.length <= 2, `${on.api.writes.length} writes`)
    assert.equal(on.api.stored().filter((each) => each.revoked).length, 40)
  })
})

suite('shards that others have changed', () => {
  /** Forty entries are stored in one shard, something is done to it, and one more is recorded. */
  async function after(
    harm: (configMap: ScriptedConfigMap, on: Fixture) => void,
  ): Promise<{ on: Fixture; all: RegisterEntry[] }> {
    const on = new Fixture()
    await on.start()
    const all = on.record(40)
    await on.pass(5 * second)
    const configMap = on.api.configMaps.get('pki/ca-register-1')
    assert.ok(configMap)
    harm(configMap, on)
    all.push(...on.record(1))
    await on.pass(5 * second)
    await on.pass(minute)
    return { on, all }
  }
  const key = 'pki/ca-register-1'

  test('one that was touched is read again', async () => {
    const { on, all } = await after((_, { api }) => api.touch(key))
    assert.deepEqual(serials(on.api.stored()), serials(all))
    assert.deepEqual(on.api.requests.slice(-3), ['patch ca-register-1', 'get ca-register-1', 'patch ca-register-1'])
  })

  test('one that was deleted is made again', async () => {
    const { on, all } = await after((_, { api }) => api.configMaps.delete(key))
    assert.deepEqual(serials(on.api.stored()), serials(all))
  })

  test('one that was damaged is left as it is, and what it held is stored elsewhere', async () => {
    const { on, all } = await after((configMap, { api }) => {
      configMap.binaryData['entries.jsonl.gz'] = 'AAAA'
      api.touch(key)
    })
    assert.equal(on.api.configMaps.get(key)?.binaryData['entries.jsonl.gz'], 'AAAA')
    assert.deepEqual(serials(on.api.stored()), serials(all))
    assert.partialDeepStrictEqual(
      on.log.lines.filter(({ level }) => level === 'error'),
      [{ fields: { configMap: key } }],
    )
  })

  test('one that was emptied is filled again, and no revocation is undone', async () => {
    const on = new Fixture()
    await on.start()
    const all = on.record(4)
    await on.pass(5 * second)
    const before = structuredClone(on.api.configMaps.get(key))
    const [one] = all
    assert.ok(one && before)
    await on.register.revoke('pki/ca', identity(one), revoked)
    on.api.configMaps.set(key, before)
    on.api.touch(key)
    all.push(...on.record(1))
    await on.pass(minute)
    assert.deepEqual(serials(on.api.stored()), serials(all))
    assert.deepEqual(
      on.api.stored().filter((each) => each.revoked),
      [{ ...one, revoked }],
    )
  })

  test("a stranger's ConfigMap in the way stays, and the next number is taken", async () => {
    const on = new Fixture()
    await on.start()
    const stranger: ScriptedConfigMap = { ...configMapOf({}), binaryData: {} }
    on.api.configMaps.set(key, stranger)
    const all = on.record(2)
    await on.pass(minute)
    assert.deepEqual(on.api.configMaps.get(key), stranger)
    assert.deepEqual(on.api.requests.slice(-1), ['create ca-register-2'])
    assert.deepEqual(serials(on.api.stored()), serials(all))
  })
})

suite('loading', () => {
  test('a restart finds everything, and writes nothing', async () => {
    const on = new Fixture()
    const before = await on.start()
    const all = on.record(1200)
    const [one] = all
    assert.ok(one)
    await before.revoke('pki/ca', identity(one), revoked)
    await before.close()
    on.api.requests.length = 0
    const register = await on.start()
    await on.pass(minute)
    assert.deepEqual(on.api.requests, ['list'])
    assert.deepEqual(serials(register.entries('pki/ca')), serials(all))
    assert.deepEqual(register.find('pki/ca', one.serialNumber, 1), { ...one, revoked })
    assert.deepEqual(register.ofHolder('pki/ca', 'Certificate', one.holder), [{ ...one, revoked }])
    assert.deepEqual(register.ofHolder('pki/ca', 'Authority', one.holder), [])
  })

  test('takes as many pages as there are', async () => {
    const on = new Fixture()
    const before = await on.start()
    for (let at = 0; at < 45; at++) before.record(`pki/ca-${at}`, entry())
    await before.close()
    on.api.requests.length = 0
    const register = await on.start()
    assert.deepEqual(on.api.requests, ['list', 'list', 'list'])
    assert.equal(register.entries('pki/ca-44').length, 1)
  })

  test('until it is done nothing is answered, and what is recorded waits', async () => {
    const on = new Fixture()
    on.api.faults.push('refused')
    const register = await on.start()
    const notLoaded = { kind: 'Waiting', reason: 'RegisterNotLoaded' }
    const [one] = on.record(1)
    assert.ok(one)
    assert.equal(register.isLoaded(), false)
    assert.throws(() => register.liveUntil('pki/ca', 1, noon), notLoaded)
    assert.throws(() => register.entries('pki/ca'), notLoaded)
    assert.throws(() => register.find('pki/ca', one.serialNumber), notLoaded)
    await assert.rejects(register.revoke('pki/ca', identity(one), revoked), notLoaded)
    await on.pass(2 * second)
    assert.equal(register.isLoaded(), true)
    assert.equal(register.liveUntil('pki/ca', 1, noon), one.notAfter)
    await on.pass(5 * second)
    assert.deepEqual(on.api.stored(), [one])
  })

  test('it is awaited until it is done, or has failed too often', async () => {
    const on = new Fixture()
    on.api.faults.push(...Array<'refused'>(5).fill('refused'))
    const register = await on.start()
    for (const seconds of [1, 2, 4]) await on.pass(seconds * second)
    assert.equal(register.isAwaited(), true)
    await on.pass(8 * second)
    assert.equal(register.isAwaited(), false)
    await on.own(false)
    await on.own(true)
    assert.deepEqual([register.isLoaded(), register.isAwaited()], [true, false])
  })

  test('a process that is not active any more forgets, and writes nothing', async () => {
    const on = new Fixture()
    await on.start()
    on.record(3)
    await on.own(false)
    on.api.requests.length = 0
    await on.pass(day)
    assert.deepEqual([on.api.requests, on.register.isLoaded()], [[], false])
    await on.own(true)
    assert.deepEqual(on.register.entries('pki/ca'), [])
  })

  test('a damaged shard hides no other, and stays', async () => {
    const on = new Fixture()
    await on.start()
    const all = on.record(600)
    await on.register.close()
    const damaged = on.api.configMaps.get('pki/ca-register-1')
    assert.ok(damaged)
    damaged.binaryData = { 'entries.jsonl.gz': 'AAAA' }
    const register = await on.start()
    assert.deepEqual(serials(register.entries('pki/ca')), serials(all.slice(500)))
    on.record(500)
    await on.pass(minute)
    assert.deepEqual(on.api.configMaps.get('pki/ca-register-1'), damaged)
    assert.ok(on.api.configMaps.has('pki/ca-register-3'))
  })

  const held = secretMetadata({
    annotations: {
      [annotations.issuedBy]: 'pki/ca',
      [annotations.serialNumber]: '4a01',
      [annotations.fingerprint]: 'f1'.repeat(32),
      [annotations.caGeneration]: '1',
      [annotations.issuedAt]: toRfc3339(noon),
      [annotations.notAfter]: toRfc3339(noon + 90 * day),
    },
  })
  const status = { serialNumber: '4a01', fingerprint: 'f1'.repeat(32), caGeneration: 1 }
  const live = (): KubeObject[] => [
    authority({ metadata: { namespace: 'pki', name: 'ca' } }),
    { apiVersion: 'v1', kind: 'Secret', metadata: held },
    certificate({ status }),
  ]

  test('what shards have lost comes back from what is live', async () => {
    const on = new Fixture()
    on.api.objects.push(...live())
    const register = await on.start()
    assert.equal(register.find('pki/ca', '4a01')?.holder, 'shop/web')
    await on.pass(5 * second)
    assert.deepEqual(serials(on.api.stored()), ['4a01'])
  })

  const impostors: [string, (objects: KubeObject[]) => KubeObject[]][] = [
    ['a Secret without a Certificate', (objects) => objects.slice(0, 2)],
    ['a Certificate whose status tells of another certificate', ([a, s]) => [a, s, certificate()].filter((o) => !!o)],
    ['an Authority that is not there', (objects) => objects.slice(1)],
  ]
  for (const [name, change] of impostors) {
    test(`${name} adds nothing`, async () => {
      const on = new Fixture()
      on.api.objects.push(...change(live()))
      const register = await on.start()
      await on.pass(minute)
      assert.deepEqual([register.entries('pki/ca'), on.api.writes], [[], []])
    })
  }

  test('a Secret cannot claim what the register says was issued to another', async () => {
    const on = new Fixture()
    const victim = entry({ serialNumber: '4a01', holder: 'bank/login' })
    const metadata = {
      ...configMapOf({ [configMapLabel]: 'register' }).metadata,
      annotations: { [annotations.authority]: 'ca' },
    }
    const binaryData = { 'entries.jsonl.gz': Buffer.from(encodeShard([victim])).toString('base64') }
    on.api.configMaps.set('pki/ca-register-1', { ...configMapOf({}), metadata, binaryData })
    on.api.objects.push(...live())
    const register = await on.start()
    assert.deepEqual(register.entries('pki/ca'), [victim])
    assert.deepEqual(register.ofHolder('pki/ca', 'Certificate', 'shop/web'), [])
  })
})

suite('time', () => {
  test('what has expired goes, and a shard with nothing left in it is deleted', async () => {
    const on = new Fixture()
    await on.start()
    const short = on.record(500, { notAfter: noon + hour })
    await on.pass(second)
    const long = on.record(2)
    await on.pass(5 * second)
    await on.pass(2 * hour)
    assert.deepEqual(on.register.entries('pki/ca'), long)
    assert.deepEqual([...on.api.configMaps.keys()], ['pki/ca-register-2'])
    const [gone] = short
    assert.ok(gone)
    await assert.rejects(on.register.revoke('pki/ca', identity(gone), revoked), { reason: 'NotRevocable' })
    on.clock.jump(91 * day)
    await on.pass(hour)
    assert.equal(on.api.configMaps.size, 0)
  })

  test('a server that does not answer is asked less and less, and nothing is lost', async () => {
    const on = new Fixture()
    await on.start()
    const all = on.record(700)
    on.api.faults.push(...Array.from({ length: 8 }, () => 'refused' as const))
    on.api.requests.length = 0
    await on.pass(30 * second)
    assert.ok(on.api.requests.length <= 6, `${on.api.requests.length} requests in 30 s`)
    for (let at = 0; at < 30; at++) await on.pass(minute)
    assert.deepEqual(serials(on.api.stored()), serials(all))
  })

  test('a process that ends waits five seconds for the last flush, not longer', async () => {
    const on = new Fixture()
    const register = await on.start()
    on.record(1)
    on.api.client.create = () => new Promise(() => {})
    let closed = false
    void register.close().then(() => {
      closed = true
    })
    await on.pass(5 * second - 1)
    assert.equal(closed, false)
    await on.pass(1)
    assert.equal(closed, true)
  })
})

/** What must be there in the end. */
interface Account {
  readonly recorded: RegisterEntry[]
  /** Serial numbers of what was asked to be revoked, and of what was said to be. */
  readonly asked: Set<string>
  readonly revoked: Set<string>
}

type Step = (on: Fixture, account: Account) => Promise<void>

const recordSome: fc.Arbitrary<Step> = fc.integer({ min: 1, max: 700 }).map((count) => async (on, { recorded }) => {
  recorded.push(...on.record(count))
})

const revokeOne: fc.Arbitrary<Step> = fc.nat(2000).map((which) => async (on, account) => {
  const one = account.recorded[which % Math.max(1, account.recorded.length)]
  if (!one) return
  account.asked.add(one.serialNumber)
  await on.register.revoke('pki/ca', identity(one), revoked).then(
    () => account.revoked.add(one.serialNumber),
    () => {},
  )
})

const passTime: fc.Arbitrary<Step> = fc.constantFrom(second, 5 * second, hour).map((ms) => (on) => on.pass(ms))

const addFault: fc.Arbitrary<Step> = fc.constantFrom<Fault[]>('refused', 'lost').map((fault) => async (on) => {
  on.api.faults.push(fault)
})

const touchOne: fc.Arbitrary<Step> = fc.nat(5).map((which) => async ({ api }) => {
  const key = [...api.configMaps.keys()][which]
  if (key !== undefined) api.touch(key)
})

async function storeAll(on: Fixture): Promise<void> {
  on.api.faults.length = 0
  await on.pass(hour)
  await on.register.flush()
}

const restart: Step = async (on) => {
  await storeAll(on)
  await on.own(false)
  await on.start()
}

test('whatever fails, in the end everything is stored once, and what was said to be revoked is', async () => {
  const steps = fc.array(
    fc.oneof(recordSome, recordSome, revokeOne, passTime, passTime, addFault, touchOne, fc.constant(restart)),
  )
  await fc.assert(
    fc.asyncProperty(steps, async (steps) => {
      const on = new Fixture()
      await on.start()
      const account: Account = { recorded: [], asked: new Set(), revoked: new Set() }
      for (const step of steps) await step(on, account)
      await storeAll(on)
      const stored = on.api.stored()
      assert.deepEqual(serials(stored), serials(account.recorded))
      assert.deepEqual(serials(on.register.entries('pki/ca')), serials(account.recorded))
      const isRevoked = new Set(serials(stored.filter((each) => each.revoked)))
      assert.ok(account.revoked.isSubsetOf(isRevoked) && isRevoked.isSubsetOf(account.asked))
    }),
    { numRuns: 60 },
  )
})

const configMapOf = (labels: Record<string, string>): KubeObject => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { namespace: 'pki', name: 'ca-register-1', uid: 'u', resourceVersion: '1', labels },
})
