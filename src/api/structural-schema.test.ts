import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { z } from 'zod'
import { cel, listMapOf, listOf, mapOf, openObject, setOf, textLike } from './schema.ts'
import { structuralSchema } from './structural-schema.ts'

const text = z.string().max(8)
const member = z.object({ key: text.describe('Key.'), value: text.optional().describe('Value.') })
const recursive = z.object({
  get child() {
    return recursive.optional().describe('Child.')
  },
})

/** Schemas that Kubernetes cannot express or would not hold, each below the field `bad`. */
const refused: readonly { name: string; bad: z.ZodType; error: string }[] = [
  { name: 'union', bad: z.union([text, z.int()]), error: "$.bad: zod's union … optional members" },
  {
    name: 'discriminated union',
    bad: z.discriminatedUnion('type', [z.object({ type: z.literal('a') }), z.object({ type: z.literal('b') })]),
    error: "$.bad: zod's union … exactly one of",
  },
  { name: 'intersection', bad: member.and(z.object({ more: text })), error: "$.bad: zod's intersection … one" },
  { name: 'tuple', bad: z.tuple([text]), error: "$.bad: zod's tuple … named members" },
  { name: 'any', bad: z.any(), error: "$.bad: zod's any … a type" },
  { name: 'unknown', bad: z.unknown(), error: "$.bad: zod's unknown … a type" },
  { name: 'null', bad: z.null(), error: "$.bad: zod's null … use a string" },
  { name: 'literals of several types', bad: z.literal(['a', 1]), error: '$.bad: a value without a type … one type' },
  { name: 'nullable', bad: text.nullable(), error: "$.bad: zod's nullable … optional()" },
  { name: 'date', bad: z.date(), error: "$.bad: zod's date … z.iso.datetime()" },
  { name: 'bigint', bad: z.bigint(), error: "$.bad: zod's bigint … z.int()" },
  { name: 'lazy', bad: z.lazy(() => text), error: "$.bad: zod's lazy … fixed depth" },
  { name: 'a cycle', bad: recursive, error: '$.bad.child: a schema that contains itself … fixed depth' },
  { name: 'transform', bad: text.transform(Number), error: "$.bad: zod's pipe … would change the value" },
  { name: 'preprocess', bad: z.preprocess(String, text), error: "$.bad: zod's pipe … would change the value" },
  { name: 'pipe', bad: text.pipe(z.string().max(4)), error: "$.bad: zod's pipe … would change the value" },
  { name: 'catch', bad: text.catch(''), error: "$.bad: zod's catch … would change the value" },
  { name: 'coerce', bad: z.coerce.number(), error: '$.bad: coerce … would change the value' },
  { name: 'trim', bad: text.trim(), error: "$.bad: zod's check overwrite … would change the value" },
  { name: 'refine', bad: text.refine(() => true), error: "$.bad: zod's check custom … use cel()" },
  { name: 'superRefine', bad: member.superRefine(() => {}), error: "$.bad: zod's check custom … use cel()" },
  { name: 'starts with', bad: text.startsWith('a'), error: "$.bad: zod's check starts_with … regex()" },
  { name: 'e-mail', bad: z.email().max(64), error: '$.bad: the format email … a cel rule' },
  { name: 'ISO 8601 duration', bad: z.iso.duration().max(64), error: '$.bad: the format duration … a cel rule' },
  { name: 'unknown keyword', bad: text.meta({ example: 'a' }), error: '$.bad: the keyword example … leave it out' },
  { name: 'alternatives by hand', bad: text.meta({ oneOf: [] }), error: '$.bad: the keyword oneOf … one schema' },
  { name: 'negation by hand', bad: text.meta({ not: {} }), error: '$.bad: the keyword not … write one schema' },
  { name: 'read-only', bad: text.readonly(), error: "$.bad: zod's readonly … use a string" },
  { name: 'flags', bad: text.regex(/a/i), error: '$.bad: a pattern with the flag i … without flags' },
  { name: 'look-ahead', bad: text.regex(/a(?=b)/), error: '$.bad: a pattern with look-around … RE2' },
  { name: 'look-behind', bad: text.regex(/(?<!a)b/), error: '$.bad: a pattern with look-around … RE2' },
  { name: 'back-reference', bad: text.regex(/(a)\1/), error: '$.bad: a pattern with look-around … RE2' },
  { name: 'named back-reference', bad: text.regex(/(?<x>a)\k<x>/), error: '$.bad: a pattern with look-around … RE2' },
  { name: 'two patterns', bad: text.regex(/a/).regex(/b/), error: '$.bad: more than one pattern … cel()' },
  { name: 'unbounded text', bad: z.string(), error: '$.bad: a value of any length … max()' },
  { name: 'unbounded list', bad: z.array(text), error: '$.bad: a value of any length … max()' },
  { name: 'unbounded map', bad: z.record(z.string(), text), error: '$.bad: a value of any length … mapOf()' },
  {
    name: 'rule for the keys of a map',
    bad: z.record(text, text).meta({ maxProperties: 2 }),
    error: '$.bad: a rule for the keys of a map … self.all(key',
  },
  { name: 'enumerated keys', bad: z.record(z.enum(['a']), text), error: '$.bad: a rule for the keys of a map … cel' },
  { name: 'open object', bad: z.looseObject({ a: text }), error: "$.bad{}: zod's unknown … a type" },
  {
    name: 'object with further members',
    bad: z.object({ a: text.describe('A.') }).catchall(text),
    error: '$.bad: an object with further members … a map',
  },
  { name: 'set of objects', bad: setOf(member, 2), error: '$.bad: a set of objects or lists … listMapOf()' },
  { name: 'set of lists', bad: setOf(listOf(text, 2), 2), error: '$.bad: a set of objects or lists … listMapOf()' },
  { name: 'optional key', bad: listMapOf(member, 'value', 2), error: '$.bad: a list by the key value … a default' },
  { name: 'missing key', bad: listMapOf(member, 'name', 2), error: '$.bad: a list by the key name … a default' },
  { name: 'deep down', bad: listOf(mapOf(z.any(), 2), 2), error: "$.bad[]{}: zod's any … a type" },
  {
    name: 'no description',
    bad: z.object({ inner: text }),
    error: '$.bad.inner: a member without a description … describe()',
  },
]

