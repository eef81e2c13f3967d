import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, beforeEach, suite, test } from 'node:test'
import { promisify } from 'node:util'
import {
  type AuthoritySpec,
  annotations,
  type CaGenerationState,
  type ConfigMap,
  configMapLabel,
  type KubeObject,
  secretLabel,
} from '#api'
import { day, hour, minute, second, toRfc3339 } from '#base'
import { isNotFound, type KubeClient, resources } from '#kube'
import {
  type Bundle,
  encodeBundle,
  encodeCertificates,
  generateKey,
  keySigner,
  normalizeNames,
  type ParsedCertificate,
  parseCrl,
  signCrl,
} from '#pki'
import { issuerOf, type RegisterEntry } from '#plan'
import { testCa } from '#test/make'
import { type Replica, startReplica } from './crl-replica.ts'
import { authorities, type Namespace, until } from './namespace.ts'
import { Sandbox } from './sandbox.ts'

const run = promisify(execFile)
const { configMaps } = resources
const url = 'http://pki.example.com/crl/{generation}.crl'

let sandbox: Sandbox
let folder: string
/** CAs of generation 1 and 2, and a subordinate that generation 1 has signed. */
let cas: readonly Bundle[]
let subordinate: Bundle

let team: Namespace
let client: KubeClient
let replica: Replica
const others: Replica[] = []

before(async () => {
  sandbox = await Sandbox.open()
  client = sandbox.client
  folder = await mkdtemp(join(tmpdir(), 'crl-'))
  const validity = { notBefore: wholeSecond(Date.now() - hour), notAfter: wholeSecond(Date.now() + 3650 * day) }
  const [first, second] = await Promise.all(['One', 'Two'].map((commonName) => testCa({ commonName, ...validity })))
  assert.ok(first && second)
  cas = [first, second]
  subordinate = await testCa({ commonName: 'Sub', parent: first, ...validity })
})

after(async () => {
  await sandbox?.close()
  await rm(folder, { recursive: true })
})

beforeEach(async () => {
  team = await sandbox.namespace('crl')
  replica = await startReplica(sandbox, team.name)
})

afterEach(async () => {
  await Promise.all([replica, ...others.splice(0)].map((each) => each.stop()))
})

const wholeSecond = (at: number): number => Math.floor(at / second) * second

/** Starts another process on the same namespace, which ends with the test. */
async function startAnother(isActive: boolean): Promise<Replica> {
  const other = await startReplica(sandbox, team.name, isActive)
  others.push(other)
  return other
}

/** `verb name` of what a replica has read of Secrets, and written of CRLs or tried to. */
const requestsOf = ({ who }: Replica): string[] =>
  sandbox.proxy.requests
    .filter((each) => each.who === who)
    .filter(({ verb, resource, name }) => {
      if (resource === 'secrets') return verb === 'get'
      return resource === 'configmaps' && (verb === 'create' || verb === 'patch') && !name.includes('-register-')
    })
    .map(({ verb, name }) => `${verb} ${name}`)

interface GenerationParts {
  readonly state: CaGenerationState
  readonly ca: Bundle
  readonly said?: Readonly<Record<string, string>>
}

/** An Authority as its controller leaves it: generations in Secrets and in the status. */
async function createAuthority(name: string, spec: Partial<AuthoritySpec>, ...generations: GenerationParts[]) {
  await team.createAuthority(name, { internal: { crl: { url } }, ...spec })
  for (const [at, { ca, said }] of generations.entries()) {
    const files = Object.entries(encodeBundle(ca, 'PKCS8'))
    await team.createSecret({
      metadata: {
        name: `${name}-ca-${at + 1}`,
        labels: { [secretLabel]: 'ca' },
        annotations: { [annotations.authority]: name, [annotations.caGeneration]: String(at + 1), ...said },
      },
      type: 'kubernetes.io/tls',
      data: Object.fromEntries(files.map(([file, text]) => [file, Buffer.from(text).toString('base64')])),
    })
  }
  await setStates(name, ...generations)
}

