import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import type { AllowedNamespaces, LabelSelector } from '#api'
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
  const cases = [
    [false, 'pki', undefined],
    [false, 'pki', { from: 'None' }],
    [true, 'pki', { from: 'Same' }],
    [false, 'shop', { from: 'Same' }],
  ] as const
  for (const [may, namespace, allowedSubordinates] of cases) {
    test(`of one in ${namespace} with ${JSON.stringify(allowedSubordinates)}: ${may}`, () => {
      assert.equal(mayBeParent({ metadata: { name: 'ca', namespace: 'pki' }, allowedSubordinates }, namespace), may)
    })
  }
})
