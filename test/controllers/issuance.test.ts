import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { annotations, type CertificateSpec, type KubeObject, type Secret, secretLabel } from '#api'
import { resources } from '#kube'
import { errorEvent410, keyMatchesLeaf, type RecordedRequest } from '#test/faults'
import {
  authorities,
  certificates,
  leafOf,
  messageOf,
  type Namespace,
  revisionOf,
  secrets,
  textOf,
  trueConditions,
  until,
} from './namespace.ts'
import { about, assertOneIssuance, inWords, Sandbox, type SandboxOperator } from './sandbox.ts'

/** How long nothing may be written for it to count as quiet. */
const quietMs = 1500

let sandbox: Sandbox
let operator: SandboxOperator
/** Holds `root`, `ca` (signed by it) and most Certificates. */
let team: Namespace
/** Must ask for everything in other namespaces. */
let guest: Namespace
/** Holds Authorities that others may or may not use. */
let shared: Namespace

before(async () => {
  sandbox = await Sandbox.open()
  team = await sandbox.namespace('team')
  guest = await sandbox.namespace('guest')
  shared = await sandbox.namespace('shared')
  await team.createAuthority('root', {
    internal: { commonName: 'Example Root' },
    allowedSubordinates: { from: 'Same' },
  })
  await team.createAuthority('ca', { internal: { commonName: 'Example CA', parentRef: { name: 'root' } } })
  operator = await sandbox.operator({ namespaces: [team, guest, shared] })
  await team.authorityReady('ca')
})

after(() => sandbox?.close())

/** Returns when so many Events are written, the last thing that comes of an issuance or a refusal. */
function settled(name: string, events: number): Promise<void> {
  const isEvent = ({ verb, resource, status }: RecordedRequest): boolean =>
    verb === 'create' && resource === 'events' && status === 201
  return sandbox.proxy.waitFor((requests) => requests.filter(about(team, name)).filter(isEvent).length >= events)
}

/** Has a certificate issued, and returns all that is there when everything about it is written. */
async function issue(name: string, spec: Partial<CertificateSpec> = {}) {
  await team.createCertificate(name, spec)
  const certificate = await team.certificateReady(name, 1)
  await settled(name, 1)
  return { certificate, secret: await team.secret(spec.secretName ?? name) }
}

/** The requests about a Certificate of the team since a certain one, or all. */
const requestsAbout = (name: string, since = 0, secret = name): RecordedRequest[] =>
  sandbox.proxy.requests.filter(({ seq }) => seq > since).filter(about(team, name, secret))

const writesAbout = (name: string, since = 0, secret = name): RecordedRequest[] =>
  sandbox.writes(about(team, name, secret)).filter(({ seq }) => seq > since)

const latest = (): number => sandbox.proxy.requests.at(-1)?.seq ?? 0

const auditOf = (name: string) => operator.audit().filter(({ object }) => (object as { name?: string }).name === name)

const keyOf = (secret: Secret): string =>
  createPublicKey(textOf(secret, 'tls.key')).export({ type: 'spki', format: 'pem' }).toString()

const run = promisify(execFile)

/** What openssl and Java say of a Secret: whether its chain leads to its root, and what Java reads in it. */
async function judge(secret: Secret): Promise<{ verified: string; key: string; printed: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'sifaka-issuance-'))
  const path = (name: string): string => join(folder, name)
  try {
    for (const name of ['tls.crt', 'tls.key', 'ca.crt']) await writeFile(path(name), textOf(secret, name))
    const chain = ['-x509_strict', '-CAfile', path('ca.crt'), '-untrusted', path('tls.crt'), path('tls.crt')]
    const [verified, key, printed] = await Promise.all([
      run('openssl', ['verify', '-purpose', 'sslserver', ...chain]),
      run('openssl', ['pkey', '-in', path('tls.key'), '-pubout']),
      run('keytool', ['-J-Duser.language=en', '-printcert', '-file', path('tls.crt')]),
    ])
    return { verified: verified.stdout.trim().split(': ')[1] ?? '', key: key.stdout, printed: printed.stdout }
  } finally {
    await rm(folder, { recursive: true })
  }
}