async function setStates(name: string, ...generations: GenerationParts[]): Promise<void> {
  const said = generations.map(({ state, ca: { certificate } }, at) => ({
    generation: at + 1,
    state,
    fingerprint: certificate.fingerprint,
    notAfter: toRfc3339(certificate.notAfter),
  }))
  await team.patch(authorities, name, { status: { generations: said } }, 'status')
}

const one = (state: CaGenerationState = 'Active'): GenerationParts[] => [{ state, ca: cas[0] as Bundle }]
const two = (first: CaGenerationState = 'Retiring'): GenerationParts[] => [
  ...one(first),
  { state: 'Active', ca: cas[1] as Bundle },
]

/** A certificate that a generation of `ca` issues, in its register. */
async function issue(generation = 1): Promise<ParsedCertificate> {
  const authority = replica.authority('ca')
  const issuer = replica.directory.openIssuer(authority, issuerOf(authority, generation))
  const now = wholeSecond(Date.now())
  const names = normalizeNames({ dnsNames: ['www.example.com'] })
  const profile = { commonName: undefined, names, usages: [], notBefore: now - 5 * minute, notAfter: now + day }
  const publicKey = await generateKey({ algorithm: 'ECDSA', size: 256 })
  const request = { id: 'x', profile, publicKey, csr: () => Promise.reject(new Error('not needed')) }
  const answer = await issuer.issue(request, AbortSignal.timeout(5000))
  assert.ok(answer.state === 'issued')
  const { serialNumber, fingerprint, notAfter } = answer.certificate
  record({ serialNumber, fingerprint, notAfter, generation })
  return answer.certificate
}

function record(parts: Partial<RegisterEntry>, authority = 'ca'): void {
  const now = wholeSecond(Date.now())
  replica.register.record(`${team.name}/${authority}`, {
    ...{ serialNumber: '01', fingerprint: 'f1'.repeat(32), generation: 1, kind: 'Certificate', revision: 1 },
    ...{ holder: `${team.name}/web`, names: [], issuedAt: now, notAfter: now + day },
    ...parts,
  })
}

const revoke = (serialNumber: string, generation = 1) =>
  replica.register.revoke(
    `${team.name}/ca`,
    { serialNumber, generation },
    { at: wholeSecond(Date.now()), reason: 'keyCompromise' },
  )

const find = (name: string): Promise<ConfigMap> => client.get<ConfigMap>(configMaps, { namespace: team.name, name })
const derOf = ({ binaryData }: ConfigMap): Buffer => Buffer.from(binaryData?.['ca.crl'] ?? '', 'base64')
const serialsOf = (configMap: ConfigMap): string[] =>
  parseCrl(derOf(configMap)).entries.map((each) => each.serialNumber)
const numberOf = (configMap: ConfigMap): bigint => parseCrl(derOf(configMap)).crlNumber ?? 0n

const crlUntil = (name: string, isWanted: (configMap: ConfigMap) => boolean = () => true): Promise<ConfigMap> =>
  until(() => find(name), isWanted, name)

/** Waits for the CRL of generation 1 to list so many certificates. */
const listing = (count: number, name = 'ca-crl-1'): Promise<ConfigMap> =>
  crlUntil(name, (configMap) => serialsOf(configMap).length === count)

/** Lets the pause between two signings pass, and has the Authority looked at. */
function look(name = 'ca', ms = 6 * second): void {
  replica.clock.pass(ms)
  replica.crl.wake([replica.authority(name)])
}

/** What openssl says of a certificate and a CRL. */
async function verify(leaf: ParsedCertificate, configMap: ConfigMap): Promise<string> {
  const path = (name: string): string => join(folder, name)
  const [root] = leaf.isSignedBy((cas[0] as Bundle).certificate.publicKey) ? cas : cas.slice(1)
  await writeFile(path('root.pem'), encodeCertificates([(root as Bundle).certificate]))
  await writeFile(path('leaf.pem'), encodeCertificates([leaf]))
  await writeFile(path('list.crl'), derOf(configMap))
  await run('openssl', ['crl', '-inform', 'DER', '-in', path('list.crl'), '-out', path('list.pem')])
  const args = [
    '-x509_strict',
    '-crl_check',
    '-extended_crl',
    '-CAfile',
    path('root.pem'),
    '-CRLfile',
    path('list.pem'),
  ]
  const { stdout, stderr } = await run('openssl', ['verify', ...args, path('leaf.pem')]).catch((error) => error)
  return `${stdout}${stderr}`
}

