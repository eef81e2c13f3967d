import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { FileDropRoot, fileDropArgs } from './file-drop.ts'
import { authorities, certificates, isRefused, messageOf, type Namespace, secrets, until } from './namespace.ts'
import { Sandbox } from './sandbox.ts'

let sandbox: Sandbox
let root: FileDropRoot
let team: Namespace

before(async () => {
  root = await FileDropRoot.open()
  sandbox = await Sandbox.open()
  team = await sandbox.namespace('names')
  await sandbox.operator({ namespaces: [team], args: fileDropArgs })
  await team.createAuthority('ca')
  await team.authorityReady('ca')
})

after(async () => {
  await sandbox?.close()
  await root?.close()
})

/** The longest name that an object may have. */
const longest = (start: string): string => start.padEnd(253, 'x')

describe('names of 253 characters', { concurrency: 2 }, () => {
  test('of an Authority: its CA, bundle and CRL have shorter ones', async () => {
    const name = longest('long-authority-')
    await team.createAuthority(name, { internal: { commonName: 'Long', crl: {} } })
    const { status } = await team.authorityReady(name)
    assert.ok((status?.ca?.secretName.length ?? 0) <= 253)
    await team.createCertificate('below', { authorityRef: { name } })
    await team.certificateReady('below', 1)
    assert.ok(await team.secret(status?.ca?.secretName ?? ''))
    // The next generation is found by its number, which is at the end of another name.
    await team.patch(authorities, name, { spec: { internal: { generation: 2, trustPropagation: '1s' } } })
    await team.authorityUntil(name, (seen) => seen.status?.ca?.generation === 2)
  })

  test('of a Certificate that is ordered', async () => {
    const name = longest('long-certificate-')
    const folder = await root.folder()
    await team.createAuthority('slow', folder.spec)
    await team.authorityReady('slow')
    await team.createCertificate(name, { authorityRef: { name: 'slow' } })
    await until(folder.orders.bind(folder), (all) => all.length === 1, 'the order')
    await folder.sign()
    await team.certificateReady(name, 1)
    assert.deepEqual(
      (await team.events(name)).map(({ reason }) => reason),
      ['Issued'],
    )
  })
})

describe('names that Sifaka needs for itself', { concurrency: 3 }, () => {
  test('of the CA keys of an Authority, until it is gone', async () => {
    await team.createAuthority('soon')
    await team.authorityReady('soon')
    await team.createCertificate('squatter', { secretName: 'soon-ca-2' })
    const refused = await team.certificateRefused('squatter', 'SecretTaken')
    assert.match(messageOf(refused), /^Secret soon-ca-2 is where a CA key of Authority soon lies, or will lie/)
    await team.remove(authorities, 'soon')
    await team.certificateReady('squatter', 1, 5000)
  })

  test('of the order of a Certificate, until that is gone', async () => {
    await team.createCertificate('orderer')
    await team.certificateReady('orderer', 1)
    await team.createCertificate('in-the-way', { secretName: 'orderer-pending' })
    const refused = await team.certificateRefused('in-the-way', 'SecretTaken')
    assert.match(messageOf(refused), /where the key of an order of Certificate orderer lies, or will lie/)
    await team.remove(certificates, 'orderer')
    await team.certificateReady('in-the-way', 1, 5000)
  })

  test('which a Certificate had first: it keeps its Secret, and who comes later says whose it is', async () => {
    await team.createCertificate('first', { secretName: 'late-ca-1' })
    await team.certificateReady('first', 1)
    await team.createAuthority('late')
    const refused = await team.authorityUntil('late', (seen) => isRefused(seen, 'SecretNotOurs'))
    const said = /^Secret late-ca-1 is needed for a CA key of this Authority, and is that of Certificate first: choose/
    assert.match(messageOf(refused), said)
    await team.changeSpec('first', { dnsNames: ['new.example.com'] })
    await team.certificateReady('first', 2)
    await team.changeSpec('first', { secretName: 'elsewhere' })
    await team.remove(secrets, 'late-ca-1')
    await team.authorityReady('late', 5000)
  })
})