const issued: [string, Partial<CertificateSpec>, RegExp, RegExp[]][] = [
  ['ecdsa', {}, /256-bit EC/, [/DNSName: www\.example\.com/]],
  [
    'ecdsa-384',
    { commonName: 'db.example.com', ipAddresses: ['10.0.0.1', 'fd00::1'], privateKey: { size: 384 } },
    /384-bit EC/,
    [/CN=db\.example\.com/, /DNSName: db\.example\.com/, /IPAddress: 10\.0\.0\.1/, /IPAddress: fd00:0:0:0:0:0:0:1/],
  ],
  [
    'rsa-pkcs1',
    { uris: ['spiffe://example.org/a'], privateKey: { algorithm: 'RSA', encoding: 'PKCS1' } },
    /2048-bit RSA/,
    [/URIName: spiffe:\/\/example\.org\/a/, /Key_Encipherment/],
  ],
]
for (const [name, spec, key, content] of issued) {
  test(`${name}: three writes, no read, and a Secret that openssl and Java accept`, async () => {
    const { certificate, secret } = await issue(name, spec)
    const requests = requestsAbout(name)
    assertOneIssuance(requests, 'create')
    assert.equal(secret.type, 'kubernetes.io/tls')
    assert.deepEqual(Object.keys(secret.data ?? {}).sort(), ['ca.crt', 'tls.crt', 'tls.key'])
    assert.equal(textOf(secret, 'tls.crt').match(/BEGIN CERTIFICATE/g)?.length, 2, 'the leaf and the intermediate')
    assert.equal(textOf(secret, 'ca.crt').trim(), (await team.authority('root')).status?.caBundle?.trim())
    assert.equal(textOf(secret, 'tls.key').includes('RSA PRIVATE KEY'), spec.privateKey?.encoding === 'PKCS1')
    assert.ok(keyMatchesLeaf(secret))

    const judged = await judge(secret)
    assert.equal(judged.verified, 'OK')
    assert.equal(judged.key.trim(), keyOf(secret).trim())
    for (const pattern of [key, ...content, /Issuer: CN=Example CA/]) assert.match(judged.printed, pattern)

    const { status } = certificate
    const leaf = leafOf(secret)
    assert.equal(status?.serialNumber?.toUpperCase().padStart(32, '0'), leaf.serialNumber.padStart(32, '0'))
    assert.equal(status?.fingerprint, leaf.fingerprint256.replaceAll(':', '').toLowerCase())
    assert.deepEqual(status?.secret, { name, resourceVersion: secret.metadata.resourceVersion })
    assert.deepEqual([status?.revision, revisionOf(secret)], [1, '1'])
    assert.deepEqual(trueConditions(certificate), ['Ready'])
    assert.partialDeepStrictEqual(auditOf(name), [
      { event: 'CertificateRelease', cause: 'SecretMissing', secret: name },
    ])
    const [event, ...more] = await team.events(name)
    assert.deepEqual([event?.type, event?.reason, more], ['Normal', 'Issued', []])
  })
}

