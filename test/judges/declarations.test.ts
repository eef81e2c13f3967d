import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canJudge, readDeclarations, stale, uncovered, unexplained } from './declarations.ts'

const yaml = `
judges:
  one:
    does: lints
    implementation: One
    cannot:
      - cells: [csr/**]
        why: it reads certificates and nothing else
  two: { does: verifies, implementation: Two }
  twin: { does: verifies too, implementation: Two }
alone:
  - cells: [crl/**]
    why: nobody else reads those that are there
allowed:
  - judge: one
    code: e_wildcard
    cells: [leaf/*/*/wildcard]
    why: RFC 9525 section 6.3 has wildcards
`
const declarations = readDeclarations(yaml)
const finding = (cell: string, code: string) => ({ cell, code, level: 'error', message: 'wrong' })
const wildcard = finding('leaf/ecdsa-256/default/wildcard', 'e_wildcard')

test('a finding is explained by its judge, its code and its cell together', () => {
  assert.deepEqual(unexplained(declarations, 'one', [wildcard]), [])
  assert.deepEqual(unexplained(declarations, 'two', [wildcard]), [
    'leaf/ecdsa-256/default/wildcard: two: error e_wildcard: wrong',
  ])
  assert.equal(unexplained(declarations, 'one', [{ ...wildcard, code: 'e_other' }]).length, 1)
  assert.equal(unexplained(declarations, 'one', [{ ...wildcard, cell: 'leaf/ecdsa-256/default/dns' }]).length, 1)
})

test('what does not occur is stale', () => {
  const all = ['leaf/ecdsa-256/default/wildcard', 'csr/ecdsa-256/dns']
  assert.deepEqual(stale(declarations, all, new Map([['one', [wildcard]]])), [
    'one implementation alone can judge crl/**, and that is not so',
  ])
  assert.deepEqual(stale(declarations, all.slice(0, 1), new Map([['two', [wildcard]]])), [
    'one cannot judge csr/**, and there is no such cell',
    'one implementation alone can judge crl/**, and that is not so',
    'one is allowed to find e_wildcard in leaf/*/*/wildcard, and does not',
  ])
})

test('a cell needs two implementations, not two judges', () => {
  assert.ok(!canJudge(declarations, 'one', 'csr/ecdsa-256/dns'))
  assert.ok(!canJudge(declarations, 'nobody', 'root/ecdsa-256'))
  assert.deepEqual(uncovered(declarations, ['root/ecdsa-256', 'csr/ecdsa-256/dns']), ['csr/ecdsa-256/dns'])
})

for (const reason of ['it reads certificates and nothing else', 'RFC 9525 section 6.3 has wildcards']) {
  test(`a declaration without its reason is refused: ${reason}`, () => {
    assert.throws(() => readDeclarations(yaml.replace(reason, '""')), /say why/)
    assert.throws(() => readDeclarations(yaml.replace(`why: ${reason}`, '')), /why/)
  })
}
