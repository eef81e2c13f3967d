import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import type { Certificate, KubeObject, ObjectMeta, Secret } from '#api'
import { second } from '#base'
import { isNotFound, resources } from '#kube'
import { kubectl } from '#test/servers'
import { authorities, certificates, isReady, isRefused, Namespace, until } from '../controllers/namespace.ts'
import { Sandbox } from '../controllers/sandbox.ts'
import { examplesFolder, objectsOf, Reader, readmeOf } from './reader.ts'

/** Examples that another test runs, as they are no manifests. */
const elsewhere: Readonly<Record<string, string>> = { 'issuer-plugin': 'test/contracts/file-drop.test.ts' }

const folders = readdirSync(examplesFolder, { withFileTypes: true }).flatMap((each) =>
  each.isDirectory() ? [each.name] : [],
)
const examples = folders.filter((name) => !(name in elsewhere))
/** Long enough for an operator that takes a change for its own business to write. */
const patienceMs = 500

let folder: string
let sandbox: Sandbox
const readers = new Map<string, Reader>()

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sifaka-examples-'))
  sandbox = await Sandbox.open()
  for (const example of examples) {
    const others = namespacesOf(example).map((name) => new Namespace(sandbox.client, name))
    const home = await sandbox.namespace(example)
    const own = join(folder, example)
    mkdirSync(own)
    readers.set(example, new Reader({ example, sandbox, home, others, folder: own }))
  }
  const namespaces = [...readers.values()].flatMap(({ home, others }) => [home, ...others])
  await sandbox.operator({ namespaces })
  await removeNamespaces()
})

after(async () => {
  await removeNamespaces()
  for (const reader of readers.values()) reader.close()
  await sandbox?.close()
  rmSync(folder, { recursive: true, force: true })
})

function namespacesOf(example: string): string[] {
  return objectsOf(example).flatMap(({ kind, metadata }) => (kind === 'Namespace' ? [metadata.name] : []))
}

/** Namespaces that have the name that an example gives them; an earlier run may have left some. */
async function removeNamespaces(): Promise<void> {
  const names = examples.flatMap(namespacesOf)
  await kubectl(sandbox.kubeconfig, ['delete', 'namespace', '--ignore-not-found', '--timeout=60s', ...names])
}

function readerOf(example: string): Reader {
  const reader = readers.get(example)
  assert.ok(reader, `examples/${example} is missing`)
  return reader
}

test('every example is tested, has a README and is in the list', () => {
  const list = readFileSync(join(examplesFolder, 'README.md'), 'utf8')
  for (const name of folders) {
    assert.ok(list.includes(`| [${name}](${name}) |`), `examples/README.md does not list ${name}`)
    const test = elsewhere[name]
    if (test === undefined) assert.ok(readmeOf(name).length > 0, `the README of examples/${name} has no commands`)
    else assert.ok(readFileSync(new URL(`../../${test}`, import.meta.url), 'utf8').includes(`examples/${name}`))
  }
})

describe('an example', { concurrency: 3 }, () => {
  for (const example of examples) {
    test(`${example} does what its README says, and applied again it changes nothing`, { timeout: 240 * second }, () =>
      walk(readerOf(example)),
    )
  }
})

async function walk(reader: Reader): Promise<void> {
  await reader.follow()
  await promises[reader.example]?.(reader)
  await settled(reader)
  await until(
    () => reader.writesDuring(async () => {}, patienceMs),
    (writes) => writes.length === 0,
    'rest',
  )
  const before = await reader.versions()
  assert.deepEqual(await reader.writesDuring(() => applyAgain(reader), patienceMs), [], 'the operator writes nothing')
  assert.deepEqual(await reader.versions(), before)
  assert.deepEqual(await reader.writesDuring(() => applyLikeGitOps(reader), patienceMs), [])
  await assertSpecIsLeftAlone(reader)
}

/** Waits until the operator has come to a verdict on everything, also on what the README does not wait for. */
async function settled({ home, others }: Reader): Promise<void> {
  for (const { name: namespace } of [home, ...others]) {
    const look = () => sandbox.client.list<Certificate>(certificates, { namespace })
    const isSettled = (each: Certificate): boolean => isReady(each) || isRefused(each, 'PolicyDenied')
    await until(look, ({ items }) => items.every(isSettled), `every Certificate of ${namespace}`)
  }
}

