import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Namespace } from './namespace.ts'
import { Sandbox } from './sandbox.ts'

let sandbox: Sandbox
let team: Namespace

before(async () => {
  sandbox = await Sandbox.open()
  team = await sandbox.namespace('events')
  await sandbox.operator({ namespaces: [team] })
})

after(() => sandbox?.close())

/** What is told in one moment has no order. */
const told = async (name: string): Promise<string[]> => (await team.events(name)).map(({ reason }) => reason).sort()

test('of what is applied together events tell what was done, and none that something is new', async () => {
  await team.createAuthority('ca', { internal: {}, allowedSubordinates: { from: 'Same' } })
  await team.createAuthority('sub', { internal: { parentRef: { name: 'ca' } } })
  await Promise.all([team.createCertificate('web'), team.createCertificate('below', { authorityRef: { name: 'sub' } })])
  await Promise.all([team.certificateReady('web'), team.certificateReady('below')])
  await sandbox.writesWithin(1500)
  const [web, below, sub, ca] = await Promise.all(['web', 'below', 'sub', 'ca'].map(told))
  assert.deepEqual(
    { web, below, sub, ca },
    { web: ['Issued'], below: ['Issued'], sub: ['CACreated'], ca: ['CACreated', 'CANotBackedUp'] },
  )
})
