import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IssuerPlugin } from './contract.ts'
import { createIssuerRegistry, internalIssuer } from './index.ts'

const plugin = (type: string): IssuerPlugin => ({ type, create: () => assert.fail('not made here') })

test('a plugin is found by its type', () => {
  const acme = plugin('acme')
  const registry = createIssuerRegistry([internalIssuer, acme])
  assert.equal(registry.find('acme'), acme)
  assert.equal(registry.find('internal'), internalIssuer)
  assert.equal(registry.find('toString'), undefined)
})

test('one of our own is not found as a packaged one, whose options no schema has checked, nor the other way', () => {
  const fileDrop = plugin('fileDrop')
  const registry = createIssuerRegistry([internalIssuer], [fileDrop])
  assert.equal(registry.findPackaged('fileDrop'), fileDrop)
  assert.equal(registry.findPackaged('internal'), undefined)
  assert.equal(registry.find('fileDrop'), undefined)
})

test('two plugins of one type are refused', () => {
  assert.throws(() => createIssuerRegistry([plugin('acme'), plugin('vault')], [plugin('acme')]), {
    message: 'two issuer plugins have the type acme',
  })
})
