import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Authority, CaGenerationState, CertificateSpec, ConfigMap } from '#api'
import { second } from '#base'
import { resources } from '#kube'
import { certificatesIn, type Mesh, randomFrom, startMesh, Volumes } from '#test/mtls'
import { authorities, type Namespace, until } from './namespace.ts'
import { inWords, Sandbox } from './sandbox.ts'

/** Clients and servers that shake hands all the time while the CAs above them rotate. */
const isLong = process.env.SIFAKA_TEST_LONG === '1'
const seed = Number(process.env.SIFAKA_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31))
const leaves = isLong ? 500 : 60
const handshakesPerSecond = 150
const minHandshakes = isLong ? 5000 : 1500
const rotationMs = isLong ? 240 * second : 60 * second
/** How far the volumes are behind the API server, at most. */
const delayMaxMs = 3 * second
/** One in three at once, one in three as late as can be: those are the pairs that differ most. */
const delayOf = (chance: number): number => (chance < 1 / 3 ? 0 : chance < 2 / 3 ? delayMaxMs : delayMaxMs * chance)
const trustPropagationMs = 4 * second
const trustPropagation = '4s'
const reissueWithin = isLong ? '40s' : '8s'
const usages: CertificateSpec['usages'] = ['digitalSignature', 'serverAuth', 'clientAuth']

let sandbox: Sandbox

before(async () => {
  sandbox = await Sandbox.open()
})

after(() => sandbox?.close())

const rotate = (namespace: Namespace, name: string, generation: number): Promise<Authority> =>
  namespace.patch(authorities, name, { spec: { internal: { generation } } })

const states = ({ status }: Authority): (readonly [number, CaGenerationState])[] =>
  (status?.generations ?? []).map(({ generation, state }) => [generation, state] as const)

/** Whether a certificate's issuer is this one. */
const isIssuedBy = (certificate: X509Certificate | undefined, issuer: X509Certificate): boolean =>
  certificate?.checkIssued(issuer) === true && certificate.verify(issuer.publicKey)

const fingerprints = (pem: string): string[] =>
  certificatesIn(pem)
    .map((each) => each.fingerprint256)
    .sort()

const caOf = async (namespace: Namespace, authority: string, generation: number): Promise<X509Certificate> => {
  const { data = {} } = await namespace.secret(`${authority}-ca-${generation}`)
  return new X509Certificate(Buffer.from(data['tls.crt'] ?? '', 'base64'))
}

const bundleOf = async (namespace: Namespace, authority: string): Promise<string> => {
  const key = { namespace: namespace.name, name: `${authority}-ca` }
  const { data = {} } = await sandbox.client.get<ConfigMap>(resources.configMaps, key)
  return data['ca.crt'] ?? ''
}

