import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import { FakeClock } from '#test/make'
import { Memory } from './memory.ts'

let memory: Memory<string>
beforeEach(() => {
  memory = new Memory(new FakeClock())
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
  memory.forget('shop/web')
  assert.equal(memory.recall('shop/web', '9', 'asked'), undefined)
  assert.equal(memory.isInDoubt('shop/web'), false)
})
