import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, afterEach, before, describe, test } from 'node:test'
import type { AuthoritySpec, KubeObject } from '#api'
import { second, silentLogger, systemClock } from '#base'
import { createKubeClient, type KubeClient, loadConnection, resources } from '#kube'
import { type ControlPlane, installCrds, kubectl, startControlPlane } from '#test/servers'
import { Deployment } from './deployment.ts'
import { isReady, isRefused, leafOf, messageOf, Namespace, secrets, textOf, until } from './namespace.ts'
import { OnCall } from './runbook.ts'

/**
 * The runbooks of docs/operating.md, as they stand there. One of them replaces every key of a cluster and reads the
 * audit log of the API server: so they have a control plane of their own.
 */
const system = 'sifaka-system'
const account = 'sifaka'
/** The loops of the document wait for seconds at most. */
const timeout = 150 * second

let folder: string
let plane: ControlPlane
let client: KubeClient
let deployment: Deployment
let onCall: OnCall | undefined

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sifaka-runbooks-'))
  plane = await startControlPlane(['--audit-log', join(folder, 'audit.log')])
  await installCrds(plane.kubeconfig)
  const tools = { clock: systemClock, logger: silentLogger }
  const connection = await loadConnection({ ...tools, kubeconfig: plane.kubeconfig, env: {}, context: undefined })
  client = createKubeClient({ ...tools, connection, userAgent: 'sifaka-test', fieldManager: 'test' })
  await namespaceOf(system)
  await kubectl(plane.kubeconfig, ['-n', system, 'create', 'serviceaccount', account])
  deployment = new Deployment(client, plane.kubeconfig, system)
  await deployment.create()
})

afterEach(() => onCall?.close())

after(async () => {
  await deployment?.close()
  await client?.close()
  await plane?.stop()
  await rm(folder, { recursive: true, force: true })
})

async function namespaceOf(name: string): Promise<Namespace> {
  await client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } } as KubeObject)
  return new Namespace(client, name)
}

const quick: Partial<AuthoritySpec> = { reissueWithin: '1s' }
const trustPropagation = '1s'

/** A root with a certificate of its own, and a subordinate with two. */
async function hierarchy(name: string): Promise<Namespace> {
  const team = await namespaceOf(name)
  await team.createAuthority('root', {
    internal: { trustPropagation },
    ...quick,
    allowedSubordinates: { from: 'Same' },
  })
  const internal = { parentRef: { name: 'root' }, trustPropagation }
  await team.createAuthority('issuing', { internal, ...quick })
  await team.createCertificate('gate', { authorityRef: { name: 'root' } })
  for (const each of ['web', 'mail']) await team.createCertificate(each, { authorityRef: { name: 'issuing' } })
  for (const each of ['gate', 'web', 'mail']) await team.certificateReady(each, 1)
  return team
}

function shell(team: Namespace, authority: string, more: Readonly<Record<string, string>> = {}): OnCall {
  onCall = new OnCall(plane.kubeconfig, { SYSTEM: system, NAMESPACE: team.name, AUTHORITY: authority, ...more })
  return onCall
}

const states = async (team: Namespace, authority: string): Promise<string[]> =>
  ((await team.authority(authority)).status?.generations ?? []).map(({ generation, state }) => `${generation} ${state}`)

const bundleOf = async (team: Namespace, authority: string): Promise<string> =>
  (await team.authority(authority)).status?.caBundle ?? ''

const caOf = async (team: Namespace, authority: string, generation: number): Promise<X509Certificate> =>
  leafOf(await team.secret(`${authority}-ca-${generation}`))

/** Whether what a Secret holds is believed by who trusts a bundle, as openssl judges. */
async function isBelieved(team: Namespace, secret: string, bundle: string): Promise<boolean> {
  const chain = textOf(await team.secret(secret), 'tls.crt')
  await Promise.all([writeFile(join(folder, 'chain.pem'), chain), writeFile(join(folder, 'bundle.pem'), bundle)])
  const options = '-no-CAfile -no-CApath -no-CAstore -trusted bundle.pem -untrusted chain.pem chain.pem'
  const said = await shellOut(`cd ${folder} && openssl verify ${options} 2>&1 || true`)
  return said.includes('chain.pem: OK')
}