describe('CAs', { concurrency: 2 }, () => {
  describe('a root and an intermediate rotate', { concurrency: 1 }, () => {
    const names = Array.from({ length: leaves }, (_, i) => `peer-${i}`)
    const authorityOf = (name: string): 'root' | 'sub' => (names.indexOf(name) % 2 === 0 ? 'sub' : 'root')
    let namespace: Namespace
    let volumes: Volumes
    let mesh: Mesh

    before(async () => {
      process.stdout.write(`SIFAKA_TEST_SEED=${seed} repeats these handshakes\n`)
      namespace = await sandbox.namespace('mesh')
      const recorder = await sandbox.recordSecrets(namespace)
      await sandbox.operator({ namespaces: [namespace] })
      const allowedSubordinates = { from: 'Same' } as const
      await namespace.createAuthority('root', { internal: { trustPropagation }, reissueWithin, allowedSubordinates })
      await namespace.createAuthority('sub', { internal: { parentRef: { name: 'root' } }, reissueWithin })
      await Promise.all(
        names.map((name) =>
          namespace.createCertificate(name, {
            authorityRef: { name: authorityOf(name) },
            dnsNames: [`${name}.example.com`],
            duration: '1h',
            usages,
          }),
        ),
      )
      for (const name of names) await namespace.certificateReady(name, 1, rotationMs)
      await recorder.caughtUp()
      volumes = new Volumes(recorder)
      const random = randomFrom(seed)
      const peers = names.map((secret) => ({ secret, host: `${secret}.example.com`, delayMs: delayOf(random()) }))
      mesh = await startMesh({ volumes, peers, random, perSecond: handshakesPerSecond })
    })

    after(async () => {
      await mesh?.close()
      volumes?.close()
    })

    /** The requests of one kind that the operator has made about a Certificate since then. */
    const writesAbout = (name: string, since: number): string[] =>
      inWords(
        sandbox.writes(
          (request) =>
            request.seq > since &&
            request.namespace === namespace.name &&
            (request.resource === 'events' ? request.name.startsWith(`${name}.`) : request.name === name),
        ),
      )

    /** Rotates, and returns what was written about each Certificate until all of these are issued anew. */
    async function rotated(authority: string, generation: number, affected: readonly string[], revision: number) {
      const since = sandbox.proxy.requests.at(-1)?.seq ?? 0
      await rotate(namespace, authority, generation)
      for (const name of affected) await namespace.certificateReady(name, revision, rotationMs)
      await sleep(delayMaxMs + second)
      assert.deepEqual(mesh.failures.slice(0, 5), [], `${mesh.failures.length} of ${mesh.count.handshakes} handshakes`)
      return new Map(names.map((name) => [name, writesAbout(name, since).sort()]))
    }

    /** How often each list of writes has been made. */
    const kinds = (lists: Iterable<readonly string[]>): string[] => [...new Set([...lists].map((list) => list.join()))]

    const issuance = ['create events', 'patch certificates/status', 'patch secrets']

    test('the root: its successor is trusted everywhere before it signs', async () => {
      const old = await caOf(namespace, 'root', 1)
      const writes = await rotated('root', 2, names, 2)
      const [root, sub] = await Promise.all([namespace.authority('root'), namespace.authority('sub')])
      const next = await caOf(namespace, 'root', 2)
      const sub2 = await caOf(namespace, 'sub', 2)
      assert.deepEqual(
        [states(root), root.status?.ca?.generation],
        [
          [
            [1, 'Retiring'],
            [2, 'Active'],
          ],
          2,
        ],
      )
      assert.deepEqual(
        [states(sub), sub.status?.ca?.parentGeneration],
        [
          [
            [1, 'Retiring'],
            [2, 'Active'],
          ],
          2,
        ],
      )
      assert.ok(isIssuedBy(sub2, next))

      for (const name of names) {
        const [leaf, ...chain] = certificatesIn(volumes.show(name, 0).files.cert)
        assert.ok(isIssuedBy(leaf, authorityOf(name) === 'sub' ? sub2 : next), `${name} is of the new chain`)
        assert.deepEqual(
          chain.map(({ raw }) => raw),
          authorityOf(name) === 'sub' ? [sub2.raw] : [],
        )
      }
      assertTrustedFirst(next)
      for (const name of ['root', 'sub']) {
        const bundle = (await namespace.authority(name)).status?.caBundle ?? ''
        assert.deepEqual(fingerprints(bundle), [old, next].map((each) => each.fingerprint256).sort(), 'both roots')
        assert.equal(await bundleOf(namespace, name), bundle)
        assert.ok(names.every((each) => volumes.show(each, 0).files.ca === bundle))
      }
      // The new trust; when it is due, unless that is told with it or is at once; and the issuance itself.
      const trusted = ['patch secrets', 'patch certificates/status', ...issuance]
      const allowed = [trusted, [...trusted, 'patch certificates/status']].map((list) => list.sort().join())
      assert.deepEqual(
        kinds(writes.values()).filter((each) => !allowed.includes(each)),
        [],
      )
    })

    test('the intermediate: its successor signs at once', async () => {
      const below = names.filter((name) => authorityOf(name) === 'sub')
      const writes = await rotated('sub', 3, below, 3)
      const sub = await namespace.authority('sub')
      const sub3 = await caOf(namespace, 'sub', 3)
      assert.deepEqual(states(sub), [
        [1, 'Retiring'],
        [2, 'Retiring'],
        [3, 'Active'],
      ])
      for (const name of below) assert.ok(isIssuedBy(certificatesIn(volumes.show(name, 0).files.cert)[0], sub3))
      const allowed = [issuance, [...issuance, 'patch certificates/status']].map((list) => list.sort().join())
      const ofBelow = below.map((name) => writes.get(name) ?? [])
      assert.deepEqual(
        kinds(ofBelow).filter((each) => !allowed.includes(each)),
        [],
      )
      const others = names.filter((name) => !below.includes(name)).map((name) => writes.get(name))
      assert.deepEqual(others.flat(), [], 'nothing about those of the root')
    })

    test('not one handshake has failed', () => {
      const { handshakes } = mesh.count
      process.stdout.write(`${handshakes} handshakes of ${leaves} peers, ${mesh.failures.length} failed\n`)
      assert.deepEqual(mesh.failures, [])
      assert.ok(handshakes >= minHandshakes, `only ${handshakes} handshakes`)
    })

    /** Every `ca.crt` had held the root for as long as trust takes when the first chain that needs it came. */
    function assertTrustedFirst(root: X509Certificate): void {
      const firstThat = (name: string, is: (cert: string, ca: string) => boolean): number =>
        volumes.states(name).find(({ files }) => is(files.cert, files.ca))?.atMs ?? Number.POSITIVE_INFINITY
      const trustedAt = Math.max(
        ...names.map((name) => firstThat(name, (_, ca) => fingerprints(ca).includes(root.fingerprint256))),
      )
      const neededAt = Math.min(
        ...names.map((name) => firstThat(name, (cert) => isIssuedBy(certificatesIn(cert).at(-1), root))),
      )
      const ms = neededAt - trustedAt
      assert.ok(ms > trustPropagationMs - 100, `trusted everywhere for ${ms} ms when it was first needed`)
    }
  })

  test('a generation leaves the bundles when its last certificate has ended', async () => {
    const namespace = await sandbox.namespace('retire')
    const recorder = await sandbox.recordSecrets(namespace)
    await sandbox.operator({ namespaces: [namespace], who: 'retire' })
    await namespace.createAuthority('root', { internal: { trustPropagation: '1s' }, reissueWithin: '1s' })
    await namespace.createCertificate('web', { authorityRef: { name: 'root' }, duration: '90s' })
    await namespace.certificateReady('web', 1)
    const old = await caOf(namespace, 'root', 1)
    await rotate(namespace, 'root', 2)
    await namespace.authorityUntil('root', (root) => states(root).some(([, state]) => state === 'Retiring'), 30_000)
    const retired = await namespace.authorityUntil('root', (root) => states(root)[0]?.[1] === 'Retired', 150_000)
    await namespace.secretUntil('web', ({ data = {} }) => {
      return !fingerprints(Buffer.from(data['ca.crt'] ?? '', 'base64').toString()).includes(old.fingerprint256)
    })
    const next = await caOf(namespace, 'root', 2)
    assert.deepEqual(fingerprints(retired.status?.caBundle ?? ''), [next.fingerprint256])
    await until(
      () => bundleOf(namespace, 'root'),
      (bundle) => bundle === retired.status?.caBundle,
      'the ConfigMap',
    )

    await recorder.caughtUp()
    const text = (data: Readonly<Record<string, string>> = {}, entry: string): string =>
      Buffer.from(data[entry] ?? '', 'base64').toString()
    const leavesOfOld = recorder
      .of('web')
      .flatMap(({ object }) => certificatesIn(text(object.data, 'tls.crt')).slice(0, 1))
      .filter((leaf) => isIssuedBy(leaf, old))
    const lastEnd = Math.max(...leavesOfOld.map(({ validTo }) => Date.parse(validTo)))
    const { metadata } = await namespace.secret('root-ca-1')
    const retiredAt = Date.parse(metadata.annotations?.['sifaka.dev/retired-at'] ?? '')
    assert.ok(retiredAt >= lastEnd, `retired ${(lastEnd - retiredAt) / second} s before its last certificate ended`)
  })
})