test('nothing is written while nothing changes: after a pause, a label, a full view, a restart', async () => {
  await team.createSecret({ metadata: { name: 'obstacle' } })
  await team.createCertificate('obstructed', { secretName: 'obstacle' })
  await team.certificateRefused('obstructed', 'SecretNotOurs')
  await team.createCertificate('lost', { authorityRef: { name: 'missing' } })
  await team.certificateRefused('lost', 'AuthorityNotFound')
  await Promise.all([settled('obstructed', 1), settled('lost', 1)])
  await issue('refreshed', { secretTemplate: { labels: { team: 'shop' } } })
  await team.patch(secrets, 'refreshed', { metadata: { labels: { team: 'bank' } } })
  const { metadata } = await team.secretUntil('refreshed', (seen) => seen.metadata.labels?.team === 'shop')
  await team.certificateUntil('refreshed', ({ status }) => status?.secret?.resourceVersion === metadata.resourceVersion)
  assert.deepEqual(inWords(await sandbox.writesWithin(quietMs)), [])

  const labels = { metadata: { labels: { colour: 'red' } } }
  await team.patch(certificates, 'ecdsa', labels)
  await team.patch(authorities, 'ca', labels)
  await team.patch(secrets, 'ecdsa', labels)
  assert.deepEqual(inWords(await sandbox.writesWithin(quietMs)), [])

  sandbox.proxy.add({ when: { verb: 'watch' }, times: 100, do: errorEvent410() })
  sandbox.proxy.clear()
  await until(
    () => sandbox.proxy.openWatches().length,
    (open) => open >= 10,
    'watches',
  )
  assert.deepEqual(inWords(await sandbox.writesWithin(quietMs)), [])

  const since = latest()
  assert.equal(await operator.stop(), 0)
  operator = await sandbox.operator({ namespaces: [team, guest, shared] })
  assert.deepEqual(inWords(await sandbox.writesWithin(quietMs)), [])
  const reads = sandbox.proxy.requests.filter(({ seq, verb }) => seq > since && verb === 'get')
  assert.deepEqual(
    [...new Set(reads.filter(({ resource }) => resource === 'secrets').map(({ name }) => name))].sort(),
    ['ca-ca-1', 'ecdsa', 'obstacle', 'root-ca-1'],
    'after a restart only CA keys, what others have written to, and what is in the way are read',
  )
})

test('a change of an Authority wakes its Certificates only if it matters to them', async () => {
  const reconciles = (controller: string) => operator.metric('sifaka_reconciles_total', { controller })
  const change = (patch: object, subresource?: 'status') => team.patch(authorities, 'ca', patch, subresource)
  await change({ spec: { policy: { rules: [{ names: { dns: ['**'], ipRanges: ['0.0.0.0/0', '::/0'] } }] } } })
  await team.authorityReady('ca')
  const users = 4
  await until(
    () => reconciles('certificate'),
    (count) => count >= users,
    'the change of the policy wakes all users',
  )
  await sandbox.writesWithin(200)

  const before = await Promise.all([reconciles('authority'), reconciles('certificate')])
  const { conditions = [] } = (await team.authority('ca')).status ?? {}
  const said = { ...conditions[0], type: 'Inspected', message: 'by hand' }
  await change({ status: { conditions: [...conditions, said] } }, 'status')
  await change({ metadata: { annotations: { note: 'looked at' } } })
  await until(
    () => reconciles('authority'),
    (count) => count > (before[0] ?? 0),
    'the Authority is looked at',
  )
  await sandbox.writesWithin(500)
  assert.equal(await reconciles('certificate'), before[1])
})

