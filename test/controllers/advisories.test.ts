import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Authority,
  type AuthoritySpec,
  annotations,
  type Certificate,
  type ConfigMap,
  configMapLabel,
  findCondition,
  type Secret,
} from '#api'
import { resources } from '#kube'
import { parseCrl } from '#pki'
import { encodeShard, type RegisterEntry } from '#plan'
import { authorities, certificates, isReady, messageOf, type Namespace, secrets, until } from './namespace.ts'
import { Sandbox, type SandboxOperator } from './sandbox.ts'

/**
 * Lemur's advisories of 2026 about who may do what to whose certificate, each as what would be its like here: `owner`
 * has an Authority and Certificates, `stranger` is another tenant who may write everything in a namespace of its own.
 */
let sandbox: Sandbox
let operator: SandboxOperator
let owner: Namespace
let stranger: Namespace
/** A namespace that the Authorities of the owner allow by its label. */
let partner: Namespace
/** Where the operator is, and the default of every namespace. */
let system: Namespace

const toPartner = { from: 'Selector', selector: { matchLabels: { partner: 'yes' } } } as const
const anyName: AuthoritySpec['policy'] = { rules: [{ names: { dns: ['**.example.com'] } }] }

before(async () => {
  sandbox = await Sandbox.open()
  system = await sandbox.namespace('system')
  owner = await sandbox.namespace('owner')
  stranger = await sandbox.namespace('stranger')
  partner = await sandbox.namespace('partner', { partner: 'yes' })
  await owner.createAuthority('private')
  await owner.createAuthority('ca', { internal: {}, allowedNamespaces: toPartner, policy: anyName })
  await owner.createAuthority('parent', { internal: {}, allowedSubordinates: toPartner })
  await owner.createAuthority('family', { internal: {}, allowedSubordinates: { from: 'Same' } })
  await stranger.createAuthority('ca')
  await partner.createAuthority('ca')
  operator = await sandbox.operator({ namespaces: [system, owner, stranger, partner] })
  for (const name of ['private', 'ca', 'parent', 'family']) await owner.authorityReady(name)
  await stranger.authorityReady('ca')
  await partner.authorityReady('ca')
})

after(() => sandbox?.close())

const serialOf = ({ status }: Certificate): string => status?.serialNumber ?? ''
const saidOf = ({ status }: Certificate) => findCondition(status?.conditions, 'Revoked')

async function issued(namespace: Namespace, name: string, authority = 'ca', from = namespace): Promise<Certificate> {
  await namespace.createCertificate(name, { authorityRef: { name: authority, namespace: from.name } })
  return namespace.certificateReady(name)
}

/** Asks for a revocation by serial number; what the Certificate says of it in the end. */
async function askToRevoke(namespace: Namespace, name: string, serials: string[]): Promise<Certificate> {
  const { metadata } = await namespace.changeSpec(name, { revocation: { serials, replace: 'Never' } })
  return namespace.certificateUntil(name, (seen) => {
    const said = saidOf(seen)
    return said !== undefined && said.observedGeneration === metadata.generation && said.reason !== 'RegisterNotLoaded'
  })
}

/** Serial numbers that the audit stream says are revoked. */
const revokedSerials = (): string[] =>
  operator.audit().flatMap(({ event, certificate }) => {
    return event === 'CertificateRevoked' ? [(certificate as { serialNumber: string }).serialNumber] : []
  })

async function crlOf(namespace: Namespace, authority: string): Promise<readonly string[]> {
  const key = { namespace: namespace.name, name: `${authority}-crl-1` }
  const { binaryData = {} } = await sandbox.client.get<ConfigMap>(resources.configMaps, key)
  return parseCrl(Buffer.from(binaryData['ca.crl'] ?? '', 'base64')).entries.map(({ serialNumber }) => serialNumber)
}

/** Long enough for all that could follow to have followed. */
const quiet = (): Promise<void> => sleep(1500)

