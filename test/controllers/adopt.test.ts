import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { annotations, type CertificateSpec, type ObjectMeta, type Secret } from '#api'
import { parsePrivateKey } from '#pki'
import { keyMatchesLeaf } from '#test/faults'
import {
  certificates,
  leafOf,
  messageOf,
  type Namespace,
  revisionOf,
  secrets,
  textOf,
  trueConditions,
} from './namespace.ts'
import { about, inWords, Sandbox, type SandboxOperator } from './sandbox.ts'

let sandbox: Sandbox
let operator: SandboxOperator
let team: Namespace
/** Key, certificate and roots of `www.example.com`, by the Authority `ca`. */
let donated: Record<string, string>

before(async () => {
  sandbox = await Sandbox.open()
  team = await sandbox.namespace('adoption')
  await team.createAuthority('ca')
  operator = await sandbox.operator({ namespaces: [team] })
  await team.authorityReady('ca')
  await team.createCertificate('donor')
  await team.certificateReady('donor')
  donated = (await team.secret('donor')).data ?? {}
})

after(() => sandbox?.close())

const offeredTo = (name: string) => ({ annotations: { [annotations.adoptBy]: name } as Record<string, string> })

/** A Secret that somebody else has made; its metadata are those of cert-manager. */
function offer(
  name: string,
  parts: Omit<Partial<Secret>, 'metadata'> & { metadata?: Partial<ObjectMeta> } = {},
): Promise<Secret> {
  const metadata = {
    name,
    labels: { 'controller.cert-manager.io/fao': 'true', colour: 'red' },
    annotations: { ...offeredTo(name).annotations, 'cert-manager.io/certificate-name': name },
    ...parts.metadata,
  }
  return team.createSecret({ type: 'kubernetes.io/tls', data: donated, ...parts, metadata })
}

const adopting = (name: string, spec: Partial<CertificateSpec> = {}) =>
  team.createCertificate(name, { adopt: true, ...spec })

const auditOf = (name: string): unknown[] =>
  operator
    .audit()
    .filter(({ object }) => (object as { name: string }).name === name)
    .map(({ event }) => event)

describe('a Secret with a certificate that will do', { concurrency: 3 }, () => {
  test('becomes ours as it is, in one patch', async () => {
    const offered = await offer('fitting')
    await adopting('fitting')
    const { status } = await team.certificateReady('fitting', 1)
    const secret = await team.secret('fitting')
    assert.deepEqual(secret.data, offered.data)
    assert.equal(status?.fingerprint, leafOf(secret).fingerprint256.replaceAll(':', '').toLowerCase())
    assert.deepEqual([revisionOf(secret), secret.metadata.uid], ['1', offered.metadata.uid])
    assert.equal(secret.metadata.annotations?.[annotations.issuedBy], `${team.name}/ca`)
    assert.equal(secret.metadata.annotations?.[annotations.adoptBy], undefined)
    assert.equal(secret.metadata.annotations?.['cert-manager.io/certificate-name'], 'fitting')
    assert.equal(secret.metadata.labels?.colour, 'red')
    await sandbox.writesWithin(1000)
    const writes = inWords(sandbox.writes(about(team, 'fitting'))).sort()
    assert.deepEqual(writes, ['create events', 'patch certificates/status', 'patch secrets'])
    const told = (await team.events('fitting')).map(({ reason, note }) => `${reason}: ${note}`)
    const kept = `serial ${status?.serialNumber}, valid until ${status?.notAfter}`
    assert.deepEqual(told, [
      `Adopted: Took over Secret fitting and kept its key and its certificate (${kept}); ` +
        `its ca.crt is that of Authority ${team.name}/ca now`,
    ])
    assert.deepEqual(auditOf('fitting'), ['SecretAdopted'])
  })

  test('is renewed like any other, with outputs and template from the beginning', async () => {
    await offer('following')
    await adopting('following', { outputs: { der: {} }, secretTemplate: { labels: { team: 'shop' } } })
    await team.certificateReady('following', 1)
    const secret = await team.secret('following')
    assert.equal(secret.metadata.labels?.team, 'shop')
    assert.deepEqual(Buffer.from(secret.data?.['tls.der'] ?? '', 'base64'), leafOf(secret).raw)
    await team.changeSpec('following', { dnsNames: ['new.example.com'] })
    await team.certificateReady('following', 2)
    assert.ok(keyMatchesLeaf(await team.secret('following')))
  })

  test('and without roots beside it is given those of the Authority', async () => {
    const { 'ca.crt': _, ...data } = donated
    await offer('rootless', { data })
    await adopting('rootless')
    await team.certificateReady('rootless', 1)
    assert.equal((await team.secret('rootless')).data?.['ca.crt'], donated['ca.crt'])
  })

  test('is taken over as soon as its people agree', async () => {
    const { data } = await offer('hesitant', { metadata: { annotations: {} } })
    await adopting('hesitant')
    const refused = await team.certificateRefused('hesitant', 'SecretNotOurs')
    assert.match(
      messageOf(refused),
      /put the annotation sifaka\.dev\/adopt-by: hesitant on it\. Its key and certificate are replaced then, unless /,
    )
    await team.patch(secrets, 'hesitant', { metadata: offeredTo('hesitant') })
    await team.certificateReady('hesitant', 1, 5000)
    assert.deepEqual((await team.secret('hesitant')).data, data)
  })

  test('that a deleted Certificate has left is taken over by another one', async () => {
    await team.createCertificate('testator', { secretName: 'estate', outputs: { der: {} } })
    await team.certificateReady('testator', 1)
    const { data } = await team.secret('estate')
    await team.remove(certificates, 'testator')
    await adopting('heir', { secretName: 'estate' })
    await team.certificateRefused('heir', 'SecretNotOurs')
    await team.patch(secrets, 'estate', { metadata: offeredTo('heir') })
    await team.certificateReady('heir', 1, 5000)
    const { 'tls.der': _, 'key.der': __, ...kept } = data ?? {}
    const secret = await team.secret('estate')
    assert.deepEqual(secret.data, kept)
    assert.equal(secret.metadata.annotations?.[annotations.outputs], undefined)
  })
})