test('openssl refuses what is revoked, and nothing else; each generation has a CRL of its own', async () => {
  await createAuthority('ca', {}, ...two())
  await Promise.all([crlUntil('ca-crl-1'), crlUntil('ca-crl-2')])
  const [bad, good, next] = [await issue(), await issue(), await issue(2)]
  assert.match(await verify(bad, await find('ca-crl-1')), /: OK/)
  look()
  await revoke(bad.serialNumber)
  const first = await listing(1)
  assert.match(await verify(bad, first), /certificate revoked/)
  assert.match(await verify(good, first), /: OK/)
  const second = await find('ca-crl-2')
  assert.deepEqual(serialsOf(second), [])
  assert.match(await verify(next, second), /: OK/)
  assert.match(await verify(next, first), /unable to get certificate CRL|different CRL scope/i)
  assert.deepEqual(
    [first.metadata.labels, first.metadata.annotations],
    [{ [configMapLabel]: 'crl' }, { [annotations.authority]: 'ca', [annotations.caGeneration]: '1' }],
  )
})

test('what is published is served, byte for byte, by every replica', async () => {
  await createAuthority('ca', {}, ...one())
  const leaf = await crlUntil('ca-crl-1').then(() => issue())
  const standby = await startAnother(false)
  look()
  await revoke(leaf.serialNumber)
  const der = derOf(await listing(1))
  for (const { address } of [replica, standby]) {
    const path = `http://${address}/crl/${team.name}/ca/1.crl`
    const ask = async (): Promise<Buffer> => Buffer.from(await (await fetch(path)).arrayBuffer())
    await until(ask, (served) => served.equals(der), `the CRL at ${address}`)
    assert.equal((await fetch(path.replace('1.crl', '2.crl'))).status, 404)
    assert.equal((await fetch(path.replace('/ca/', '/other/'))).status, 404)
  }
  assert.deepEqual(requestsOf(standby), [])
})

test('a hundred revocations at once cost few writes', async () => {
  await createAuthority('ca', {}, ...one())
  await crlUntil('ca-crl-1')
  const serials = Array.from({ length: 100 }, (_, at) => (at + 0x1000).toString(16))
  for (const serialNumber of serials) record({ serialNumber, fingerprint: serialNumber.padStart(64, '0') })
  const before = requestsOf(replica).length
  await Promise.all(serials.map((serialNumber) => revoke(serialNumber)))
  const configMap = await listing(100)
  const writes = requestsOf(replica).slice(before)
  assert.ok(writes.length <= 2, writes.join())
  assert.deepEqual(serialsOf(configMap), serials)
})

