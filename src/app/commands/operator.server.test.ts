import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { after, before, test } from 'node:test'
import { type ControlPlane, controlPlane } from '#test/servers'

const binary = new URL('../../../bin/sifaka', import.meta.url).pathname
let plane: ControlPlane

before(async () => {
  plane = await controlPlane()
})

after(() => plane.stop())

test('an operator whose address is taken says so, and ends', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = Object(server.address())
  const child = spawn(binary, ['operator', '--kubeconfig', plane.kubeconfig, '--listen', `127.0.0.1:${port}`], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  const [code] = await once(child, 'close', { signal: AbortSignal.timeout(20_000) }).finally(() =>
    child.kill('SIGKILL'),
  )
  server.close()
  assert.equal(code, 2)
  assert.match(said, /^sifaka: cannot listen on 127\.0\.0\.1:\d+ \(EADDRINUSE\): choose another address with --listen/)
})
