import assert from 'node:assert/strict'
import type { Secret } from '#api'
import { secrets } from '../controllers/namespace.ts'
import type { Behaviours } from './behaviour.ts'
import { reissue } from './reissue.ts'

const dnsNames = ['www.example.com']
const labels = { team: 'shop', 'example.com/tier': 'front' }
const annotations = { 'example.com/note': 'ours' }

/** Labels and annotations of a Secret that are not Sifaka's own. */
const marksOf = ({ metadata }: Secret) => ({
  labels: notOurs(metadata.labels),
  annotations: notOurs(metadata.annotations),
})

const notOurs = (marks: Readonly<Record<string, string>> = {}): Record<string, string> =>
  Object.fromEntries(Object.entries(marks).filter(([name]) => !name.startsWith('sifaka.dev/')))

const hasLabel = (name: string, value: string | undefined) => (secret: Secret) =>
  secret.metadata.labels?.[name] === value

/** The cases of cert-manager's suite for its secretTemplate. */
export const templateBehaviours: Behaviours = {
  'template: labels and annotations of others stay': async (bench) => {
    await bench.issued('others', { dnsNames, secretTemplate: { labels, annotations } })
    const theirs = { labels: { colour: 'red' }, annotations: { 'example.org/note': 'theirs' } }
    await bench.team.patch(secrets, 'others', { metadata: theirs })
    await reissue(bench, 'others')
    const { secret } = await bench.conforming('others', 2)
    assert.deepEqual(marksOf(secret), {
      labels: { ...labels, ...theirs.labels },
      annotations: { ...annotations, ...theirs.annotations },
    })
  },

  'template: what is added appears, what is taken out goes, and nothing is issued': async (bench) => {
    await bench.issued('added', { dnsNames })
    await bench.team.changeSpec('added', { secretTemplate: { labels, annotations } })
    assert.deepEqual(marksOf(await bench.secretUntil('added', hasLabel('team', 'shop'))), { labels, annotations })
    await bench.team.changeSpec('added', { secretTemplate: { labels: { team: null }, annotations: null } })
    const rest = { labels: { 'example.com/tier': 'front' }, annotations: {} }
    assert.deepEqual(marksOf(await bench.secretUntil('added', hasLabel('team', undefined))), rest)
    await bench.conforming('added', 1)
  },

  'template: a value that changes is changed': async (bench) => {
    await bench.issued('value', { dnsNames, secretTemplate: { labels, annotations } })
    const changed = { 'example.com/note': 'changed' }
    await bench.team.changeSpec('value', { secretTemplate: { labels: { team: 'bank' }, annotations: changed } })
    const secret = await bench.secretUntil('value', hasLabel('team', 'bank'))
    assert.deepEqual(marksOf(secret), { labels: { ...labels, team: 'bank' }, annotations: changed })
    await bench.conforming('value', 1)
  },

  'template: what somebody else sets too stays when it leaves the template': async (bench) => {
    await bench.issued('shared', { dnsNames, secretTemplate: { labels, annotations } })
    await bench.applyToSecret('shared', { metadata: { labels: { team: 'shop' }, annotations } })
    await bench.team.changeSpec('shared', { secretTemplate: null })
    const secret = await bench.secretUntil('shared', hasLabel('example.com/tier', undefined))
    assert.deepEqual(marksOf(secret), { labels: { team: 'shop' }, annotations })
    await bench.conforming('shared', 1)
  },

  'template: further keys of the data stay': async (bench) => {
    await bench.issued('further-keys', { dnsNames, secretTemplate: { labels } })
    await bench.team.patch(secrets, 'further-keys', { data: { 'extra.txt': 'bW9yZQ==' } })
    await bench.team.changeSpec('further-keys', { secretTemplate: { labels: { team: 'bank' } } })
    await bench.secretUntil('further-keys', hasLabel('team', 'bank'))
    await reissue(bench, 'further-keys')
    const { secret } = await bench.conforming('further-keys', 2)
    assert.equal(secret.data?.['extra.txt'], 'bW9yZQ==')
  },

  'template: what somebody changes or removes is put back': async (bench) => {
    const { secret: first } = await bench.issued('drift', { dnsNames, secretTemplate: { labels, annotations } })
    await bench.team.patch(secrets, 'drift', {
      metadata: { labels: { team: 'bank' }, annotations: { 'example.com/note': null } },
    })
    const isChanged = ({ metadata }: Secret): boolean => metadata.resourceVersion !== first.metadata.resourceVersion
    const isBack = (seen: Secret): boolean => isChanged(seen) && hasLabel('team', 'shop')(seen)
    const secret = await bench.secretUntil('drift', isBack)
    assert.deepEqual(marksOf(secret), { labels, annotations })
    await bench.conforming('drift', 1)
  },

  'template: without a template its labels and annotations go': async (bench) => {
    await bench.issued('dropped', { dnsNames, secretTemplate: { labels, annotations } })
    await bench.team.changeSpec('dropped', { secretTemplate: null })
    const secret = await bench.secretUntil('dropped', hasLabel('team', undefined))
    assert.deepEqual(marksOf(secret), { labels: {}, annotations: {} })
    await bench.conforming('dropped', 1)
  },
}