async function shellOut(script: string): Promise<string> {
  const own = new OnCall(plane.kubeconfig, {})
  try {
    return await own.run(script)
  } finally {
    own.close()
  }
}

const serialOf = async (team: Namespace, secret: string): Promise<string> =>
  leafOf(await team.secret(secret)).serialNumber.toLowerCase()

const keyOf = async (team: Namespace, secret: string): Promise<string> => textOf(await team.secret(secret), 'tls.key')

const linesOf = (printed: string): string[] => printed.trim().split('\n')

/** Where backups go: the public key, and the private one that lies in a safe. */
async function makeSafe(): Promise<{ readonly RECIPIENT: string; readonly KEY: string; readonly BACKUP: string }> {
  const [RECIPIENT, KEY] = [join(folder, 'safe.pem'), join(folder, 'safe.key')]
  const options = '-nodes -newkey ec -pkeyopt ec_paramgen_curve:P-384 -days 7300 -subj /CN=safe'
  await shellOut(`openssl req -x509 ${options} -keyout ${KEY} -out ${RECIPIENT} 2>&1`)
  return { RECIPIENT, KEY, BACKUP: join(folder, `backup-${performance.now()}.cms`) }
}

describe('day to day', () => {
  let team: Namespace

  before(async () => {
    team = await hierarchy('daily')
  })

  test('a generation is raised', { timeout }, async () => {
    const { caGeneration } = (await team.certificate('web')).status ?? {}
    assert.equal(caGeneration, 1)
    const on = shell(team, 'issuing')
    await on.walk('rotate', [['', () => {}]])
    await team.certificateUntil('web', ({ status }) => status?.caGeneration === 2)
    assert.deepEqual(await states(team, 'issuing'), ['1 Retiring', '2 Active'])
    assert.match(await on.run('generations "$NAMESPACE" "$AUTHORITY"'), /^1\tRetiring\t.*\n2\tActive\t.*\n$/)
  })

  test('everything under an Authority is issued anew', { timeout }, async () => {
    const before = await Promise.all(['web', 'mail'].map((name) => keyOf(team, name)))
    const gate = await serialOf(team, 'gate')
    const [web, mail] = await Promise.all([team.certificate('web'), team.certificate('mail')])
    await new Promise((resolve) => setTimeout(resolve, second))
    await shell(team, 'issuing').walk('reissue', [
      [
        '',
        async () => {
          await team.certificateReady('web', (web.status?.revision ?? 0) + 1)
          await team.certificateReady('mail', (mail.status?.revision ?? 0) + 1)
        },
      ],
      ['', (printed) => assert.equal(printed, '2 of 2\n')],
    ])
    const now = await Promise.all(['web', 'mail'].map((name) => keyOf(team, name)))
    assert.ok(now.every((key) => !before.includes(key)))
    assert.equal(await serialOf(team, 'gate'), gate, 'that of another Authority stays')
  })

  test('nothing is issued while it is frozen', { timeout }, async () => {
    const on = shell(team, 'issuing')
    await on.walk('freeze', [['', () => deployment.settled()]])
    await team.createCertificate('late', { authorityRef: { name: 'issuing' } })
    await team.certificateUntil('late', (seen) => isRefused(seen, 'IssuanceFrozen'))
    assert.ok(isReady(await team.certificate('web')))
    await on.walk('thaw', [['', () => deployment.settled()]])
    await team.certificateReady('late', 1)
  })
})

