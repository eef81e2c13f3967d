import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { type ControlPlane, controlPlane } from '#test/servers'
import { PlainClient } from './plain-client.ts'
import { recordVersions } from './recorder.ts'

let plane: ControlPlane
let client: PlainClient

before(async () => {
  plane = await controlPlane()
  client = new PlainClient(plane.kubeconfig)
})

after(async () => {
  await client?.close()
  await plane?.stop()
})

test('every version of every object is kept, in order', async () => {
  const path = `/api/v1/namespaces/${await client.newNamespace()}/secrets`
  const write = (name: string, value: string) => client.call('PATCH', `${path}/${name}`, { stringData: { value } })
  await client.call('POST', path, { metadata: { name: 'a' }, stringData: { value: '0' } })

  const recorder = await recordVersions({ kubeconfig: plane.kubeconfig, path })
  await client.call('POST', path, { metadata: { name: 'b' } })
  for (let value = 1; value <= 20; value += 1) await write('a', String(value))
  await client.call('DELETE', `${path}/a`)
  await client.call('POST', path, { metadata: { name: 'a' }, stringData: { value: 'again' } })
  await recorder.caughtUp()

  const values = recorder.of('a').map(({ type, object }) => `${type} ${atob(object.data?.value ?? '')}`)
  const modified = Array.from({ length: 20 }, (_, at) => `MODIFIED ${at + 1}`)
  assert.deepEqual(values, ['ADDED 0', ...modified, 'DELETED 20', 'ADDED again'])
  assert.equal(recorder.versions.length, values.length + 1)
  await recorder.close()
})

test('a record that cannot be whole fails', async () => {
  await assert.rejects(recordVersions({ kubeconfig: plane.kubeconfig, path: '/api/v1/nothing' }), /404/)
})
