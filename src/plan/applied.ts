/** How the annotation `applied` tells apart what Sifaka has set on a Secret beside annotations of its own. */
const prefixes = { annotations: 'annotation:', data: 'data:', labels: 'label:' } as const

type Kind = keyof typeof prefixes

const kinds = Object.keys(prefixes) as Kind[]

/** What Sifaka has set on a Secret: keys of its data, its labels, its annotations. */
export type Applied = Readonly<Record<Kind, readonly string[]>>

/** As the text of the annotation `applied`; none of these names can have a comma. */
export const encodeApplied = (applied: Applied): string =>
  kinds.flatMap((kind) => [...new Set(applied[kind])].sort().map((name) => prefixes[kind] + name)).join(',')

/** What the annotation says; what cannot be understood is not ours. */
export function parseApplied(text = ''): Applied {
  const said = text.split(',')
  const named = (prefix: string): string[] =>
    said.filter((entry) => entry.startsWith(prefix)).map((entry) => entry.slice(prefix.length))
  return {
    annotations: named(prefixes.annotations),
    data: named(prefixes.data),
    labels: named(prefixes.labels),
  }
}
