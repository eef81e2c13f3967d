import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeObject } from '#api'
import { Store, type StoreEvent } from './store.ts'

const object = (
  name: string,
  uid: string,
  resourceVersion: string,
  labels: Record<string, string> = {},
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { namespace: 'shop', name, uid, resourceVersion, labels },
})

const short = (events: StoreEvent<KubeObject>[]): string[] =>
  events.map(({ type, key, object }) => `${type} ${key} ${object.metadata.uid}@${object.metadata.resourceVersion}`)

test('a change of one object and the events it amounts to', () => {
  const store = new Store()
  assert.deepEqual(short(store.set(object('a', 'u1', '1'))), ['added shop/a u1@1'])
  assert.deepEqual(short(store.set(object('a', 'u1', '1'))), [])
  const [updated] = store.set(object('a', 'u1', '2'))
  assert.equal(updated?.type, 'updated')
  assert.equal(updated?.old?.metadata.resourceVersion, '1')
  assert.deepEqual(short(store.set(object('a', 'u2', '3'))), ['deleted shop/a u1@2', 'added shop/a u2@3'])
  assert.deepEqual(short(store.delete(object('a', 'u2', '4'))), ['deleted shop/a u2@4'])
  assert.deepEqual(short(store.delete(object('a', 'u2', '4'))), [])
  assert.equal(store.size, 0)
})

test('a fresh view replaces the whole content and tells the differences, deletions first', () => {
  const store = new Store()
  for (const name of ['same', 'changed', 'gone', 'again']) store.set(object(name, `${name}-1`, '1'))
  const fresh = [object('same', 'same-1', '1'), object('changed', 'changed-1', '5'), object('again', 'again-2', '6')]
  const events = store.replace(new Map(fresh.map((one) => [`shop/${one.metadata.name}`, one])))
  assert.deepEqual(short(events), [
    'deleted shop/gone gone-1@1',
    'updated shop/changed changed-1@5',
    'deleted shop/again again-1@1',
    'added shop/again again-2@6',
  ])
  assert.deepEqual(
    store
      .list()
      .map((one) => one.metadata.resourceVersion)
      .sort(),
    ['1', '5', '6'],
  )
})

test('an index follows every change', () => {
  const store = new Store({ team: ({ metadata }) => Object.values(metadata.labels ?? {}) })
  const names = (value: string) =>
    store
      .byIndex('team', value)
      .map((one) => one.metadata.name)
      .sort()
  store.set(object('a', 'a', '1', { x: 'red', y: 'blue' }))
  store.set(object('b', 'b', '1', { x: 'red' }))
  assert.deepEqual(names('red'), ['a', 'b'])
  store.set(object('a', 'a', '2', { x: 'green' }))
  assert.deepEqual([names('red'), names('blue'), names('green')], [['b'], [], ['a']])
  store.delete(object('b', 'b', '3'))
  assert.deepEqual(names('red'), [])
  store.replace(new Map([['shop/c', object('c', 'c', '4', { x: 'red' })]]))
  assert.deepEqual([names('red'), names('green')], [['c'], []])
  assert.throws(() => store.byIndex('owner', 'x'), RangeError)
})
