/** What Sifaka has set on a Secret beside annotations of its own: keys of its data, its labels, its annotations. */
export interface Applied {
  readonly data: readonly string[]
  readonly labels: readonly string[]
  readonly annotations: readonly string[]
}

const kinds = [
  ['annotations', 'annotation:'],
  ['data', 'data:'],
  ['labels', 'label:'],
] as const

/** As the text of the annotation `applied`; none of these names can have a comma. */
export const encodeApplied = (applied: Applied): string =>
  kinds.flatMap(([kind, prefix]) => [...new Set(applied[kind])].sort().map((name) => prefix + name)).join(',')

/** What the annotation says; what cannot be understood is not ours. */
export function parseApplied(text = ''): Applied {
  const said = text.split(',')
  const named = (prefix: string): string[] =>
    said.flatMap((entry) => (entry.startsWith(prefix) ? [entry.slice(prefix.length)] : []))
  return { data: named('data:'), labels: named('label:'), annotations: named('annotation:') }
}
