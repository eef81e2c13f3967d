import assert from 'node:assert/strict'
import { findCondition, type Secret } from '#api'
import { type FileDrop, type FileDropRoot, fileDropArgs } from '../controllers/file-drop.ts'
import { textOf } from '../controllers/namespace.ts'
import { isIssued, type Stage, type Workload } from './workload.ts'

/**
 * The work of a Certificate whose authority takes its time: there is one order, for one key.
 * @param root where its authorities are, open when the work is prepared
 */
export function orderWorkload(root: () => FileDropRoot): Workload {
  const folders = new Map<string, FileDrop>()
  const folderOf = ({ namespace }: Stage): FileDrop => {
    const folder = folders.get(namespace.name)
    if (!folder) throw new Error(`${namespace.name} has no folder`)
    return folder
  }
  return {
    name: 'order',
    args: fileDropArgs,
    async prepare({ namespace }) {
      const folder = await root().folder()
      folders.set(namespace.name, folder)
      await namespace.createAuthority('ca', folder.spec)
      await namespace.authorityReady('ca', 30_000)
    },
    begin: ({ namespace }) => namespace.createCertificate('web'),
    /** The people at the CA sign once the order shows in the status. */
    async meanwhile(stage) {
      await stage.namespace.certificateUntil(
        'web',
        ({ status }) => findCondition(status?.conditions, 'Ready')?.reason === 'OrderPending',
        40_000,
      )
      await folderOf(stage).sign()
    },
    async isDone(stage) {
      const pending = await stage.namespace.secret('web-pending').catch(() => undefined)
      return pending === undefined && isIssued(1)(stage)
    },
    writes: [
      ...['create secrets web-pending', 'patch secrets web-pending', 'patch certificates/status web'],
      ...['create secrets web', 'delete secrets web-pending', 'patch certificates/status web #2', 'create events web'],
    ],
    holds: (stage) => heldOnce(stage, folderOf(stage)),
  }
}

/** There was one order, which was not cancelled, and its key is the one in use. */
async function heldOnce({ secrets: recorder }: Stage, folder: FileDrop): Promise<void> {
  assert.deepEqual(
    [folder.ordersEver().length, folder.orders(), folder.calls().includes('cancel')],
    [1, folder.ordersEver(), false],
    'one order',
  )
  const versions = [...recorder.of('web-pending'), ...recorder.of('web')].map(
    ({ object }) => object as unknown as Secret,
  )
  assert.equal(new Set(versions.map((secret) => textOf(secret, 'tls.key'))).size, 1, 'one key')
}
