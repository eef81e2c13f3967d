import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { WatchOptions } from '#kube'
import { FakeClock, logBook } from '#test/make'
import { ForeignSecrets } from './foreign-secrets.ts'
import type { ControllerTools } from './tools.ts'

/** Names of the Secrets that are watched, and of those that the cache has by their label. */
let watched: Set<string>
let labelled: Set<string>
let foreign: ForeignSecrets

beforeEach(() => {
  watched = new Set()
  labelled = new Set()
  const watch = async (_resource: unknown, { fieldSelector = '', signal }: WatchOptions): Promise<void> => {
    const name = fieldSelector.replace('metadata.name=', '')
    watched.add(name)
    await new Promise((resolve) => signal?.addEventListener('abort', resolve))
    watched.delete(name)
  }
  const secrets = { get: (key: string) => (labelled.has(key) ? {} : undefined) }
  const tools = { client: { watch }, caches: { secrets }, clock: new FakeClock(), logger: logBook(), random: () => 0 }
  foreign = new ForeignSecrets(tools as unknown as ControllerTools, () => {})
})

/** What is watched once all that was asked for has happened. */
async function now(): Promise<string[]> {
  await new Promise(setImmediate)
  return [...watched].sort()
}

test('a Secret is watched while it is in the way of an object', async () => {
  foreign.note('shop/web', 'shop/taken')
  assert.deepEqual(await now(), ['taken'])
  foreign.note('shop/web', 'shop/other')
  assert.deepEqual(await now(), ['other'])
  foreign.note('shop/web', undefined)
  assert.deepEqual(await now(), [])
})

test('and for as long as it is in the way of another one', async () => {
  foreign.note('shop/web', 'shop/taken')
  foreign.note('shop/mail', 'shop/taken')
  foreign.note('shop/third', undefined)
  foreign.note('shop/web', undefined)
  assert.deepEqual(await now(), ['taken'])
  foreign.note('shop/mail', undefined)
  assert.deepEqual(await now(), [])
})

test('one with our label is watched anyway', async () => {
  labelled.add('shop/taken')
  foreign.note('shop/web', 'shop/taken')
  assert.deepEqual(await now(), [])
})