test("a subordinate's key is compromised", { timeout }, async () => {
  const team = await hierarchy('subordinate')
  const stolen = await caOf(team, 'issuing', 1)
  const before = await Promise.all(['web', 'mail'].map((name) => serialOf(team, name)))
  const keys = await Promise.all(['web', 'mail'].map((name) => keyOf(team, name)))
  const gate = await serialOf(team, 'gate')
  await shell(team, 'issuing', { COMPROMISED: '1' }).walk('subordinate-compromised', [
    ['See which keys there are', (printed) => assert.match(printed, /^1\tActive\t/)],
    [
      'Distrust the stolen one',
      (printed) => assert.match(printed, /condition met\n1\tDistrusted\t.*\n2\tActive\t.*\n$/),
    ],
    [
      'Wait until every certificate is of the new key',
      async () => {
        const bundle = await bundleOf(team, 'issuing')
        for (const name of ['web', 'mail']) {
          assert.ok(!keys.includes(await keyOf(team, name)), `${name} has a new key`)
          assert.ok(await isBelieved(team, name, bundle), `${name} is believed`)
          assert.ok(leafOf(await team.secret(name)).checkIssued(await caOf(team, 'issuing', 2)))
        }
        assert.equal(await serialOf(team, 'gate'), gate, 'that of the root stays')
      },
    ],
    [
      'See that the stolen CA certificate is on the CRL of its parent',
      (printed) => {
        assert.match(printed, new RegExp(`Serial Number: ${stolen.serialNumber}\n`))
        assert.match(printed, /CA Compromise/)
      },
    ],
    [
      'See that all it has issued is revoked',
      (printed) => {
        const [, ...lines] = linesOf(printed)
        assert.deepEqual(lines.map((line) => line.split(/ +/)[1]).sort(), [...before].sort())
        assert.ok(lines.every((line) => line.endsWith('Revoked')))
      },
    ],
  ])
})

test("a root's key is compromised", { timeout }, async () => {
  const team = await hierarchy('root')
  const safe = await makeSafe()
  const stolen = await caOf(team, 'root', 1)
  await shell(team, 'root', { COMPROMISED: '1', ...safe }).walk('root-compromised', [
    ['See which keys there are', (printed) => assert.match(printed, /^1\tActive\t/)],
    [
      'Distrust the stolen one',
      async (printed) => {
        assert.match(printed, /condition met\n$/)
        assert.deepEqual(await states(team, 'root'), ['1 Distrusted', '2 Active'])
      },
    ],
    [
      'See that the stolen root is out of the bundle',
      async () => assert.ok(!(await bundleOf(team, 'root')).includes(stolen.toString().trim())),
    ],
    [
      'Wait until every certificate is of the new keys',
      async () => {
        const bundle = (await caOf(team, 'root', 2)).toString()
        for (const name of ['gate', 'web', 'mail']) {
          assert.ok(await isBelieved(team, name, bundle), `${name} is believed`)
          const trusted = textOf(await team.secret(name), 'ca.crt')
          assert.equal(new X509Certificate(trusted).fingerprint256, (await caOf(team, 'root', 2)).fingerprint256)
          assert.equal(trusted.match(/BEGIN/g)?.length, 1, `${name} trusts nothing else`)
        }
        const all = await states(team, 'issuing')
        assert.ok(all[0] === '1 Distrusted' && all.at(-1)?.endsWith('Active'), all.join(', '))
      },
    ],
    ['Save the new root', (printed) => assert.equal(printed.match(/ saved\n/g)?.length, 2)],
  ])
})

test("a CA's key is lost and there is a backup", { timeout }, async () => {
  const team = await hierarchy('lost')
  const safe = await makeSafe()
  const on = shell(team, 'root', safe)
  const backUp = 'sifaka ca backup --namespace "$NAMESPACE" --authority root --recipient "$RECIPIENT" --out "$BACKUP"'
  await on.run(backUp)
  await team.remove(secrets, 'root-ca-1')
  await team.authorityUntil('root', (seen) => isRefused(seen, 'CAKeyMissing'))
  await on.walk('root-lost', [
    ['See what is missing', (printed) => assert.match(printed, /root +False +CAKeyMissing/)],
    ['See what the backup would bring back', (printed) => assert.match(printed, /root-ca-1 .* would be created\n/)],
    ['Bring it back', (printed) => assert.match(printed, /root-ca-1 .* created\n(.*\n)*.*condition met\n$/)],
  ])
  for (const name of ['gate', 'web', 'mail']) assert.equal((await team.certificate(name)).status?.revision, 1)
  assert.deepEqual(await states(team, 'root'), ['1 Active'])
})

