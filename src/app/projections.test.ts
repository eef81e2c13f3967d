import assert from 'node:assert/strict'
import { test } from 'node:test'
import { annotations, secretLabel } from '#api'
import { ownSecret } from './projections.ts'

test('of a Secret is kept what is ours: by its name, or because we have set it', () => {
  const own = { [annotations.applied]: 'annotation:example.com/x,data:tls.crt,label:team', [annotations.id]: '1' }
  const metadata = {
    ...{ namespace: 'shop', name: 'web', uid: 'u', resourceVersion: '7' },
    labels: { [secretLabel]: 'certificate', team: 'shop', colour: 'red', 'example.com/x': 'a label' },
    annotations: { ...own, 'example.com/x': 'ours', team: 'an annotation', big: 'x'.repeat(1000) },
  }
  assert.deepEqual(ownSecret({ apiVersion: 'v1', kind: 'Secret', metadata }).metadata, {
    ...metadata,
    labels: { [secretLabel]: 'certificate', team: 'shop' },
    annotations: { ...own, 'example.com/x': 'ours' },
  })
})