describe('a change of the spec', { concurrency: 4 }, () => {
  const names = ['a.example.com', 'b.example.com']
  /** What changes; the spec before and the change; whether another certificate is issued, and with what key. */
  const changes: [string, Partial<CertificateSpec>, Partial<CertificateSpec>, 'issued' | 'kept'][] = [
    ['names-added', { dnsNames: ['a.example.com'] }, { dnsNames: names }, 'issued'],
    ['names-reordered', { dnsNames: names }, { dnsNames: [...names].reverse() }, 'kept'],
    ['names-in-capitals', { dnsNames: names }, { dnsNames: names.map((name) => name.toUpperCase()) }, 'kept'],
    ['longer', { duration: '24h' }, { duration: '48h' }, 'issued'],
    ['same-duration', { duration: '24h' }, { duration: '1440m' }, 'kept'],
    ['key-algorithm', {}, { privateKey: { algorithm: 'RSA' } }, 'issued'],
    ['key-size', {}, { privateKey: { size: 384 } }, 'issued'],
    ['key-size-kept', { privateKey: { rotation: 'Never' } }, { privateKey: { size: 384 } }, 'issued'],
    ['rotation', {}, { privateKey: { rotation: 'Never' } }, 'kept'],
    ['usages', {}, { usages: ['clientAuth', 'digitalSignature'] }, 'issued'],
    ['authority', {}, { authorityRef: { name: 'root' } }, 'issued'],
    ['renewal', {}, { renewal: { before: '24h' } }, 'kept'],
  ]
  for (const [name, spec, change, outcome] of changes) {
    test(`${name}: ${outcome}`, async () => {
      const { certificate, secret } = await issue(name, spec)
      const since = latest()
      await team.changeSpec(name, change)
      const revision = outcome === 'issued' ? 2 : 1
      const changed = await team.certificateReady(name, revision)
      await settled(name, revision)
      const writes = writesAbout(name, since)
      const now = await team.secret(name)
      assert.equal(revisionOf(now), String(revision))
      if (outcome === 'issued') {
        assertOneIssuance(writes, 'patch')
        assert.notEqual(keyOf(now), keyOf(secret))
        assert.ok(keyMatchesLeaf(now))
        assert.equal(now.metadata.uid, secret.metadata.uid)
        assert.equal(now.metadata.annotations?.[annotations.id], secret.metadata.annotations?.[annotations.id])
      } else {
        assert.deepEqual(inWords(writes), ['patch certificates/status'])
        assert.equal(changed.status?.fingerprint, certificate.status?.fingerprint)
        assert.equal(now.metadata.resourceVersion, secret.metadata.resourceVersion)
      }
    })
  }

  test('another secretName: a new Secret; the old one stays as it is', async () => {
    const { secret } = await issue('moved')
    const since = latest()
    await team.changeSpec('moved', { secretName: 'moved-on' })
    await team.certificateReady('moved', 2)
    await settled('moved', 2)
    assertOneIssuance(writesAbout('moved', since, 'moved-on'), 'create')
    assert.deepEqual(await team.secret('moved'), secret)
  })
})

