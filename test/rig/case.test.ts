import assert from 'node:assert/strict'
import { test } from 'node:test'
import { casesOf, sample } from './case.ts'
import { faultName } from './fault.ts'
import type { Workload } from './workload.ts'
import { kindsOf, numbered, whenOf } from './write-point.ts'

const workload: Workload = {
  name: 'test',
  prepare: async () => {},
  begin: async () => {},
  isDone: async () => true,
  writes: ['create secrets web', 'patch certificates/status web', 'create events web'],
}

test('every write meets every fault that it can meet', () => {
  const names = (point: string) =>
    casesOf(workload).flatMap((one) => (one.point === point ? [faultName(one.fault)] : []))
  const everyWrite = [
    ...['never arrives', 'is committed, its answer lost', 'arrives late'],
    ...['SIGKILL before, restart', 'SIGKILL before, standby', 'SIGKILL afterCommit, restart'],
    ...['SIGKILL afterCommit, standby', 'SIGKILL afterReply, restart', 'SIGKILL afterReply, standby'],
  ].sort()
  const seen = [...everyWrite, 'is not seen', 'is seen by a list'].sort()
  assert.deepEqual(names('create events web').sort(), everyWrite)
  assert.deepEqual(names('create secrets web').sort(), seen)
  assert.deepEqual(names('patch certificates/status web').sort(), [...seen, 'meets a rival'].sort())
})

test('a sample has no case twice, and depends on chance alone', () => {
  const all = casesOf(workload)
  const backwards = () => {
    let next = 1
    return () => (next /= 2)
  }
  const some = sample(all, 5, backwards())
  assert.equal(new Set(some).size, 5)
  assert.deepEqual(some, all.slice(-5).reverse())
})

test('writes of one kind are told apart by a number, and found by it', () => {
  const points = ['patch secrets a', 'create events a', 'patch secrets a']
  assert.deepEqual(numbered(points), ['create events a', 'patch secrets a', 'patch secrets a #2'])
  assert.deepEqual(kindsOf(numbered(points)), ['create events a', 'patch secrets a'])
  assert.deepEqual(whenOf('patch secrets a #2'), {
    verb: 'patch',
    resource: 'secrets',
    subresource: '',
    name: 'a',
    nth: 2,
  })
  assert.deepEqual(whenOf('patch certificates/status a'), {
    ...{ verb: 'patch', resource: 'certificates', subresource: 'status', name: 'a', nth: 1 },
  })
})
