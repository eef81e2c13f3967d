import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Certificate, certificateKind } from '#api'
import { ApiError, type KubeClient, resourceOf } from '#kube'
import { certificate } from '#test/make'
import { writeStatus } from './status-writer.ts'

const resource = resourceOf(certificateKind)
const object = certificate({ status: { revision: 1, attempts: 2 } })

const { signal } = new AbortController()

/** A client that keeps what it is sent and answers as told. */
function scripted(answer: () => Certificate) {
  const sent: unknown[] = []
  const client = {
    mergePatch: async (...request: unknown[]) => {
      sent.push(request)
      return answer()
    },
  } as unknown as KubeClient
  return { client, sent }
}

test('what has changed is written, on the very version that was observed', async () => {
  const written = certificate({ metadata: { resourceVersion: '101' } })
  const { client, sent } = scripted(() => written)
  const status = { revision: 2, attempts: undefined, conditions: [] }
  assert.equal(await writeStatus(client, resource, object, status, signal), written)
  assert.deepEqual(sent, [
    [
      resource,
      { namespace: 'shop', name: 'web' },
      {
        metadata: { uid: 'uid-web', resourceVersion: '100' },
        status: { revision: 2, attempts: null, conditions: [] },
      },
      { subresource: 'status', metadataOnly: true, signal },
    ],
  ])
})

test('an equal status is not written', async () => {
  const { client, sent } = scripted(() => assert.fail('a write'))
  assert.equal(await writeStatus(client, resource, object, { attempts: 2, revision: 1 }, signal), undefined)
  assert.equal(await writeStatus(client, resource, certificate(), { attempts: undefined }, signal), undefined)
  assert.equal(await writeStatus(client, resource, certificate(), undefined, signal), undefined)
  assert.deepEqual(sent, [])
})

test('a conflict is for the caller', async () => {
  const conflict = new ApiError('the object has been modified', { status: 409, apiReason: 'Conflict' })
  const { client } = scripted(() => {
    throw conflict
  })
  await assert.rejects(writeStatus(client, resource, object, {}, signal), conflict)
})

test('an object without a namespace is sent to none', async () => {
  const { client, sent } = scripted(certificate)
  const { namespace: _, ...metadata } = object.metadata
  await writeStatus(client, resource, { ...object, metadata }, {}, signal)
  assert.deepEqual((sent as unknown[][])[0]?.[1], { namespace: '', name: 'web' })
})
