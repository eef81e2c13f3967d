import type { ObjectMeta } from '#api'
import { fieldManager } from '../tools.ts'

/** Labels and annotations by name. */
export interface MarkNames {
  readonly labels: readonly string[]
  readonly annotations: readonly string[]
}

/**
 * Labels and annotations that somebody beside us has set, by what the API server notes of field managers: who sets the
 * same value with server-side apply, or had set it before we did, shares it with us.
 */
export function marksOfOthers(metadata: ObjectMeta): MarkNames {
  const { managedFields } = metadata as { readonly managedFields?: unknown }
  const entries: readonly unknown[] = Array.isArray(managedFields) ? managedFields : []
  const others = entries.filter((entry) => memberOf(entry, 'manager') !== fieldManager)
  const named = (kind: string): string[] =>
    others.flatMap((entry) => {
      const fields = memberOf(memberOf(memberOf(entry, 'fieldsV1'), 'f:metadata'), kind)
      return Object.keys(Object(fields)).flatMap((field) => (field.startsWith('f:') ? [field.slice(2)] : []))
    })
  return { labels: named('f:labels'), annotations: named('f:annotations') }
}

const memberOf = (value: unknown, name: string): unknown => Object(value)[name]