suite('refuses', () => {
  for (const { name, bad, error } of refused) {
    test(name, () => {
      const [what = '', advice = ''] = error.split(' … ')
      assert.throws(
        () => structuralSchema(z.object({ bad: bad.describe('Bad.') })),
        ({ message }: Error) => message.startsWith(what) && message.includes(advice),
      )
    })
  }
})

const translated: readonly { name: string; schema: z.ZodType; expected: object }[] = [
  { name: 'an integer without the bounds of JavaScript', schema: z.int(), expected: { type: 'integer' } },
  {
    name: 'an integer with bounds of its own',
    schema: z.int().min(1).max(99),
    expected: { type: 'integer', minimum: 1, maximum: 99 },
  },
  { name: 'a literal', schema: z.literal('a'), expected: { type: 'string', enum: ['a'] } },
  { name: 'a strict object', schema: z.strictObject({}), expected: { type: 'object', properties: {} } },
  {
    name: 'defaults, which make a member optional',
    schema: z.object({ a: text.default('x').describe('A.'), b: member.prefault({ key: '' }).describe('B.') }),
    expected: {
      type: 'object',
      properties: {
        a: { description: 'A.', type: 'string', default: 'x', maxLength: 8 },
        b: { description: 'B.', default: { key: '' }, ...structuralSchema(member) },
      },
    },
  },
  {
    name: 'a list by key',
    schema: listMapOf(member, 'key', 4),
    expected: {
      type: 'array',
      maxItems: 4,
      items: structuralSchema(member),
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['key'],
    },
  },
  {
    name: 'a map',
    schema: mapOf(text, 4),
    expected: { type: 'object', maxProperties: 4, additionalProperties: { type: 'string', maxLength: 8 } },
  },
  {
    name: 'an object that only others know the members of, which the API server keeps',
    schema: z.object({ options: openObject().optional().describe('Options.') }),
    expected: {
      type: 'object',
      properties: {
        options: {
          description: 'Options.',
          type: 'object',
          properties: {},
          'x-kubernetes-preserve-unknown-fields': true,
        },
      },
    },
  },
  {
    name: 'a time, whose format the API server holds by itself',
    schema: z.iso.datetime(),
    expected: { type: 'string', format: 'date-time' },
  },
  { name: 'a pattern', schema: text.regex(/^a$/), expected: { type: 'string', pattern: '^a$', maxLength: 8 } },
  {
    name: 'a pattern with a message, as a rule alone',
    schema: textLike(/^\w+$/, 8, 'must be a word'),
    expected: {
      type: 'string',
      maxLength: 8,
      'x-kubernetes-validations': [{ rule: "self.matches(r'^\\w+$')", message: 'must be a word' }],
    },
  },
  {
    name: 'rules, in the order in which they were added, through optional and describe',
    schema: z.object({
      a: cel(cel(text, { rule: '1', message: 'a' }), { rule: '2', message: 'b', fieldPath: '.c' })
        .optional()
        .describe('A.'),
    }),
    expected: {
      type: 'object',
      properties: {
        a: {
          description: 'A.',
          type: 'string',
          maxLength: 8,
          'x-kubernetes-validations': [
            { rule: '1', message: 'a' },
            { rule: '2', message: 'b', fieldPath: '.c' },
          ],
        },
      },
    },
  },
]

suite('translates', () => {
  for (const { name, schema, expected } of translated) {
    test(name, () => assert.deepEqual(structuralSchema(schema), expected))
  }
})
