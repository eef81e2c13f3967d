import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ApiError, type DeleteOptions } from '#kube'
import { FakeClock } from '#test/make'
import { Memory } from '../memory.ts'
import { discardRequest } from './request.ts'
import type { ActTools } from './visit.ts'

const metadata = { namespace: 'shop', name: 'ca-ca-request', uid: 'u', resourceVersion: '7' }
const request = { state: 'made', metadata, generation: 1, csr: '', answer: undefined } as const

function discard(answer?: ApiError) {
  const asked: DeleteOptions[] = []
  const client = {
    delete: async (_: unknown, __: unknown, options: DeleteOptions) => {
      asked.push(options)
      if (answer) throw answer
    },
  }
  const { signal } = new AbortController()
  const on = { tools: { client }, memory: new Memory(new FakeClock()), signal } as unknown as ActTools
  return { asked, signal, done: discardRequest(request, on) }
}

test('only the request that was observed is removed', async () => {
  const { asked, signal, done } = discard()
  await done
  assert.deepEqual(asked, [{ uid: 'u', resourceVersion: '7', signal }])
})

test('one that is gone is no failure; another one in its place is', async () => {
  await discard(new ApiError('gone', { status: 404, apiReason: 'NotFound' })).done
  const conflict = new ApiError('it has changed', { status: 409, apiReason: 'Conflict' })
  await assert.rejects(discard(conflict).done, conflict)
})
