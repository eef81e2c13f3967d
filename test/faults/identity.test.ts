import assert from 'node:assert/strict'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { controlPlane } from '#test/servers'
import { readKubeconfig, writeKubeconfig } from './kubeconfig.ts'
import { PlainClient } from './plain-client.ts'
import { startFaultProxy } from './proxy.ts'

const whoAmI = async (kubeconfig: string): Promise<string> => {
  const client = new PlainClient(kubeconfig)
  const { body } = await client.call('POST', '/apis/authentication.k8s.io/v1/selfsubjectreviews', {})
  await client.close()
  const { status } = body as unknown as { status: { userInfo: { username: string } } }
  return status.userInfo.username
}

test('the API server sees the identity of the kubeconfig, whether a certificate or a token proves it', async (t) => {
  const plane = await controlPlane()
  const admin = new PlainClient(plane.kubeconfig)
  const folder = await mkdtemp(join(tmpdir(), 'sifaka-identity-'))
  t.after(async () => {
    await admin.close()
    await plane.stop()
    await rm(folder, { recursive: true })
  })
  const namespace = await admin.newNamespace()
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`
  await admin.call('POST', accounts, { metadata: { name: 'robot' } })
  const { body } = await admin.call('POST', `${accounts}/robot/token`, { spec: {} })
  const { token } = (body as unknown as { status: { token: string } }).status
  const { server, ca } = readKubeconfig(plane.kubeconfig)
  const withToken = join(folder, 'kubeconfig')
  writeKubeconfig(withToken, { server, ca, token })

  const identities: [string, string, string][] = [
    ['certificate', plane.kubeconfig, await whoAmI(plane.kubeconfig)],
    ['token', withToken, `system:serviceaccount:${namespace}:robot`],
  ]
  for (const [by, kubeconfig, expected] of identities) {
    await t.test(by, async () => {
      const proxy = await startFaultProxy({ kubeconfig })
      assert.equal(await whoAmI(proxy.kubeconfig), expected)
      assert.equal((await stat(proxy.kubeconfig)).mode & 0o077, 0)
      await proxy.close()
      await assert.rejects(stat(proxy.kubeconfig))
    })
  }
})
