import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { day, second } from '#base'
import { type Bundle, type BundleFiles, encodeCertificates } from '#pki'
import { certificateRequest } from '#plan'
import type { Recorder, Version } from '#test/faults'
import { issuedFiles, testCa } from '#test/make'
import { type Mesh, randomFrom, startMesh, Volumes } from './index.ts'

const delayMs = 200
const now = Math.floor(Date.now() / second) * second
const newCa = (): Promise<Bundle> => testCa({ notBefore: now - day, notAfter: now + day })

/** A mesh of two peers over Secrets whose versions the test makes. */
class Stage {
  readonly versions: Version[] = []
  readonly #volumes: Volumes
  #mesh: Mesh | undefined

  constructor() {
    this.#volumes = new Volumes({ versions: this.versions } as unknown as Recorder)
  }

  async put(secret: string, ca: Bundle, trusted: readonly Bundle[]): Promise<void> {
    const usages = ['digitalSignature', 'serverAuth', 'clientAuth'] as const
    const request = certificateRequest({ dnsNames: [`${secret}.example.com`], usages: [...usages], duration: '1h' })
    const files: BundleFiles = await issuedFiles(ca, { request, at: now })
    const ca_crt = encodeCertificates(trusted.map(({ certificate }) => certificate))
    const data = Object.fromEntries(
      Object.entries({ ...files, 'ca.crt': ca_crt }).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
    )
    const metadata = { name: secret, uid: secret, resourceVersion: String(this.versions.length) }
    this.versions.push({ type: 'MODIFIED', object: { metadata, data } })
  }

  /** How many of the handshakes of this time fail. */
  async failures(ms: number): Promise<number> {
    const peers = ['a', 'b'].map((secret, i) => ({ secret, host: `${secret}.example.com`, delayMs: i * delayMs }))
    await sleep(20)
    this.#mesh ??= await startMesh({ volumes: this.#volumes, peers, random: randomFrom(1), perSecond: 400 })
    const { count, failures } = this.#mesh
    const before = { handshakes: count.handshakes, failures: failures.length }
    await sleep(ms)
    assert.ok(count.handshakes > before.handshakes)
    return failures.length - before.failures
  }

  async close(): Promise<void> {
    await this.#mesh?.close()
    this.#volumes.close()
  }
}

test('a chain that the other side does not trust yet is a failed handshake while its volume is behind', async (t) => {
  const [old, next] = await Promise.all([newCa(), newCa()])
  const stage = new Stage()
  t.after(() => stage.close())
  await stage.put('a', old, [old])
  await stage.put('b', old, [old])
  assert.equal(await stage.failures(100), 0)
  await stage.put('a', next, [old, next])
  await stage.put('b', old, [old, next])
  assert.ok((await stage.failures(delayMs / 2)) > 0, 'b does not see the new root yet')
  await sleep(delayMs)
  assert.equal(await stage.failures(100), 0)
  await stage.put('a', next, [next])
  assert.ok((await stage.failures(100)) > 0, 'a does not trust the old root any more')
})