/** As the README says, as single files, and as a question. */
async function applyAgain(reader: Reader): Promise<void> {
  const { applies } = reader
  assert.match(applies, new RegExp(`^kubectl apply -k examples/${reader.example}$`, 'm'))
  for (const script of [applies, applies.replaceAll(' -k ', ' -f ')]) {
    const lines = (await reader.run(script)).trim().split('\n')
    assert.deepEqual(
      lines.filter((line) => !line.endsWith(' unchanged')),
      [],
    )
  }
  assert.equal(await reader.run(applies.replaceAll('kubectl apply', 'kubectl diff')), '')
}

/** As Flux does, and Argo CD if it is told to: on the server's side, where a field has one owner. */
async function applyLikeGitOps(reader: Reader): Promise<void> {
  const script = reader.applies.replaceAll('kubectl apply', 'kubectl apply --server-side --field-manager=gitops')
  await reader.run(script)
  const before = await reader.versions()
  await reader.run(script)
  assert.deepEqual(await reader.versions(), before)
}

interface ManagedObject extends KubeObject {
  readonly metadata: ObjectMeta & {
    readonly managedFields: readonly {
      readonly manager: string
      readonly fieldsV1: Readonly<Record<string, unknown>>
    }[]
  }
}

/** Whoever applies an object owns all of its spec: what the operator wrote there it would have to fight for. */
async function assertSpecIsLeftAlone({ home, others }: Reader): Promise<void> {
  const lists = [home, ...others].flatMap(({ name: namespace }) =>
    [authorities, certificates].map((kind) => sandbox.client.list<ManagedObject>(kind, { namespace })),
  )
  const objects = (await Promise.all(lists)).flatMap(({ items }) => items)
  assert.ok(objects.length > 0)
  for (const { kind, metadata } of objects) {
    const managersOf = (part: string): string[] =>
      metadata.managedFields.flatMap(({ manager, fieldsV1 }) => (part in fieldsV1 ? [manager] : []))
    assert.ok(!managersOf('f:spec').includes('sifaka'), `the spec of ${kind} ${metadata.name}`)
    assert.ok(managersOf('f:status').includes('sifaka'), `the status of ${kind} ${metadata.name}`)
  }
}

/** What an example promises beside what its README prints. */
const promises: Readonly<Record<string, (reader: Reader) => Promise<void>>> = {
  denied: async ({ home }) => {
    await assert.rejects(home.secret('denied'), isNotFound)
  },

  quickstart: async ({ home }) => {
    await home.certificateUntil('short-lived', ({ status }) => (status?.revision ?? 0) >= 2, 30 * second)
  },

  'tenant-policy': async ({ others }) => {
    const secrets = await Promise.all(
      others.map(({ name }) => sandbox.client.list(resources.secrets, { namespace: name })),
    )
    const names = secrets.flatMap(({ items }) => items.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`))
    assert.deepEqual(names.sort(), ['platform-pki/platform-ca-1', 'team-blue/queue', 'team-red/web'])
  },

  'own-csr': async (reader) => {
    assert.match(reader.file('press-1.key'), /BEGIN PRIVATE KEY/)
    assert.equal((await reader.home.secret('press-1')).type, 'Opaque')
    const { items } = await sandbox.client.list<Secret>(resources.secrets, { namespace: reader.home.name })
    const withKey = items.filter(({ data = {} }) => 'tls.key' in data).map(({ metadata }) => metadata.name)
    assert.deepEqual(withKey, ['devices-ca-1'])
  },

  'renewal-windows': async ({ home }) => {
    const renewAt = async (name: string, timeZone: string): Promise<string> => {
      const { renewAt = '' } = (await home.certificate(name)).status ?? {}
      const parts = { timeZone, weekday: 'short', hour: '2-digit', hourCycle: 'h23' } as const
      return new Date(renewAt).toLocaleString('en', parts)
    }
    assert.match(await renewAt('nightly', 'Europe/Berlin'), /(22|23|00|01|02|03)$/)
    assert.match(await renewAt('weekend', 'America/New_York'), /^(Sat|Sun), 0[6-9]$/)
    assert.equal((await home.certificate('by-hand')).status?.renewAt, undefined)
  },

  'migrate-from-cert-manager': async ({ home }) => {
    const { metadata } = await home.secret('shop-tls')
    assert.equal(metadata.annotations?.['cert-manager.io/certificate-name'], 'shop')
    assert.equal((await home.certificate('shop')).status?.revision, 1)
  },
}
