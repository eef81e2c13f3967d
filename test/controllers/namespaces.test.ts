import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { findCondition, isTrue, type KubeObject } from '#api'
import { isNotFound, resources } from '#kube'
import { authorities, Namespace, until } from './namespace.ts'
import { Sandbox } from './sandbox.ts'

/** What becomes of a namespace matters to the Authorities in it, at once. */
let sandbox: Sandbox
let system: Namespace
let labelled: Namespace
let ending: Namespace
/** It does not exist when the operator starts. */
let later: Namespace

before(async () => {
  sandbox = await Sandbox.open()
  system = await sandbox.namespace('namespaces')
  labelled = await sandbox.namespace('labelled')
  ending = await sandbox.namespace('ending')
  later = new Namespace(sandbox.client, `later-${randomBytes(4).toString('hex')}`)
  await sandbox.operator({ namespaces: [system, labelled, ending, later] })
})

after(() => sandbox?.close())

describe('a namespace', { concurrency: 2 }, () => {
  test('that gets the label which a parent asks for gets its subordinate', async () => {
    const selector = { matchLabels: { 'pki.example.com/subordinates': 'allowed' } }
    await system.createAuthority('root', { internal: {}, allowedSubordinates: { from: 'Selector', selector } })
    await system.authorityReady('root')
    const parentRef = { namespace: system.name, name: 'root' }
    await labelled.createAuthority('below', { internal: { parentRef } })
    await labelled.authorityUntil(
      'below',
      ({ status }) => findCondition(status?.conditions, 'Ready')?.reason === 'ParentNotFound',
    )
    const patch = { metadata: { labels: selector.matchLabels } }
    await sandbox.client.mergePatch(resources.namespaces, { namespace: '', name: labelled.name }, patch)
    await labelled.authorityReady('below')
  })

  test('that is made while the operator is at work gets its certificates', async () => {
    const metadata = { name: later.name }
    await sandbox.client.create(resources.namespaces, { apiVersion: 'v1', kind: 'Namespace', metadata } as KubeObject)
    await later.createAuthority('ca', { internal: {}, default: true })
    await later.createCertificate('web', { authorityRef: undefined })
    await later.certificateReady('web')
  })

  test('is watched by its name, and no other namespace at all', () => {
    const asked = sandbox.proxy.requests.filter(({ resource }) => resource === 'namespaces')
    const names = [system, labelled, ending, later].map(({ name }) => name)
    assert.deepEqual([...new Set(asked.map(({ name }) => name))].sort(), names.sort())
  })

  test('that begins to go lets go of an Authority in use', async () => {
    await ending.createAuthority('ca')
    await ending.createCertificate('web')
    await ending.certificateReady('web')
    await ending.remove(authorities, 'ca')
    await ending.authorityUntil('ca', ({ metadata, status }) => {
      const isUsed = isTrue(status?.conditions, 'InUse')
      return isUsed && metadata.deletionTimestamp !== undefined
    })
    await sandbox.client.delete(resources.namespaces, { namespace: '', name: ending.name })
    const look = () => ending.authority('ca').then(() => false, isNotFound)
    await until(look, (isGone) => isGone, 'the end of the Authority')
  })
})