suite('an Authority revokes', () => {
  test('what its spec lists, suspended or not; what it has not issued is told', async () => {
    await createAuthority('ca', { suspend: true }, ...one())
    await crlUntil('ca-crl-1')
    record({ serialNumber: '4a01' })
    record({ serialNumber: '4a02' }, 'other')
    const told: string[] = []
    replica.crl.onFlaws((key) => told.push(key))
    const revocations = [{ serialNumber: '4a01', reason: 'superseded', comment: 'moved' }, { serialNumber: '4a02' }]
    replica.clock.pass(6 * second)
    await team.patch(authorities, 'ca', { spec: { revocations } })
    const configMap = await listing(1)
    assert.partialDeepStrictEqual(parseCrl(derOf(configMap)).entries, [{ serialNumber: '4a01', reason: 'superseded' }])
    assert.partialDeepStrictEqual(replica.audit, [
      {
        event: 'CertificateRevoked',
        object: { kind: 'Authority', name: 'ca', namespace: team.name },
        authority: `${team.name}/ca`,
        certificate: { serialNumber: '4a01' },
        caGeneration: 1,
        holder: `${team.name}/web`,
        reason: 'superseded',
        comment: 'moved',
        cause: 'Requested',
      },
    ])
    assert.equal(replica.audit.length, 1)
    const flaws = replica.crl.flaws(`${team.name}/ca`)
    assert.deepEqual([flaws.map(({ reason }) => reason), told], [['NotRevocable'], [`${team.name}/ca`]])
    assert.match(flaws[0]?.message ?? '', /4a02/)
    assert.equal(replica.register.find(`${team.name}/other`, '4a02')?.revoked, undefined)
  })

  test('all of a distrusted generation, and its own certificate in the register of its parent', async () => {
    await createAuthority('root', {}, ...one())
    const said = { [annotations.issuedBy]: `${team.name}/root`, [annotations.parentGeneration]: '1' }
    const generation = { ca: subordinate, said } as const
    await createAuthority('ca', { internal: { parentRef: { name: 'root' } } }, { ...generation, state: 'Active' })
    await Promise.all([crlUntil('ca-crl-1'), crlUntil('root-crl-1')])
    const { serialNumber, fingerprint, notAfter } = subordinate.certificate
    const holder = `${team.name}/ca`
    record({ serialNumber, fingerprint, notAfter, kind: 'Authority', holder }, 'root')
    record({ serialNumber: '4a07' }, 'root')
    record({ serialNumber: '4a01' })
    record({ serialNumber: '4a02', generation: 2 })
    replica.clock.pass(6 * second)
    await setStates('ca', { ...generation, state: 'Distrusted' })
    const [own, above] = await Promise.all([listing(1), listing(1, 'root-crl-1')])
    assert.deepEqual([serialsOf(own), serialsOf(above)], [['4a01'], [serialNumber]])
    assert.deepEqual(
      [own, above].map((each) => parseCrl(derOf(each)).entries[0]?.reason),
      ['cACompromise', 'cACompromise'],
    )
    assert.deepEqual(
      replica.audit.map(({ cause }) => cause),
      ['Distrusted', 'Distrusted'],
    )
  })
})

