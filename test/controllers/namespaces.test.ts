import { after, before, describe, test } from 'node:test'
import { findCondition, isTrue } from '#api'
import { isNotFound, resources } from '#kube'
import { authorities, type Namespace, until } from './namespace.ts'
import { Sandbox } from './sandbox.ts'

/** What becomes of a namespace matters to the Authorities in it, at once. */
let sandbox: Sandbox
let system: Namespace
let labelled: Namespace
let ending: Namespace

before(async () => {
  sandbox = await Sandbox.open()
  system = await sandbox.namespace('namespaces')
  labelled = await sandbox.namespace('labelled')
  ending = await sandbox.namespace('ending')
  await sandbox.operator({ namespaces: [system, labelled, ending] })
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
