import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Authority, annotations, type Certificate, findCondition } from '#api'
import { second, toRfc3339 } from '#base'
import { isNotFound } from '#kube'
import type { Recorder } from '#test/faults'
import { authorities, certificates, isReady, leafOf, type Namespace, secrets, textOf, until } from './namespace.ts'
import { about, Sandbox, type SandboxOperator } from './sandbox.ts'

let sandbox: Sandbox

before(async () => {
  sandbox = await Sandbox.open()
})

after(() => sandbox?.close())

const exists = (look: Promise<unknown>): Promise<boolean> =>
  look.then(
    () => true,
    (error: unknown) => (isNotFound(error) ? false : Promise.reject(error)),
  )

type Told = Pick<Certificate | Authority, 'status'>

/** `status reason` of a condition; empty without it. */
const told = ({ status }: Told, type: string): string => {
  const found = findCondition(status?.conditions, type)
  return found ? `${found.status} ${found.reason}` : ''
}

const askAt = (at: string) => ({ metadata: { annotations: { [annotations.reissueRequestedAt]: at } } })

describe('while it is frozen', () => {
  let team: Namespace
  let operator: SandboxOperator

  const start = (freeze: boolean): Promise<SandboxOperator> =>
    sandbox.operator({ namespaces: [team], who: `freeze-${freeze}-${team.name}`, args: ['--freeze', String(freeze)] })

  before(async () => {
    team = await sandbox.namespace('freeze')
    const thawed = await start(false)
    await team.createAuthority('ca', { internal: { trustPropagation: '1s' }, reissueWithin: '1s' })
    for (const name of ['web', 'mail', 'asked', 'broken']) await team.createCertificate(name)
    for (const name of ['web', 'mail', 'asked', 'broken']) await team.certificateReady(name, 1)
    assert.equal(await thawed.stop(), 0)
    operator = await start(true)
  })

  test('what is in order is left as it is', async () => {
    const writes = await sandbox.writesWithin(second, about(team, 'web'))
    assert.deepEqual(writes, [])
    const web = await team.certificate('web')
    assert.ok(isReady(web))
    assert.equal(told(web, 'Issuing'), '')
  })

  test('a new certificate is not issued', async () => {
    await team.createCertificate('new')
    const refused = await team.certificateRefused('new', 'IssuanceFrozen')
    assert.equal(told(refused, 'Reconciling'), 'True IssuanceFrozen')
    assert.equal(await exists(team.secret('new')), false)
  })

  test('one that is due stays Ready and says why it is not issued anew', async () => {
    await team.patch(certificates, 'asked', askAt(toRfc3339(Date.now() + second)))
    const asked = await team.certificateUntil('asked', (seen) => told(seen, 'Issuing') !== '')
    assert.equal(told(asked, 'Issuing'), 'True IssuanceFrozen')
    assert.ok(isReady(asked))
    assert.equal(asked.status?.revision, 1)
  })

  test('a Secret that is lost is not replaced', async () => {
    await team.remove(secrets, 'broken')
    const broken = await team.certificateRefused('broken', 'IssuanceFrozen')
    assert.equal(broken.status?.revision, 1)
  })

  test('no CA is made', async () => {
    await team.createAuthority('other')
    const other = await team.authorityUntil('other', (seen) => told(seen, 'Ready') !== '')
    assert.equal(told(other, 'Ready'), 'False IssuanceFrozen')
    assert.equal(told(other, 'Reconciling'), 'True IssuanceFrozen')
    assert.equal(await exists(team.secret('other-ca-1')), false)
  })

  test('no CA is rotated, and the one that signs says so', async () => {
    await team.patch(authorities, 'ca', { spec: { internal: { generation: 2 } } })
    const ca = await team.authorityUntil('ca', (seen) => told(seen, 'Warning') === 'True IssuanceFrozen')
    assert.equal(told(ca, 'Ready'), 'True CAReady')
    assert.equal(ca.status?.ca?.generation, 1)
    assert.equal(await exists(team.secret('ca-ca-2')), false)
  })

  test('nothing was signed', async () => {
    assert.deepEqual(operator.audit(), [])
    assert.equal(await operator.metric('sifaka_issuances_total'), 0)
  })

  test('once it is started without --freeze, everything that was due happens', async () => {
    assert.equal(await operator.stop(), 0)
    await start(false)
    await team.authorityReady('other')
    await team.certificateReady('new', 1)
    const isAnew = ({ status }: Certificate): boolean => status?.caGeneration === 2
    for (const name of ['web', 'mail', 'asked', 'broken', 'new']) await team.certificateUntil(name, isAnew, 30_000)
    const ca = await team.authority('ca')
    assert.equal(ca.status?.ca?.generation, 2)
    assert.notEqual(told(ca, 'Warning'), 'True IssuanceFrozen')
    const asked = await team.certificateUntil('asked', (seen) => told(seen, 'Issuing') === '')
    assert.ok(isReady(asked))
  })
})