suite('pxmc: a second row with the serial number of somebody else revokes nothing', () => {
  let victim: Certificate
  before(async () => {
    victim = await issued(owner, 'victim')
  })

  async function assertUnharmed(): Promise<void> {
    await quiet()
    assert.ok(!revokedSerials().includes(serialOf(victim)))
    assert.ok(!(await crlOf(owner, 'ca')).includes(serialOf(victim)))
    assert.ok(isReady(await owner.certificate('victim')))
  }

  /** All that the Secret of the victim says of its certificate; it is in every handshake anyway. */
  const saidOfVictim = async (): Promise<Record<string, string>> => {
    const { metadata } = await owner.secret('victim')
    const { serialNumber, fingerprint, issuedBy, caGeneration, issuer } = annotations
    const names = [serialNumber, fingerprint, issuedBy, caGeneration, issuer]
    return Object.fromEntries(names.map((name) => [name, metadata.annotations?.[name] ?? '']))
  }

  for (const where of ['partner', 'owner'] as const) {
    test(`a Secret of the ${where} that claims it`, async () => {
      const namespace = where === 'partner' ? partner : owner
      await issued(namespace, 'forger', 'ca', owner)
      await namespace.patch(secrets, 'forger', { metadata: { annotations: await saidOfVictim() } })
      const said = await askToRevoke(namespace, 'forger', [serialOf(victim)])
      assert.deepEqual([saidOf(said)?.status, saidOf(said)?.reason], ['False', 'NotRevocable'])
      await assertUnharmed()
    })
  }

  test('a status that claims it', async () => {
    await issued(partner, 'liar', 'ca', owner)
    const { status = {} } = victim
    const { serialNumber = '', fingerprint = '', notAfter = '', notBefore = '' } = status
    const line = { revision: 1, serialNumber, fingerprint, notAfter, issuedAt: notBefore, caGeneration: 1 }
    const claimed = { ...status, earlierRevisions: [{ ...line, issuedBy: `${owner.name}/ca` }] }
    const { conditions: _, ...facts } = claimed
    await partner.patch(certificates, 'liar', { status: facts }, 'status')
    const said = await askToRevoke(partner, 'liar', [serialOf(victim)])
    assert.deepEqual([saidOf(said)?.status, saidOf(said)?.reason], ['False', 'NotRevocable'])
    await assertUnharmed()
  })

  test('a register that claims it, in another namespace', async () => {
    const { status = {} } = victim
    const entry: RegisterEntry = {
      serialNumber: serialOf(victim),
      fingerprint: status.fingerprint ?? '',
      generation: 1,
      kind: 'Certificate',
      holder: `${stranger.name}/claimant`,
      revision: 1,
      names: [],
      issuedAt: Date.parse(status.notBefore ?? ''),
      notAfter: Date.parse(status.notAfter ?? ''),
    }
    const metadata = {
      namespace: stranger.name,
      name: 'ca-register-1',
      labels: { [configMapLabel]: 'register' },
      annotations: { [annotations.authority]: 'ca' },
    }
    const binaryData = { 'entries.jsonl.gz': Buffer.from(encodeShard([entry])).toString('base64') }
    const object: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, binaryData }
    await sandbox.client.create(resources.configMaps, object)
    // A register is read when an operator starts.
    await operator.stop()
    operator = await sandbox.operator({ namespaces: [system, owner, stranger, partner] })
    await issued(stranger, 'claimant')
    await askToRevoke(stranger, 'claimant', [serialOf(victim)])
    await quiet()
    assert.ok(!(await crlOf(owner, 'ca')).includes(serialOf(victim)), 'it may be on the list of its own Authority only')
    assert.ok(isReady(await owner.certificate('victim')))
  })
})

suite('cfh6: nobody takes the place of a certificate of somebody else', () => {
  const bundleOf = ({ metadata, data }: Secret) => [metadata.uid, data]

  test('by the Secret of another Certificate', async () => {
    await issued(owner, 'mine')
    const held = bundleOf(await owner.secret('mine'))
    await owner.createCertificate('thief', { secretName: 'mine' })
    const refused = await owner.certificateRefused('thief', 'SecretTaken')
    assert.match(messageOf(refused), /is that of Certificate mine/)
    await quiet()
    assert.deepEqual(bundleOf(await owner.secret('mine')), held)
    assert.ok(isReady(await owner.certificate('mine')))
    await owner.remove(certificates, 'thief')
    await quiet()
    assert.deepEqual(bundleOf(await owner.secret('mine')), held, 'nor by its end')
  })

  test('by a name in another namespace', async () => {
    await issued(owner, 'shared-name')
    const held = bundleOf(await owner.secret('shared-name'))
    for (const secretName of [`${owner.name}/shared-name`, `../${owner.name}/shared-name`]) {
      await assert.rejects(stranger.createCertificate('climber', { secretName }), /secretName/)
    }
    await issued(stranger, 'shared-name')
    assert.deepEqual(bundleOf(await owner.secret('shared-name')), held)
  })

  test('by the Secret with the key of a CA', async () => {
    const held = bundleOf(await owner.secret('ca-ca-1'))
    await owner.createCertificate('crown', { secretName: 'ca-ca-1' })
    await owner.certificateRefused('crown', 'SecretTaken')
    assert.deepEqual(bundleOf(await owner.secret('ca-ca-1')), held)
  })
})