describe('what happens to the Secret', { concurrency: 4 }, () => {
  const other = (data: Record<string, string>): object => ({ data })
  /** What is done to it, given the Secret of another certificate; the cause of the next issuance. */
  const damages: [string, (another: Secret) => object | 'deleted', string][] = [
    ['deleted', () => 'deleted', 'SecretMissing'],
    ['key-replaced', ({ data = {} }) => other({ 'tls.key': data['tls.key'] ?? '' }), 'SecretDamaged'],
    ['pair-replaced', ({ data = {} }) => other({ ...data }), 'RequestChanged'],
    ['certificate-cut', ({ data = {} }) => other({ 'tls.crt': data['tls.crt']?.slice(0, 400) ?? '' }), 'SecretDamaged'],
    ['certificate-emptied', () => other({ 'tls.crt': '' }), 'SecretDamaged'],
    ['root-removed', () => ({ data: { 'ca.crt': null } }), 'SecretDamaged'],
  ]
  for (const [name, damage, cause] of damages) {
    test(`${name}: issued anew`, async () => {
      await issue(name, { dnsNames: [`${name}.example.com`] })
      const since = latest()
      const done = damage(await team.secret('ecdsa'))
      if (done === 'deleted') await team.remove(secrets, name)
      else await team.patch(secrets, name, done)
      await team.certificateReady(name, 2)
      await settled(name, 2)
      assertOneIssuance(writesAbout(name, since), done === 'deleted' ? 'create' : 'patch')
      const secret = await team.secret(name)
      assert.equal(revisionOf(secret), '2')
      assert.ok(keyMatchesLeaf(secret))
      assert.equal(leafOf(secret).subjectAltName, `DNS:${name}.example.com`)
      assert.equal(auditOf(name).at(-1)?.cause, cause)
    })
  }

  test('its label stripped: the label comes back in one write, the status follows, and nothing is issued', async () => {
    const { secret } = await issue('unlabelled')
    const since = latest()
    await team.patch(secrets, 'unlabelled', { metadata: { labels: { [secretLabel]: null } } })
    const { metadata, data } = await team.secretUntil('unlabelled', (seen) =>
      Boolean(seen.metadata.labels?.[secretLabel]),
    )
    assert.deepEqual([metadata.labels, data], [secret.metadata.labels, secret.data])
    await sandbox.writesWithin(500)
    assert.deepEqual(inWords(writesAbout('unlabelled', since)), ['patch secrets', 'patch certificates/status'])
  })

  test("a stranger's data and labels stay through an issuance", async () => {
    await issue('shared-secret')
    const extra = { metadata: { labels: { colour: 'red' } }, data: { 'extra.txt': 'bW9yZQ==' } }
    await team.patch(secrets, 'shared-secret', extra)
    await team.changeSpec('shared-secret', { dnsNames: ['new.example.com'] })
    await team.certificateReady('shared-secret', 2)
    assert.partialDeepStrictEqual(await team.secret('shared-secret'), extra)
  })

  test('its annotations stripped: it is a stranger now, and nobody touches it until it is deleted', async () => {
    const { secret } = await issue('disowned')
    const stripped = Object.fromEntries(Object.keys(secret.metadata.annotations ?? {}).map((name) => [name, null]))
    const left = await team.patch<Secret>(secrets, 'disowned', { metadata: { annotations: stripped } })
    assert.deepEqual(trueConditions(await team.certificateRefused('disowned', 'SecretNotOurs')), ['Stalled'])
    assert.deepEqual(await team.secret('disowned'), left)
    await team.remove(secrets, 'disowned')
    await team.certificateReady('disowned', 2, 2000)
  })

  test("a stranger's Secret in the way stays byte for byte, and is noticed when it goes", async () => {
    const stranger = await team.createSecret({ metadata: { name: 'taken' }, data: { password: 'aHVudGVyMg==' } })
    await team.createCertificate('wants-taken', { secretName: 'taken' })
    const refused = await team.certificateRefused('wants-taken', 'SecretNotOurs')
    assert.deepEqual(trueConditions(refused), ['Stalled'])
    assert.match(messageOf(refused), /Secret taken was not made for it/)
    await settled('wants-taken', 1)
    assert.deepEqual(
      (await team.events('wants-taken')).map(({ reason }) => reason),
      ['SecretNotOurs'],
    )
    assert.deepEqual(await team.secret('taken'), stranger)
    await team.remove(secrets, 'taken')
    await team.certificateReady('wants-taken', 1, 2000)
  })

  test('the Secret of a CA is never written to', async () => {
    const ca = await team.secret('ca-ca-1')
    await team.createCertificate('wants-ca', { secretName: 'ca-ca-1' })
    await team.certificateRefused('wants-ca', 'SecretTaken')
    assert.deepEqual(await team.secret('ca-ca-1'), ca)
  })

  test('of two Certificates with one Secret the first has it; the other follows when it is gone', async () => {
    const { secret } = await issue('elder', { secretName: 'one' })
    await team.createCertificate('younger', { secretName: 'one' })
    const refused = await team.certificateRefused('younger', 'SecretTaken')
    assert.match(messageOf(refused), /is that of Certificate elder/)
    assert.deepEqual(await team.secret('one'), secret)
    await team.remove(certificates, 'elder')
    await team.certificateRefused('younger', 'SecretNotOurs')
    await team.remove(secrets, 'one')
    await team.certificateReady('younger', 1, 2000)
  })
})

describe('renewal', { concurrency: true }, () => {
  const soon = { duration: '1m', renewal: { beforePercent: 90 } } as const
  /** Name, key, whether it is kept, and what is read for it. */
  const renewals: [string, CertificateSpec['privateKey'], boolean, string[]][] = [
    ['new-key', undefined, false, []],
    ['new-rsa-key', { algorithm: 'RSA' }, false, []],
    ['same-key', { rotation: 'Never' }, true, ['get secrets']],
    ['same-rsa-key', { algorithm: 'RSA', rotation: 'Never' }, true, ['get secrets']],
  ]
  for (const [name, privateKey, keeps, reads] of renewals) {
    test(`${name}: in time, in three writes`, async () => {
      const { certificate, secret } = await issue(name, privateKey ? { ...soon, privateKey } : soon)
      const since = latest()
      const renewed = await team.certificateReady(name, 2)
      await settled(name, 2)
      const requests = requestsAbout(name, since)
      await team.remove(certificates, name)
      assertOneIssuance(
        requests.filter(({ verb }) => verb !== 'get'),
        'patch',
      )
      assert.deepEqual(inWords(requests.filter(({ verb }) => verb === 'get')), reads)
      const now = await team.secret(name)
      assert.equal(keyOf(now) === keyOf(secret), keeps)
      assert.ok(keyMatchesLeaf(now))
      assert.notEqual(renewed.status?.serialNumber, certificate.status?.serialNumber)
      const lateMs = Date.parse(String(auditOf(name)[1]?.time)) - Date.parse(certificate.status?.renewAt ?? '')
      assert.ok(lateMs >= 0 && lateMs < 2000, `renewed ${lateMs} ms after it was due`)
      assert.equal(auditOf(name)[1]?.cause, 'RenewalDue')
    })
  }
})

