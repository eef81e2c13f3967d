import assert from 'node:assert/strict'
import { beforeEach, suite, test } from 'node:test'
import { second } from '#base'
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
/** Breaks the watch of a Secret off. */
let breakOff: Map<string, () => void>
let clock: FakeClock
let version: number

beforeEach(() => {
  watched = new Set()
  labelled = new Set()
  woken = []
  tell = new Map()
  breakOff = new Map()
  clock = new FakeClock()
  version = 1
  const watch = async (
    _resource: unknown,
    { namespace = '', fieldSelector = '', resourceVersion, signal }: WatchOptions,
    onEvent: (event: WatchEvent) => void,
  ): Promise<void> => {
    const name = fieldSelector.replace('metadata.name=', '')
    watched.add(name)
    const metadata = () => ({ namespace, name, uid: name, resourceVersion: String(version) })
    if (resourceVersion === undefined) onEvent({ type: 'BOOKMARK', object: initialEventsEnd })
    tell.set(name, () => onEvent({ type: 'ADDED', object: { apiVersion: 'v1', kind: 'Secret', metadata: metadata() } }))
    await new Promise<void>((resolve) => {
      signal?.addEventListener('abort', () => resolve())
      breakOff.set(name, resolve)
    })
    watched.delete(name)
  }
  const secrets = { get: (key: string) => (labelled.has(key) ? {} : undefined) }
  const tools = { client: { watch }, caches: { secrets }, clock, logger: logBook(), random: () => 0 }
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
  assert.ok(named.seen('shop/taken'))
})

test('what its watch says of a Secret is known, and nothing before and after', async () => {
  assert.equal(named.seen('shop/password'), undefined, 'nobody watches it yet')
  named.note('shop/web', ['shop/password'])
  await now()
  assert.deepEqual(named.seen('shop/password'), { metadata: undefined }, 'there is none')
  tell.get('password')?.()
  assert.equal(named.seen('shop/password')?.metadata?.resourceVersion, '1')
  named.note('shop/web', [])
  assert.equal(named.seen('shop/password'), undefined, 'nobody watches it any more')
})

test('what changes while a watch is broken is told once it is resumed', async () => {
  named.note('shop/web', ['shop/password'])
  await now()
  tell.get('password')?.()
  clock.advance(2 * second)
  breakOff.get('password')?.()
  assert.deepEqual(await now(), ['password'], 'it is resumed')
  woken.length = 0
  version = 2
  tell.get('password')?.()
  assert.deepEqual(woken, ['shop/web'])
  assert.equal(named.seen('shop/password')?.metadata?.resourceVersion, '2')
})

suite('of too many', () => {
  const many = (namespace: string, count: number) =>
    Array.from({ length: count }, (_, i) => `${namespace}/${namespace}-${i}`)
  const from = async (namespace: string) => (await now()).filter((name) => name.startsWith(`${namespace}-`)).length

  test('a namespace has its share watched, and others have theirs', async () => {
    named.note('greedy/web', many('greedy', 100))
    assert.equal(await from('greedy'), 20)
    for (const each of ['a', 'b', 'c', 'd', 'e']) named.note(`${each}/web`, many(each, 30))
    assert.equal(watched.size, 100)
    assert.deepEqual(await Promise.all(['a', 'd', 'e'].map(from)), [20, 20, 0])
  })

  test('one is watched once another has made room', async () => {
    const [first = '', ...others] = many('greedy', 21)
    named.note('greedy/first', [first])
    named.note('greedy/web', others)
    assert.ok(!(await now()).includes('greedy-20'))
    named.note('greedy/first', [])
    named.note('greedy/web', others)
    assert.ok((await now()).includes('greedy-20'))
  })
})
