import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import {
  type Authority,
  type AuthoritySpec,
  annotations,
  apiVersion,
  type Certificate,
  type ConfigMap,
  findCondition,
  isTrue,
  type Secret,
  secretLabel,
} from '#api'
import { day, second } from '#base'
import { resources } from '#kube'
import { type Bundle, encodeBundle } from '#pki'
import { testCa } from '#test/make'
import {
  authorities,
  certificates,
  isReady,
  leafOf,
  messageOf,
  type Namespace,
  secrets,
  textOf,
  trueConditions,
} from './namespace.ts'
import { Openssl } from './openssl.ts'
import { Sandbox } from './sandbox.ts'

/** The lives of CAs: where they come from, how one follows another, and how each loss shows and heals. */
type Internal = NonNullable<AuthoritySpec['internal']>

let sandbox: Sandbox
let openssl: Openssl
let namespace: Namespace

before(async () => {
  sandbox = await Sandbox.open()
  openssl = await Openssl.open()
  namespace = await sandbox.namespace('generations')
  await sandbox.operator({ namespaces: [namespace] })
})

after(async () => {
  await sandbox?.close()
  await openssl?.close()
})

const soon: Internal = { trustPropagation: '1s' }
const open = { allowedSubordinates: { from: 'Same' }, reissueWithin: '1s' } as const

const create = (name: string, internal: Internal = {}): Promise<Authority> =>
  namespace.createAuthority(name, { internal: { ...soon, ...internal }, ...open })

const change = (name: string, internal: object): Promise<Authority> =>
  namespace.patch(authorities, name, { spec: { internal } })

/** Waits until the Authority is not ready for this reason, and returns what it says. */
async function refused(name: string, reason: string, ms?: number): Promise<string> {
  const is = (authority: Authority): boolean => findCondition(authority.status?.conditions, 'Ready')?.reason === reason
  return messageOf(await namespace.authorityUntil(name, is, ms))
}

/** Waits until the Authority is ready with this generation. */
const signsWith = (name: string, generation: number, ms = 20_000): Promise<Authority> =>
  namespace.authorityUntil(
    name,
    (authority) => isReady(authority) && authority.status?.ca?.generation === generation,
    ms,
  )

const warned = (name: string, pattern: RegExp): Promise<Authority> =>
  namespace.authorityUntil(name, ({ status }) =>
    pattern.test(findCondition(status?.conditions, 'Warning')?.message ?? ''),
  )

const unwarned = (name: string, pattern: RegExp, ms?: number): Promise<Authority> =>
  namespace.authorityUntil(
    name,
    ({ status }) => !pattern.test(findCondition(status?.conditions, 'Warning')?.message ?? ''),
    ms,
  )

const statesOf = ({ status }: Authority) => (status?.generations ?? []).map(({ state }) => state)

async function issued(name: string, authority: string, spec: object = {}): Promise<Secret> {
  await namespace.createCertificate(name, { authorityRef: { name: authority }, ...spec })
  await namespace.certificateReady(name)
  return namespace.secret(name)
}

const encoded = (files: object): Record<string, string> =>
  Object.fromEntries(
    Object.entries(files).map(([entry, text]) => [entry, Buffer.from(String(text)).toString('base64')]),
  )

const now = Date.now()
const wholeSecond = (ms: number): number => Math.floor(ms / second) * second

/** A CA that began yesterday. */
const madeElsewhere = (commonName: string, parts: { notAfter?: number; parent?: Bundle } = {}): Promise<Bundle> =>
  testCa({
    commonName,
    notBefore: wholeSecond(now - day),
    notAfter: wholeSecond(now + 9 * day),
    ...parts,
  })