/** Who asks, in the order of the columns: the owner's namespace, one without a grant, one with it. */
type Outcomes = readonly [owner: string, stranger: string, partner: string]
const askers = () => [owner, stranger, partner] as const

/** Has each ask in turn, and tells what came of it. */
async function outcomesOf(ask: (namespace: Namespace) => Promise<string>): Promise<Outcomes> {
  const [first, second, third] = askers()
  return [await ask(first), await ask(second), await ask(third)]
}

/** `yes`, or the reason why not. */
const answerOf = ({ status }: Certificate | Authority): string => {
  const ready = findCondition(status?.conditions, 'Ready')
  return ready?.status === 'True' ? 'yes' : (ready?.reason ?? '')
}

let asked = 0

async function askForCertificate(namespace: Namespace, spec: Parameters<Namespace['createCertificate']>[1]) {
  const name = `asked-${++asked}`
  await namespace.createCertificate(name, spec)
  return answerOf(await namespace.certificateUntil(name, (seen) => answerOf(seen) !== ''))
}

async function askForAuthority(namespace: Namespace, internal: NonNullable<AuthoritySpec['internal']>) {
  const name = `asked-${++asked}`
  await namespace.createAuthority(name, { internal })
  return answerOf(await namespace.authorityUntil(name, (seen) => answerOf(seen) !== ''))
}

const adopt = (secretName: string) => (namespace: Namespace) =>
  askForAuthority(namespace, { secretRef: { name: secretName } })

const subordinateOf = (parent: string) => (namespace: Namespace) =>
  askForAuthority(namespace, { parentRef: { name: parent, namespace: owner.name } })

suite('g7p5: a CA below a parent needs the consent of the parent', () => {
  const rows: readonly [what: string, parent: string, Outcomes][] = [
    ['that says nothing', 'private', ['ParentNotFound', 'ParentNotFound', 'ParentNotFound']],
    ['that allows its own namespace', 'family', ['yes', 'ParentNotFound', 'ParentNotFound']],
    ['that allows a namespace by its label', 'parent', ['ParentNotFound', 'ParentNotFound', 'yes']],
    ['that allows certificates, which is not the same', 'ca', ['ParentNotFound', 'ParentNotFound', 'ParentNotFound']],
    ['that does not exist', 'nobody', ['ParentNotFound', 'ParentNotFound', 'ParentNotFound']],
  ]
  for (const [what, parent, expected] of rows) {
    test(`of one ${what}`, async () => assert.deepEqual(await outcomesOf(subordinateOf(parent)), expected))
  }
})

