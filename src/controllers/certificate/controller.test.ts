import assert from 'node:assert/strict'
import { afterEach, beforeEach, suite, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import {
  type Authority,
  annotations,
  authorityKind,
  type Certificate,
  certificateKind,
  findCondition,
  type KubeObject,
  type PartialObject,
  type Secret,
  secretLabel,
} from '#api'
import { hour, keyOf, minute, second, toRfc3339 } from '#base'
import type { EndEntityRequest, IssueAnswer } from '#issuers'
import { ApiError, Cache, type Resource, resourceOf, resources } from '#kube'
import { type Bundle, keySigner, newSerialNumber, parseCertificate, signCertificate } from '#pki'
import { authorityKeyOf, orderSecretName, secretNameOf } from '#plan'
import {
  authority,
  authorityView,
  type CertificateParts,
  certificate,
  FakeClock,
  logBook,
  ObjectApi,
  testCa,
} from '#test/make'
import type { AuthorityDirectory } from '../authority-directory.ts'
import type { KindController } from '../kind-controller.ts'
import { createMakeKey } from '../make-key.ts'
import { type Caches, type ControllerTools, index } from '../tools.ts'
import { createCertificateController } from './controller.ts'

const certificates = resourceOf(certificateKind)
const { secrets } = resources

let ca: Bundle
/** PEM of the roots that the Authority publishes. */
let caBundle: string | undefined
let api: ObjectApi
let clock: FakeClock
/** Whether the authority answers at once, or takes its time until it is asked again. */
let answer: 'issued' | 'pending'
/** Whether certificates are signed within a visit. */
let isLocal: boolean
/** Certificates that were signed. */
let signed: number
/** When the authority was asked how the order stands. */
let polls: number[]
/** Visits that have ended. */
let visits: number
/** Failures that nobody foresaw, as they are counted. */
let bugs: number
let log: ReturnType<typeof logBook>
let kind: KindController
let stop: () => Promise<void>

async function issue({ profile, publicKey }: EndEntityRequest): Promise<IssueAnswer> {
  if (answer === 'pending') return { state: 'pending', handle: 'order/7', afterMs: minute }
  const identity = { signer: keySigner(ca.key), certificate: ca.certificate }
  const leaf = parseCertificate(await signCertificate(profile, publicKey, identity, newSerialNumber()))
  signed++
  return { state: 'issued', certificate: leaf, intermediates: [], roots: ca.roots }
}

const issuer = {
  describe: () => ({ isLocal, decides: [], unsupported: {}, revocationReasons: [] }),
  issue,
  poll: async (_: string, request: EndEntityRequest) => {
    polls.push(clock.now())
    return issue(request)
  },
}

const directory = {
  find: () => authority(),
  view: () => authorityView({ generation: undefined, activeFrom: undefined, caBundle }),
  issuerOf: () => issuer,
  labelsOf: () => ({}),
  isTerminating: () => false,
} as unknown as AuthorityDirectory

function createCaches(): Pick<Caches, 'authorities' | 'certificates' | 'secrets' | 'namespaces'> {
  const common = { client: api.client, clock, logger: logBook(), random: () => 0, namespaces: [] }
  const cache = <T extends KubeObject>(resource: Resource, parts: object = {}) =>
    new Cache<T>({ ...common, resource, ...parts })
  const inNamespace = ({ metadata }: KubeObject, name: string) => [keyOf({ namespace: metadata.namespace ?? '', name })]
  const indexes = {
    [index.byAuthority]: (each: Certificate) => [authorityKeyOf(each) ?? ''],
    [index.bySecret]: (each: Certificate) => inNamespace(each, secretNameOf(each)),
    [index.byOrder]: (each: Certificate) => inNamespace(each, orderSecretName(each.metadata.name)),
    [index.byNamespace]: (each: Certificate) => [each.metadata.namespace ?? ''],
  }
  return {
    authorities: cache<Authority>(resourceOf(authorityKind), { indexes: { [index.bySecret]: () => [] } }),
    certificates: cache<Certificate>(certificates, { indexes }),
    secrets: cache<PartialObject>(secrets, { labelSelector: secretLabel, metadataOnly: true }),
    namespaces: cache<PartialObject>(resources.namespaces),
  }
}

beforeEach(async () => {
  ca ??= await testCa()
  api = new ObjectApi()
  clock = new FakeClock()
  caBundle = undefined
  answer = 'issued'
  isLocal = false
  signed = 0
  polls = []
  visits = 0
  bugs = 0
  log = logBook()
})

afterEach(() => stop())

async function start(): Promise<void> {
  const caches = createCaches()
  const nothing = (): void => {}
  const tools = {
    ...{ client: api.client, caches, clock, logger: log, random: () => 0, randomId: () => 'id-1' },
    register: {
      onRevoked: nothing,
      isLoaded: () => true,
      ofHolder: () => [],
      find: nothing,
      wasIssued: async () => true,
    },
    events: { record: nothing },
    audit: { append: nothing },
    ownership: { owns: () => true, remainingMs: () => hour, onChange: nothing },
    ...{ keyLimits: {}, isFrozen: false, concurrency: 4 },
    ...{ onReconciled: () => void visits++, onTaken: nothing, onIssued: nothing, onBug: () => void bugs++ },
  } as unknown as ControllerTools
  kind = createCertificateController(tools, directory, createMakeKey())
  const all = Object.values(caches)
  for (const each of all) each.start()
  await Promise.all(all.map((each) => each.synced))
  kind.controller.start()
  stop = async () => {
    await kind.controller.stop(0)
    await Promise.all([kind.close(), ...all.map((each) => each.stop())])
  }
  await quiet()
}

/** Waits until nothing is done any more without the clock going on; signing and CSRs leave this thread. */
async function quiet(): Promise<void> {
  const { queue } = kind.controller
  for (let turns = 0; turns < 10; turns++) {
    const before = visits
    await setTimeout(2)
    if (visits !== before || queue.depth + queue.working > 0) turns = 0
  }
}

/** Lets time go by in steps, so that whatever becomes due is done at its time. */
async function pass(ms: number, stepMs = second): Promise<void> {
  for (let passed = 0; passed < ms; passed += stepMs) {
    clock.advance(stepMs)
    if (kind.controller.queue.depth + kind.controller.queue.working > 0) await quiet()
  }
}

const create = (parts: CertificateParts): Certificate => {
  const { metadata } = parts
  return api.put(certificates, certificate({ ...parts, metadata: { uid: `uid-${metadata?.name}`, ...metadata } }))
}

const kept = (name: string): Certificate => {
  const found = api.find<Certificate>(certificates, `shop/${name}`)
  assert.ok(found)
  return found
}

const said = (name: string, type: string) => findCondition(kept(name).status?.conditions, type)

/** The template of the Secret's labels changes. */
function label(asked: Readonly<Record<string, string>> = {}): void {
  const { spec, metadata, ...rest } = kept('web')
  const changed = { ...metadata, generation: 2, annotations: asked }
  api.put(certificates, { ...rest, metadata: changed, spec: { ...spec, secretTemplate: { labels: { team: 'shop' } } } })
}

const attempts = (): number => api.requests.filter((each) => each === 'patch secrets web').length

suite('a change beside the certificate that the API server refuses again and again', () => {
  const refusesPatches = (request: string): ApiError | undefined =>
    request === 'patch secrets web' ? new ApiError('the label is not allowed', { status: 403 }) : undefined

  /** The certificate is issued; then the template changes and another one is asked for, which is ordered. */
  async function ordered(): Promise<void> {
    create({})
    await start()
    assert.equal(said('web', 'Ready')?.status, 'True')
    answer = 'pending'
    api.refuse = refusesPatches
    label({ [annotations.reissueRequestedAt]: toRfc3339(clock.now() + second) })
    await quiet()
    await pass(5 * second)
  }

  test('is told, tried again at growing intervals, and the order is asked about at its times', async () => {
    await ordered()
    assert.equal(said('web', 'Issuing')?.reason, 'OrderPending')
    assert.deepEqual([said('web', 'Warning')?.reason, said('web', 'Warning')?.status], ['KubernetesRefused', 'True'])
    assert.match(said('web', 'Warning')?.message ?? '', /cannot be brought in line.*the label is not allowed/)
    await pass(10 * minute)
    const gaps = polls.slice(1).map((at, i) => at - (polls[i] ?? 0))
    assert.ok(polls.length >= 9, `asked ${polls.length} times`)
    for (const gap of gaps) assert.ok(Math.abs(gap - minute) <= second, `asked after ${gap} ms`)
    assert.ok(attempts() >= 5 && attempts() <= 12, `${attempts()} attempts`)
  })

  test('writes no status while it stays so', async () => {
    await ordered()
    const before = api.requests.length
    await pass(10 * minute)
    const written = api.requests.slice(before).filter((each) => each.startsWith('patch certificates/status'))
    assert.deepEqual(written, [])
  })

  test('does not keep what was issued from being put into the Secret', async () => {
    await ordered()
    answer = 'issued'
    await pass(2 * minute)
    assert.equal(kept('web').status?.revision, 1)
    assert.equal(said('web', 'Issuing')?.reason, 'KubernetesRefused')
    api.refuse = () => undefined
    await pass(10 * minute)
    const secret = api.find<Secret>(secrets, 'shop/web')
    assert.deepEqual([kept('web').status?.revision, secret?.metadata.labels?.team], [2, 'shop'])
    assert.equal(api.find(secrets, 'shop/web-pending'), undefined)
    assert.equal(said('web', 'Warning'), undefined)
  })

  test('is told without an order too, and done as soon as it is permitted', async () => {
    create({})
    await start()
    api.refuse = refusesPatches
    label()
    await quiet()
    assert.deepEqual([said('web', 'Issuing')?.reason, said('web', 'Warning')], ['KubernetesRefused', undefined])
    await pass(20 * minute, 10 * second)
    api.refuse = () => undefined
    await pass(5 * minute + second)
    assert.equal(api.find<Secret>(secrets, 'shop/web')?.metadata.labels?.team, 'shop')
    assert.equal(said('web', 'Issuing'), undefined)
  })

  test('without an answer it is tried again each minute', async () => {
    create({})
    await start()
    api.refuse = (request) => refusesPatches(request) && new ApiError('no answer', { status: 503 })
    label()
    await quiet()
    await pass(10 * minute, 5 * second)
    const before = attempts()
    await pass(10 * minute, 5 * second)
    assert.ok(attempts() - before >= 8, `${attempts() - before} attempts`)
    assert.equal(said('web', 'Ready')?.status, 'True')
  })
})

suite('a failure that nobody foresaw', () => {
  const broken = (): never => {
    throw new TypeError('x is undefined')
  }

  /** Once for each attempt. */
  function assertTold(message: string): void {
    const lines = log.lines.filter(({ level }) => level === 'error')
    assert.deepEqual([bugs, lines.length], [attempts(), attempts()])
    for (const { message: told, fields } of lines) {
      assert.deepEqual([told, fields.key], [message, 'shop/web'])
      assert.match(String(fields.stack), /^TypeError: x is undefined\n +at /)
    }
  }

  test('of a change beside the certificate is counted and logged at each attempt', async () => {
    create({})
    await start()
    api.refuse = (request) => (request === 'patch secrets web' ? broken() : undefined)
    label()
    await quiet()
    assert.equal(attempts(), 1)
    await pass(3 * second)
    assert.ok(attempts() > 1)
    assertTold('refreshing failed with an unexpected error')
  })

  test('of taking a Secret over is counted and logged', async () => {
    create({})
    await start()
    const secret = api.find<Secret>(secrets, 'shop/web')
    assert.ok(secret)
    caBundle = Buffer.from(secret.data?.['ca.crt'] ?? '', 'base64').toString()
    api.remove(certificates, 'shop/web')
    await quiet()
    const { name, namespace } = secret.metadata
    const offered = { name, namespace: namespace ?? '', annotations: { [annotations.adoptBy]: 'web' } }
    api.remove(secrets, 'shop/web')
    api.put(secrets, { ...secret, metadata: offered })
    await quiet()
    api.refuse = (request) => (request === 'patch secrets web' ? broken() : undefined)
    create({ spec: { adopt: true } })
    await quiet()
    assert.ok(attempts() > 0)
    assertTold('adopting failed with an unexpected error')
    assert.equal(said('web', 'Reconciling')?.reason, 'InternalError')
  })
})

suite('a Secret with a password that is written to all the time', () => {
  /** What happens to it before each of the next requests for it, or for the Secret with the stores. */
  let changes: (() => void)[]

  const write = (password: string): void => {
    const metadata = { namespace: 'shop', name: 'mine' }
    const data = { password: Buffer.from(password).toString('base64') }
    api.put<Secret>(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data })
  }
  const remove = (): void => api.remove(secrets, 'shop/mine')
  const nothing = (): void => {}
  const writes = (count: number) => Array.from({ length: count }, (_, i) => () => write(`changeit ${i}`))

  beforeEach(() => {
    changes = []
    api.refuse = (request) => {
      if (/ secrets (mine|web)$/.test(request)) changes.shift()?.()
      return undefined
    }
    write('changeit')
  })

  const outputs = { jks: { passwordSecretRef: { name: 'mine' } } }
  const keystore = (): string | undefined => api.find<Secret>(secrets, 'shop/web')?.data?.['keystore.jks']

  for (const [how, within] of [
    ['within the visit', true],
    ['by an order', false],
  ] as const) {
    test(`${how} one certificate is issued, and its stores follow`, async () => {
      isLocal = within
      changes = writes(9)
      create({ spec: { outputs } })
      await start()
      await pass(5 * second)
      assert.deepEqual([signed, kept('web').status?.revision, said('web', 'Ready')?.status], [1, 1, 'True'])
      const before = api.requests.length
      await pass(minute)
      assert.deepEqual(changes, [])
      assert.deepEqual(api.requests.slice(before), [], 'the stores are those of the last password')
    })

    test(`${how} what is gone when it is needed is no failed attempt, and is waited for`, async () => {
      isLocal = within
      changes = [nothing, remove]
      create({ spec: { outputs } })
      await start()
      assert.equal(said('web', 'Ready')?.reason, 'PasswordNotFound')
      assert.deepEqual([kept('web').status?.attempts, signed], [undefined, within ? 0 : 1])
      write('changeit')
      await quiet()
      assert.deepEqual([said('web', 'Ready')?.status, signed], ['True', 1])
    })
  }

  test('stores that cannot be made anew after all are waited for too', async () => {
    create({ spec: { outputs } })
    await start()
    const first = keystore()
    changes = [nothing, remove]
    write('another')
    await quiet()
    assert.deepEqual([keystore(), said('web', 'Warning')?.reason], [first, 'PasswordNotFound'])
    write('yet another')
    await quiet()
    assert.notEqual(keystore(), first)
    assert.equal(said('web', 'Warning'), undefined)
  })
})