describe('where a CA comes from', { concurrency: 4 }, () => {
  test('three tiers, each shorter than the one above; no fourth', async () => {
    await create('tier-1', { pathLength: 2, subject: { organizations: ['Example'] } })
    await create('tier-2', { pathLength: 1, parentRef: { name: 'tier-1' } })
    await create('tier-3', { pathLength: 0, parentRef: { name: 'tier-2' } })
    await signsWith('tier-3', 1)
    const secret = await issued('of-tier-3', 'tier-3')
    assert.equal(textOf(secret, 'tls.crt').match(/BEGIN CERTIFICATE/g)?.length, 3)
    assert.equal(await openssl.verify(secret), 'OK')
    await create('tier-4', { parentRef: { name: 'tier-3' } })
    assert.match(await refused('tier-4', 'InvalidRequest'), /path length/)
    await change('tier-4', { parentRef: { name: 'tier-2' } })
    await signsWith('tier-4', 1)
  })

  const keys: [string, Internal['privateKey'], string | undefined][] = [
    ['rsa', { algorithm: 'RSA', size: 3072 }, 'OK'],
    ['ed25519', { algorithm: 'Ed25519' }, 'OK'],
    ['p-384', { algorithm: 'ECDSA', size: 384 }, 'OK'],
    ['ml-dsa', { algorithm: 'ML-DSA', size: 65 }, undefined],
  ]
  for (const [name, privateKey, verified] of keys) {
    test(`a root with an ${name} key`, async () => {
      await create(name, { privateKey })
      await namespace.authorityReady(name, 30_000)
      const secret = await issued(`of-${name}`, name, { privateKey })
      const root = new X509Certificate(textOf(secret, 'ca.crt'))
      assert.ok(leafOf(secret).verify(root.publicKey))
      if (verified) assert.equal(await openssl.verify(secret), verified)
    })
  }

  test('name constraints: what is outside is denied before it is signed, what is inside verifies', async () => {
    await create('constrained', { nameConstraints: { permitted: { dnsDomains: ['example.com'] } } })
    await warned('constrained', /many clients do not hold name constraints of a root/)
    assert.equal(await openssl.verify(await issued('inside', 'constrained')), 'OK')
    await namespace.createCertificate('outside', {
      authorityRef: { name: 'constrained' },
      dnsNames: ['www.example.org'],
    })
    const denied = await namespace.certificateRefused('outside', 'NameConstraintsViolated')
    assert.match(messageOf(denied), /www\.example\.org/)
    assert.deepEqual(trueConditions(denied), ['Stalled'])
    await namespace.changeSpec('outside', { dnsNames: ['www.example.com'] })
    await namespace.certificateReady('outside')
  })
})

