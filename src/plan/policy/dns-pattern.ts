import { hasNamespace } from './namespace-pattern.ts'

/** A DNS pattern as a set of names: `open` ones have any labels, at least one, before these. */
interface NameSet {
  readonly open: boolean
  readonly labels: readonly string[]
}

function setOf(pattern: string): NameSet {
  const [first = '', ...rest] = pattern.toLowerCase().split('.')
  return first === '**' ? { open: true, labels: rest } : { open: false, labels: [first, ...rest] }
}

const fewestLabels = ({ open, labels }: NameSet): number => labels.length + (open ? 1 : 0)

/** Whether `holds` for the labels of both sets from the right, as far as both have them. */
function tailsAgree(a: NameSet, b: NameSet, holds: (a: string, b: string) => boolean): boolean {
  const shared = Math.min(a.labels.length, b.labels.length)
  const [one, other] = [a.labels.slice(a.labels.length - shared), b.labels.slice(b.labels.length - shared)]
  return one.every((label, index) => holds(label, other[index] ?? ''))
}

/**
 * Whether some host is covered by both DNS patterns. A wildcard name counts as the pattern of the hosts that it is
 * valid for. What a {namespace} stands for is not known: it may be any text.
 */
export function patternsMeet(a: string, b: string): boolean {
  const [one, other] = [setOf(a), setOf(b)]
  if (!one.open && fewestLabels(other) > one.labels.length) return false
  if (!other.open && fewestLabels(one) > other.labels.length) return false
  return tailsAgree(one, other, (x, y) => x === '*' || y === '*' || x === y || hasNamespace(x) || hasNamespace(y))
}

/** Whether every host that `inner` covers is covered by `outer` too, whatever a {namespace} stands for. */
export function isWithin(inner: string, outer: string): boolean {
  const [small, large] = [setOf(inner), setOf(outer)]
  if (!large.open && (small.open || small.labels.length !== large.labels.length)) return false
  if (large.open && fewestLabels(small) < fewestLabels(large)) return false
  return tailsAgree(small, large, (x, y) => y === '*' || x === y)
}