describe('authorities', { concurrency: 4 }, () => {
  const grant = { policy: { rules: [{ names: { dns: ['**'] } }] } }

  test('one that does not exist is waited for, and its Certificate wakes up by itself', async () => {
    await team.createCertificate('early', { authorityRef: { name: 'late' } })
    const refused = await team.certificateRefused('early', 'AuthorityNotFound')
    assert.deepEqual(trueConditions(refused), ['Reconciling'])
    await team.createAuthority('late')
    await team.certificateReady('early', 1, 3000)
  })

  test('one that does not allow the namespace looks as if it did not exist', async () => {
    await shared.createAuthority('closed')
    await shared.authorityReady('closed')
    const told = async (authority: string): Promise<string> => {
      await guest.createCertificate(`from-${authority}`, { authorityRef: { namespace: shared.name, name: authority } })
      const certificate = await guest.certificateRefused(`from-${authority}`, 'AuthorityNotFound')
      const { conditions = [] } = certificate.status ?? {}
      const words = conditions.map(({ type, status, reason, message }) => [type, status, reason, message].join(' '))
      return words.sort().join('\n').replaceAll(authority, 'NAME')
    }
    assert.equal(await told('closed'), await told('missing'))
  })

  test('one that allows a label is open to a namespace as soon as it has it', async () => {
    const selector = { matchLabels: { trust: 'yes' } }
    await shared.createAuthority('by-label', {
      internal: {},
      allowedNamespaces: { from: 'Selector', selector },
      ...grant,
    })
    await shared.authorityReady('by-label')
    await guest.createCertificate('labelled', { authorityRef: { namespace: shared.name, name: 'by-label' } })
    await guest.certificateRefused('labelled', 'AuthorityNotFound')
    const metadata = { labels: { trust: 'yes' } }
    await sandbox.client.mergePatch<KubeObject>(resources.namespaces, { namespace: '', name: guest.name }, { metadata })
    await guest.certificateReady('labelled', 1, 2000)
  })

  test('a policy denies with every reason, signs nothing, and is asked again when it changes', async () => {
    const rule = { names: { dns: ['*.example.com'] }, maxDuration: '24h' }
    await team.createAuthority('strict', { internal: {}, policy: { rules: [rule] } })
    await team.authorityReady('strict')
    const spec = { dnsNames: ['www.example.com', 'www.example.org'], ipAddresses: ['10.0.0.1'], duration: '48h' }
    await team.createCertificate('denied', { authorityRef: { name: 'strict' }, ...spec })
    const denied = await team.certificateRefused('denied', 'PolicyDenied')
    assert.deepEqual(trueConditions(denied), ['Stalled'])
    // Before that it may have been told that the Authority is not ready, by a view a little older than ours.
    const events = () => team.events('denied').then((all) => all.filter(({ reason }) => reason === 'PolicyDenied'))
    const [event] = await until(events, ({ length }) => length > 0, 'events')
    const [line, ...more] = auditOf('denied')
    assert.deepEqual([event?.type, line?.event, more], ['Warning', 'PolicyDenied', []])
    for (const said of [messageOf(denied), event?.note, line?.cause].map(String)) {
      for (const reason of [/www\.example\.org/, /10\.0\.0\.1/, /duration 2 days/]) assert.match(said, reason)
      assert.doesNotMatch(said, /www\.example\.com/)
    }
    assert.deepEqual(
      requestsAbout('denied').filter(({ resource }) => resource === 'secrets'),
      [],
    )

    const wider = { names: { dns: ['*.example.*'], ipRanges: ['10.0.0.0/8'] }, maxDuration: '48h' }
    await team.patch(authorities, 'strict', { spec: { policy: { rules: [rule, wider] } } })
    await team.certificateReady('denied', 1, 2000)
  })

  test('one that ends soon shortens what it signs, and says so', async () => {
    await team.createAuthority('brief', { internal: { duration: '1h' } })
    const { status } = await team.authorityReady('brief')
    const { certificate } = await issue('shortened', { authorityRef: { name: 'brief' }, duration: '2h' })
    assert.equal(certificate.status?.notAfter, status?.ca?.notAfter)
    assert.equal(certificate.status?.renewAt, status?.ca?.notAfter)
    assert.match(messageOf(certificate), /instead of 2 hours, because the authority itself ends at/)
  })

  test('one that permits no subordinate has none; as soon as it does, the subordinate is made', async () => {
    await team.createAuthority('childless')
    await team.createAuthority('child', { internal: { parentRef: { name: 'childless' } } })
    const refused = await team.authorityUntil('child', (authority) => messageOf(authority).includes('childless'))
    assert.match(messageOf(refused), /does not exist, or its allowedSubordinates do not permit this one/)
    await team.patch(authorities, 'childless', { spec: { allowedSubordinates: { from: 'Same' } } })
    await team.authorityReady('child', 2000)
  })

  test('one whose key is gone is Stalled, makes no other CA, and works again with the same key', async () => {
    const { status } = await team.createAuthority('fragile').then(() => team.authorityReady('fragile'))
    const { metadata, ...secret } = await team.secret('fragile-ca-1')
    await team.remove(secrets, 'fragile-ca-1')
    const stalled = await team.authorityUntil('fragile', (authority) => trueConditions(authority).includes('Stalled'))
    assert.match(messageOf(stalled), /fragile-ca-1 with the CA key is missing\. Restore it/)
    assert.deepEqual(trueConditions(stalled), ['Stalled'])
    await team.createCertificate('brittle', { authorityRef: { name: 'fragile' } })
    await team.certificateRefused('brittle', 'AuthorityNotReady')
    const writes = await sandbox.writesWithin(
      quietMs,
      ({ resource, name }) => resource === 'secrets' && /fragile|brittle/.test(name),
    )
    assert.deepEqual(inWords(writes), [])

    const { name, labels = {}, annotations: said = {} } = metadata
    await team.createSecret({ ...secret, metadata: { name, labels, annotations: said } })
    await team.certificateReady('brittle', 1, 3000)
    assert.equal((await team.authorityReady('fragile')).status?.ca?.fingerprint, status?.ca?.fingerprint)
  })
})