suite('a CRL is signed anew', () => {
  let before: ConfigMap

  /** A CRL with one certificate on it. */
  beforeEach(async () => {
    await createAuthority('ca', {}, ...one())
    await crlUntil('ca-crl-1')
    record({ serialNumber: '4a01' })
    look()
    await revoke('4a01')
    before = await listing(1)
  })

  /** Waits for a CRL of a higher number that lists the same. */
  async function signedAnew(): Promise<ConfigMap> {
    const next = await crlUntil('ca-crl-1', (configMap) => {
      const { binaryData } = configMap
      return binaryData?.['ca.crl'] !== before.binaryData?.['ca.crl'] && derOf(configMap).length > 200
        ? parseCrl(derOf(configMap)).isSignedBy((cas[0] as Bundle).certificate.publicKey)
        : false
    })
    assert.ok(numberOf(next) > numberOf(before), `${numberOf(next)} after ${numberOf(before)}`)
    assert.deepEqual(serialsOf(next), ['4a01'])
    return next
  }

  const harms: readonly [string, () => Promise<unknown>][] = [
    ['when its ConfigMap was deleted', () => team.remove(configMaps, 'ca-crl-1')],
    ['when it was emptied', () => team.patch(configMaps, 'ca-crl-1', { binaryData: null })],
    ['when it was damaged', () => team.patch(configMaps, 'ca-crl-1', { binaryData: { 'ca.crl': 'AAAA' } })],
    [
      'when it is of another CA',
      async () => {
        const { key, certificate } = cas[1] as Bundle
        const issuer = { signer: keySigner(key), certificate }
        const thisUpdate = wholeSecond(Date.now())
        const times = { thisUpdate, nextUpdate: thisUpdate + 7 * day }
        const der = await signCrl({
          issuer,
          ...times,
          crlNumber: 2n ** 150n,
          revoked: [],
          distributionPoint: new URL('http://pki.example.com/crl/1.crl'),
        })
        const binaryData = { 'ca.crl': Buffer.from(der).toString('base64') }
        await team.patch(configMaps, 'ca-crl-1', { binaryData })
      },
    ],
    [
      'when its URL changes',
      () => team.patch(authorities, 'ca', { spec: { internal: { crl: { url: `${url}?v=2` } } } }),
    ],
  ]
  for (const [name, harm] of harms) {
    test(name, async () => {
      replica.clock.pass(6 * second)
      await harm()
      assert.ok(numberOf(await signedAnew()) < 2n ** 100n)
    })
  }

  test('when half of it is over', async () => {
    look('ca', 3.5 * day - hour)
    look('ca', 2 * hour)
    const { thisUpdate } = parseCrl(derOf(await signedAnew()))
    assert.ok(Math.abs(thisUpdate - (Date.now() + 3.5 * day)) < 2 * hour)
  })

  test('when the clock was set back, and its number still grows', async () => {
    replica.clock.pass(6 * second)
    replica.clock.jump(-day)
    replica.crl.wake([replica.authority('ca')])
    const { thisUpdate } = parseCrl(derOf(await signedAnew()))
    assert.ok(thisUpdate < Date.now() - 20 * hour)
  })

  test('not after a restart, which reads the CA once and writes nothing', async () => {
    await replica.stop()
    replica = await startReplica(sandbox, team.name)
    await until(
      () => requestsOf(replica),
      (requests) => requests.length > 0,
      'a look at the CA',
    )
    replica.crl.wake([replica.authority('ca')])
    await new Promise((resolve) => setTimeout(resolve, 500))
    assert.deepEqual(requestsOf(replica), ['get ca-ca-1'])
    assert.deepEqual(await find('ca-crl-1'), before)
  })
})

test("somebody else's ConfigMap stays, and is told of until it is gone", async () => {
  const metadata = { namespace: team.name, name: 'ca-crl-1' }
  const stranger = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { note: 'mine' } }
  const made = await client.create<KubeObject>(configMaps, stranger)
  await createAuthority('ca', {}, ...one())
  const flaws = () => replica.crl.flaws(`${team.name}/ca`).map(({ reason }) => reason)
  await until(flaws, ([reason]) => reason === 'ConfigMapNotOurs', 'the flaw')
  look()
  const looks = () =>
    sandbox.proxy.requests.filter(({ who, verb, name }) => who === replica.who && `${verb} ${name}` === 'get ca-crl-1')
  await until(looks, (requests) => requests.length > 0, 'another look')
  assert.deepEqual(await find('ca-crl-1'), made)
  await team.remove(configMaps, 'ca-crl-1')
  look()
  assert.deepEqual(serialsOf(await crlUntil('ca-crl-1')), [])
  await until(flaws, (reasons) => reasons.length === 0, 'no flaw')
})

test('a CA key that cannot be read is told of; the CRL of another generation is published all the same', async () => {
  await createAuthority('ca', {}, ...two())
  await team.remove(resources.secrets, 'ca-ca-1')
  replica.clock.pass(6 * second)
  await team.patch(authorities, 'ca', { spec: { internal: { crl: { url: `${url}?v=2` } } } })
  const flaws = () => replica.crl.flaws(`${team.name}/ca`).map(({ reason }) => reason)
  await until(flaws, (reasons) => reasons.includes('CAKeyMissing'), 'the flaw')
  await crlUntil('ca-crl-2')
})

test('when the Authority is gone its CRL stays', async () => {
  await createAuthority('ca', {}, ...one())
  const before = await crlUntil('ca-crl-1')
  await team.remove(authorities, 'ca')
  await until(
    () => team.authority('ca').catch((error) => (isNotFound(error) ? undefined : Promise.reject(error))),
    (found) => found === undefined,
    'the end of the Authority',
  )
  await new Promise((resolve) => setTimeout(resolve, 500))
  assert.deepEqual(await find('ca-crl-1'), before)
})
