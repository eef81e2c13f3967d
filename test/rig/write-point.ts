import type { RecordedRequest, Verb, When } from '#test/faults'

/** `verb resource/subresource name`; of an Event the name of what it is about. */
export function writePoint({ verb, resource, subresource, name }: RecordedRequest): string {
  const which = resource === 'events' ? name.split('.')[0] : name
  return `${verb} ${resource}${subresource && `/${subresource}`} ${which}`
}

/** Registers and CRLs are written beside all else, at their own times. */
export const isBeside = ({ resource, name }: RecordedRequest): boolean =>
  resource === 'configmaps' && /-(register|crl)-[0-9]+$/.test(name)

/** The requests of a write point. */
export function whenOf(point: string): When & { readonly nth: number } {
  const [verb, path = '', name = '', nth = '#1'] = point.split(' ')
  const [resource = '', subresource = ''] = path.split('/')
  const which = resource === 'events' ? { test: (each: RecordedRequest) => each.name.startsWith(`${name}.`) } : { name }
  return { verb: verb as Verb, resource, subresource, ...which, nth: Number(nth.slice(1)) }
}

/** Points with a number for the second of a kind and each further one, sorted. */
export function numbered(points: readonly string[]): string[] {
  const counts = new Map<string, number>()
  const named = points.map((point) => {
    const count = (counts.get(point) ?? 0) + 1
    counts.set(point, count)
    return count === 1 ? point : `${point} #${count}`
  })
  return named.sort()
}

/** Each kind once, sorted. */
export const kindsOf = (points: readonly string[]): string[] =>
  [...new Set(points.map((point) => point.replace(/ #[0-9]+$/, '')))].sort()