test('a Secret that the API server refuses to change: the status says so, nothing more is signed', async () => {
  await issue('frozen')
  await team.patch(secrets, 'frozen', { immutable: true })
  const before = operator.audit().length
  await team.changeSpec('frozen', { dnsNames: ['frozen.example.com', 'thawed.example.com'] })
  const refused = await team.certificateRefused('frozen', 'SecretNotUsable')
  assert.deepEqual(trueConditions(refused), ['Stalled'])
  assert.match(messageOf(refused), /immutable/)
  assert.equal(operator.audit().length - before, 0)
})

test('a status wiped by hand is written anew from the Secret, and nothing is issued', async () => {
  const { certificate, secret } = await issue('wiped')
  const since = latest()
  await team.patch(certificates, 'wiped', { status: null }, 'status')
  const { status } = await team.certificateReady('wiped', 1)
  await sandbox.writesWithin(500)
  assert.deepEqual(inWords(writesAbout('wiped', since)), ['patch certificates/status'])
  const { conditions: _, ...facts } = status ?? {}
  const { conditions: __, ...factsBefore } = certificate.status ?? {}
  assert.deepEqual(facts, factsBefore)
  assert.equal((await team.secret('wiped')).metadata.resourceVersion, secret.metadata.resourceVersion)
})
