import assert from 'node:assert/strict'
import { beforeEach, suite, test } from 'node:test'
import { type Certificate, type CertificateSpec, type Secret, secretLabel } from '#api'
import { Failure } from '#base'
import { ApiError } from '#kube'
import type { CertificateWorld } from '#plan'
import { authorityView, certificate, certificateWorld, heldSecret } from '#test/make'
import { PasswordMemory } from './password-memory.ts'
import { observePasswords, passwordSecretKeys, readPasswords, versionsOf } from './passwords.ts'
import type { ObserveTools } from './visit.ts'

/** Secrets of the API server by `namespace/name`, those that are watched, and those that were read since. */
let secrets: Map<string, Secret>
let watched: Set<string>
let reads: string[]
let on: ObserveTools

beforeEach(() => {
  secrets = new Map()
  watched = new Set()
  reads = []
  const get = async (_: unknown, { namespace, name }: { namespace: string; name: string }): Promise<Secret> => {
    reads.push(name)
    const found = secrets.get(`${namespace}/${name}`)
    if (!found) throw new ApiError('there is none', { status: 404 })
    return found
  }
  const seen = (key: string) => (watched.has(key) ? { metadata: secrets.get(key)?.metadata } : undefined)
  const { signal } = new AbortController()
  const parts = { tools: { client: { get } }, namedSecrets: { seen }, passwords: new PasswordMemory(), signal }
  on = parts as unknown as ObserveTools
})

const put = (
  name: string,
  version: string,
  data: Record<string, string>,
  labels: Record<string, string> = {},
): void => {
  const coded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
  const metadata = { namespace: 'shop', name, uid: 'u', resourceVersion: version, labels }
  secrets.set(`shop/${name}`, { apiVersion: 'v1', kind: 'Secret', metadata, data: Object.fromEntries(coded) })
}

/** `output: Secret[/key]` of each password. */
function withPasswords(refs: Partial<Record<'pkcs12' | 'jks', string>>, spec: Partial<CertificateSpec> = {}) {
  const outputs = Object.entries(refs).map(([output, ref]) => {
    const [name = '', key] = ref.split('/')
    return [output, { passwordSecretRef: { name, ...(key && { key }) } }]
  })
  return certificate({ spec: { outputs: Object.fromEntries(outputs), ...spec } })
}

const worldOf = (of: Certificate): CertificateWorld => certificateWorld({ certificate: of })

/** What a visit finds, and the Secrets that it reads for that. */
async function visit(of: Certificate | CertificateWorld): Promise<{ found: unknown; read: string[] }> {
  reads = []
  const found = await observePasswords('spec' in of ? worldOf(of) : of, on)
  return { found: found instanceof Failure ? found.message : found, read: reads }
}

const mine = withPasswords({ jks: 'mine' })

suite('a Secret that is watched', () => {
  beforeEach(() => {
    watched.add('shop/mine')
    put('mine', '1', { password: 'changeit', 'p12.txt': 'another' })
  })

  test('is read once', async () => {
    assert.deepEqual(await visit(mine), { found: { jks: 'u/1/password' }, read: ['mine'] })
    assert.deepEqual(await visit(mine), { found: { jks: 'u/1/password' }, read: [] })
  })

  test('is read before there is a watch, and not again because of that', async () => {
    watched.clear()
    await visit(mine)
    watched.add('shop/mine')
    assert.deepEqual((await visit(mine)).read, [])
  })

  test('is read again when it has changed', async () => {
    await visit(mine)
    put('mine', '2', { password: 'other' })
    assert.deepEqual(await visit(mine), { found: { jks: 'u/2/password' }, read: ['mine'] })
    assert.deepEqual((await visit(mine)).read, [])
  })

  test('is read again when it is gone, and when it is back', async () => {
    await visit(mine)
    secrets.clear()
    const gone = await visit(mine)
    assert.match(
      String(gone.found),
      /^Secret mine does not exist: put the password of the keystores under password in /,
    )
    assert.deepEqual(await visit(mine), { ...gone, read: [] })
    put('mine', '3', { password: 'changeit' })
    assert.deepEqual(await visit(mine), { found: { jks: 'u/3/password' }, read: ['mine'] })
  })

  test('is read once, whatever is wrong with it', async () => {
    for (const [data, labels, why] of [
      [{ password: 'changeit\n' }, {}, /no usable password under password: .*control character/],
      [{ pass: 'changeit' }, {}, /has no key password/],
      [{ password: 'changeit' }, { [secretLabel]: 'certificate' }, /is one that Sifaka writes/],
    ] as const) {
      put('mine', `bad ${why}`, data, labels)
      const first = await visit(mine)
      assert.match(String(first.found), why)
      assert.deepEqual(await visit(mine), { ...first, read: [] })
    }
  })

  test('is read once for two outputs, and again when the spec asks for something else', async () => {
    const both = withPasswords({ pkcs12: 'mine/p12.txt', jks: 'mine' })
    const found = { pkcs12: 'u/1/p12.txt', jks: 'u/1/password' }
    assert.deepEqual(await visit(both), { found, read: ['mine'] })
    assert.deepEqual(await visit(both), { found, read: [] })
    assert.deepEqual((await visit(withPasswords({ jks: 'mine/p12.txt' }))).read, ['mine'])
  })
})

