import type { Authority } from '#api'
import { mayRefer } from '../consent.ts'

/** Who looks for a default: a namespace and its labels, undefined while they are not known. */
interface Referrer {
  readonly name: string
  readonly labels: Readonly<Record<string, string>> | undefined
}

/**
 * The Authority of one namespace that is the default for a referrer: the oldest that says so and that the referrer may
 * use, then the first by name. One that is not created yet is the youngest.
 * @param authorities of that namespace
 */
export function defaultAmong(authorities: Iterable<Authority>, referrer: Referrer): Authority | undefined {
  return [...authorities]
    .filter(({ spec, metadata }) => {
      const target = { metadata, allowedNamespaces: spec.allowedNamespaces }
      return spec.default === true && mayRefer(target, referrer)
    })
    .reduce<Authority | undefined>((first, each) => (first && ageOf(first) < ageOf(each) ? first : each), undefined)
}

const ageOf = ({ metadata }: Authority): string => `${metadata.creationTimestamp ?? '~'} ${metadata.name}`
