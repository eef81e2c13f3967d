import { z } from 'zod'

/** A rule of the Common Expression Language, held by the API server. `message` says what to do. */
export interface CelRule {
  readonly rule: string
  readonly message: string
  readonly fieldPath?: string
}

/** `schema` with CEL rules that the API server holds. */
export function cel<Schema extends z.ZodType>(schema: Schema, ...rules: CelRule[]): Schema {
  const meta = schema.meta() ?? {}
  const earlier = (meta['x-kubernetes-validations'] as CelRule[] | undefined) ?? []
  return schema.meta({ ...meta, 'x-kubernetes-validations': [...earlier, ...rules] }) as Schema
}

/** The CEL rule that a text matches `pattern`, which has no single quote. */
export const matches = (pattern: string, text = 'self'): string => `${text}.matches(r'${pattern}')`

/** The CEL rule that one of these optional lists has items. */
export const anyItems = (...lists: string[]): string =>
  lists.map((list) => `(has(${list}) && size(${list}) > 0)`).join(' || ')

/**
 * Text of at most `max` characters that matches `pattern`. The API server's error for a pattern shows the pattern; as a
 * CEL rule it says `message` instead.
 */
export const textLike = (pattern: RegExp, max: number, message: string): z.ZodString =>
  cel(z.string().max(max).regex(pattern, message), { rule: matches(pattern.source), message })

/** A list in which each value may stand once. */
export const setOf = <Item extends z.ZodType>(item: Item, max: number) =>
  z.array(item).max(max).meta({ 'x-kubernetes-list-type': 'set' })

/** A list in which each value of `key` may stand once. */
export const listMapOf = <Item extends z.ZodType>(item: Item, key: string, max: number) =>
  z
    .array(item)
    .max(max)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] })

/** A list whose order means something. */
export const listOf = <Item extends z.ZodType>(item: Item, max: number) =>
  z.array(item).max(max).meta({ 'x-kubernetes-list-type': 'atomic' })

/** Texts by key, at most `max` of them. */
export const mapOf = <Value extends z.ZodType>(value: Value, max: number) =>
  z.record(z.string(), value).meta({ maxProperties: max })

/** An object with any members: what only somebody else knows the shape of. */
export const openObject = () =>
  z.object({}).meta({ 'x-kubernetes-preserve-unknown-fields': true }) as z.ZodType<Readonly<Record<string, unknown>>>