test('a Secret that is not watched is read at each visit', async () => {
  put('mine', '1', { password: 'changeit' })
  for (const _ of ['first', 'second']) assert.deepEqual((await visit(mine)).read, ['mine'])
})

suite('no Secret is read', () => {
  const going = { ...mine, metadata: { ...mine.metadata, deletionTimestamp: '2026-11-22T12:00:00Z' } }
  const made = withPasswords({}, { outputs: { pkcs12: {}, jks: {} } })
  for (const [what, of, found] of [
    ['without outputs', certificate(), {}],
    ['for passwords that are made', made, {}],
    ['of a Certificate that is being deleted', going, undefined],
  ] as const) {
    test(what, async () => {
      assert.deepEqual(await visit(of), { found, read: [] })
      assert.deepEqual(passwordSecretKeys({ ...worldOf(of), passwords: found }), [], 'and none is watched')
    })
  }

  test("that is the Certificate's own", async () => {
    const { found, read } = await visit(withPasswords({ jks: 'web' }))
    assert.match(String(found), /^Secret web is the one that the keystores go into/)
    assert.deepEqual(read, [])
  })

  test('of a Certificate that is suspended, until its stores are to be made anew', async () => {
    put('mine', '1', { password: 'changeit' })
    const world = worldOf(withPasswords({ jks: 'mine' }, { suspend: true }))
    assert.deepEqual(await visit({ ...world, secret: { state: 'absent' } }), { found: undefined, read: [] })
    const stale = { ...world, secret: heldSecret(), authority: authorityView({ caBundle: 'PEM' }) }
    assert.deepEqual(await visit(stale), { found: { jks: 'u/1/password' }, read: ['mine'] })
  })
})

suite('the passwords themselves', () => {
  beforeEach(async () => {
    watched.add('shop/mine')
    put('mine', '1', { password: 'changeit' })
    await visit(mine)
    // Of what comes after, the watch has not heard yet.
    const metadata = { name: 'mine', uid: 'u', resourceVersion: '1' }
    on = { ...on, namedSecrets: { seen: () => ({ metadata }) } }
  })

  test('are read when they are used, and only then', async () => {
    const found = await readPasswords(mine, on)
    assert.ok(!(found instanceof Failure))
    assert.equal(found.jks?.password.expose(), 'changeit')
    assert.deepEqual(versionsOf(found), { jks: 'u/1/password' })
    assert.deepEqual((await visit(mine)).read, [])
  })

  test('are those of this moment, and the next visit knows it', async () => {
    put('mine', '2', { password: 'another' })
    const found = await readPasswords(mine, on)
    assert.ok(!(found instanceof Failure))
    assert.equal(found.jks?.password.expose(), 'another')
    assert.deepEqual((await visit(mine)).found, { jks: 'u/2/password' })
  })

  for (const [what, change] of [
    ['bad', () => put('mine', '2', { password: '' })],
    ['gone', () => secrets.clear()],
  ] as const) {
    test(`that are ${what} by now are not to be had, and the next visit knows it`, async () => {
      change()
      const found = await readPasswords(mine, on)
      assert.ok(found instanceof Failure && found.reason === 'PasswordNotFound')
      assert.equal((await visit(mine)).found, found.message)
    })
  }

  test('are none where the spec names none', async () => {
    reads = []
    assert.deepEqual(await readPasswords(certificate(), on), {})
    assert.deepEqual(reads, [])
  })
})
