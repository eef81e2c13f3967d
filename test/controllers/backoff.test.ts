import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { annotations, type Certificate, findCondition } from '#api'
import { fromRfc3339, minute, second, toRfc3339 } from '#base'
import { type FileDrop, FileDropRoot, fileDropArgs } from './file-drop.ts'
import { authorities, certificates, type Namespace, until } from './namespace.ts'
import { Sandbox, type SandboxOperator } from './sandbox.ts'

/** How long an authority must not be asked for it to count as left alone; without a backoff it is asked each second. */
const quietMs = 3 * second

let sandbox: Sandbox
let root: FileDropRoot
let operator: SandboxOperator
let team: Namespace
let folder: FileDrop

before(async () => {
  root = await FileDropRoot.open()
  sandbox = await Sandbox.open()
  team = await sandbox.namespace('backoff')
  operator = await sandbox.operator({ namespaces: [team], args: fileDropArgs })
  folder = await root.folder()
  await team.createAuthority('ca', { ...folder.spec, retry: { max: '1h' } })
  await team.authorityReady('ca')
})

after(async () => {
  await sandbox?.close()
  await root?.close()
})

const failedWith = (status: Certificate['status']) => [status?.attempts, status?.nextAttemptAt]

/** Waits until the authority has been asked again and has failed again. */
const failedAgain = (before: string | undefined): Promise<Certificate> =>
  team.certificateUntil('web', ({ status }) => {
    const { nextAttemptAt } = status ?? {}
    return nextAttemptAt !== undefined && nextAttemptAt !== before
  })

async function assertLeftAlone(status: Certificate['status']): Promise<void> {
  const calls = folder.calls().length
  await sleep(quietMs)
  assert.equal(folder.calls().length, calls)
  assert.deepEqual(failedWith((await team.certificate('web')).status), failedWith(status))
}

test('what failed waits for its next attempt, over a restart too, but not when something changes', async () => {
  await team.createCertificate('web')
  await until(
    () => folder.orders(),
    (all) => all.length === 1,
    'the order',
  )
  await folder.garble()
  const first = await failedAgain(undefined)
  assert.equal(findCondition(first.status?.conditions, 'Reconciling')?.reason, 'InvalidAnswer')
  assert.equal(first.status?.attempts, 1)
  const waitMs = (fromRfc3339(first.status?.nextAttemptAt) ?? 0) - Date.now()
  assert.ok(waitMs > minute / 2 - 10 * second && waitMs <= minute, `the next attempt is in ${waitMs} ms`)

  await operator.stop()
  operator = await sandbox.operator({ namespaces: [team], args: fileDropArgs })
  await team.patch(certificates, 'web', { metadata: { annotations: { note: 'look here' } } })
  await assertLeftAlone(first.status)

  const asked = { [annotations.reissueRequestedAt]: toRfc3339(Date.now()) }
  await team.patch(certificates, 'web', { metadata: { annotations: asked } })
  const again = await failedAgain(first.status?.nextAttemptAt)
  assert.equal(again.status?.attempts, 1, 'counted anew')
  await assertLeftAlone(again.status)

  folder.unsign()
  await folder.sign()
  await team.patch(authorities, 'ca', { spec: { owner: 'pki@example.com' } })
  const { status } = await team.certificateReady('web', 1)
  assert.deepEqual(failedWith(status), [undefined, undefined])
  assert.equal(status?.attemptedFor, undefined)
})
