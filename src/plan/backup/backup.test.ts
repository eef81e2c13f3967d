import assert from 'node:assert/strict'
import { before, suite, test } from 'node:test'
import fc from 'fast-check'
import { type Authority, annotations, type Secret, secretLabel } from '#api'
import { isFailure } from '#base'
import { createCsr, encodeBundle, keySigner } from '#pki'
import { authority, noon, testCa } from '#test/make'
import { type Backup, encodeBackup, parseBackup } from './backup.ts'
import { readCaSecret } from './ca-secret.ts'
import { relocated, restoreAuthority, restoreSecret } from './restore.ts'

let generation: Secret
let request: Secret
let text: string
let backup: Backup

const base64 = (value: string): string => Buffer.from(value).toString('base64')

function secret(name: string, content: string, files: Readonly<Record<string, string>>): Secret {
  const said = { [annotations.authority]: 'ca', [annotations.caGeneration]: '1', [annotations.issuedBy]: 'shop/ca' }
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      ...{ name, namespace: 'shop', uid: 'uid', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' },
      labels: { [secretLabel]: content },
      annotations: { ...said, 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
    },
    type: 'kubernetes.io/tls',
    immutable: true,
    data: Object.fromEntries(Object.entries(files).map(([entry, value]) => [entry, base64(value)])),
  }
}

before(async () => {
  const ca = await testCa()
  const key = encodeBundle(ca, 'PKCS8')['tls.key']
  generation = secret('ca-ca-1', 'ca', { ...encodeBundle(ca, 'PKCS8') })
  const csr = await createCsr({ subject: { commonName: 'Later' }, isCA: true }, keySigner(ca.key))
  request = secret('ca-ca-request', 'ca-request', { 'tls.key': key, 'tls.csr': csr })
  const secrets = [generation, request].map((each) => ({ secret: each, holds: readCaSecret(each) }))
  text = encodeBackup({ createdAt: noon, authority: saved(), secrets })
  backup = parseBackup(text)
})

const saved = (): Authority =>
  authority({ metadata: { finalizers: ['sifaka.dev/in-use'], annotations: { [annotations.hasCA]: '1' } } })

test('a backup is a List that has what is needed to create its objects, and nothing of the old ones', () => {
  const { apiVersion, kind, items } = JSON.parse(text)
  assert.deepEqual([apiVersion, kind, items.length], ['v1', 'List', 2])
  const { name, namespace, labels } = generation.metadata
  const said = { [annotations.authority]: 'ca', [annotations.caGeneration]: '1', [annotations.issuedBy]: 'shop/ca' }
  assert.deepEqual(items[0], { ...generation, metadata: { name, namespace, labels, annotations: said } })
  assert.deepEqual(backup.secrets[0]?.secret, items[0])
  assert.deepEqual(Object.keys(backup.authority?.metadata ?? {}), ['name', 'namespace', 'labels', 'annotations'])
  assert.deepEqual(backup.authority?.metadata.annotations, { [annotations.hasCA]: '1' })
  assert.deepEqual(backup.authority?.spec, saved().spec)
  assert.equal(backup.createdAt, noon)
})

test('what each Secret holds is said', () => {
  const seen = backup.secrets.map(({ holds: { content, authority: name, generation: number, subject } }) => [
    ...[content, name, number, subject],
  ])
  assert.deepEqual(seen, [
    ['ca', 'ca', 1, 'CN=Test CA'],
    ['ca-request', 'ca', 1, 'CN=Later'],
  ])
})

suite('refuses a backup', () => {
  type Document = { items: Secret[]; backup: { version: number; createdAt: string; authority?: Authority } }
  const first = ({ items: [item] }: Document): Secret => item ?? assert.fail()
  const cases: readonly [what: string, change: (document: Document) => void, why: RegExp][] = [
    ['of a later version', ({ backup }) => Object.assign(backup, { version: 2 }), /version 2, and this program reads/],
    ['without a time', ({ backup }) => Object.assign(backup, { createdAt: 'then' }), /when it was made/],
    ['without Secrets', ({ items }) => items.splice(0), /holds no Secret/],
    ['of another kind of object', (all) => Object.assign(first(all), { kind: 'Pod' }), /Secret 1 is none/],
    ['without a type', (all) => Object.assign(first(all), { type: 3 }), /no type/],
    ['with a path for a name', (all) => Object.assign(first(all).metadata, { name: '../x' }), /no name and namespace/],
    ['without a namespace', (all) => Object.assign(first(all).metadata, { namespace: '' }), /no name and namespace/],
    ['with labels that are none', (all) => Object.assign(first(all).metadata, { labels: { a: 1 } }), /are no texts/],
    ['without data', (all) => Object.assign(first(all), { data: {} }), /Secret ca-ca-1: tls.key is missing/],
    ['with data of another form', (all) => Object.assign(first(all), { data: { a: '%' } }), /is not base64/],
    [
      'with a Secret that is no CA',
      (all) => Object.assign(first(all).metadata, { labels: { [secretLabel]: 'certificate' } }),
      /does not say that it holds a CA key/,
    ],
    [
      'with a Secret of no generation',
      (all) => Object.assign(first(all).metadata.annotations ?? {}, { [annotations.caGeneration]: '1.5' }),
      /of which Authority and which generation/,
    ],
    [
      'of two Authorities',
      (all) => Object.assign(first(all).metadata.annotations ?? {}, { [annotations.authority]: 'other' }),
      /more than one Authority: shop\/other, shop\/ca/,
    ],
    [
      'with an object that is no Authority',
      ({ backup }) => Object.assign(backup.authority ?? {}, { kind: 'ClusterRole' }),
      /is not an Authority/,
    ],
  ]
  for (const [what, change, why] of cases) {
    test(what, () => {
      const document: Document = JSON.parse(text)
      change(document)
      assert.throws(() => parseBackup(JSON.stringify(document)), refusal(why))
    })
  }

  test('whose key is of another CA', async () => {
    const document: Document = JSON.parse(text)
    const other = encodeBundle(await testCa(), 'PKCS8')['tls.key']
    Object.assign(first(document).data ?? {}, { 'tls.key': base64(other) })
    assert.throws(() => parseBackup(JSON.stringify(document)), refusal(/is not the key of the certificate/))
  })

  test('that is no JSON, without a word of it', () => {
    assert.throws(() => parseBackup('-----BEGIN PRIVATE KEY-----'), refusal(/: it is no JSON object$/))
  })
})

