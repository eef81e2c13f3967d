import { z } from 'zod'
import { type CelRule, matches } from './schema.ts'

/** A structural schema: the part of JSONSchemaProps (apiextensions.k8s.io/v1) that Sifaka's kinds use. */
export interface StructuralSchema {
  readonly type: 'object' | 'array' | 'string' | 'integer' | 'number' | 'boolean'
  readonly description?: string
  readonly format?: string
  readonly default?: unknown
  readonly enum?: readonly unknown[]
  readonly pattern?: string
  readonly maxLength?: number
  readonly properties?: Readonly<Record<string, StructuralSchema>>
  readonly required?: readonly string[]
  readonly items?: StructuralSchema
  readonly additionalProperties?: StructuralSchema
  readonly 'x-kubernetes-validations'?: readonly CelRule[]
}

/** JSON Schema as zod writes it, with members still to be judged. */
type Json = Readonly<Record<string, unknown>>

/** What the API server accepts of a node, in the order in which it is written. */
const keywords = [
  'description',
  'type',
  'format',
  'default',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
  'properties',
  'required',
  'items',
  'additionalProperties',
  'x-kubernetes-preserve-unknown-fields',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-validations',
]

const flat = 'write one schema: Kubernetes takes no types inside a combination of schemas'
const plainValue = 'zod would change the value, the API server would not: take it as the user writes it'

/** Kinds of zod schema that a structural schema has words for. */
const expressible: ReadonlySet<string> = new Set([
  ...['string', 'number', 'boolean', 'enum', 'literal'],
  ...['object', 'array', 'record', 'optional', 'default', 'prefault'],
])

const adviceForType: Readonly<Record<string, string>> = {
  union: 'make the alternatives optional members of one object and add a cel rule "exactly one of"',
  intersection: flat,
  tuple: 'use an object with named members',
  any: 'give it a type',
  unknown: 'give it a type',
  nullable: 'use optional(): Kubernetes has no difference between null and absent',
  pipe: plainValue,
  catch: plainValue,
  date: 'use z.iso.datetime()',
  bigint: 'use z.int()',
  lazy: 'name the schema itself, nested to a fixed depth',
}

const adviceForKeyword: Readonly<Record<string, string>> = { anyOf: flat, oneOf: flat, not: flat }

const adviceForCheck: Readonly<Record<string, string>> = {
  custom: 'refine() is not seen by the API server: use cel()',
  overwrite: plainValue,
}

const expressibleChecks: ReadonlySet<string> = new Set([
  ...['min_length', 'max_length', 'length_equals', 'string_format'],
  ...['greater_than', 'less_than', 'multiple_of', 'number_format'],
])

const pathOf = (path: readonly (string | number)[]): string =>
  ['$', ...path]
    .filter((part) => part !== 'properties')
    .join('.')
    .replaceAll('.items', '[]')
    .replaceAll('.additionalProperties', '{}')

const refusal = (path: string, what: string, advice: string): Error =>
  new Error(`${path}: ${what} cannot stand in a CustomResourceDefinition: ${advice}`)

/**
 * The structural schema of `schema`, as a value is written by a user (before defaults).
 *
 * Refuses whatever the API server would reject or, worse, not hold: zod leaves refinements and transformations out of
 * a JSON Schema without a word. Patterns must be RE2, strings, lists and maps bounded (the API server estimates the
 * cost of CEL rules from the bounds), and every member described.
 * @throws Error that names the path and what to use instead
 */
export function structuralSchema(schema: z.ZodType): StructuralSchema {
  const { definitions: _, ...json } = z.toJSONSchema(schema, {
    target: 'openapi-3.0',
    io: 'input',
    reused: 'inline',
    cycles: 'ref',
    unrepresentable: 'any',
    override: ({ zodSchema, path }) => judgeZod(zodSchema, pathOf(path)),
  })
  return structural(json as Json, '$')
}

/** Throws for what zod does not write into a JSON Schema, or writes in a way that the API server does not take. */
function judgeZod(schema: z.core.$ZodTypes, path: string): void {
  const def: z.core.$ZodTypeDef & { coerce?: unknown; format?: unknown; keyType?: z.core.$ZodType } = schema._zod.def
  if (!expressible.has(def.type)) {
    throw refusal(path, `zod's ${def.type}`, adviceForType[def.type] ?? 'use a string, number, boolean, object or list')
  }
  if (def.coerce) throw refusal(path, 'coerce', plainValue)
  if (def.type === 'string' && def.format !== undefined && def.format !== 'datetime') {
    throw refusal(path, `the format ${def.format}`, 'say it with a pattern or a cel rule')
  }
  if (def.keyType && (def.keyType._zod.def.type !== 'string' || def.keyType._zod.def.checks?.length)) {
    throw refusal(path, 'a rule for the keys of a map', 'use z.string() for keys and a cel rule self.all(key, ...)')
  }
  for (const check of def.checks ?? []) judgeCheck(check._zod.def, path)
}

