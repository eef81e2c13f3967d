import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { secretLabel } from '#api'
import { retryable, second } from '#base'
import { FakeClock, noon } from '#test/make'
import { Memory } from './memory.ts'

let clock: FakeClock
let memory: Memory<string>
beforeEach(() => {
  clock = new FakeClock()
  memory = new Memory(clock)
  memory.remember('shop/web', '7', 'asked', 'held')
})

test('a view is recalled for the same version and the same question only', () => {
  assert.equal(memory.recall('shop/web', '7', 'asked'), 'held')
  assert.equal(memory.recall('shop/web', '8', 'asked'), undefined)
  assert.equal(memory.recall('shop/web', '7', 'other'), undefined)
  assert.equal(memory.recall('shop/web', undefined, 'asked'), undefined)
})

test('another object that names the same Secret has a view of its own', () => {
  assert.equal(memory.recall('shop/other', '7', 'asked'), undefined)
  memory.remember('shop/other', '7', 'asked', 'foreign')
  assert.equal(memory.recall('shop/web', '7', 'asked'), 'held')
})

test('a Secret that is found absent, and an object that is gone, leave nothing behind', () => {
  memory.remember('shop/web', undefined, 'asked', 'absent')
  assert.equal(memory.recall('shop/web', '7', 'asked'), undefined)
  memory.remember('shop/web', '9', 'asked', 'held')
  memory.doubt('shop/web')
  memory.noteIssued('shop/web')
  memory.forget('shop/web')
  assert.equal(memory.recall('shop/web', '9', 'asked'), undefined)
  assert.equal(memory.isInDoubt('shop/web'), false)
  assert.deepEqual(memory.issuedLately('shop/web'), [])
})

test('issuances are remembered by object, the earliest first', () => {
  memory.noteIssued('shop/web')
  clock.advance(second)
  memory.noteIssued('shop/web')
  assert.deepEqual(memory.issuedLately('shop/web'), [noon, noon + second])
  assert.deepEqual(memory.issuedLately('shop/other'), [])
})

test('only the latest issuances are remembered', () => {
  for (let i = 0; i < 40; i += 1) {
    memory.noteIssued('shop/web')
    clock.advance(second)
  }
  const lately = memory.issuedLately('shop/web')
  assert.deepEqual([lately.length, lately[0], lately.at(-1)], [32, noon + 8 * second, noon + 39 * second])
})

test('after a doubt the cache must show what was read, if it is ours', () => {
  const labels = { [secretLabel]: 'certificate' }
  memory.doubt('shop/web')
  assert.equal(memory.isInDoubt('shop/web'), true)
  memory.settle('shop/web', 'shop/web-tls', { name: 'web-tls', resourceVersion: '12', labels })
  assert.equal(memory.isInDoubt('shop/web'), false)
  assert.equal(memory.secrets.isBehind('shop/web-tls', '11'), true)
  assert.equal(memory.secrets.isBehind('shop/web-tls', '12'), false)
})

test("a stranger's Secret, and one that was not in doubt, are not waited for", () => {
  const labels = { [secretLabel]: 'certificate' }
  memory.doubt('shop/web')
  memory.settle('shop/web', 'shop/web-tls', { name: 'web-tls', resourceVersion: '12' })
  memory.settle('shop/web', 'shop/web-tls', { name: 'web-tls', resourceVersion: '13', labels })
  assert.equal(memory.secrets.isBehind('shop/web-tls', '11'), false)
})

test('failed attempts at a Secret are counted until one succeeds, or something else is wanted', () => {
  const fail = (version = 'spec 1') =>
    memory.unrefreshed.note('shop/web', version, retryable('KubernetesRefused', 'no'), (attempts) => noon + attempts)
  const attempts = (version = 'spec 1') => memory.unrefreshed.last('shop/web', version)?.attempts
  fail()
  fail()
  assert.deepEqual([attempts(), memory.unrefreshed.last('shop/web', 'spec 1')?.nextAttemptAt], [2, noon + 2])
  assert.equal(attempts('spec 2'), undefined)
  fail('spec 2')
  assert.equal(attempts('spec 2'), 1)
  memory.noteRefreshed('shop/web')
  assert.equal(attempts('spec 2'), undefined)
  fail()
  memory.noteIssued('shop/web')
  assert.equal(attempts(), undefined)
  fail()
  memory.forget('shop/web')
  assert.equal(attempts(), undefined)
})
