import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before } from 'node:test'
import { testIssuer } from 'sifaka/testing'
import { createCa, garble, revoked, signAll } from './openssl-ca.js'
import plugin from './plugin.js'

let root
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'file-drop-'))
  process.env.FILE_DROP_ROOT = root
  await createCa(join(root, 'ca'))
})
after(() => rm(root, { recursive: true }))

let tests = 0

testIssuer({
  name: 'fileDrop',
  plugin,
  async authority() {
    const name = `test-${++tests}`
    const folder = join(root, name)
    await mkdir(folder)
    await cp(join(root, 'ca/chain.pem'), join(folder, 'ca.pem'))
    return {
      options: { folder: name, caFile: 'ca.pem' },
      settle: () => signAll(folder, join(root, 'ca')),
      garble: () => garble(folder),
      revoked: () => revoked(folder),
    }
  },
})