const refusal = (why: RegExp) => (error: unknown) =>
  isFailure(error) && error.kind === 'Terminal' && error.reason === 'InvalidBackup' && why.test(error.message)

test('any JSON is refused as a failure', () => {
  const items = fc.array(fc.jsonValue())
  const document = fc.oneof(
    fc.json(),
    fc.record({ items, backup: fc.jsonValue() }).map((each) => JSON.stringify(each)),
  )
  fc.assert(fc.property(document, (json) => assert.throws(() => parseBackup(json), isFailure)))
})

suite('a Secret of a backup', () => {
  const cases: readonly [what: string, change: Partial<Secret> | undefined, step: object][] = [
    ['is created when it is missing', undefined, { do: 'create' }],
    ['is kept when it is there', {}, { do: 'keep' }],
    ['is refused when its type differs', { type: 'Opaque' }, { do: 'refuse', differing: 'type' }],
    [
      'is refused when its data differs',
      { data: { 'tls.key': 'AAAA', more: '' } },
      { do: 'refuse', differing: 'data ca.crt, data more, data tls.crt and data tls.key' },
    ],
  ]
  for (const [what, change, step] of cases) {
    test(what, () => assert.deepEqual(restoreSecret(generation, change && { ...generation, ...change }), step))
  }

  test('is kept when only what changes in the life of a generation differs, and not when it is of another', () => {
    const said = (more: object): Secret => ({
      ...generation,
      metadata: { ...generation.metadata, annotations: { ...generation.metadata.annotations, ...more } },
    })
    assert.deepEqual(restoreSecret(generation, said({ [annotations.retiredAt]: 'now' })), { do: 'keep' })
    const differing = `annotation ${annotations.caGeneration}`
    assert.deepEqual(restoreSecret(generation, said({ [annotations.caGeneration]: '2' })), { do: 'refuse', differing })
  })
})

test('an Authority is created, kept or refused by its spec', () => {
  const before = authority()
  assert.deepEqual(restoreAuthority(before, undefined), { do: 'create' })
  assert.deepEqual(restoreAuthority(before, authority({ metadata: { uid: 'other' } })), { do: 'keep' })
  const other = authority({ spec: { internal: { commonName: 'Other' } } })
  assert.deepEqual(restoreAuthority(before, other), { do: 'refuse', differing: 'spec' })
})

test('what is restored says when it was saved, and in another namespace who issued it there', () => {
  const [here] = relocated(backup, undefined).secrets
  const savedAt = '2026-11-22T12:00:00Z'
  assert.equal(here?.secret.metadata.namespace, 'shop')
  assert.equal(here?.secret.metadata.annotations?.[annotations.issuedBy], 'shop/ca')
  const there = relocated(backup, 'drill')
  const [moved] = there.secrets
  assert.deepEqual([moved?.secret.metadata.namespace, there.authority?.metadata.namespace], ['drill', 'drill'])
  assert.equal(moved?.secret.metadata.annotations?.[annotations.issuedBy], 'drill/ca')
  assert.equal(moved?.secret.metadata.annotations?.[annotations.backedUpAt], savedAt)
  assert.deepEqual(moved?.secret.data, generation.data)
})

test('the parent that an Authority names by its namespace stays the same in another one', () => {
  const named = authority({ spec: { internal: { parentRef: { name: 'root', namespace: 'shop' } } } })
  const [moved] = relocated({ ...backup, authority: named }, 'drill').secrets
  assert.equal(moved?.secret.metadata.annotations?.[annotations.issuedBy], 'shop/ca')
})
