import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { createPublicKey } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { annotations, type Certificate, type Secret, secretLabel } from '#api'
import { keyMatchesLeaf, type RecordedRequest } from '#test/faults'
import {
  authorities,
  certificates,
  isReady,
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
  await team.createAuthority('root', { internal: { commonName: 'Example Root' } })
  await team.createAuthority('ca', { internal: { commonName: 'Example CA', parentRef: { name: 'root' } } })
  operator = await sandbox.operator({ namespaces: [team, guest, shared] })
  await team.authorityReady('ca')
})

after(() => sandbox?.close())

const settle = (name: string, revision: number, secret = name): Promise<void> =>
  sandbox.proxy.waitFor((requests) => {
    const written = requests.filter(about(team, name, secret)).filter(({ status = 0 }) => status < 300)
    return written.filter(({ verb, resource }) => verb === 'create' && resource === 'events').length >= revision
  })

/** Issues one and returns it with its Secret, when everything about it is written. */
async function issue(name: string, spec: object = {}): Promise<{ certificate: Certificate; secret: Secret }> {
  await team.createCertificate(name, spec)
  const certificate = await team.certificateReady(name, 1)
  await settle(name, 1)
  return { certificate, secret: await team.secret(name) }
}

test('smoke', async () => {
  const { certificate, secret } = await issue('web')
  console.log(inWords(sandbox.proxy.requests), certificate.status, secret.metadata, isReady, leafOf, messageOf, revisionOf, textOf, trueConditions, until)
})