describe('a Secret with something else', { concurrency: 3 }, () => {
  const encrypted = '-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIBvTBXBgkq\n-----END ENCRYPTED PRIVATE KEY-----\n'
  const others: [string, (data: Record<string, string>) => Record<string, string>, Partial<CertificateSpec>, RegExp][] =
    [
      ['other-names', (data) => data, { dnsNames: ['new.example.com'] }, /its names lack/],
      ['other-key', (data) => data, { privateKey: { algorithm: 'RSA' } }, /the key is not RSA 2048/],
      ['no-key', (data) => ({ ...data, 'tls.key': '' }), {}, /tls\.key is missing/],
      ['encrypted', (data) => ({ ...data, 'tls.key': Buffer.from(encrypted).toString('base64') }), {}, /is encrypted/],
    ]
  for (const [name, change, spec, why] of others) {
    test(`${name}: is given a new certificate at once, and the rest of it stays`, async () => {
      const offered = await offer(name, { data: { ...change(donated), 'extra.txt': 'bW9yZQ==' } })
      await adopting(name, spec)
      await team.certificateReady(name, 1)
      const secret = await team.secret(name)
      assert.deepEqual([secret.metadata.uid, revisionOf(secret)], [offered.metadata.uid, '1'])
      assert.equal(secret.data?.['extra.txt'], 'bW9yZQ==')
      assert.equal(secret.metadata.labels?.colour, 'red')
      assert.equal(secret.metadata.annotations?.[annotations.adoptBy], undefined)
      assert.ok(keyMatchesLeaf(secret))
      assert.ok(parsePrivateKey(textOf(secret, 'tls.key')))
      const [event, ...more] = await team.events(name)
      assert.deepEqual([event?.reason, more], ['Adopted', []])
      assert.match(event?.note ?? '', /^Took over Secret .* in place of the key and the certificate in it, because /)
      assert.match(event?.note ?? '', why)
    })
  }

  test('such as a certificate that another CA has signed', async () => {
    await team.createAuthority('other')
    await team.authorityReady('other')
    await offer('of-another')
    await adopting('of-another', { authorityRef: { name: 'other' } })
    await team.certificateReady('of-another', 1)
    const [event] = await team.events('of-another')
    assert.match(
      event?.note ?? '',
      /^Took over Secret of-another and issued certificate 1 .* what it holds will not do: /,
    )
    assert.notEqual((await team.secret('of-another')).data?.['tls.crt'], donated['tls.crt'])
  })
})

describe('a Secret is left alone', { concurrency: 3 }, () => {
  test('when only it agrees', async () => {
    const offered = await offer('one-sided')
    await team.createCertificate('one-sided')
    const refused = await team.certificateRefused('one-sided', 'SecretNotOurs')
    assert.match(messageOf(refused), /set spec\.adopt: true\. Its key and certificate/)
    assert.deepEqual(await team.secret('one-sided'), offered)
  })

  test('when it is of another type, which is named', async () => {
    const offered = await offer('opaque', { type: 'Opaque' })
    await adopting('opaque')
    const refused = await team.certificateRefused('opaque', 'SecretNotUsable')
    assert.deepEqual(trueConditions(refused), ['Stalled'])
    assert.match(messageOf(refused), /Secret opaque is of type Opaque, .* one of type kubernetes\.io\/tls/)
    assert.deepEqual(await team.secret('opaque'), offered)
    await team.remove(secrets, 'opaque')
    await team.certificateReady('opaque', 1, 5000)
  })

  test('when it is immutable', async () => {
    const offered = await offer('immutable', { immutable: true })
    await adopting('immutable')
    assert.match(messageOf(await team.certificateRefused('immutable', 'SecretNotUsable')), /is immutable/)
    assert.deepEqual(await team.secret('immutable'), offered)
  })

  test('when it holds a CA key', async () => {
    await team.createAuthority('guarded')
    await team.authorityReady('guarded')
    const { data } = await team.secret('guarded-ca-1')
    await team.patch(secrets, 'guarded-ca-1', { metadata: offeredTo('robber') })
    await adopting('robber', { secretName: 'guarded-ca-1' })
    assert.match(messageOf(await team.certificateRefused('robber', 'SecretTaken')), /a CA key of Authority guarded/)
    assert.deepEqual((await team.secret('guarded-ca-1')).data, data)
  })

  test('when it is that of a Certificate that uses it', async () => {
    await team.createCertificate('user', { secretName: 'in-use' })
    await team.certificateReady('user', 1)
    await team.patch(secrets, 'in-use', { metadata: offeredTo('grabber') })
    await adopting('grabber', { secretName: 'in-use' })
    assert.match(messageOf(await team.certificateRefused('grabber', 'SecretTaken')), /that of Certificate user/)
    assert.equal((await team.secret('in-use')).metadata.annotations?.[annotations.certificate], 'user')
  })

  test('while its Certificate is suspended', async () => {
    const offered = await offer('paused')
    await adopting('paused', { suspend: true })
    await team.certificateRefused('paused', 'Suspended')
    assert.deepEqual(await team.secret('paused'), offered)
    await team.changeSpec('paused', { suspend: false })
    await team.certificateReady('paused', 1)
    assert.deepEqual((await team.secret('paused')).data, offered.data)
  })
})