describe('re-issue on request', () => {
  const count = 60
  const withinMs = 6 * second
  /** What a slow machine may add. */
  const slackMs = 6 * second
  const names = Array.from({ length: count }, (_, i) => `web-${i}`)
  let team: Namespace
  let recorder: Recorder
  let operator: SandboxOperator

  const start = (): Promise<SandboxOperator> =>
    sandbox.operator({ namespaces: [team], who: 'reissue', leaseDuration: '3s' })

  /** The leaves that a Secret has held, in their order. */
  const leavesOf = (name: string): readonly { readonly serialNumber: string; readonly issuedAt: string }[] => {
    const seen = new Map<string, string>()
    for (const { object } of recorder.of(name)) {
      const { annotations: said = {} } = object.metadata as { annotations?: Record<string, string> }
      const serialNumber = said[annotations.serialNumber] ?? ''
      if (!seen.has(serialNumber)) seen.set(serialNumber, said[annotations.issuedAt] ?? '')
    }
    return [...seen].map(([serialNumber, issuedAt]) => ({ serialNumber, issuedAt }))
  }

  async function allAnew(revision: number): Promise<void> {
    for (const name of names) await team.certificateReady(name, revision, withinMs + slackMs + 30 * second)
    // Anything that is issued twice shows by now.
    await sleep(2 * second)
    await recorder.caughtUp()
    const often = names.filter((name) => leavesOf(name).length !== revision)
    assert.deepEqual(often, [], 'each of them is issued exactly once more')
  }

  /** How many were issued in each second after the request. */
  function perSecond(requestedAt: number, revision: number): readonly number[] {
    const seconds = names.map((name) => {
      const issuedAt = Date.parse(leavesOf(name)[revision - 1]?.issuedAt ?? '')
      return Math.floor((issuedAt - requestedAt) / second)
    })
    return Array.from({ length: Math.max(...seconds) + 1 }, (_, at) => seconds.filter((each) => each === at).length)
  }

  async function requestAll(): Promise<number> {
    // Times of issuance are whole seconds, and what was issued in the very second of the request is not asked for.
    await sleep(second)
    const at = Math.floor(Date.now() / second) * second
    await team.patch(authorities, 'ca', askAt(toRfc3339(at)))
    return at
  }

  before(async () => {
    team = await sandbox.namespace('reissue')
    recorder = await sandbox.recordSecrets(team)
    operator = await start()
    await team.createAuthority('ca', { internal: {}, reissueWithin: `${withinMs / second}s` })
    await Promise.all(names.map((name) => team.createCertificate(name)))
    for (const name of names) await team.certificateReady(name, 1, 30 * second)
  })

  test('all certificates of an Authority, each once, spread over the time', { timeout: 120_000 }, async () => {
    const requestedAt = await requestAll()
    await allAnew(2)
    const counts = perSecond(requestedAt, 2)
    process.stdout.write(`issued in each second after the request: ${counts.join(' ')}\n`)
    assert.ok(Math.max(...counts) < count / 2, `not all at once: ${counts.join(' ')}`)
    assert.ok(counts.filter((each) => each > 0).length >= 4, `spread: ${counts.join(' ')}`)
    assert.ok(counts.length * second <= withinMs + slackMs, `in time: ${counts.join(' ')}`)
    const released = operator
      .audit()
      .filter(({ event, cause }) => event === 'CertificateRelease' && cause === 'ReissueRequested')
    assert.equal(released.length, count)
  })

  test('also when the operator is killed in the middle', { timeout: 120_000 }, async () => {
    await requestAll()
    await sleep(withinMs / 2)
    await operator.kill()
    await recorder.caughtUp()
    const done = names.filter((name) => leavesOf(name).length === 3).length
    assert.ok(done > 0 && done < count, `${done} of ${count} were issued when it was killed`)
    operator = await start()
    await allAnew(3)
  })

  test('what is issued after the request is not issued again', async () => {
    await team.createCertificate('late')
    await team.certificateReady('late', 1)
    assert.deepEqual(await sandbox.writesWithin(withinMs, writesOfSecrets), [])
  })

  test('one Certificate, at once, and no other', async () => {
    await sleep(second)
    const before = leafOf(await team.secret('web-0'))
    const key = textOf(await team.secret('web-0'), 'tls.key')
    await team.patch(certificates, 'web-0', askAt(toRfc3339(Date.now())))
    await team.certificateReady('web-0', 4, 3 * second)
    const secret = await team.secret('web-0')
    assert.notEqual(leafOf(secret).serialNumber, before.serialNumber)
    assert.notEqual(textOf(secret, 'tls.key'), key)
    assert.deepEqual(await sandbox.writesWithin(2 * second, writesOfSecrets), [])
    assert.equal((await team.certificate('web-1')).status?.revision, 3)
  })

  const idle: readonly (readonly [what: string, text: string])[] = [
    ['a time before it was issued', '2020-01-01T00:00:00Z'],
    ['a time to come', '2099-01-01T00:00:00Z'],
    ['a text that is no time', 'as soon as possible'],
    ['a number', '1'],
    ['nothing', ''],
  ]
  for (const [what, text] of idle) {
    test(`${what} asks for nothing`, async () => {
      await team.patch(certificates, 'web-1', askAt(text))
      await team.patch(authorities, 'ca', askAt(text))
      assert.deepEqual(await sandbox.writesWithin(1500, writesOfSecrets), [])
      const [web, ca] = [await team.certificate('web-1'), await team.authority('ca')]
      assert.ok(isReady(web) && isReady(ca))
      assert.equal(web.status?.revision, 3)
    })
  }

  test('an Authority says that it cannot read the time, until it can', async () => {
    const warning = (seen: Authority): string => findCondition(seen.status?.conditions, 'Warning')?.message ?? ''
    await team.patch(authorities, 'ca', askAt('as soon as possible'))
    const what = /annotation sifaka.dev\/reissue-requested-at is no time such as/
    await team.authorityUntil('ca', (seen) => what.test(warning(seen)))
    await team.patch(authorities, 'ca', askAt('2020-01-01T00:00:00Z'))
    await team.authorityUntil('ca', (seen) => !what.test(warning(seen)))
  })

  function writesOfSecrets({ namespace, resource }: { namespace: string; resource: string }): boolean {
    return namespace === team.name && resource === 'secrets'
  }
})

test('a Secret of a CA that comes back while it is frozen is used', async () => {
  const team = await sandbox.namespace('frozen-restore')
  const thawed = await sandbox.operator({ namespaces: [team], who: team.name })
  await team.createAuthority('ca')
  await team.authorityReady('ca')
  const { metadata, data, type, immutable } = await team.secret('ca-ca-1')
  assert.equal(await thawed.stop(), 0)
  await team.remove(secrets, 'ca-ca-1')
  const frozen = await sandbox.operator({ namespaces: [team], who: team.name, args: ['--freeze', 'true'] })
  await until(
    () => team.authority('ca'),
    (seen) => told(seen, 'Ready') === 'False CAKeyMissing',
    'the Authority',
  )
  const { name, labels, annotations: said } = metadata
  const saved = { metadata: { name, labels, annotations: said }, data, type, immutable }
  await team.createSecret(saved as Parameters<Namespace['createSecret']>[0])
  await team.authorityReady('ca')
  assert.deepEqual(frozen.audit(), [])
})
