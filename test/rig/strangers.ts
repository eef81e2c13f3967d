import assert from 'node:assert/strict'
import type { Secret } from '#api'
import { hook } from '#test/faults'
import { isRefused } from '../controllers/namespace.ts'
import { readyAuthority, type Workload } from './workload.ts'

const password = 'aHVudGVyMg=='

/** Somebody else creates a Secret of that name in the moment in which ours is to be created. */
export const strangerFaster: Workload = {
  name: 'a stranger who is faster',
  prepare: readyAuthority,
  async begin({ sandbox, namespace }) {
    const create = { verb: 'create', resource: 'secrets', name: 'web', namespace: namespace.name } as const
    const stranger = { metadata: { name: 'web' }, data: { password } }
    sandbox.proxy.add({ when: create, do: hook('before', async () => void (await namespace.createSecret(stranger))) })
    await namespace.createCertificate('web')
  },
  isDone: async ({ namespace }) => isRefused(await namespace.certificate('web'), 'SecretNotOurs'),
  writes: ['create secrets web', 'patch certificates/status web', 'create events web'],
  // What strikes the first write keeps the stranger away.
  struck: ['patch certificates/status web', 'create events web'],
  // One for each process that has not met the stranger yet.
  wastes: 2,
  async holds({ secrets }) {
    const versions = secrets.of('web').map(({ object }) => object as unknown as Secret)
    for (const { data, type, metadata } of versions) {
      assert.deepEqual([data, type, metadata.labels], [{ password }, 'Opaque', undefined], 'it is left alone')
    }
  },
}
