import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import fc from 'fast-check'
import { mergePatch } from './merge-patch.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json }

const isObject = (value: unknown): value is Record<string, Json> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** MergePatch(Target, Patch) of RFC 7396 section 2. */
function apply(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch
  const result: Record<string, Json> = isObject(target) ? { ...target } : {}
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name]
    else result[name] = apply(result[name], value)
  }
  return result
}

const afterJson = (value: unknown): Json => JSON.parse(JSON.stringify(value ?? {}))

// RFC 7396 appendix A, the cases whose patch is an object: ORIGINAL, PATCH, RESULT.
const appendix: readonly [original: Json, patch: Json, result: Json][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
]

suite('RFC 7396, appendix A', () => {
  for (const [original, patch, result] of appendix) {
    const name = `${JSON.stringify(original)} to ${JSON.stringify(result)}`
    test(`the test's own patcher: ${name}`, () => assert.deepEqual(apply(original, patch), result))
    test(`the patch made for it: ${name}`, () => {
      assert.deepEqual(apply(original, afterJson(mergePatch(original, result))), result)
    })
  }
})

suite('a patch is as small as it can be', () => {
  const cases: readonly [before: unknown, after: unknown, patch: unknown][] = [
    [undefined, undefined, undefined],
    [undefined, {}, undefined],
    [{ a: 1 }, undefined, { a: null }],
    [undefined, { a: 1, b: undefined }, { a: 1 }],
    [{ a: 1, b: 2 }, { a: 1, b: 3 }, { b: 3 }],
    [{ a: { b: 1, c: 2 } }, { a: { b: 1 } }, { a: { c: null } }],
    [{ a: { b: 1 } }, { a: { b: 1, c: undefined } }, undefined],
    [{ a: undefined }, {}, undefined],
    [{ a: [{ b: 1, c: 2 }] }, { a: [{ c: 2, b: 1 }] }, undefined],
    [{ a: [1, 2] }, { a: [2, 1] }, { a: [2, 1] }],
    [{ a: [1] }, { a: [1, 2] }, { a: [1, 2] }],
    [{ a: [{}] }, { a: [[]] }, { a: [[]] }],
    [{ a: {} }, { a: 'b' }, { a: 'b' }],
    [{ a: 0 }, { a: false }, { a: false }],
  ]
  for (const [before, after, patch] of cases) {
    test(`${JSON.stringify(before)} to ${JSON.stringify(after)}`, () =>
      assert.deepEqual(mergePatch(before, after), patch))
  }
})

suite('for any two objects', () => {
  // A merge patch cannot set a member to null (RFC 7396 section 1), so only lists hold null.
  const name = fc.constantFrom('a', 'b', 'c', 'd')
  const { json } = fc.letrec<{ json: Json; list: Json; object: Json }>((tie) => ({
    json: fc.oneof({ maxDepth: 4 }, fc.integer(), fc.boolean(), fc.string(), tie('list'), tie('object')),
    list: fc.array(fc.oneof(tie('json'), fc.constant(null)), { maxLength: 3 }),
    object: fc.dictionary(name, tie('json'), { maxKeys: 4, noNullPrototype: true }),
  }))
  const object = fc.dictionary(name, json, { maxKeys: 4, noNullPrototype: true })

  test('the patch leads from one to the other', () => {
    fc.assert(
      fc.property(object, object, (before, after) => {
        assert.deepEqual(apply(before, afterJson(mergePatch(before, after))), after)
      }),
      { numRuns: 1000 },
    )
  })

  test('equal ones need none', () => {
    fc.assert(fc.property(object, (value) => assert.equal(mergePatch(value, structuredClone(value)), undefined)))
  })
})