function judgeCheck(check: z.core.$ZodCheckDef & { format?: unknown; pattern?: RegExp }, path: string): void {
  if (!expressibleChecks.has(check.check)) {
    throw refusal(path, `zod's check ${check.check}`, adviceForCheck[check.check] ?? 'use cel()')
  }
  if (check.check !== 'string_format') return
  if (check.format !== 'regex') throw refusal(path, `zod's check ${check.format}`, 'use regex() or cel()')
  const { source = '', flags = '' } = check.pattern ?? {}
  if (flags !== '') throw refusal(path, `a pattern with the flag ${flags}`, 'write the pattern without flags')
  if (/\(\?<?[=!]|\\[1-9]|\\k</.test(source)) {
    throw refusal(path, 'a pattern with look-around or back-references', 'RE2 has none: write several rules')
  }
}

function structural(json: Json, path: string): StructuralSchema {
  judgeKeywords(json, path)
  const members: Record<string, unknown> = {
    ...json,
    ...withoutImplied(json),
    properties: structuralProperties(json, path),
    items: json.items && structural(json.items as Json, `${path}[]`),
    additionalProperties: structuralValues(json, path),
  }
  const result = keywords.filter((key) => members[key] !== undefined).map((key) => [key, members[key]])
  const schema = Object.fromEntries(result) as StructuralSchema
  judgeBounds(members, path)
  judgeListType(schema, json, path)
  return schema
}

function judgeKeywords(json: Json, path: string): void {
  if (JSON.stringify([json.$ref, json.allOf]).includes('#')) {
    throw refusal(path, 'a schema that contains itself', 'nest it to a fixed depth')
  }
  if (json.allOf) throw refusal(path, 'more than one pattern', 'write one pattern, or use cel()')
  const unknown = Object.keys(json).find((key) => !keywords.includes(key))
  if (unknown !== undefined) throw refusal(path, `the keyword ${unknown}`, adviceForKeyword[unknown] ?? 'leave it out')
  if (json.type === undefined) throw refusal(path, 'a value without a type', 'give it exactly one type')
}

/** Members that zod adds by itself, or that another member already states, set to undefined. */
function withoutImplied(json: Json): Json {
  const { minimum, maximum, pattern, format } = json
  const rules = (json['x-kubernetes-validations'] ?? []) as readonly CelRule[]
  const stated = format === 'date-time' || rules.some(({ rule }) => rule.startsWith(matches(String(pattern))))
  return {
    minimum: minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum,
    maximum: maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum,
    pattern: stated ? undefined : pattern,
  }
}

function structuralProperties(json: Json, path: string): StructuralSchema['properties'] {
  if (json.properties === undefined) return undefined
  const entries = Object.entries(json.properties as Record<string, Json>).map(([name, property]) => {
    const member = structural(property, `${path}.${name}`)
    if (!member.description) throw refusal(`${path}.${name}`, 'a member without a description', 'use describe()')
    return [name, member] as const
  })
  return Object.fromEntries(entries)
}

/** The schema of a map's values. A closed object needs none: the API server prunes unknown members, or refuses them. */
function structuralValues(json: Json, path: string): StructuralSchema | undefined {
  const values = json.additionalProperties
  if (values === undefined || values === false) return undefined
  if (json.properties) throw refusal(path, 'an object with further members', 'use a map, or name every member')
  return structural(values as Json, `${path}{}`)
}

function judgeBounds(schema: Json, path: string): void {
  const free = schema.enum === undefined && schema.format !== 'date-time'
  const unbounded =
    (schema.type === 'string' && free && schema.maxLength === undefined) ||
    (schema.type === 'array' && schema.maxItems === undefined) ||
    (schema.additionalProperties !== undefined && schema.maxProperties === undefined)
  if (unbounded) throw refusal(path, 'a value of any length', 'use max(), or mapOf() for a map')
}

/** Kubernetes merges lists by these: items of a set are scalars, and keys of a map are never absent. */
function judgeListType(schema: StructuralSchema, json: Json, path: string): void {
  const { type, properties, required = [] } = schema.items ?? {}
  if (json['x-kubernetes-list-type'] === 'set' && (type === 'object' || type === 'array')) {
    throw refusal(path, 'a set of objects or lists', 'use listMapOf() or listOf()')
  }
  for (const key of (json['x-kubernetes-list-map-keys'] ?? []) as readonly string[]) {
    const property = properties?.[key]
    if (!property || (!required.includes(key) && property.default === undefined)) {
      throw refusal(path, `a list by the key ${key}`, 'make the key a required member, or give it a default')
    }
  }
}