test("a root's key is lost for good", { timeout }, async () => {
  const team = await hierarchy('gone')
  const safe = await makeSafe()
  const old = await bundleOf(team, 'root')
  await team.remove(secrets, 'root-ca-1')
  await team.authorityUntil('root', (seen) => isRefused(seen, 'CAKeyMissing'))
  assert.match(messageOf(await team.authority('root')), /raise spec.internal.generation/)
  await shell(team, 'root', safe).walk('root-lost-for-good', [
    ['Start a new CA', (printed) => assert.match(printed, /condition met\n2\tActive\t/)],
    ['Save it, before anything else', (printed) => assert.equal(printed.match(/ saved\n/g)?.length, 1)],
    [
      'Wait until every certificate is of the new keys',
      async () => {
        const bundle = await bundleOf(team, 'root')
        for (const name of ['gate', 'web', 'mail']) assert.ok(await isBelieved(team, name, bundle), name)
        assert.ok(
          (await bundleOf(team, 'issuing')).includes(old.trim()),
          'below the subordinate both roots are trusted',
        )
      },
    ],
    ['Put the new root where the old one was, outside the cluster', () => {}],
  ])
  const published = await readFile(join(onCall?.folder ?? '', 'new-bundle.pem'), 'utf8')
  assert.equal(published, await bundleOf(team, 'root'))
})

describe('the operator is compromised', () => {
  let team: Namespace
  let thief: string

  before(async () => {
    team = await hierarchy('stolen')
    await team.createCertificate('kept', { authorityRef: { name: 'issuing' }, privateKey: { rotation: 'Never' } })
    await team.certificateReady('kept', 1)
    thief = await thiefsKubeconfig()
  })

  const names = ['gate', 'web', 'mail', 'kept']
  const stealSecrets = (): Promise<string> => kubectl(thief, ['-n', team.name, 'get', 'secrets', '-o', 'name'])

  test('the runbook replaces every key', { timeout }, async () => {
    assert.match(await stealSecrets(), /secret\/root-ca-1/)
    const serials = await Promise.all(names.map((name) => serialOf(team, name)))
    const keys = await Promise.all(names.map((name) => keyOf(team, name)))
    const root = await bundleOf(team, 'root')
    const on = shell(team, 'root', { AUDIT_LOG: join(folder, 'audit.log'), IMAGE: 'sifaka:trusted' })
    await on.walk('operator-compromised', [
      [
        'Stop it',
        async () => {
          await deployment.settled()
          assert.equal(deployment.isRunning, false)
        },
      ],
      [
        'Make its tokens worthless',
        () =>
          until(
            () => stealSecrets().catch(String),
            (said) => /logged in|Unauthorized/.test(said),
            'the token',
          ),
      ],
      ['Read what it did', (printed) => assert.match(printed, new RegExp(`\tkubectl.*\tlist\t${team.name}\t`))],
      ['Distrust every CA key', (printed) => assert.match(printed, /authority.sifaka.dev\/root patched/)],
      [
        'Have every key replaced, those that are kept too',
        async (printed) => {
          assert.match(printed, /authority.sifaka.dev\/root annotated/)
          assert.equal((await team.certificate('kept')).spec.privateKey?.rotation, 'Always')
          assert.equal((await team.certificate('web')).status?.revision, 1, 'nothing happens before it is started')
        },
      ],
      [
        'Start it again, from an image that you trust',
        async () => {
          const bundle = await bundleOf(team, 'root')
          assert.ok(!bundle.includes(root.trim()))
          for (const name of names) {
            assert.ok(!keys.includes(await keyOf(team, name)), `${name} has a new key`)
            assert.ok(await isBelieved(team, name, bundle), `${name} is believed`)
            assert.equal((await team.certificate(name)).status?.revision, 2, `${name} is issued once`)
          }
          assert.deepEqual(await states(team, 'issuing'), ['1 Distrusted', '2 Active'])
        },
      ],
      [
        'See that all of before is revoked',
        (printed) => {
          for (const serial of serials) assert.match(printed, new RegExp(`${serial} .*Revoked`))
        },
      ],
    ])
  })

  /** The kubeconfig of somebody who has a token of the operator's account, which may read Secrets. */
  async function thiefsKubeconfig(): Promise<string> {
    const subject = `--serviceaccount=${system}:${account}`
    const role = ['create', 'clusterrolebinding', 'sifaka', '--clusterrole=cluster-admin', subject]
    await kubectl(plane.kubeconfig, role)
    const token = (await kubectl(plane.kubeconfig, ['-n', system, 'create', 'token', account])).trim()
    const config = JSON.parse(await kubectl(plane.kubeconfig, ['config', 'view', '--raw', '--flatten', '-o', 'json']))
    for (const each of config.users) each.user = { token }
    const path = join(folder, 'thief')
    await writeFile(path, JSON.stringify(config))
    return path
  }
})