suite('of many Certificates for one Secret', () => {
  const count = 200
  /** What it takes to issue a certificate, above the visits for which the others are counted. */
  const few = 15
  const nameOf = (i: number): string => `web-${String(i).padStart(3, '0')}`
  const creation = (i: number): CertificateParts => ({
    metadata: { name: nameOf(i), creationTimestamp: toRfc3339(clock.now() + i * second) },
    spec: { secretName: 'web' },
  })
  const all = Array.from({ length: count }, (_, i) => i)

  /** Visits that it takes until there is nothing to do any more. */
  async function visitsOf(happens: () => void): Promise<number> {
    const before = visits
    happens()
    await quiet()
    await pass(minute)
    return visits - before
  }

  const taken = (holder: string): number =>
    all
      .map((i) => api.find<Certificate>(certificates, `shop/${nameOf(i)}`))
      .filter((each) => {
        const { reason, message = '' } = findCondition(each?.status?.conditions, 'Ready') ?? {}
        return reason === 'SecretTaken' && message.includes(` of Certificate ${holder},`)
      }).length

  for (const [order, sorted] of [
    ['the oldest first', all],
    ['the youngest first', all.toReversed()],
  ] as const) {
    test(`each is visited a few times while they come, ${order}`, async () => {
      await start()
      const made = await visitsOf(() => {
        for (const i of sorted) create(creation(i))
      })
      assert.ok(made <= 2 * count + few, `${made} visits`)
      const { metadata } = api.find<Secret>(secrets, 'shop/web') ?? {}
      assert.equal(taken(metadata?.annotations?.[annotations.certificate] ?? ''), count - 1)
    })
  }

  test('each learns of another holder, and is visited once for that', async () => {
    for (const i of all) create(creation(i))
    await start()
    await pass(minute)
    assert.equal(taken(nameOf(0)), count - 1)
    const made = await visitsOf(() => api.remove(certificates, `shop/${nameOf(0)}`))
    assert.ok(made <= count + few, `${made} visits`)
    assert.equal(said(nameOf(1), 'Ready')?.reason, 'SecretNotOurs')
    assert.equal(taken(nameOf(1)), count - 2)
    assert.ok((await visitsOf(() => api.remove(secrets, 'shop/web'))) <= few)
    assert.equal(said(nameOf(1), 'Ready')?.status, 'True')
  })

  test('the next one takes the place of one that only others keep from going', async () => {
    create({ ...creation(0), spec: { secretName: 'web', suspend: true } })
    create(creation(1))
    await start()
    await pass(minute)
    assert.equal(said(nameOf(1), 'Ready')?.reason, 'SecretTaken')
    const first = api.find<Certificate>(certificates, `shop/${nameOf(0)}`)
    assert.ok(first)
    const going = { ...first.metadata, deletionTimestamp: toRfc3339(clock.now()), finalizers: ['example.com/other'] }
    await visitsOf(() => void api.put(certificates, { ...first, metadata: going }))
    assert.equal(said(nameOf(1), 'Ready')?.status, 'True')
  })

  test('each is visited a few times while all of them go', async () => {
    for (const i of all) create(creation(i))
    await start()
    await pass(minute)
    const made = await visitsOf(() => {
      for (const i of all) api.remove(certificates, `shop/${nameOf(i)}`)
    })
    assert.ok(made <= 2 * count + few, `${made} visits`)
    assert.equal(kind.controller.queue.delayed, 0)
  })

  test('a change to the Secret is news to its holder alone', async () => {
    for (const i of all) create(creation(i))
    await start()
    await pass(minute)
    const secret = api.find<Secret>(secrets, 'shop/web')
    assert.ok(secret)
    const { metadata, ...rest } = secret
    const touched = { ...metadata, annotations: { ...metadata.annotations, [annotations.trust]: 'other' } }
    assert.ok((await visitsOf(() => void api.put(secrets, { ...rest, metadata: touched }))) <= few)
  })
})