describe('an adopted CA', { concurrency: 4 }, () => {
  interface Case {
    readonly files: (good: Bundle, other: Bundle) => object | Promise<object>
    readonly says: RegExp
  }
  const tls = (bundle: Bundle) => encodeBundle(bundle, 'PKCS8')
  const cases: Record<string, Case> = {
    unparsable: { files: (good) => ({ ...tls(good), 'tls.crt': 'no PEM' }), says: /tls\.crt/ },
    'with another key': {
      files: (good, other) => ({ ...tls(good), 'tls.key': tls(other)['tls.key'] }),
      says: /for another key/,
    },
    expired: {
      files: async () => tls(await madeElsewhere('Expired', { notAfter: wholeSecond(Date.now() - second) })),
      says: /expired/,
    },
    'in the wrong order': {
      files: async (good, other) => {
        const sub = await madeElsewhere('Sub', { parent: good })
        return { ...tls(sub), 'tls.crt': `${other.certificate.pem}${sub.certificate.pem}` }
      },
      says: /put the CA certificate \(CN=Sub\) first/,
    },
    'without its root': {
      files: async (good) => {
        const sub = await madeElsewhere('Sub', { parent: good })
        return { ...tls(sub), 'ca.crt': sub.certificate.pem }
      },
      says: /the chain has no root/,
    },
  }
  for (const [what, { files, says }] of Object.entries(cases)) {
    test(`${what}: the condition names the cause, and it heals`, async () => {
      const name = `adopted-${what.replaceAll(' ', '-')}`
      const [good, other] = await Promise.all([madeElsewhere('Good'), madeElsewhere('Other')])
      await namespace.createAuthority(name, { internal: { secretRef: { name: `${name}-source` }, ...soon } })
      assert.match(await refused(name, 'CASourceMissing'), /-source does not exist: create it/)
      const metadata = { name: `${name}-source` }
      await namespace.createSecret({ metadata, type: 'kubernetes.io/tls', data: encoded(await files(good, other)) })
      assert.match(await refused(name, 'CAInvalid'), says)
      await namespace.patch(secrets, metadata.name, { data: encoded(tls(good)) })
      const { status } = await signsWith(name, 1)
      assert.equal(status?.ca?.fingerprint, good.certificate.fingerprint)
    })
  }

  test('replaced by another one it is the next generation; its certificates follow', async () => {
    const [good, other] = await Promise.all([madeElsewhere('Good'), madeElsewhere('Other')])
    await namespace.createSecret({
      metadata: { name: 'swapped-source' },
      type: 'kubernetes.io/tls',
      data: encoded(tls(good)),
    })
    await create('swapped', { secretRef: { name: 'swapped-source' } })
    await signsWith('swapped', 1)
    await issued('of-swapped', 'swapped')
    await namespace.patch(secrets, 'swapped-source', { data: encoded(tls(other)) })
    const swapped = await signsWith('swapped', 2)
    assert.deepEqual(
      [statesOf(swapped), swapped.status?.ca?.fingerprint],
      [['Retiring', 'Active'], other.certificate.fingerprint],
    )
    await namespace.certificateReady('of-swapped', 2)
    const secret = await namespace.secret('of-swapped')
    assert.equal(leafOf(secret).issuer, 'CN=Other')
    assert.equal(await openssl.verify(secret), 'OK')

    // What comes next is no CA: the one in use goes on, and the condition says what is wrong.
    await namespace.patch(secrets, 'swapped-source', { data: encoded({ 'tls.crt': 'no PEM' }) })
    assert.ok(isReady(await warned('swapped', /tls\.crt/)))
    await namespace.remove(secrets, 'swapped-source')
    assert.ok(isReady(await warned('swapped', /swapped-source does not exist/)))
  })

  test('that ends is Stalled, and heals with the next one', async () => {
    const brief = await madeElsewhere('Brief', { notAfter: wholeSecond(Date.now() + 4 * second) })
    await namespace.createSecret({
      metadata: { name: 'brief-source' },
      type: 'kubernetes.io/tls',
      data: encoded(tls(brief)),
    })
    await create('brief', { secretRef: { name: 'brief-source' } })
    await signsWith('brief', 1)
    assert.match(await refused('brief', 'CAInvalid'), /expired/)
    await namespace.patch(secrets, 'brief-source', { data: encoded(tls(await madeElsewhere('Longer'))) })
    await signsWith('brief', 2)
  })
})

describe('a CA that is signed elsewhere', () => {
  const extensions = ['basicConstraints=critical,CA:TRUE,pathlen:0', 'keyUsage=critical,keyCertSign,cRLSign']
  let root: string

  /** The certification request in the status, for this generation. */
  const requestOf = async (generation: number): Promise<string> => {
    const isMade = ({ status }: Authority): boolean => status?.request?.generation === generation
    return (await namespace.authorityUntil('offline', isMade)).status?.request?.csr ?? ''
  }

  const answer = (...chain: readonly string[]): Promise<Authority> =>
    change('offline', { external: { chain: chain.join('') } })

  before(async () => {
    root = await openssl.makeRoot('Offline')
    await openssl.makeRoot('Stranger')
    await create('offline', { external: {}, commonName: 'Issuing', pathLength: 0 })
  })

  test('publishes a request that openssl reads', async () => {
    assert.match(await refused('offline', 'CARequested'), /have status\.request\.csr signed/)
    await openssl.write('offline.csr', await requestOf(1))
    const printed = await openssl.run('req', '-in', 'offline.csr', '-noout', '-verify', '-text')
    for (const pattern of [/Subject: CN = Issuing/, /CA:TRUE, pathlen:0/]) assert.match(printed, pattern)
  })

  test('refuses each wrong chain with its reason', async () => {
    const csr = await requestOf(1)
    const stranger = await openssl.read('Stranger.pem')
    const wrong: [string[], RegExp][] = [
      [[stranger], /for another key/],
      [[await openssl.signCa('Offline', csr, ['basicConstraints=critical,CA:FALSE']), root], /is not a CA/],
      [
        [await openssl.signCa('Offline', csr, ['basicConstraints=critical,CA:TRUE', extensions[1] ?? '']), root],
        /path length/,
      ],
      [[await openssl.signCa('Offline', csr, extensions)], /ends without a root/],
      [[await openssl.signCa('Offline', csr, extensions), stranger], /wrong order/],
    ]
    for (const [chain, says] of wrong) {
      await answer(...chain)
      const is = (authority: Authority): boolean => says.test(messageOf(authority))
      await namespace.authorityUntil('offline', is)
    }
  })

  test('accepts the right chain, and asks anew for its next generation', async () => {
    await answer(await openssl.signCa('Offline', await requestOf(1), extensions), root)
    const { status } = await signsWith('offline', 1)
    assert.equal(status?.request, undefined)
    const secret = await issued('of-offline', 'offline')
    assert.equal(await openssl.verify(secret), 'OK')
    assert.equal(textOf(secret, 'ca.crt').trim(), root.trim())

    await change('offline', { generation: 2 })
    const csr = await requestOf(2)
    assert.ok(isReady(await warned('offline', /generation 2 waits for its certificate/)))
    await answer(await openssl.signCa('Offline', csr, extensions), root)
    await signsWith('offline', 2)
    await namespace.certificateReady('of-offline', 2)
    assert.equal(await openssl.verify(await namespace.secret('of-offline')), 'OK')
    await unwarned('offline', /waits for its certificate/)
  })
})

