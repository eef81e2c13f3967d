import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { WatchEvent, WatchOptions } from '#kube'
import { FakeClock, logBook } from '#test/make'
import { NamedSecrets } from './named-secrets.ts'
import type { ControllerTools } from './tools.ts'

/** Names of the Secrets that are watched, and of those that the cache has by their label. */
let watched: Set<string>
let labelled: Set<string>
let named: NamedSecrets
let woken: string[]
/** Tells the watcher of a Secret, by its name, that it has changed. */
let tell: Map<string, () => void>

beforeEach(() => {
  watched = new Set()
  labelled = new Set()
  woken = []
  tell = new Map()
  const watch = async (
    _resource: unknown,
    { fieldSelector = '', signal }: WatchOptions,
    onEvent: (event: WatchEvent) => void,
  ): Promise<void> => {
    const name = fieldSelector.replace('metadata.name=', '')
    watched.add(name)
    const metadata = { namespace: 'shop', name, uid: name, resourceVersion: '1' }
    onEvent({ type: 'BOOKMARK', object: initialEventsEnd })
    tell.set(name, () => onEvent({ type: 'ADDED', object: { apiVersion: 'v1', kind: 'Secret', metadata } }))
    await new Promise((resolve) => signal?.addEventListener('abort', resolve))
    watched.delete(name)
  }
  const secrets = { get: (key: string) => (labelled.has(key) ? {} : undefined) }
  const tools = { client: { watch }, caches: { secrets }, clock: new FakeClock(), logger: logBook(), random: () => 0 }
  named = new NamedSecrets(tools as unknown as ControllerTools, (key) => woken.push(key))
})

const initialEventsEnd = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: '', resourceVersion: '0', annotations: { 'k8s.io/initial-events-end': 'true' } },
}

/** What is watched once all that was asked for has happened. */
async function now(): Promise<string[]> {
  await new Promise(setImmediate)
  return [...watched].sort()
}

test('a Secret is watched while it matters to an object', async () => {
  named.note('shop/web', ['shop/taken', 'shop/password'])
  assert.deepEqual(await now(), ['password', 'taken'])
  named.note('shop/web', ['shop/other', 'shop/password'])
  assert.deepEqual(await now(), ['other', 'password'])
  named.note('shop/web', [])
  assert.deepEqual(await now(), [])
})

test('and for as long as it matters to another one', async () => {
  named.note('shop/web', ['shop/taken'])
  named.note('shop/mail', ['shop/taken'])
  named.note('shop/third', [])
  named.note('shop/web', [])
  assert.deepEqual(await now(), ['taken'])
  named.note('shop/mail', [])
  assert.deepEqual(await now(), [])
})

test('its change wakes all to whom it matters, and nobody else', async () => {
  named.note('shop/web', ['shop/password'])
  named.note('shop/mail', ['shop/password'])
  named.note('shop/third', ['shop/taken'])
  await now()
  woken.length = 0
  tell.get('password')?.()
  assert.deepEqual(woken, ['shop/web', 'shop/mail'])
})

test('what has changed before the watch began is looked at once it has', async () => {
  named.note('shop/web', ['shop/gone'])
  await now()
  assert.deepEqual(woken, ['shop/web'])
})

test('one with our label is watched anyway', async () => {
  labelled.add('shop/taken')
  named.note('shop/web', ['shop/taken'])
  assert.deepEqual(await now(), [])
})
