import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AllowedNamespaces, AllowedSubordinates, LabelSelector } from '#api'
import { mayBeParent, mayRefer, selectorMatches } from './consent.ts'

const labels = { team: 'shop', tier: 'prod' }

suite('a label selector', () => {
  type Requirement = NonNullable<LabelSelector['matchExpressions']>[number]
  const needs = (key: string, operator: Requirement['operator'], values?: string[]): LabelSelector => ({
    matchExpressions: [{ key, operator, ...(values && { values }) }],
  })
  const cases: readonly [matches: boolean, selector: LabelSelector][] = [
    [true, {}],
    [true, { matchLabels: {}, matchExpressions: [] }],
    [true, { matchLabels: { team: 'shop' } }],
    [true, { matchLabels: { team: 'shop', tier: 'prod' } }],
    [false, { matchLabels: { team: 'shop', tier: 'test' } }],
    [false, { matchLabels: { other: '' } }],
    [true, needs('team', 'In', ['bank', 'shop'])],
    [false, needs('team', 'In', ['bank'])],
    [false, needs('team', 'In')],
    [false, needs('other', 'In', ['shop'])],
    [true, needs('team', 'NotIn', ['bank'])],
    [false, needs('team', 'NotIn', ['bank', 'shop'])],
    [true, needs('team', 'NotIn')],
    [true, needs('other', 'NotIn', ['shop'])],
    [true, needs('team', 'Exists')],
    [false, needs('other', 'Exists')],
    [false, needs('team', 'DoesNotExist')],
    [true, needs('other', 'DoesNotExist')],
    [false, { matchLabels: { team: 'shop' }, ...needs('tier', 'NotIn', ['prod']) }],
    [
      false,
      {
        matchExpressions: [
          { key: 'team', operator: 'Exists' },
          { key: 'tier', operator: 'DoesNotExist' },
        ],
      },
    ],
  ]
  for (const [matches, selector] of cases) {
    test(`${JSON.stringify(selector)} ${matches ? 'matches' : 'does not match'}`, () => {
      assert.equal(selectorMatches(selector, labels), matches)
    })
  }
})

suite('another namespace may refer to a target', () => {
  const cases: readonly [may: boolean, allowed: AllowedNamespaces | undefined][] = [
    [false, undefined],
    [false, { from: 'Same' }],
    [true, { from: 'All' }],
    [true, { from: 'Selector', selector: { matchLabels: { team: 'shop' } } }],
    [false, { from: 'Selector', selector: { matchLabels: { team: 'bank' } } }],
    [false, { from: 'Selector' }],
  ]
  for (const [may, allowedNamespaces] of cases) {
    const target = { metadata: { name: 'ca', namespace: 'pki' }, allowedNamespaces }
    test(`${JSON.stringify(allowedNamespaces)}: ${may}`, () => {
      assert.equal(mayRefer(target, { name: 'shop', labels }), may)
    })
    test(`${JSON.stringify(allowedNamespaces)}: its own always may`, () => {
      assert.equal(mayRefer(target, { name: 'pki', labels: {} }), true)
    })
  }
})

test('a namespace that is not known yet matches no selector, not even one for the absence of a label', () => {
  const selector = { matchExpressions: [{ key: 'tier', operator: 'NotIn' as const, values: ['prod'] }] }
  const target = {
    metadata: { name: 'ca', namespace: 'pki' },
    allowedNamespaces: { from: 'Selector' as const, selector },
  }
  assert.equal(mayRefer(target, { name: 'shop', labels: undefined }), false)
  assert.equal(mayRefer(target, { name: 'shop', labels: {} }), true)
})

suite('an Authority may be a parent', () => {
  const shops: LabelSelector = { matchLabels: { team: 'shop' } }
  const untested: LabelSelector = { matchExpressions: [{ key: 'stage', operator: 'DoesNotExist' }] }
  const cases: readonly [
    may: boolean,
    name: string,
    its: typeof labels | undefined,
    AllowedSubordinates | undefined,
  ][] = [
    [false, 'pki', labels, undefined],
    [false, 'pki', labels, { from: 'None' }],
    [true, 'pki', labels, { from: 'Same' }],
    [false, 'shop', labels, { from: 'Same' }],
    [true, 'shop', labels, { from: 'Selector', selector: shops }],
    [true, 'pki', labels, { from: 'Selector', selector: shops }],
    [false, 'pki', labels, { from: 'Selector', selector: { matchLabels: { team: 'bank' } } }],
    [false, 'pki', labels, { from: 'Selector' }],
    [true, 'shop', labels, { from: 'Selector', selector: untested }],
    [false, 'shop', undefined, { from: 'Selector', selector: untested }],
  ]
  for (const [may, name, its, allowedSubordinates] of cases) {
    test(`of one in ${name} (${its ? 'known' : 'unknown'}) with ${JSON.stringify(allowedSubordinates)}: ${may}`, () => {
      const target = { metadata: { name: 'ca', namespace: 'pki' }, allowedSubordinates }
      assert.equal(mayBeParent(target, { name, labels: its }), may)
    })
  }
})