describe('what goes wrong', { concurrency: 4 }, () => {
  test('a certificate that cannot be issued anew gets the next root all the same', async () => {
    const policy = { rules: [{ names: { dns: ['*.example.com'] } }] }
    await namespace.createAuthority('denying', { internal: { trustPropagation: '4s' }, reissueWithin: '1s', policy })
    await signsWith('denying', 1)
    await issued('of-denying', 'denying')
    await issued('suspended', 'denying')
    await namespace.changeSpec('suspended', { suspend: true })
    const rules = [{ names: { dns: ['*.example.org'] } }]
    await namespace.patch(authorities, 'denying', { spec: { policy: { rules } } })
    const asked = { [annotations.reissueRequestedAt]: new Date().toISOString() }
    for (const name of ['of-denying', 'suspended']) {
      await namespace.patch(certificates, name, { metadata: { annotations: asked } })
      await namespace.certificateUntil(name, ({ status }) => isTrue(status?.conditions, 'Issuing'))
    }
    await change('denying', { generation: 2 })
    await signsWith('denying', 2)
    const bundle = (await namespace.authority('denying')).status?.caBundle
    for (const [name, reason] of [
      ['of-denying', 'PolicyDenied'],
      ['suspended', 'Suspended'],
    ] as const) {
      assert.equal(textOf(await namespace.secret(name), 'ca.crt'), bundle)
      const is = ({ status }: Certificate): boolean => findCondition(status?.conditions, 'Issuing')?.reason === reason
      await namespace.certificateUntil(name, is)
    }
  })

  test('a lost key: no new CA until a person raises the generation', async () => {
    await create('lost')
    await signsWith('lost', 1)
    await issued('of-lost', 'lost')
    await namespace.remove(secrets, 'lost-ca-1')
    assert.match(
      await refused('lost', 'CAKeyMissing'),
      /Restore it from a backup .* or raise spec\.internal\.generation/,
    )
    const { items } = await sandbox.client.list<Secret>(secrets, { namespace: namespace.name })
    assert.deepEqual(
      items.filter(({ metadata }) => metadata.name.startsWith('lost-ca')),
      [],
    )
    await change('lost', { generation: 2 })
    await signsWith('lost', 2)
    await namespace.certificateReady('of-lost', 2)
    assert.equal(await openssl.verify(await namespace.secret('of-lost')), 'OK')
  })

  test('a damaged key: Stalled until it is whole', async () => {
    await create('damaged')
    await signsWith('damaged', 1)
    const { metadata, data, type } = await namespace.secret('damaged-ca-1')
    const { name, labels = {}, annotations: said = {} } = metadata
    await namespace.remove(secrets, name)
    const broken = { ...data, 'tls.key': Buffer.from('no key').toString('base64') }
    await namespace.createSecret({ metadata: { name, labels, annotations: said }, type: type ?? '', data: broken })
    assert.match(await refused('damaged', 'CAKeyDamaged'), /Restore it from a backup/)
    await namespace.patch(secrets, name, { data })
    await signsWith('damaged', 1)
  })

  test('a distrusted generation: out of the bundle, its certificates issued anew at once', async () => {
    await create('distrusted', { trustPropagation: '1h' })
    await signsWith('distrusted', 1)
    await create('below-distrusted', { parentRef: { name: 'distrusted' } })
    const old = await issued('of-distrusted', 'distrusted')
    await issued('below', 'below-distrusted')
    await change('distrusted', { distrustedGenerations: [1] })
    const now = await signsWith('distrusted', 2)
    assert.deepEqual(statesOf(now), ['Distrusted', 'Active'])
    await namespace.certificateReady('of-distrusted', 2)
    await signsWith('below-distrusted', 2)
    await namespace.certificateReady('below', 2)
    for (const name of ['of-distrusted', 'below']) {
      const secret = await namespace.secretUntil(name, (each) => textOf(each, 'ca.crt') !== textOf(old, 'ca.crt'))
      assert.equal(textOf(secret, 'ca.crt'), now.status?.caBundle)
      assert.equal(textOf(secret, 'ca.crt').match(/BEGIN/g)?.length, 1)
      assert.equal(await openssl.verify(secret), 'OK')
    }
  })

  test('a parent that is deleted and comes back', async () => {
    await create('parent')
    await create('orphan', { parentRef: { name: 'parent' } })
    const { status } = await signsWith('orphan', 1)
    await namespace.patch(authorities, 'parent', { metadata: { annotations: { [annotations.forceDelete]: 'true' } } })
    await namespace.remove(authorities, 'parent')
    assert.ok(isReady(await warned('orphan', /Authority .*\/parent does not exist/)))
    await issued('of-orphan', 'orphan')
    await create('parent')
    const back = await signsWith('parent', 1)
    await unwarned('orphan', /does not exist/)
    assert.equal(back.status?.caBundle, status?.caBundle, 'its key was still there')
    assert.equal((await signsWith('orphan', 1)).status?.ca?.fingerprint, status?.ca?.fingerprint)
  })

  test('parents in a circle', async () => {
    await create('circle-a', { parentRef: { name: 'circle-b' } })
    await create('circle-b', { parentRef: { name: 'circle-a' } })
    assert.match(await refused('circle-a', 'ParentCycle'), /circle-a -> .*circle-b -> .*circle-a/)
    await change('circle-b', { parentRef: null })
    await signsWith('circle-a', 1)
  })

  test('a parent under another root: its successor waits until that is trusted', async () => {
    await create('from')
    await create('to')
    await create('moved', { parentRef: { name: 'from' }, trustPropagation: '4s' })
    await signsWith('moved', 1)
    await issued('of-moved', 'moved')
    await signsWith('to', 1)
    await change('moved', { parentRef: { name: 'to' }, generation: 2 })
    await namespace.authorityUntil('moved', (moved) => statesOf(moved).join() === 'Active,Next')
    await signsWith('moved', 2)
    await namespace.certificateReady('of-moved', 2)
    assert.equal(await openssl.verify(await namespace.secret('of-moved')), 'OK')
  })

  test("a number that a stranger's Secret has taken is passed over", async () => {
    await create('obstructed')
    await signsWith('obstructed', 1)
    const stranger = await namespace.createSecret({ metadata: { name: 'obstructed-ca-2' } })
    await change('obstructed', { generation: 2 })
    await signsWith('obstructed', 3)
    assert.deepEqual(await namespace.secret('obstructed-ca-2'), stranger)
  })

  test("a stranger's ConfigMap in the way of the bundle stays as it is, and is missed when it goes", async () => {
    const metadata = { namespace: namespace.name, name: 'masked-ca' }
    const { configMaps } = resources
    await sandbox.client.create<ConfigMap>(configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata })
    await create('masked')
    assert.ok(isReady(await warned('masked', /ConfigMap masked-ca was not made for this Authority/)))
    await sandbox.client.delete(configMaps, metadata)
    // Nothing tells of it, so it is seen at the next visit.
    await namespace.patch(authorities, 'masked', { metadata: { annotations: { visit: 'now' } } })
    const { status } = await unwarned('masked', /ConfigMap/)
    const { data } = await sandbox.client.get<ConfigMap>(configMaps, metadata)
    assert.equal(data?.['ca.crt'], status?.caBundle)
  })

  test("another Authority's key under the right name is nobody's key", async () => {
    const { data = {} } = await create('donor')
      .then(() => signsWith('donor', 1))
      .then(() => namespace.secret('donor-ca-1'))
    const said = { [annotations.authority]: 'donor', [annotations.caGeneration]: '1' }
    await namespace.createSecret({
      metadata: { name: 'robbed-ca-1', labels: { [secretLabel]: 'ca' }, annotations: said },
      type: 'kubernetes.io/tls',
      data,
    })
    await create('robbed')
    assert.match(
      await refused('robbed', 'SecretNotOurs'),
      /robbed-ca-1 is needed for a CA key of this Authority, and was made for Authority donor/,
    )
    await namespace.remove(secrets, 'robbed-ca-1')
    await signsWith('robbed', 1)
  })

  test('a CA key whose label is gone is not to be deleted: its label is asked for', async () => {
    await create('unlabelled')
    await signsWith('unlabelled', 1)
    const label = (content: string | null) =>
      namespace.patch(secrets, 'unlabelled-ca-1', { metadata: { labels: { [secretLabel]: content } } })
    await label(null)
    assert.match(await refused('unlabelled', 'SecretNotOurs'), /has lost its label: put back sifaka.dev\/secret=ca$/)
    await label('ca')
    await signsWith('unlabelled', 1)
  })

  test('a Secret that its people have made immutable holds up no rotation', async () => {
    await create('patient')
    await signsWith('patient', 1)
    await namespace.createCertificate('stubborn', { authorityRef: { name: 'patient' }, dnsNames: ['a.example.com'] })
    await namespace.certificateReady('stubborn', 1)
    await namespace.patch(secrets, 'stubborn', { immutable: true })
    await change('patient', { generation: 2 })
    await signsWith('patient', 2)
  })

  test('two defaults; a rule that can never match', async () => {
    const spec: AuthoritySpec = { internal: {}, default: true }
    await namespace.createAuthority('default-a', spec)
    await namespace.createAuthority('default-b', spec)
    await warned('default-b', /default-a is the default and is older/)
    await namespace.remove(authorities, 'default-a')
    await unwarned('default-b', /is the default/)

    const dead = { names: { dns: ['*.example.org'] } }
    await namespace.createAuthority('dead-rule', {
      internal: { nameConstraints: { permitted: { dnsDomains: ['example.com'] } } },
      policy: { rules: [dead] },
    })
    await warned('dead-rule', /rules\[0\]/)
    await namespace.patch(authorities, 'dead-rule', {
      spec: { policy: { rules: [{ names: { dns: ['*.example.com'] } }] } },
    })
    await unwarned('dead-rule', /rules\[0\]/)
  })

  test('a request that asks for a CA certificate', async () => {
    await create('strict')
    await signsWith('strict', 1)
    const request = (csr: string) => {
      const metadata = { namespace: namespace.name, name: 'wants-ca' }
      const spec = { authorityRef: { name: 'strict' }, csr }
      return sandbox.client.create<Certificate>(certificates, { apiVersion, kind: 'Certificate', metadata, spec })
    }
    await request(await openssl.makeCsr('www.example.com', 'basicConstraints=CA:TRUE'))
    assert.match(messageOf(await namespace.certificateRefused('wants-ca', 'InvalidRequest')), /cA: TRUE/)
    await namespace.changeSpec('wants-ca', { csr: await openssl.makeCsr('www.example.com') })
    await namespace.certificateReady('wants-ca')
  })
})
