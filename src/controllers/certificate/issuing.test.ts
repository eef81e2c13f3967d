import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'
import type { Certificate } from '#api'
import { certificate } from '#test/make'
import type { Caches } from '../tools.ts'
import { Issuing } from './issuing.ts'

let naming: Certificate[]
let issuing: Issuing

beforeEach(() => {
  naming = ['a', 'b'].map((name) => certificate({ metadata: { name } }))
  issuing = new Issuing({ certificates: { byIndex: () => naming } } as unknown as Pick<Caches, 'certificates'>)
})

test('one begins, and the others wait until it has ended', () => {
  assert.ok(issuing.begin('shop/tls', 'shop/a'))
  assert.ok(issuing.begin('shop/tls', 'shop/a'), 'once more')
  assert.ok(!issuing.begin('shop/tls', 'shop/b'))
  assert.ok(issuing.begin('shop/other', 'shop/b'), 'another Secret')
  issuing.end('shop/tls', 'shop/b')
  assert.ok(issuing.isAt('shop/tls', 'shop/a'), 'nobody ends what another one has begun')
  issuing.end('shop/tls', 'shop/a')
  assert.ok(issuing.begin('shop/tls', 'shop/b'))
})

test('one that does not want the Secret any more is in nobody’s way', () => {
  issuing.begin('shop/tls', 'shop/a')
  naming = naming.slice(1)
  assert.ok(issuing.begin('shop/tls', 'shop/b'))
})

test('nor is one that is being deleted, or is forgotten', () => {
  issuing.begin('shop/tls', 'shop/a')
  naming = [certificate({ metadata: { name: 'a', deletionTimestamp: '2026-11-23T12:00:00Z' } })]
  assert.ok(issuing.begin('shop/tls', 'shop/b'))
  issuing.forget('shop/b')
  assert.ok(!issuing.isAt('shop/tls', 'shop/b'))
})

test('one that names another Secret now does not keep the one before', () => {
  issuing.begin('shop/tls', 'shop/a')
  assert.ok(issuing.begin('shop/other', 'shop/a'))
  assert.ok(issuing.begin('shop/tls', 'shop/b'))
  issuing.forget('shop/a')
  assert.ok(issuing.isAt('shop/tls', 'shop/b'), 'nor takes it along')
  assert.ok(!issuing.isAt('shop/other', 'shop/a'))
})