suite('qcqw: what is not allowed is denied', () => {
  /** A certificate of the owner's Authority for those who may have one; the stranger has one of its own. */
  const ownOf = async (namespace: Namespace): Promise<Certificate> => {
    const name = `own-${++asked}`
    return namespace === stranger ? issued(stranger, name) : issued(namespace, name, 'ca', owner)
  }

  const revokeBySerial = async (namespace: Namespace, own: Certificate, serial: string): Promise<string> => {
    const said = saidOf(await askToRevoke(namespace, own.metadata.name, [serial]))
    return said?.status === 'True' ? 'yes' : (said?.reason ?? '')
  }

  const revokeOwn = async (namespace: Namespace): Promise<string> => {
    const own = await ownOf(namespace)
    return revokeBySerial(namespace, own, serialOf(own))
  }

  const revokeAnothers = async (namespace: Namespace): Promise<string> => {
    const victim = await issued(owner, `victim-${++asked}`)
    return revokeBySerial(namespace, await ownOf(namespace), serialOf(victim))
  }

  const issueFrom =
    (name: string, dnsName = 'www.example.com') =>
    (namespace: Namespace) =>
      askForCertificate(namespace, { authorityRef: { name, namespace: owner.name }, dnsNames: [dnsName] })

  const isListed = (serial: string): Promise<string> =>
    until(
      () => crlOf(owner, 'ca'),
      (serials) => serials.includes(serial),
      'the CRL',
    ).then(() => 'yes')

  /** Whether an Authority of the namespace revokes a certificate that `ca` of the owner has issued. */
  const revokeByAuthority = async (namespace: Namespace): Promise<string> => {
    const victim = await issued(owner, `victim-${++asked}`)
    const { spec } = await namespace.authority('ca')
    const revocations = [...(spec.revocations ?? []), { serialNumber: serialOf(victim) }]
    await namespace.patch(authorities, 'ca', { spec: { revocations } })
    if (namespace === owner) return isListed(serialOf(victim))
    await quiet()
    return revokedSerials().includes(serialOf(victim)) ? 'yes' : 'no'
  }

  const rows: readonly [verb: string, ask: (namespace: Namespace) => Promise<string>, Outcomes][] = [
    ['issue: it says nothing', issueFrom('private'), ['yes', 'AuthorityNotFound', 'AuthorityNotFound']],
    ['issue: it grants', issueFrom('ca'), ['yes', 'AuthorityNotFound', 'yes']],
    ['issue: it grants subordinates only', issueFrom('parent'), ['yes', 'AuthorityNotFound', 'AuthorityNotFound']],
    ['issue: another name', issueFrom('ca', 'www.example.org'), ['PolicyDenied', 'AuthorityNotFound', 'PolicyDenied']],
    ['subordinate: it says nothing', subordinateOf('private'), ['ParentNotFound', 'ParentNotFound', 'ParentNotFound']],
    ['subordinate: it grants', subordinateOf('parent'), ['ParentNotFound', 'ParentNotFound', 'yes']],
    ['revoke by serial: its own', revokeOwn, ['yes', 'yes', 'yes']],
    ['revoke by serial: of another', revokeAnothers, ['NotRevocable', 'NotRevocable', 'NotRevocable']],
    ['revoke by Authority: what the owner has issued', revokeByAuthority, ['yes', 'no', 'no']],
    ['secretRef: a CA of the owner', adopt('adoptable'), ['yes', 'CASourceMissing', 'CASourceMissing']],
  ]

  before(async () => {
    const { data = {} } = await owner.secret('family-ca-1')
    await owner.createSecret({ metadata: { name: 'adoptable' }, type: 'kubernetes.io/tls', data })
  })

  for (const [verb, ask, expected] of rows) {
    test(verb, async () => assert.deepEqual(await outcomesOf(ask), expected))
  }

  test('default authority: of the own namespace, or what the system namespace grants', async () => {
    const none = { authorityRef: undefined }
    assert.deepEqual(await outcomesOf((each) => askForCertificate(each, none)), [
      'NoAuthority',
      'NoAuthority',
      'NoAuthority',
    ])
    await owner.patch(authorities, 'private', { spec: { default: true } })
    assert.deepEqual(await outcomesOf((each) => askForCertificate(each, none)), ['yes', 'NoAuthority', 'NoAuthority'])
    await owner.patch(authorities, 'private', { spec: { default: false } })
    await system.createAuthority('platform', {
      internal: {},
      default: true,
      allowedNamespaces: toPartner,
      policy: anyName,
    })
    await system.authorityReady('platform')
    assert.deepEqual(await outcomesOf((each) => askForCertificate(each, none)), ['NoAuthority', 'NoAuthority', 'yes'])
  })

  test('CRL: a list says what its own Authority has issued, whoever else claims the name', async () => {
    const own = await issued(stranger, 'listed')
    await askToRevoke(stranger, 'listed', [serialOf(own)])
    await until(
      () => crlOf(stranger, 'ca'),
      (serials) => serials.includes(serialOf(own)),
      'the CRL of the stranger',
    )
    const lists = [crlOf(owner, 'ca'), crlOf(owner, 'private'), crlOf(partner, 'ca')]
    for (const serials of await Promise.all(lists)) assert.ok(!serials.includes(serialOf(own)))
  })

  test('a grant that is taken back counts at once, for revocation too', async () => {
    const own = await issued(partner, 'late', 'ca', owner)
    await owner.patch(authorities, 'ca', { spec: { allowedNamespaces: { from: 'Same', selector: null } } })
    const said = await askToRevoke(partner, 'late', [serialOf(own)])
    assert.deepEqual([saidOf(said)?.status, saidOf(said)?.reason], ['False', 'AuthorityNotFound'])
    await quiet()
    assert.ok(!revokedSerials().includes(serialOf(own)))
    await owner.patch(authorities, 'ca', { spec: { allowedNamespaces: toPartner } })
    await partner.certificateUntil('late', (seen) => saidOf(seen)?.status === 'True')
  })
})
